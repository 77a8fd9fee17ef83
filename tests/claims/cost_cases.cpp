// Made-up results for the claims of host/claims/cost_claims.cpp. Figures 3, 4, 5 and 10.
#include "claims/claim_cases.h"

namespace modsweep::claims {
namespace {

void fill_linear_costs(ResultCell& cell) {
  const bool sparse = is(cell, "task.sparse", true);
  const bool l12 = setting(cell, "regularizer.l12") > 0.0, l1 = setting(cell, "regularizer.l1") > 0.0;
  cell.numbers["dead_layer1"] = l1 ? 28.0 : 0.0;
  if (!l1) cell.numbers["gap_live_layer1"] = sparse || l12 ? 0.97 : 0.1;
}

void fill_activities(ResultCell& cell) {
  const bool activity = setting(cell, "regularizer.activity") > 0.0;
  const bool relu = is(cell, "network.activation", "leaky_relu");
  cell.numbers["gap_live_layer1"] = !relu ? 0.2 : (wa(cell) > 0.0 ? 0.9 : (activity ? 0.85 : 0.5));
  for (const char* dead : {"dead_layer1", "dead_layer2", "dead_layer3"})
    cell.numbers[dead] = activity ? 7.0 : 0.0;
}

void fill_mixing(ResultCell& cell) {
  cell.numbers["modules_live_layer1"] = is(cell, "task.mixing", "early") ? 3.0 : 4.0;
  cell.numbers["modules_live_layer3"] = 4.0;
}

}  // namespace

std::vector<Case> cost_cases() {
  return {
      {"3",
       "fig03",
       fill_linear_costs,
       {{"sparse", set_where("task.sparse", true, "gap_live_layer1", 0.8)},
        {"l12", set_where("regularizer.l12", 5e-4, "gap_live_layer1", 0.8)},
        {"l1", set_where("regularizer.l1", 1e-3, "gap_live_layer1", 0.6)},
        {"l2",
         [](ResultCell& c) {
           if (c.number("gap_live_layer1") == 0.1) c.numbers["gap_live_layer1"] = 0.35;
         }}},
       [](const ResultCell& c) { return setting(c, "regularizer.l1") > 0.0; }},
      {"4",
       "fig04",
       fill_activities,
       {{"tanh", set_where("network.activation", "tanh", "gap_live_layer1", 0.4)},
        {"sigmoid", set_where("network.activation", "sigmoid", "gap_live_layer1", 0.4)},
        {"weighted activity",
         [](ResultCell& c) {
           if (c.number("gap_live_layer1") == 0.9) c.numbers["gap_live_layer1"] = 0.83;
         }},
        {"l2",
         [](ResultCell& c) {
           if (c.number("gap_live_layer1") == 0.5) c.numbers["gap_live_layer1"] = 0.73;
         }},
        {"activity below l2", set_where("regularizer.activity", 1e-3, "gap_live_layer1", 0.45)},
        {"nobody dies in layer 2", set_where("regularizer.activity", 1e-3, "dead_layer2", 4)}},
       [](const ResultCell& c) { return setting(c, "regularizer.activity") > 0.0; }},
      {"5",
       "fig05",
       fill_mixing,
       {{"3 of 10 late networks",
         [](ResultCell& c) {
           if (is(c, "task.mixing", "late") && setting(c, "training.seed") < 3.0)
             c.numbers["modules_live_layer1"] = 3.0;
         }},
        {"layer 3", set_where("task.mixing", "early", "modules_live_layer3", 3.0)}},
       [](const ResultCell& c) { return is(c, "task.mixing", "late"); }},
      {"10",
       "fig10",
       [](ResultCell& c) {
         const bool l1 = setting(c, "regularizer.l1") > 0.0, l12 = setting(c, "regularizer.l12") > 0.0;
         c.numbers = {
             {"gap_live_layer1", 0.9}, {"dead_layer1", l1 ? 28.0 : (l12 ? 9.0 : 0.0)}, {"path_leak", 0.02}};
       },
       {{"weighted activity", set_where("regularizer.weighted_activity", 1e-3, "gap_live_layer1", 0.7)},
        {"dropout", set_where("regularizer.dropout", 0.05, "gap_live_layer1", 0.7)},
        {"l1 lives", set_where("regularizer.l1", 1e-3, "dead_layer1", 20)},
        {"l12 lives", set_where("regularizer.l12", 5e-4, "dead_layer1", 4)},
        {"l12 is not modular", set_where("regularizer.l12", 5e-4, "gap_live_layer1", 0.7)}},
       [](const ResultCell& c) { return setting(c, "regularizer.dropout") > 0.0; }},
  };
}

}  // namespace modsweep::claims
