// Made-up results for the claims of host/claims/generalization_claims.cpp. Figures 8 and 11.
#include "claims/claim_cases.h"

namespace modsweep::claims {
namespace {

void fill_quadrants(ResultCell& cell) {
  cell.numbers["test_loss"] = 4e-6;
  cell.numbers["ood_loss"] = is(cell, "network.architecture", "modular") ? 6e-6 : 6e-3;
}

void fill_compositions(ResultCell& cell) {
  const bool wins = setting(cell, "task.seed") <= 3.0;  // three of five
  cell.numbers["ood_loss"] = is(cell, "network.architecture", "modular") == wins ? 1e-4 : 1e-3;
}

void fill_fans(ResultCell& cell) {
  const double fraction = setting(cell, "task.fan_fraction");
  const bool modular = is(cell, "network.architecture", "modular");
  cell.numbers["test_loss"] = 4e-6;
  if (fraction < 1.0) cell.numbers["ood_loss"] = modular && fraction >= 0.5 ? 5e-6 : 3e-4;
}

}  // namespace

std::vector<Case> generalization_cases() {
  return {
      {"8",
       "fig08",
       fill_quadrants,
       {{"modular", set_where("network.architecture", "modular", "ood_loss", 13e-6)},
        {"full", set_where("network.architecture", "full", "ood_loss", 1.9e-4)},
        {"bottleneck", set_where("network.architecture", "bottleneck", "ood_loss", 1.9e-4)}},
       [](const ResultCell& c) { return is(c, "network.architecture", "bottleneck"); }},
      {"8f-h",
       "fig08_composition",
       fill_compositions,
       {{"two of five",
         [](ResultCell& c) {
           if (is(c, "task.seed", 3))
             c.numbers["ood_loss"] = is(c, "network.architecture", "modular") ? 1e-3 : 1e-4;
         }}},
       [](const ResultCell& c) { return is(c, "network.architecture", "full"); }},
      {"11",
       "fig11",
       fill_fans,
       {{"converged at 0.3", set_where("task.fan_fraction", 0.3, "ood_loss", 4e-5)},
        {"all converged at 0.8", set_where("task.fan_fraction", 0.8, "ood_loss", 1e-5)}},
       [](const ResultCell& c) { return is(c, "task.fan_fraction", 0.3); }},
  };
}

}  // namespace modsweep::claims
