// modsweep plot STORE seconds: each network's share of the training time.
#include "figures/kinds.h"
#include "figures/line_figure.h"

namespace modsweep::figures {
namespace {

Figure make_seconds(const Source& source, const Request& request) {
  Request single = request;
  single.points = true;
  Wanted wanted;
  wanted.columns = {"seconds"};
  return line_figure(source, single, wanted).figure;
}

}  // namespace

extern const Kind seconds_plot;
const Kind seconds_plot = {"seconds", "each network's share of the training time", make_seconds};

}  // namespace modsweep::figures
