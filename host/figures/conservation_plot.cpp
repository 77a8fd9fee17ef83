// modsweep plot STORE conservation: how much modules have of the one before (second paper, figure 5c).
#include "figures/kinds.h"
#include "figures/row_figure.h"

namespace modsweep::figures {
namespace {

Figure make_conservation(const Source& source, const Request& request) {
  return row_figure(source, request,
                    {.table = "conservation",
                     .x = "module",
                     .columns = {"recurrent", "feedforward"},
                     .measured_with = "measure.conservation = true"});
}

}  // namespace

extern const Kind conservation_plot;
const Kind conservation_plot = {"conservation",
                                "of recurrent networks: how unlike modules are to the one before, 0: copies",
                                make_conservation};

}  // namespace modsweep::figures
