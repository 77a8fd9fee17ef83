// Shards: every cell is in exactly one of them, all have equally many, and the division is always the same.
#include "plan/planner.h"
#include "plan/schedule.h"
#include "plan/shard_cells.h"
#include "plan/summary.h"
#include "run/fake_engine.h"

#include <algorithm>
#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using testing_support::FakeControl;
using testing_support::FakeEngine;

struct Grid {
  std::string name;
  std::string axes;  ///< of the sweep file
};

void PrintTo(const Grid& grid, std::ostream* out) {
  *out << grid.name;
}

Sweep sweep_of(const std::string& axes) {
  return parse_sweep("name = \"shards\"\n[task]\ntrain_samples = 20\n[training]\nsteps = 10\n[axes]\n" + axes,
                     "shards.toml");
}

const std::vector<Grid> grids = {
    {"seeds", "\"training.seed\" = { range = [0, 1000] }\n"},
    {"one cell", "\"training.seed\" = [3]\n"},
    {"a hundred shapes of one cell", "\"task.inputs\" = { range = [2, 102] }\n"},
    {"widths within seeds",
     "\"training.seed\" = { range = [0, 13] }\n\"network.hidden\" = [[3], [4], [5], [6], [7]]\n"},
    {"seeds within widths", "\"network.hidden\" = [[3], [4], [5]]\n\"training.seed\" = { range = [0, 7] }\n"},
    {"lengths that alternate", "\"training.seed\" = { range = [0, 50] }\n\"training.steps\" = [10, 1000]\n"},
    {"batches and samples",
     "\"training.batch_size\" = [5, 7]\n\"noise.strength\" = [0, 0.1]\n\"task.train_samples\" = [20, 30, "
     "40]\n"
     "\"training.epochs\" = [1, 2]\n\"training.precision\" = [\"fp32\", \"fp64\"]\n\"task.seed\" = [1, 2, "
     "3]\n"},
    {"inputs and layers",
     "\"task.inputs\" = [2, 3]\n\"network.bias\" = [true, false]\n\"network.activation\" = [\"tanh\", "
     "\"prelu\"]\n"
     "\"regularizer.l2\" = [0, 1e-4, 1e-3]\n\"measure.every_steps\" = [1, 5]\n"},
    {"zipped",
     "zip = [[\"training.seed\", \"network.hidden\"], [\"task.seed\", \"training.steps\"]]\n"
     "\"training.seed\" = [1, 2, 3]\n\"network.hidden\" = [[4], [5], [4]]\n\"noise.strength\" = [0, 1]\n"
     "\"task.seed\" = [1, 2, 3]\n\"training.steps\" = [10, 20, 20]\n"},
};

class ShardCellsTest : public testing::TestWithParam<Grid> {};

/// The largest difference between two of the counts.
std::uint64_t spread(const std::vector<std::uint64_t>& counts) {
  const auto [least, most] = std::ranges::minmax(counts);
  return most - least;
}

TEST_P(ShardCellsTest, ArePartsOfOneSizeOfAllCellsOfEveryShapeAndOfEveryLength) {
  const Sweep sweep = sweep_of(GetParam().axes);
  for (const std::uint32_t shards : {1U, 2U, 3U, 4U, 7U, 64U, 1500U}) {
    std::vector<ShardCells> all;
    for (std::uint32_t i = 1; i <= shards; ++i) all.emplace_back(sweep, Shard{i, shards}, 1);
    std::vector<std::uint64_t> sizes(shards, 0);
    std::map<std::string, std::vector<std::uint64_t>> of_key;
    std::map<std::pair<std::string, double>, std::vector<std::uint64_t>> of_kind;
    for (std::uint64_t index = 0; index < sweep.size(); ++index) {
      const CellSettings settings = sweep.cell(index).settings;
      const std::string key = pack_key(settings).text();
      auto& counts = of_key.try_emplace(key, shards, 0).first->second;
      const double samples = samples_in_steps(settings, total_steps(settings));
      auto& like_it = of_kind.try_emplace({key, samples}, shards, 0).first->second;
      std::size_t owners = 0;
      for (std::size_t i = 0; i < shards; ++i) {
        if (!all[i].contains(index)) continue;
        ++owners;
        ++sizes[i];
        ++counts[i];
        ++like_it[i];
      }
      ASSERT_EQ(owners, 1U) << "cell " << index << " of " << shards << " shards";
    }
    for (std::size_t i = 0; i < shards; ++i) EXPECT_EQ(all[i].size(), sizes[i]) << all[i].shard().text();
    EXPECT_LE(spread(sizes), 1U) << shards << " shards";
    for (const auto& [key, counts] : of_key) EXPECT_LE(spread(counts), 1U) << key << ", " << shards;
    for (const auto& [kind, counts] : of_kind)
      EXPECT_LE(spread(counts), 1U) << kind.first << ", " << kind.second << " samples, " << shards;
  }
}

TEST_P(ShardCellsTest, DoNotDependOnThreads) {
  const Sweep sweep = sweep_of(GetParam().axes);
  for (std::uint32_t i = 1; i <= 3; ++i) {
    const ShardCells one(sweep, {i, 3}, 1);
    const ShardCells three(sweep, {i, 3}, 3);
    EXPECT_EQ(one.size(), three.size());
    for (std::uint64_t index = 0; index < sweep.size(); ++index)
      ASSERT_EQ(one.contains(index), three.contains(index)) << index;
  }
}

INSTANTIATE_TEST_SUITE_P(Grids, ShardCellsTest, testing::ValuesIn(grids));

TEST(ShardCells, DealTheCellsOfOneShapeInTurn) {
  const Sweep sweep = sweep_of(grids.front().axes);
  for (std::uint32_t i = 1; i <= 4; ++i) {
    const ShardCells cells(sweep, {i, 4}, 1);
    for (std::uint64_t index = 0; index < sweep.size(); ++index)
      EXPECT_EQ(cells.contains(index), index % 4 == i - 1);
  }
}

// Thousands of stretches of points, kinds that first appear late, and a count that is not a multiple of any
// other.
TEST(ShardCells, StayEvenOverManyPoints) {
  const Sweep sweep = sweep_of(
      "\"task.train_samples\" = { range = [2, 2999] }\n\"network.hidden\" = [[3], [4], "
      "[5]]\n\"training.epochs\" = "
      "[1]\n\"training.seed\" = [0, 1, 2]\n");
  std::vector<std::uint64_t> sizes;
  std::uint64_t sum = 0;
  for (std::uint32_t i = 1; i <= 11; ++i) sizes.push_back(ShardCells(sweep, {i, 11}, 2).size());
  for (const std::uint64_t size : sizes) sum += size;
  EXPECT_EQ(sum, sweep.size());
  EXPECT_LE(spread(sizes), 1U);
}

TEST(ShardCells, NameACellThatCannotBe) {
  const Sweep sweep = [] {
    Sweep made = sweep_of("\"network.hidden\" = [[4], [6]]\n\"training.seed\" = [1, 2]\n");
    made.base.network.groups = {2, 4};
    return made;
  }();
  EXPECT_THAT(
      [&] {
        (void)ShardCells(sweep, {1, 2}, 1);
      },
      testing::ThrowsMessage<InputError>(testing::HasSubstr("network.hidden = [6]")));
}

/// The indices of a planner's cells, found by their ids.
std::vector<std::uint64_t> planned(const Sweep& sweep, const std::unordered_set<std::uint64_t>& finished,
                                   const ShardCells& shard) {
  std::map<std::string, std::uint64_t> index_of;
  for (std::uint64_t index = 0; index < sweep.size(); ++index) index_of[sweep.cell(index).id] = index;
  std::vector<std::uint64_t> indices;
  PackPlanner planner(sweep, finished, &shard);
  while (const auto pack = planner.next([](const PackKey&) { return std::size_t{5}; }))
    for (const Cell& cell : *pack) indices.push_back(index_of.at(cell.id));
  std::ranges::sort(indices);
  return indices;
}

TEST(ShardCells, ArePlannedWhateverIsFinished) {
  const Sweep sweep = sweep_of(grids[3].axes);
  std::unordered_set<std::uint64_t> finished;
  for (std::uint64_t index = 0; index < sweep.size(); index += 4)
    finished.insert(cell_number(sweep.cell(index)));
  FakeControl control;
  FakeEngine engine(control);
  const std::vector<Worker> workers = {{engine, "", 1'000'000}};
  for (std::uint32_t i = 1; i <= 3; ++i) {
    const ShardCells shard(sweep, {i, 3}, 1);
    std::vector<std::uint64_t> mine;
    std::vector<std::uint64_t> left;
    for (std::uint64_t index = 0; index < sweep.size(); ++index) {
      if (!shard.contains(index)) continue;
      mine.push_back(index);
      if (index % 4 != 0) left.push_back(index);
    }
    EXPECT_EQ(planned(sweep, {}, shard), mine);
    EXPECT_EQ(planned(sweep, finished, shard), left);
    const PlanSummary plan = summarize(sweep, finished, workers, 0, 2, &shard);
    EXPECT_EQ(plan.cells, mine.size());
    EXPECT_EQ(plan.left(), left.size());
    std::uint64_t cells = 0;
    for (const ShapePlan& shape : plan.shapes) cells += shape.cells;
    EXPECT_EQ(cells, left.size());
  }
}

}  // namespace
}  // namespace modsweep
