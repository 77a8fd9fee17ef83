// modsweep plot STORE generalization: how well networks learn N + K (second paper, figure 2c).
#include "figures/kinds.h"
#include "figures/row_figure.h"

namespace modsweep::figures {
namespace {

Figure make_generalization(const Source& source, const Request& request) {
  return row_figure(source, request,
                    {.table = "generalization",
                     .x = "extra",
                     .columns = {"accuracy"},
                     .measured_with = "measure.generalization = true"});
}

}  // namespace

extern const Kind generalization_plot;
const Kind generalization_plot = {
    "generalization", "of recurrent networks: accuracy of fresh heads on longer tasks", make_generalization};

}  // namespace modsweep::figures
