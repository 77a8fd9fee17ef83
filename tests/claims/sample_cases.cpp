// Made-up results for the claims of host/claims/sample_claims.cpp. Figures 6 and 7.
#include "claims/claim_cases.h"

#include <cmath>

namespace modsweep::claims {
namespace {

/// log N* = 1 + 0.8 n; seeds lie 0.01 apart.
Fill transitions(const std::function<double(double)>& log_middle) {
  return [=](ResultCell& cell) {
    const double x = std::log(setting(cell, "task.train_samples")) - log_middle(setting(cell, "task.inputs"));
    cell.numbers["gap_live_layer1"] =
        0.2 + 0.6 / (1.0 + std::exp(-2.0 * x)) + 0.01 * setting(cell, "training.seed");
  };
}

void fill_robustness(ResultCell& cell) {
  const bool many = setting(cell, "task.train_samples") > 1000.0, costs = wa(cell) > 0.0;
  cell.numbers["gap_live_layer1"] = costs && many ? 0.9 : 0.4;
  cell.numbers["noisy_test_loss"] = costs && many ? 1e-3 : 2e-3;
}

}  // namespace

std::vector<Case> sample_cases() {
  return {
      {"6",
       "fig06",
       transitions([](double n) { return 1.5 + 0.8 * n; }),
       {{"a power of n", transitions([](double n) { return 2.0 + 2.5 * std::log(n); })},
        {"earlier for larger n", transitions([](double n) { return 7.5 - 0.8 * n; })},
        {"no transition", set_where("task.inputs", 4, "gap_live_layer1", 0.5)}},
       [](const ResultCell& c) { return setting(c, "task.inputs") <= 3.0; }},
      {"7",
       "fig07",
       fill_robustness,
       {{"not modular", [](ResultCell& c) { c.numbers["gap_live_layer1"] *= 0.75; }},
        {"modular from the start", [](ResultCell& c) { c.numbers["gap_live_layer1"] = 0.9; }},
        {"no better", [](ResultCell& c) { c.numbers["noisy_test_loss"] = 1e-3; }}},
       [](const ResultCell& c) { return wa(c) == 0.0; }},
  };
}

}  // namespace modsweep::claims
