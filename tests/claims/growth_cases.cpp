// Made-up results for the claims of host/claims/growth_claims.cpp. Figures 2 and 6 of the second paper.
#include "claims/claim_cases.h"

#include <algorithm>

namespace modsweep::claims {
namespace {

bool flat(const ResultCell& cell) {
  return is(cell, "network.topology", "flat");
}

/// A network that solves a task in each epoch until it has solved so many: its history and last numbers.
void grow(ResultCell& cell, double most, double parameters_each) {
  const double epochs = setting(cell, "growth.epochs");
  double n = 1.0;
  for (double epoch = 1.0; epoch <= epochs; epoch += 1.0) {
    n = std::min(n + 1.0, most);
    cell.rows["history"].push_back(
        {{"epoch", epoch}, {"n_solved", n}, {"parameters", n * parameters_each}, {"timescale", 1.2}});
  }
  cell.numbers["n_solved"] = n;
  cell.numbers["parameters"] = n * parameters_each;
}

/// Modular networks of 5 units solve 25 tasks, larger ones all; flat ones of 20, 54, 91, 128 units some 11
/// to 40.
void fill_growth(ResultCell& cell) {
  const double units = setting(cell, "network.units");
  if (flat(cell))
    grow(cell, 5.0 + units / 4.0 + (units == 128.0 ? -5.0 : 0.0), 50.0 + units * units / 10.0);
  else
    grow(cell, units < 10.0 ? 25.0 : 100.0, 15.0 + units);
}

void fill_generalization(ResultCell& cell) {
  cell.numbers["n_solved"] = 10.0;
  for (int extra = 1; extra <= 10; ++extra)
    cell.rows["generalization"].push_back(
        {{"extra", extra}, {"accuracy", (flat(cell) ? 0.9 : 1.0) - 0.03 * extra}});
}

void fill_frozen(ResultCell& cell) {
  const bool large = setting(cell, "network.units") == 10.0;
  const bool none = is(cell, "growth.freeze", "none"), recurrent = is(cell, "growth.freeze", "recurrent");
  const double others = recurrent ? (large ? 58.0 : 15.0) : 3.0;
  cell.numbers["n_solved"] = none ? (large ? 60.0 : 20.0) : others;
}

/// Copied recurrent weights give two tasks more; seed 3 never solves N = 2.
void fill_copies(ResultCell& cell) {
  const bool copied = is(cell, "growth.duplicate", {"recurrent"}) ||
                      is(cell, "growth.duplicate", {"recurrent", "feedforward"});
  const double seed = setting(cell, "training.seed");
  cell.numbers["n_solved"] = seed == 3.0 ? 1.0 : (copied ? 14.0 : 12.0) + seed;
}

Fill solves(bool (*which)(const ResultCell&), double n) {
  return [=](ResultCell& cell) {
    if (which(cell)) cell.numbers["n_solved"] = n;
  };
}

}  // namespace

std::vector<Case> growth_cases() {
  const auto again = [](ResultCell& cell, double most, double parameters) {
    cell.rows.clear();
    grow(cell, most, parameters);
  };
  return {
      {"r2a",
       "rfig2a",
       fill_growth,
       {{"modular 10 stops",
         [=](ResultCell& c) {
           if (!flat(c) && setting(c, "network.units") == 10.0) again(c, 50.0, 25.0);
         }},
        {"flat 91 goes on",
         [=](ResultCell& c) {
           if (flat(c) && setting(c, "network.units") == 91.0) again(c, 47.0, 900.0);
         }},
        {"modular 5 below flat 20",
         solves([](const ResultCell& c) { return setting(c, "network.units") == 5.0; }, 9.0)}},
       flat},
      {"r2b",
       "rfig2a",
       fill_growth,
       {{"flat 54 is small",
         [=](ResultCell& c) {
           if (flat(c) && setting(c, "network.units") == 54.0) again(c, 18.5, 10.0);
         }}},
       flat},
      {"r2c",
       "rfig2c",
       fill_generalization,
       {{"modular ones do not fall",
         [](ResultCell& c) {
           if (!flat(c))
             for (auto& row : c.rows["generalization"]) row["accuracy"] = 1.0;
         }},
        {"flat ones are better",
         [](ResultCell& c) {
           if (flat(c))
             for (auto& row : c.rows["generalization"]) row["accuracy"] = row["accuracy"].get<double>() + 0.2;
         }}},
       flat},
      {"r6a",
       "rfig6a",
       fill_frozen,
       {{"one grows with frozen feed-forward weights",
         [](ResultCell& c) {
           if (is(c, "growth.freeze", "feedforward") && setting(c, "training.seed") == 4.0)
             c.numbers["n_solved"] = 6.0;
         }},
        {"5 units do not care for recurrent weights",
         [](ResultCell& c) {
           if (is(c, "growth.freeze", "recurrent") && setting(c, "network.units") == 5.0)
             c.numbers["n_solved"] = 20.0;
         }},
        {"10 units are slower",
         [](ResultCell& c) {
           if (is(c, "growth.freeze", "recurrent") && setting(c, "network.units") == 10.0)
             c.numbers["n_solved"] = 53.0;
         }}},
       [](const ResultCell& c) { return is(c, "growth.freeze", "recurrent"); }},
      {"r6b",
       "rfig6b",
       fill_copies,
       {{"no difference", [](ResultCell& c) { c.numbers["n_solved"] = 12.0; }},
        {"one seed makes the mean",
         [](ResultCell& c) {
           if (setting(c, "training.seed") != 2.0) c.numbers["n_solved"] = 12.0;
         }}},
       [](const ResultCell& c) { return c.settings.at("growth.duplicate").size() < 2; }},
  };
}

}  // namespace modsweep::claims
