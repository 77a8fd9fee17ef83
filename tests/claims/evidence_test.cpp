// Which cells are evaluated together.
#include "claims/made_up.h"

#include <cmath>

#include <gmock/gmock.h>

namespace modsweep::claims {
namespace {

using testing::ElementsAre;

std::vector<ResultCell> linear_cells(const Fill& fill = [](ResultCell&) {}) {
  return made_up_cells("fig01_linear", fill);  // 10 seeds of 50,000 steps
}

Evidence evidence(const std::vector<ResultCell>& cells) {
  return evidence_of(shipped_sweep("fig01_linear"), cells);
}

/// Cells of another run under the same name, with other ids.
std::vector<ResultCell> other_run(std::uint64_t steps, const char* key = nullptr,
                                  const nlohmann::json& value = {}) {
  return linear_cells([&](ResultCell& cell) {
    cell.id += "-other";
    cell.steps = steps;
    cell.settings["training.epochs"] = steps / 5;
    if (key != nullptr) cell.settings[key] = value;
  });
}

std::vector<ResultCell> together(std::vector<ResultCell> a, const std::vector<ResultCell>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(Evidence, IsFullWithEveryCellOfTheFile) {
  const Evidence all = evidence(linear_cells());
  EXPECT_TRUE(all.full());
  EXPECT_EQ(all.cells.size(), 10U);
  EXPECT_EQ(all.steps, 50000U);
  EXPECT_EQ(all.file_steps, 50000U);
  EXPECT_EQ(all.file_seeds, 10U);
  EXPECT_THAT(all.changes, ElementsAre());
  auto cells = linear_cells();
  cells.pop_back();
  EXPECT_FALSE(evidence(cells).full());
  EXPECT_EQ(evidence(cells).file_cells_found, 9U);
}

TEST(Evidence, TakesCellsByTheirNameOrTheirId) {
  EXPECT_EQ(evidence(made_up_cells("fig05", [](ResultCell&) {})).cells.size(), 0U);
  // The same networks, trained by a sweep of another name.
  EXPECT_TRUE(evidence(linear_cells([](ResultCell& cell) { cell.sweep = "mine"; })).full());
  EXPECT_FALSE(evidence(other_run(50000)).full());
  EXPECT_EQ(evidence(other_run(50000)).cells.size(), 10U);
  // Figure 12 has the cells of figure 9 for five functions and five seeds.
  const auto both = made_up_cells("fig12", [](ResultCell&) {});
  EXPECT_EQ(evidence_of(shipped_sweep("fig09"), both).cells.size(), 125U);
}

TEST(Evidence, DoesNotMixProtocols) {
  const Evidence longest = evidence(together(other_run(1000), other_run(2000)));
  EXPECT_EQ(longest.steps, 2000U);
  EXPECT_EQ(longest.cells.size(), 10U);
  EXPECT_EQ(longest.left_out, 10U);
  // Settings as in the file take precedence over more steps.
  const Evidence unchanged = evidence(together(other_run(1000), other_run(2000, "noise.strength", 0.3)));
  EXPECT_EQ(unchanged.steps, 1000U);
  EXPECT_THAT(unchanged.changes, ElementsAre());
  const Evidence changed = evidence(other_run(2000, "noise.strength", 0.3));
  EXPECT_THAT(changed.changes, ElementsAre("noise.strength = 0.3"));
  // The frequency of measurements is not a change.
  EXPECT_THAT(evidence(other_run(2000, "measure.every_steps", 7)).changes, ElementsAre());
  // Of two equally good protocols, the one with more cells.
  auto few = other_run(2000, "noise.strength", 0.2);
  few.resize(4);
  const Evidence larger = evidence(together(few, other_run(2000, "noise.strength", 0.3)));
  EXPECT_THAT(larger.changes, ElementsAre("noise.strength = 0.3"));
  EXPECT_EQ(larger.left_out, 4U);
}

// Figure 9 has 125 cells of figure 12.
TEST(Evidence, TakesTheCellsOfTheShorterForm) {
  const Evidence quick =
      evidence_of(shipped_sweep("rfig3"), made_up_cells("rfig3_quick", [](ResultCell&) {}));
  EXPECT_EQ(quick.cells.size(), 4U);
  EXPECT_EQ(quick.file_cells_found, 0U);
  EXPECT_THAT(quick.changes, ElementsAre("measure.robustness_draws = 2", "measure.robustness_strengths = 4"));
}

TEST(Evidence, IsNotTurnedByCellsOfOtherSweeps) {
  const auto blocks = made_up_cells("fig09", [](ResultCell&) {});
  EXPECT_EQ(evidence_of(shipped_sweep("fig12"), blocks).cells.size(), 125U);
  const auto shorter = made_up_cells("fig12", [](ResultCell& cell) {
    cell.id += "-other";
    cell.steps = 1000;
  });
  const Evidence both = evidence_of(shipped_sweep("fig12"), together(blocks, shorter));
  EXPECT_EQ(both.steps, 1000U);
  EXPECT_EQ(both.cells.size(), 625U);
  EXPECT_EQ(both.left_out, 125U);
}

TEST(Evidence, CountsWhatDiverged) {
  const Evidence nine = evidence(linear_cells([](ResultCell& cell) {
    if (setting(cell, "training.seed") != 4.0) return;
    cell.diverged = true;
    cell.steps = 17;
  }));
  EXPECT_EQ(nine.cells.size(), 9U);
  EXPECT_EQ(nine.diverged, 1U);
  EXPECT_FALSE(nine.full());
  const Evidence none = evidence(linear_cells([](ResultCell& cell) { cell.diverged = true; }));
  EXPECT_EQ(none.cells.size(), 0U);
  EXPECT_EQ(none.diverged, 10U);
}

TEST(Evidence, SelectsCellsAndWalksAxes) {
  const Evidence all = evidence_of(shipped_sweep("fig02"), made_up_cells("fig02", [](ResultCell&) {}));
  EXPECT_EQ(all.axis("noise.strength").size(), 20U);
  EXPECT_THAT(all.axis("noise.exponent"), ElementsAre(1.0, 2.0));
  EXPECT_THAT(all.axis("network.activation"), ElementsAre()) << "no numbers";
  EXPECT_EQ(all.where({}).size(), 400U);
  EXPECT_EQ(all.where({{"noise.exponent", 2}}).size(), 200U);
  EXPECT_EQ(all.where({{"noise.exponent", 2}, {"training.seed", 3}}).size(), 20U);
  EXPECT_EQ(all.where({{"no.such.key", 2}}).size(), 0U);
  EXPECT_NEAR(all.nearest("noise.strength", 0.3), std::pow(10.0, -3.0 + 3.0 * 16.0 / 19.0), 1e-9);
  EXPECT_EQ(all.nearest("noise.strength", 1.1), 1.0);
  EXPECT_TRUE(std::isnan(all.nearest("noise.strength", 1.3)));
}

}  // namespace
}  // namespace modsweep::claims
