// modsweep plot STORE timescales: trained and effective timescales of modules (second paper, figure 4).
#include "figures/kinds.h"
#include "figures/row_figure.h"

namespace modsweep::figures {
namespace {

Figure make_timescales(const Source& source, const Request& request) {
  return row_figure(source, request,
                    {.table = "timescales",
                     .x = "module",
                     .columns = {"trained", "effective"},
                     .measured_with = "measure.timescales = true"});
}

}  // namespace

extern const Kind timescales_plot;
const Kind timescales_plot = {
    "timescales", "of recurrent networks: trained and effective timescales over modules", make_timescales};

}  // namespace modsweep::figures
