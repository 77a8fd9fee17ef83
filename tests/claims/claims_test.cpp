// Every claim against made-up results: it holds if the numbers are as in the paper, does not hold if one of
// them is not, and cannot be judged if cells are missing.
#include "claims/claim_cases.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <gmock/gmock.h>

namespace modsweep::claims {

#define MODSWEEP_CLAIMS(name) std::vector<Case> name##_cases();
#include "claims/claims.def"
#undef MODSWEEP_CLAIMS

namespace {

const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> list;
    const auto add = [&](std::vector<Case> some) { list.insert(list.end(), some.begin(), some.end()); };
#define MODSWEEP_CLAIMS(name) add(name##_cases());
#include "claims/claims.def"
#undef MODSWEEP_CLAIMS
    return list;
  }();
  return all;
}

const Case& case_of(const std::string& figure) {
  for (const Case& one : cases())
    if (one.figure == figure) return one;
  throw std::runtime_error("no case of figure " + figure);
}

std::string checks_text(const Judgment& judgment) {
  std::string text;
  for (const Check& check : judgment.checks)
    text += "\n  " + check.text + ": " + (check.holds ? (*check.holds ? "yes" : "no") : "unknown");
  return text;
}

class ClaimTest : public testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] static const Case& its_case() { return case_of(GetParam()); }
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

TEST(Claims, CoverEveryFigureOfThePapers) {
  EXPECT_THAT(figures(),
              testing::IsSupersetOf({"1",   "2",   "3",   "4",        "5",   "6",   "7",   "8",   "8f-h",
                                     "9",   "10",  "11",  "12",       "13",  "r2a", "r2b", "r2c", "r3a",
                                     "r3b", "r4a", "r4b", "r5a, r5b", "r5c", "r6a", "r6b"}));
  const std::vector<std::string> all = figures();
  const auto place = [&](const char* figure) { return std::ranges::find(all, figure) - all.begin(); };
  EXPECT_LT(place("13"), place("r2a")) << "the second paper follows";
  EXPECT_LT(place("r6b"), place("causes: retina")) << "what is no figure comes last";
  EXPECT_NE(std::ranges::find(all, "causes: retina"), all.end());
}

TEST(Claims, AreSaidOnceAndHaveACase) {
  const std::vector<std::string> all = figures();
  EXPECT_EQ(std::set(all.begin(), all.end()).size(), all.size());
  EXPECT_EQ(cases().size(), all.size());
  for (const Claim& claim : all_claims()) {
    EXPECT_EQ(shipped_sweep(claim.sweep).name, claim.sweep);
    EXPECT_EQ(case_of(std::string(claim.figure)).sweep, claim.sweep);
    EXPECT_FALSE(claim.says.empty());
  }
}

// Figure 9 has cells of figure 12, all with the same joint depth.
TEST(Claims, OneJointDepthSaysNothingAboutOthers) {
  const Judgment judgment = judgment_of("12", made_up_cells("fig09", case_of("12").holds));
  EXPECT_EQ(judgment.evidence.cells.size(), 125U);
  EXPECT_EQ(judgment.verdict, Verdict::cannot_be_judged) << checks_text(judgment);
}

// An unknown check decides only if no check fails.
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
