// Made-up results for the claims of host/claims/module_claims.cpp. Figures 3 to 5 of the second paper.
#include "claims/claim_cases.h"

#include <cmath>
#include <string>

namespace modsweep::claims {
namespace {

bool is_flat(const ResultCell& cell) {
  return is(cell, "network.topology", "flat");
}

constexpr int tasks = 12;

/// Tasks from N = 13 down are lost one after the other where the strength passes `last`, 1.3 times less for
/// each earlier one.
void perturb(ResultCell& cell, const char* what, double last) {
  for (const double strength : {0.01, 0.1, 0.2, 0.4, 0.8, 1.6})
    for (int n = 2; n < tasks + 2; ++n) {
      const double bears = last * std::pow(1.3, tasks + 1 - n);
      cell.rows["robustness"].push_back({{"perturbed", what},
                                         {"strength", strength},
                                         {"n", n},
                                         {"accuracy", strength < bears ? 1.0 : 0.5}});
    }
}

void fill_perturbations(ResultCell& cell) {
  perturb(cell, "weights", is_flat(cell) ? 0.05 : 0.15);
  perturb(cell, "tau", is_flat(cell) ? 0.15 : 0.05);
  perturb(cell, "recurrent", 0.15);
  perturb(cell, "feedforward", 0.05);
}

/// Replaces what was made up of one kind of perturbation.
Fill bears(const char* what, bool flat_ones, double last) {
  return [=](ResultCell& cell) {
    if (is_flat(cell) != flat_ones) return;
    std::erase_if(cell.rows["robustness"], [&](const auto& row) { return row.at("perturbed") == what; });
    perturb(cell, what, last);
  };
}

void fill_timescales(ResultCell& cell) {
  const int modules = is_flat(cell) ? 1 : tasks;
  cell.numbers["timescale"] = is_flat(cell) ? 1.05 : 1.3;
  for (int epoch = 1; epoch <= 60; ++epoch)
    cell.rows["history"].push_back(
        {{"epoch", epoch}, {"timescale", is_flat(cell) ? 1.0 + 0.5 / epoch : 1.3}});
  for (int module = 1; module <= modules; ++module) {
    cell.rows["modules"].push_back({{"module", module}, {"timescale", 1.3 + 0.01 * (module % 2)}});
    for (int unit = 1; unit <= 3; ++unit)
      cell.rows["timescales"].push_back({{"module", module},
                                         {"unit", unit},
                                         {"trained", 1.3},
                                         {"effective", is_flat(cell) ? 2.0 : 1.0 + 0.3 * module}});
    cell.rows["timescales"].push_back(
        {{"module", module}, {"unit", 4}, {"trained", 1.3}, {"effective", nullptr}});
  }
}

Fill rows_with(const char* table, bool flat_ones, const char* column, double value) {
  return [=](ResultCell& cell) {
    if (is_flat(cell) == flat_ones)
      for (auto& row : cell.rows[table])
        if (!row.at(column).is_null()) row[column] = value;
  };
}

void fill_conservation(ResultCell& cell) {
  // The second module has no feed-forward weights before it, and does not count.
  cell.rows["conservation"].push_back({{"module", 2}, {"recurrent", 2.0}, {"feedforward", nullptr}});
  for (int module = 3; module <= tasks; ++module)
    cell.rows["conservation"].push_back({{"module", module}, {"recurrent", 0.12}, {"feedforward", 0.16}});
}

}  // namespace

std::vector<Case> module_cases() {
  const auto every = [](const ResultCell&) { return true; };
  return {
      {"r3a", "rfig3", fill_perturbations, {{"as the flat ones", bears("weights", false, 0.05)}}, is_flat},
      {"r3b", "rfig3", fill_perturbations, {{"as the flat ones", bears("tau", false, 0.15)}}, is_flat},
      {"r4a",
       "rfig4",
       fill_timescales,
       {{"modules rise",
         [](ResultCell& c) {
           if (!is_flat(c))
             for (auto& row : c.rows["modules"]) row["timescale"] = 1.0 + 0.05 * row["module"].get<double>();
         }},
        {"flat ones stay", rows_with("history", true, "timescale", 1.3)}},
       is_flat},
      {"r4b",
       "rfig4",
       fill_timescales,
       {{"modules are alike", rows_with("timescales", false, "effective", 3.0)},
        {"flat ones are longer", rows_with("timescales", true, "effective", 9.0)},
        {"flat ones are as trained", rows_with("timescales", true, "effective", 1.3)}},
       is_flat},
      {"r5a, r5b",
       "rfig5",
       fill_perturbations,
       {{"recurrent weights hurt as much", bears("recurrent", false, 0.05)},
        {"early modules suffer as much",
         [](ResultCell& c) {
           for (auto& row : c.rows["robustness"])
             row["accuracy"] =
                 row.at("strength") < (row.at("perturbed") == "recurrent" ? 0.5 : 0.15) ? 1.0 : 0.5;
         }}},
       every},
      {"r5c",
       "rfig5",
       fill_conservation,
       {{"the other way round", rows_with("conservation", false, "recurrent", 0.2)}},
       every},
  };
}

}  // namespace modsweep::claims
