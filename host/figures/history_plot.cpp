// modsweep plot STORE history: how networks change while they train.
#include "figures/kinds.h"
#include "figures/line_figure.h"

namespace modsweep::figures {
namespace {

Figure make_history(const Source& source, const Request& request) {
  constexpr std::size_t most_columns = 2;
  Wanted wanted;
  wanted.table = Table::history;
  wanted.x = "step";
  wanted.columns = drawn_columns(source, request, Table::history, most_columns);
  return line_figure(source, request, wanted).figure;
}

}  // namespace

extern const Kind history_plot;
const Kind history_plot = {"history", "the same over the steps of training", make_history};

}  // namespace modsweep::figures
