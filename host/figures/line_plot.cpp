// modsweep plot STORE line: statistics over an axis.
#include "figures/kinds.h"
#include "figures/line_figure.h"
#include "figures/transitions.h"

#include <utility>

namespace modsweep::figures {
namespace {

Figure make_line(const Source& source, const Request& request) {
  constexpr std::size_t most_columns = 2;
  Wanted wanted;
  wanted.columns = drawn_columns(source, request, Table::results, most_columns);
  wanted.curves = request.fits;
  LineFigure made = line_figure(source, request, wanted);
  if (request.fits) (void)add_transitions(made.figure, made.plotted, request);
  return std::move(made.figure);
}

}  // namespace

extern const Kind line_plot;
const Kind line_plot = {"line", "a statistic of each group over an axis, with its interval", make_line};

}  // namespace modsweep::figures
