// Figures 3, 4, 5 and 10: costs that produce modules without noise.
#include "claims/claim.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace modsweep::claims {
namespace {

constexpr const char* activation = "network.activation";
constexpr const char* gap_1 = "gap_live_layer1";
constexpr const char* dead_1 = "dead_layer1";

double gap_of(Judge& judge, const std::string& name, const Where& where) {
  return judge.median("gap_4 of layer 1, " + name, where, gap_1);
}

double dead_of(Judge& judge, const std::string& name, const Where& where, int layer = 1) {
  return judge.median(fmt::format("dead units of layer {}, {}", layer, name), where,
                      fmt::format("dead_layer{}", layer));
}

void judge_linear_costs(Judge& judge) {
  const Where sparse = {{"task.sparse", true}};
  const Where l12 = {{"task.sparse", false}, {"regularizer.l12", 5e-4}};
  const Where l1 = {{"task.sparse", false}, {"regularizer.l1", 1e-3}};
  const Where l2 = {{"task.sparse", false}, {"regularizer.l12", 0}, {"regularizer.l1", 0}};
  const double gap_sparse = gap_of(judge, "Poisson-like noise on sparse inputs", sparse);
  const double gap_l12 = gap_of(judge, "l12", l12);
  const double gap_l2 = gap_of(judge, "l2 only", l2);
  dead_of(judge, "l1", l1);
  const double without_gap =
      judge.share("networks without a gap over live units, l1", l1, [](const ResultCell& cell) {
        return !std::isnan(cell.number(dead_1)) && std::isnan(cell.number(gap_1));
      });
  judge.check("Poisson-like noise on sparse inputs and l12 on dense ones: gap_4 above 0.85",
              all({less(0.85, gap_sparse), less(0.85, gap_l12)}));
  judge.check("l2 alone: gap_4 below 0.3", less(gap_l2, 0.3));
  judge.check("l1: most networks have too few live units for a gap", less(0.5, without_gap));
}

void judge_activities(Judge& judge) {
  const Where wa = {{weighted_activity, 1e-3}, {activation, "leaky_relu"}};
  const Where activity = {{"regularizer.activity", 1e-3}};
  const Where l2 = {{weighted_activity, 0}, {"regularizer.activity", 0}};
  const double gap_wa = gap_of(judge, "weighted activity", wa);
  const double gap_activity = gap_of(judge, "activity", activity);
  const double gap_l2 = gap_of(judge, "l2 only", l2);
  const double gap_tanh = gap_of(judge, "weighted activity, tanh", {{activation, "tanh"}});
  const double gap_sigmoid = gap_of(judge, "weighted activity, sigmoid", {{activation, "sigmoid"}});
  std::vector<Truth> dead;
  for (const int layer : {1, 2, 3})
    dead.push_back(less(some_dead - 0.5, dead_of(judge, "activity", activity, layer)));
  judge.check("weighted activity: gap_4 at least 0.84; l2 only: at most 0.72",
              all({less(0.84 - 1e-9, gap_wa), less(gap_l2, 0.72 + 1e-9)}));
  judge.check("weighted activity with tanh or sigmoid: gap_4 below 0.35",
              all({less(gap_tanh, 0.35), less(gap_sigmoid, 0.35)}));
  judge.check("activity: more modular than l2 only", less(gap_l2, gap_activity));
  judge.check("activity: at least 5 dead units in each layer", all(dead));
}

void judge_mixing(Judge& judge) {
  const auto modules = [&](const char* mixing, int layer, double count) {
    const std::string column = fmt::format("modules_live_layer{}", layer);
    return judge.share(fmt::format("networks with {} modules in layer {}, {} mixing", count, layer, mixing),
                       {{"task.mixing", mixing}},
                       [&](const ResultCell& cell) { return cell.number(column) == count; });
  };
  const double most = 0.8 - 1e-9;
  judge.check("layer 1 has 3 modules with early and 4 with late mixing, in 4 of 5 networks",
              all({less(most, modules("early", 1, 3)), less(most, modules("late", 1, 4))}));
  judge.check("layer 3 has 4 modules with both, in 4 of 5 networks",
              all({less(most, modules("early", 3, 4)), less(most, modules("late", 3, 4))}));
}

void judge_other_costs(Judge& judge) {
  const Where wa1 = {{weighted_activity, 1e-3}};
  const Where dropout = {{"regularizer.dropout", 0.05}};
  const Where l1 = {{"regularizer.l1", 1e-3}};
  const Where l12 = {{"regularizer.l12", 5e-4}};
  const double gap_wa1 = gap_of(judge, "weighted activity of exponent 1", wa1);
  const double gap_dropout = gap_of(judge, "dropout", dropout);
  const double gap_l12 = gap_of(judge, "l12", l12);
  const double dead_l1 = dead_of(judge, "l1", l1);
  const double dead_l12 = dead_of(judge, "l12", l12);
  judge.median("path leak, l12", l12, "path_leak");
  judge.check(fmt::format("weighted activity of exponent 1 and dropout: gap_4 above {}", modular_gap),
              all({less(modular_gap, gap_wa1), less(modular_gap, gap_dropout)}));
  judge.check(fmt::format("l1: nearly all units of layer 1 dead, {} or more of 32", nearly_all_dead),
              less(nearly_all_dead - 0.5, dead_l1));
  judge.check(fmt::format("l12: gap_4 above {}, with {} or more dead units", modular_gap, some_dead),
              all({less(modular_gap, gap_l12), less(some_dead - 0.5, dead_l12)}));
}

}  // namespace

std::span<const Claim> cost_claims() {
  static constexpr std::array claims = {
      Claim{"3", "fig03",
            "A linear network becomes modular with Poisson-like noise on sparse inputs, and with the l12 "
            "cost; not with l1 or l2.",
            judge_linear_costs},
      Claim{
          "4", "fig04",
          "Weighted activity makes modules without noise; activity does, with dead units; l2 does not; with "
          "tanh and sigmoid there are clearly fewer.",
          judge_activities},
      Claim{"5", "fig05",
            "Factors that are mixed before the functions make 3 modules in layer 1 only; mixed behind them "
            "all hidden layers have 4.",
            judge_mixing},
      Claim{"10", "fig10",
            "Weighted activity of exponent 1 and dropout make modules; l1 is too sparse; l12 makes modules "
            "with dead units.",
            judge_other_costs},
  };
  return claims;
}

}  // namespace modsweep::claims
