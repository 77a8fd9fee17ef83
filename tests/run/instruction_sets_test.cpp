// A sweep that machines with different instruction sets have trained, as one store.
#include "run/runner_fixture.h"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>

#include "modsweep/cpu_engine.h"
#include "modsweep/merge.h"

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing_support::all_results;
using testing_support::Engines;
using testing_support::query_rows;
using testing_support::RunnerTest;

class InstructionSets : public RunnerTest {
 protected:
  void SetUp() override {
    engines_.clear();
    engines_.push_back(make_cpu_engine({.threads = 1, .instruction_set = {}}));
    plain_.push_back(make_cpu_engine({.threads = 1, .instruction_set = "x86-64"}));
    if (engines_[0]->device() == plain_[0]->device()) GTEST_SKIP() << "this machine has one instruction set";
  }

  /// The results of each cell, by its id: all rows of all tables.
  [[nodiscard]] std::map<std::string, std::string> results_of_cells(const std::string& store) const {
    std::map<std::string, std::string> found;
    for (const auto& [table, rows] : all_results(path(store)))
      for (const std::string& row : rows) found[row.substr(0, row.find('|'))] += table + row + "\n";
    return found;
  }

  [[nodiscard]] std::string device_of(const std::string& store, const std::string& id) const {
    return query_rows(path(store), "SELECT device FROM cells WHERE id = '" + id + "'").at(0);
  }

  Engines plain_;
};

TEST_F(InstructionSets, EachTrainsCellsOfOneStore) {
  Sweep low = sweep(2);
  Sweep high = low;
  high.axes[0].values = {{"2"}, {"3"}};
  run_on(engines_, low, path("fast.db"));
  run_on(plain_, high, path("plain.db"));
  const MergeResult merged = merge_stores(path("all.db"), {path("fast.db"), path("plain.db")}, false);
  EXPECT_EQ(merged.done, low.size() + high.size());
  EXPECT_EQ(merged.chosen, 0U);
  auto wanted = results_of_cells("fast.db");
  wanted.merge(results_of_cells("plain.db"));
  EXPECT_EQ(results_of_cells("all.db"), wanted);
  EXPECT_EQ(device_of("all.db", low.cell(0).id), engines_[0]->device() + "|");
  EXPECT_EQ(device_of("all.db", high.cell(0).id), plain_[0]->device() + "|");
}

TEST_F(InstructionSets, OfCellsThatBothTrainedOneIsKeptWhole) {
  const Sweep both = sweep(4);
  run_on(engines_, both, path("fast.db"));
  run_on(plain_, both, path("plain.db"));
  const auto fast = results_of_cells("fast.db");
  const auto plain = results_of_cells("plain.db");
  ASSERT_NE(fast, plain) << "the instruction sets round alike: this test compares nothing";
  const MergeResult merged = merge_stores(path("all.db"), {path("fast.db"), path("plain.db")}, false);
  EXPECT_EQ(merged.done, both.size());
  std::uint64_t different = 0;
  for (const auto& [id, results] : fast) different += results != plain.at(id) ? 1U : 0U;
  EXPECT_EQ(merged.chosen, different);
  ASSERT_FALSE(merged.notes.empty());
  EXPECT_THAT(merged.notes[0], HasSubstr("different engines or instruction sets"));
  const auto kept = results_of_cells("all.db");
  for (const auto& [id, results] : kept) {
    const bool is_fast = device_of("all.db", id) == engines_[0]->device() + "|";
    EXPECT_EQ(results, is_fast ? fast.at(id) : plain.at(id)) << id;
  }
  (void)merge_stores(path("turned.db"), {path("plain.db"), path("fast.db")}, false);
  EXPECT_EQ(results_of_cells("turned.db"), kept);
}

}  // namespace
}  // namespace modsweep
