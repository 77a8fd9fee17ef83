// Made-up results for the claims of host/claims/causes_claims.cpp: a network's numbers follow from the causes
// that its settings name.
#include "claims/claim_cases.h"

#include <map>

namespace modsweep::claims {
namespace {

double value_of(const ResultCell& cell, const char* key) {
  return cell.settings.value(key, 0.0);
}

bool pruned_by(const ResultCell& cell, double share) {
  return value_of(cell, "pruning.sparsity") == share;
}

double leak_of_activity(const ResultCell& cell) {
  return std::map<double, double>{{0, 0.6}, {3e-4, 0.3}, {1e-3, 0.16}, {3e-3, 0.17}, {1e-2, 0.24}}.at(
      wa(cell));
}

/// The numbers of causes.toml.
void fill_causes(ResultCell& cell) {
  const double l1 = value_of(cell, "regularizer.l1"), l2 = value_of(cell, "regularizer.l2");
  const double dropout = value_of(cell, "regularizer.dropout");
  const double cost = value_of(cell, "regularizer.connection_cost");
  auto& numbers = cell.numbers;
  numbers = {{"path_leak", leak_of_activity(cell)}, {"relative_cut", 0.8}, {"test_loss", 1.5e-4}};
  if (l2 == 0.0) numbers = {{"path_leak", 0.74}, {"relative_cut", 0.95}, {"test_loss", 1.6e-4}};
  if (l1 > 0.0)
    numbers["path_leak"] = std::map<double, double>{{1e-5, 0.07}, {3e-5, 0.01}, {1e-4, 0.003}}.at(l1);
  if (l1 == 1e-4) numbers["relative_cut"] = 0.01;
  if (l1 == 1e-5 && l2 == 0.0) numbers["test_loss"] = 4e-5;
  if (dropout > 0.0) numbers["path_leak"] = dropout < 0.5 ? 0.28 : 0.47;
  if (cost > 0.0) numbers["path_leak"] = 0.004;
  if (cost == 1e-3)
    numbers["test_loss"] = value_of(cell, "regularizer.connection_length") == 0.0 ? 4e-3
                           : value_of(cell, "regularizer.swap_every") > 0.0       ? 6e-4
                                                                                  : 9e-4;
  if (value_of(cell, "pruning.sparsity") > 0.0) numbers["path_leak"] = 0.0;
}

Fill where(const std::function<bool(const ResultCell&)>& these, const char* column, double value) {
  return [=](ResultCell& cell) {
    if (these(cell)) cell.numbers[column] = value;
  };
}

Fill where_l1(double l1, const char* column, double value) {
  return where([=](const ResultCell& c) { return value_of(c, "regularizer.l1") == l1; }, column, value);
}

void fill_retina(ResultCell& cell) {
  const bool l2_alone = value_of(cell, "regularizer.l1") == 0.0 && wa(cell) == 0.0 && pruned_by(cell, 0.0);
  cell.numbers["separation_layer3"] = !l2_alone ? 0.99 : value_of(cell, "regularizer.l2") > 0.0 ? 0.8 : 0.56;
  cell.numbers["wrong_signs"] = 0.0;
}

void fill_goals(ResultCell& cell) {
  const auto& goals = cell.settings.at("task.goals");
  const bool turns = goals.size() > 1, harder = goals.at(0) == "l_xor_r";
  if (pruned_by(cell, 0.0))
    cell.numbers["separation_layer2"] = turns ? 0.6 : 0.5;
  else
    cell.numbers["separation_layer2"] = turns ? 0.8 : harder ? 0.85 : 0.6;
}

Fill separation_of(bool turns, double sparsity, double value) {
  return where(
      [=](const ResultCell& c) {
        return (c.settings.at("task.goals").size() > 1) == turns && pruned_by(c, sparsity);
      },
      "separation_layer2", value);
}

void fill_range(ResultCell& cell) {
  const bool pruned = pruned_by(cell, 0.9);
  double ratio = 2.6;
  if (value_of(cell, "regularizer.l2") == 0.0) ratio = 45.0;
  if (wa(cell) > 0.0) ratio = 9.0;
  if (value_of(cell, "regularizer.l1") > 0.0) ratio = 1.4;
  if (pruned) ratio = 1.8;
  cell.numbers = {{"test_loss", 1e-4}, {"ood_loss", ratio * 1e-4}, {"path_leak", pruned ? 0.0 : 0.27}};
}

bool l1_of_range(const ResultCell& cell) {
  return value_of(cell, "regularizer.l1") > 0.0;
}

bool activity_alone(const ResultCell& cell) {
  return wa(cell) > 0.0 && pruned_by(cell, 0.0);
}

bool dropout_of_range(const ResultCell& cell) {
  return value_of(cell, "regularizer.dropout") > 0.0;
}

bool after_layer_pruning(const ResultCell& cell) {
  return value_of(cell, "start.pruning.sparsity") == 0.9 &&
         cell.settings.at("start.pruning.scope") == "layer";
}

void fill_few_samples(ResultCell& cell) {
  const bool sparse = after_layer_pruning(cell) && cell.settings.at("pruning.keep") == true;
  cell.numbers["test_loss"] = sparse ? 5e-4 : 4e-3;
}

bool after_turns(const ResultCell& cell) {
  return cell.settings.at("start.task.goals") == "[l_and_r,l_or_r]";
}

void fill_new_goal(ResultCell& cell) {
  cell.numbers["first_step_below"] = after_turns(cell) ? 150.0 : 500.0;
}

}  // namespace

std::vector<Case> causes_cases() {
  const auto without_l2 = [](const ResultCell& c) { return value_of(c, "regularizer.l2") == 0.0; };
  const auto dropout = [](double rate) {
    return [=](const ResultCell& c) { return value_of(c, "regularizer.dropout") == rate; };
  };
  const auto activity = [](double strength) {
    return [=](const ResultCell& c) { return wa(c) == strength; };
  };
  const auto sparse = [](double share) { return [=](const ResultCell& c) { return pruned_by(c, share); }; };
  const auto cost = [](double strength) {
    return [=](const ResultCell& c) { return value_of(c, "regularizer.connection_cost") == strength; };
  };
  const auto swapped = [](const ResultCell& c) { return value_of(c, "regularizer.swap_every") > 0.0; };
  const auto sides_apart = [](const ResultCell& c) { return pruned_by(c, 0.8); };
  return {
      {"causes: training",
       "causes",
       fill_causes,
       {{"modules by themselves", where(without_l2, "path_leak", 0.6)},
        {"a low cut", where(without_l2, "relative_cut", 0.85)}},
       without_l2},
      {"causes: L1",
       "causes",
       fill_causes,
       {{"not falling", where_l1(3e-5, "path_leak", 0.08)},
        {"no clean modules", where_l1(1e-4, "path_leak", 0.011)},
        {"a cut", where_l1(1e-4, "relative_cut", 0.06)},
        {"a high loss", where_l1(1e-4, "test_loss", 9e-4)},
        {"no lower loss", where_l1(1e-5, "test_loss", 8e-5)}},
       [](const ResultCell& c) { return value_of(c, "regularizer.l1") == 3e-5; }},
      {"causes: dropout",
       "causes",
       fill_causes,
       {{"little makes none", where(dropout(0.05), "path_leak", 0.4)},
        {"much makes as many", where(dropout(0.5), "path_leak", 0.32)}},
       dropout(0.5)},
      {"causes: weighted activity",
       "causes",
       fill_causes,
       {{"the weakest is best", where(activity(3e-4), "path_leak", 0.1)},
        {"the strongest is best", where(activity(1e-2), "path_leak", 0.1)}},
       activity(3e-3)},
      {"causes: pruning",
       "causes",
       fill_causes,
       {{"leak of network pruning", where(sparse(0.95), "path_leak", 0.06)},
        {"loss of layer pruning", where(sparse(0.9), "test_loss", 5e-4)},
        {"leak with weighted activity",
         where([](const ResultCell& c) { return pruned_by(c, 0.9) && wa(c) > 0.0; }, "path_leak", 0.02)}},
       sparse(0.95)},
      {"causes: connection cost",
       "causes",
       fill_causes,
       {{"no clean modules", where(cost(3e-4), "path_leak", 0.03)},
        {"swaps cost loss", where(swapped, "test_loss", 5e-3)}},
       swapped},
      {"causes: retina",
       "causes_retina",
       fill_retina,
       {{"no separation by pruning", where(sides_apart, "separation_layer3", 0.9)},
        {"separation without a cause", where(without_l2, "separation_layer3", 0.7)},
        {"wrong answers", [](ResultCell& c) { c.numbers["wrong_signs"] = 0.01; }}},
       sides_apart},
      {"causes: goals",
       "causes_goals",
       fill_goals,
       {{"turns make none", separation_of(true, 0.0, 0.52)},
        {"turns with pruning make none", separation_of(true, 0.9, 0.65)}},
       [](const ResultCell& c) { return c.settings.at("task.goals").size() > 1; }},
      {"causes: unseen combinations",
       "causes_range",
       fill_range,
       {{"without a cause, too", where(without_l2, "ood_loss", 1e-3)},
        {"l1 does not", where(l1_of_range, "ood_loss", 2.5e-4)},
        {"weighted activity does", where(activity_alone, "ood_loss", 2e-4)}},
       l1_of_range},
      {"causes: range",
       "causes_range",
       fill_range,
       {{"as many modules", where(activity_alone, "path_leak", 0.16)},
        {"dropout with pruning leaks", where(dropout_of_range, "path_leak", 0.02)},
        {"dropout with pruning does not extrapolate", where(dropout_of_range, "ood_loss", 3e-4)}},
       dropout_of_range},
      {"causes: few samples",
       "causes_adapt",
       fill_few_samples,
       {{"no better", where(after_layer_pruning, "test_loss", 1.5e-3)}},
       after_layer_pruning},
      {"causes: new goal",
       "causes_xor",
       fill_new_goal,
       {{"no faster", where(after_turns, "first_step_below", 260.0)}},
       after_turns},
  };
}

}  // namespace modsweep::claims
