// modsweep plot STORE robustness: how perturbations of weights and timescales hurt (second paper, figures 3,
// 5a and 5b).
#include "figures/kinds.h"
#include "figures/row_figure.h"

namespace modsweep::figures {
namespace {

Figure make_robustness(const Source& source, const Request& request) {
  constexpr double solved = 0.9;
  return row_figure(source, request,
                    {.table = "robustness",
                     .x = "strength",
                     .columns = {"accuracy"},
                     .split = "perturbed",
                     .above = solved,
                     .y_label = "share of tasks above 0.9",
                     .measured_with = "measure.robustness = true"});
}

}  // namespace

extern const Kind robustness_plot;
const Kind robustness_plot = {
    "robustness", "of recurrent networks: tasks that bear perturbed weights and timescales", make_robustness};

}  // namespace modsweep::figures
