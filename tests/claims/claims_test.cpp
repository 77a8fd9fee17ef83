// Every claim against made-up results: it holds where the numbers are as the paper has them, does not where
// one of them is not, and cannot be judged where cells are missing.
#include "claims/made_up.h"

#include <cmath>
#include <map>
#include <set>

#include <gmock/gmock.h>

namespace modsweep::claims {
namespace {

using nlohmann::json;

/// Numbers of other cells that make a claim fail.
struct Break {
  std::string name;
  Fill fill;  ///< after the numbers that hold
};

struct Case {
  std::string figure;
  std::string sweep;
  Fill holds;
  std::vector<Break> breaks;
  std::function<bool(const ResultCell&)> needed;  ///< cells without which nothing can be said
};

bool is(const ResultCell& cell, const char* key, const json& value) {
  return cell.settings.at(key) == value;
}

/// Sets `column` to `value` where `key` has the value `at`.
Fill set_where(const char* key, const json& at, const char* column, double value) {
  return [=](ResultCell& cell) {
    if (is(cell, key, at)) cell.numbers[column] = value;
  };
}

double wa(const ResultCell& cell) {
  return setting(cell, "regularizer.weighted_activity");
}

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

void fill_depths(ResultCell& cell) {
  const double block = setting(cell, "network.block_depth"), joint = setting(cell, "network.joint_depth");
  cell.numbers["test_loss"] = 1e-4;
  cell.numbers["block_error"] = block >= 3.0 ? 0.015 : 0.02 + 0.01 * joint;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> list = {
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
      {"9",
       "fig09",
       fill_depths,
       {{"falls too little", set_where("network.block_depth", 3, "block_error", 0.026)}},
       [](const ResultCell& c) { return is(c, "network.block_depth", 3); }},
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
      {"11",
       "fig11",
       fill_fans,
       {{"converged at 0.3", set_where("task.fan_fraction", 0.3, "ood_loss", 4e-5)},
        {"all converged at 0.8", set_where("task.fan_fraction", 0.8, "ood_loss", 1e-5)}},
       [](const ResultCell& c) { return is(c, "task.fan_fraction", 0.3); }},
      {"12",
       "fig12",
       fill_depths,
       {{"rises", set_where("network.block_depth", 3, "block_error", 0.08)},
        {"joint layers matter",
         [](ResultCell& c) {
           if (is(c, "network.block_depth", 4) && is(c, "network.joint_depth", 5))
             c.numbers["block_error"] = 0.031;
         }}},
       [](const ResultCell& c) { return is(c, "network.block_depth", 1); }},
      {"13",
       "fig12",
       fill_depths,
       {{"shallow blocks do not care", set_where("network.block_depth", 1, "block_error", 0.05)},
        {"deep ones do as well",
         [](ResultCell& c) {
           if (is(c, "network.block_depth", 3))
             c.numbers["block_error"] = 0.02 + 0.01 * setting(c, "network.joint_depth");
         }}},
       [](const ResultCell& c) { return is(c, "network.block_depth", 1); }},
  };
  return list;
}

std::string checks_text(const Judgment& judgment) {
  std::string text;
  for (const Check& check : judgment.checks)
    text += "\n  " + check.text + ": " + (check.holds ? (*check.holds ? "yes" : "no") : "unknown");
  return text;
}

class ClaimTest : public testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] static const Case& its_case() {
    for (const Case& one : cases())
      if (one.figure == GetParam()) return one;
    throw std::runtime_error("no case of figure " + GetParam());
  }
};

TEST_P(ClaimTest, HoldsWhereTheNumbersAreAsThePaperHasThem) {
  const Judgment judgment = judgment_of(GetParam(), made_up_cells(its_case().sweep, its_case().holds));
  EXPECT_EQ(judgment.verdict, Verdict::holds) << checks_text(judgment);
  EXPECT_TRUE(judgment.evidence.full());
  EXPECT_FALSE(judgment.numbers.empty());
  for (const Number& number : judgment.numbers) EXPECT_FALSE(std::isnan(number.value)) << number.label;
}

TEST_P(ClaimTest, DoesNotHoldWhereOneNumberIsOtherwise) {
  ASSERT_FALSE(its_case().breaks.empty());
  for (const Break& broken : its_case().breaks) {
    const Judgment judgment = judgment_of(GetParam(), made_up_cells(its_case().sweep, [&](ResultCell& cell) {
                                            its_case().holds(cell);
                                            broken.fill(cell);
                                          }));
    EXPECT_EQ(judgment.verdict, Verdict::does_not_hold) << broken.name << checks_text(judgment);
  }
}

TEST_P(ClaimTest, CannotBeJudgedWithoutTheCells) {
  auto cells = made_up_cells(its_case().sweep, its_case().holds);
  const std::size_t before = cells.size();
  std::erase_if(cells, its_case().needed);
  ASSERT_LT(cells.size(), before);
  EXPECT_EQ(judgment_of(GetParam(), cells).verdict, Verdict::cannot_be_judged)
      << checks_text(judgment_of(GetParam(), cells));
  EXPECT_EQ(judgment_of(GetParam(), {}).verdict, Verdict::cannot_be_judged);
}

std::vector<std::string> figures() {
  std::vector<std::string> names;
  for (const Claim& claim : all_claims()) names.emplace_back(claim.figure);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, ClaimTest, testing::ValuesIn(figures()), [](const auto& info) {
  std::string name = info.param;
  std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
  return "Figure" + name;
});

TEST(Claims, CoverEveryFigureOnce) {
  EXPECT_THAT(figures(), testing::ElementsAre("1", "1, control", "1, table", "2", "2, balance", "3", "4", "5",
                                              "6", "7", "8", "8f-h", "9", "10", "11", "12", "13"));
  EXPECT_EQ(cases().size(), figures().size());
  for (const Claim& claim : all_claims()) {
    EXPECT_EQ(shipped_sweep(claim.sweep).name, claim.sweep);
    EXPECT_FALSE(claim.says.empty());
  }
}

// Figure 9 has cells of figure 12, all of one joint depth.
TEST(Claims, OneJointDepthSaysNothingAboutOthers) {
  const Judgment judgment = judgment_of("12", made_up_cells("fig09", fill_depths));
  EXPECT_EQ(judgment.evidence.cells.size(), 125U);
  EXPECT_EQ(judgment.verdict, Verdict::cannot_be_judged) << checks_text(judgment);
}

// What is unknown decides only where nothing else does.
TEST(Judge, PutsChecksTogether) {
  const Evidence evidence;
  const auto verdict = [&](const std::vector<Truth>& truths) {
    Judge judge(evidence, {});
    for (const Truth truth : truths) judge.check("a check", truth);
    return judge.verdict();
  };
  EXPECT_EQ(verdict({}), Verdict::cannot_be_judged);
  EXPECT_EQ(verdict({true, true}), Verdict::holds);
  EXPECT_EQ(verdict({true, std::nullopt}), Verdict::cannot_be_judged);
  EXPECT_EQ(verdict({true, std::nullopt, false}), Verdict::does_not_hold);
  EXPECT_EQ(less(1.0, 2.0), Truth(true));
  EXPECT_EQ(less(2.0, 2.0), Truth(false));
  EXPECT_EQ(less(std::nan(""), 2.0), Truth());
  EXPECT_EQ(less(2.0, std::nan("")), Truth());
}

}  // namespace
}  // namespace modsweep::claims
