// Made-up results for the claims of host/claims/noise_claims.cpp. Figures 1 and 2, and the table of the
// standard network.
#include "claims/claim_cases.h"

#include <cmath>
#include <map>

namespace modsweep::claims {
namespace {

void fill_exponents(ResultCell& cell) {
  cell.numbers["gap_live_layer1"] =
      std::map<double, double>{{0, 0.3}, {1, 0.8}, {2, 0.9}}.at(setting(cell, "noise.exponent"));
  cell.numbers["test_loss"] = 1e-3;
}

void fill_table(ResultCell& cell) {
  const double strength = setting(cell, "noise.strength"), exponent = setting(cell, "noise.exponent");
  auto& numbers = cell.numbers;
  const auto set = [&](double loss, double weights, double gap) {
    numbers = {{"test_loss", loss}, {"sum_w2", weights}, {"gap_live_layer1", gap}};
  };
  if (strength > 0.0 && exponent == 0.0) set(5.8e-4, 43.1, 0.32);
  if (strength > 0.0 && exponent == 2.0) set(4.6e-4, 28.1, 0.88);
  if (strength == 0.0 && wa(cell) > 0.0) set(1.2e-4, 25.8, 0.91);
  if (strength == 0.0 && wa(cell) == 0.0) set(1.4e-4, 22.5, 0.47);
}

/// With u from 0 to 1 along the logarithm of the strength: log loss 3 u^2, gap u, so that the gap leads most
/// at u = 1/2 (0.03); times `steeper`.
Fill tradeoff(double steeper) {
  return [=](ResultCell& cell) {
    const double u = (3.0 + std::log10(setting(cell, "noise.strength"))) / 3.0;
    cell.numbers["test_loss"] = 1e-4 * std::exp(6.0 * std::pow(u, steeper));
    cell.numbers["gap_live_layer1"] = 0.4 + 0.5 * u;
  };
}

}  // namespace

std::vector<Case> noise_cases() {
  return {
      {"1",
       "fig01",
       fill_exponents,
       {{"order", set_where("noise.exponent", 1, "gap_live_layer1", 0.95)},
        {"additive noise is modular", set_where("noise.exponent", 0, "gap_live_layer1", 0.75)},
        {"Poisson-like noise is not", set_where("noise.exponent", 1, "gap_live_layer1", 0.6)}},
       [](const ResultCell& c) { return is(c, "noise.exponent", 1); }},
      {"1, control",
       "fig01_linear",
       [](ResultCell& c) { c.numbers["gap_live_layer1"] = 0.2; },
       {{"modular", [](ResultCell& c) { c.numbers["gap_live_layer1"] = 0.31; }}},
       [](const ResultCell&) { return true; }},
      {"1, table",
       "paper_table",
       fill_table,
       {{"loss", set_where("noise.exponent", 0, "test_loss", 8e-4)},
        {"weights", set_where("noise.exponent", 0, "sum_w2", 46)},
        {"gap", set_where("noise.exponent", 0, "gap_live_layer1", 0.42)}},
       [](const ResultCell& c) { return wa(c) > 0.0; }},
      {"2",
       "fig02",
       tradeoff(2.0),
       {{"flat loss", [](ResultCell& c) { c.numbers["test_loss"] = 1e-4; }},
        {"flat gap", [](ResultCell& c) { c.numbers["gap_live_layer1"] = 0.8; }}},
       [](const ResultCell& c) { return setting(c, "noise.strength") < 0.01; }},
      // The lead u - u^5 is largest at u = 5^(-1/4) = 0.67: strength 0.10.
      {"2, balance",
       "fig02",
       tradeoff(5.0),
       {{"0.014: u - u^1.1 is largest there", tradeoff(1.1)}},
       [](const ResultCell& c) { return is(c, "noise.exponent", 2); }},
  };
}

}  // namespace modsweep::claims
