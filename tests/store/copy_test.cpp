// What a store has of one cell becomes what it has of another: all of it, or the beginning.
#include "store/fixtures.h"

#include <gmock/gmock.h>

#include "modsweep/error.h"
#include "modsweep/merge.h"
#include "modsweep/state.h"

namespace modsweep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CopyTest : public testing::Test {
 protected:
  CopyTest() : store_(path_, Store::Access::read_write) {
    store_.add_sweep(sweep_);
    store_.begin_run({"1", "abc", "modsweep run", "cpu", "plain", {}});
  }

  /// Commits a finished cell with rows after two steps, with its state or without.
  void finish(const Cell& cell, bool with_state) {
    CellProgress progress = finished(cell);
    progress.measurements.insert(progress.measurements.begin(), measurement_at(5, 1.0));
    if (with_state) progress.checkpoint = state_at(progress.step);
    store_.commit(sweep_.id(), {&progress, 1}, "cpu", "plain");
  }
  void copy(const Cell& to, const Cell& from, std::function<bool(std::uint64_t)> keeps = {}) {
    const CellCopy copy{&to, from.id, std::move(keeps)};
    store_.copy_cells(sweep_.id(), {&copy, 1});
  }
  [[nodiscard]] std::vector<std::string> of(const Cell& cell, const std::string& table,
                                            const std::string& what) const {
    return column(path_, "SELECT " + what + " FROM " + table +
                             " t JOIN cells c ON c.num = t.cell WHERE c.id = '" + cell.id + "' ORDER BY 1");
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("copy.db");
  Sweep sweep_ = seed_sweep(3);
  std::vector<Cell> cells_ = {sweep_.cell(0), sweep_.cell(1), sweep_.cell(2)};
  Store store_;
};

TEST_F(CopyTest, GivesAllResults) {
  finish(cells_[0], true);
  copy(cells_[1], cells_[0]);
  for (const char* table : {"measurements", "layers", "eigenvalues", "weights", "checkpoints"})
    EXPECT_EQ(of(cells_[1], table, "count(*)"), of(cells_[0], table, "count(*)")) << table;
  EXPECT_EQ(of(cells_[1], "measurements", "test_loss"), of(cells_[0], "measurements", "test_loss"));
  EXPECT_EQ(store_.weights(cells_[1].id).weights.values, store_.weights(cells_[0].id).weights.values);
  EXPECT_EQ(store_.finished_cells().size(), 2U);
  EXPECT_THAT(column(path_, "SELECT json_extract(settings, '$.\"training.seed\"') FROM cells ORDER BY num"),
              ElementsAre("0", "1"));
  EXPECT_EQ(store_.status().checkpoints, 0U) << "states of finished cells are no checkpoints to go on from";
}

TEST_F(CopyTest, ReplacesWhatTheCellHad) {
  finish(cells_[0], false);
  const CellProgress before = running(cells_[1], 3);
  store_.commit(sweep_.id(), {&before, 1}, "gemm", "other");
  copy(cells_[1], cells_[0]);
  EXPECT_EQ(of(cells_[1], "measurements", "t.step"), of(cells_[0], "measurements", "t.step"));
  EXPECT_TRUE(of(cells_[1], "checkpoints", "t.step").empty());
  EXPECT_EQ(store_.finished_cells().size(), 2U);
  EXPECT_THAT(column(path_, "SELECT device FROM cells"), ElementsAre("plain", "plain"));
}

TEST_F(CopyTest, BeginsWithTheStateAndTheRowsThatAreKept) {
  finish(cells_[0], true);
  copy(cells_[1], cells_[0], [](std::uint64_t step) { return step == 5; });
  EXPECT_THAT(of(cells_[1], "measurements", "t.step"), ElementsAre("5"));
  EXPECT_TRUE(of(cells_[1], "weights", "cell").empty());
  const auto checkpoint = store_.checkpoint(cells_[1].id);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->step, cells_[0].settings.training.steps);
  EXPECT_EQ(checkpoint->state, state_at(checkpoint->step));
  EXPECT_TRUE(checkpoint->hashed);
  EXPECT_EQ(store_.running_cells().size(), 1U);
  EXPECT_EQ(store_.finished_cells().size(), 1U);
}

TEST_F(CopyTest, BeginsWithTheWeightsWhereNoStateWasKept) {
  finish(cells_[0], false);
  copy(cells_[1], cells_[0], [](std::uint64_t) { return false; });
  const auto checkpoint = store_.checkpoint(cells_[1].id);
  ASSERT_TRUE(checkpoint);
  const Parameters weights = store_.weights(cells_[0].id).weights;
  const auto state = from_bytes<float>(checkpoint->state, weights.shape);
  EXPECT_EQ(state.step, cells_[0].settings.training.steps);
  ASSERT_EQ(state.parameters.size(), weights.values.size());
  for (std::size_t i = 0; i < weights.values.size(); ++i)
    EXPECT_EQ(static_cast<double>(state.parameters[i]), weights.values[i]);
  EXPECT_TRUE(is_finite_state(checkpoint->state));
}

TEST_F(CopyTest, TellsWhatIsKept) {
  finish(cells_[0], true);
  finish(cells_[1], false);
  const CellProgress begun = running(cells_[2], 3);
  store_.commit(sweep_.id(), {&begun, 1}, "cpu", "plain");
  const auto with_state = store_.kept_network(cells_[0].id);
  ASSERT_TRUE(with_state);
  EXPECT_EQ(with_state->step, cells_[0].settings.training.steps);
  EXPECT_TRUE(with_state->state);
  EXPECT_TRUE(with_state->weights);
  EXPECT_FALSE(store_.kept_network(cells_[1].id).value().state);
  EXPECT_FALSE(store_.kept_network(cells_[2].id)) << "a running cell";
  EXPECT_FALSE(store_.kept_network("0123456789abcdef")) << "no cell";
}

TEST_F(CopyTest, RefusesRowsThatAreNotWhatWasWritten) {
  finish(cells_[0], true);
  (void)column(path_, "UPDATE checkpoints SET step = 1 RETURNING step");
  EXPECT_THROW(copy(cells_[1], cells_[0]), InputError);
  EXPECT_EQ(store_.finished_cells().size(), 1U) << "nothing is half copied";
  EXPECT_TRUE(of(cells_[1], "measurements", "t.step").empty());
}

TEST_F(CopyTest, OfNoFinishedCellIsAnError) {
  const CellProgress begun = running(cells_[0], 3);
  store_.commit(sweep_.id(), {&begun, 1}, "cpu", "plain");
  EXPECT_THROW(copy(cells_[1], cells_[0]), LogicError);
  EXPECT_THROW(copy(cells_[1], cells_[2]), LogicError);
}

TEST_F(CopyTest, AMergeKeepsStates) {
  finish(cells_[0], true);
  copy(cells_[1], cells_[0]);
  const std::string merged = folder_.file("merged.db");
  store_ = Store(folder_.file("other.db"), Store::Access::read_write);
  (void)merge_stores(merged, {path_}, false);
  const Store store(merged, Store::Access::read_only);
  EXPECT_TRUE(store.kept_network(cells_[0].id).value().state);
  EXPECT_TRUE(store.kept_network(cells_[1].id).value().state);
  EXPECT_EQ(store.finished_cells().size(), 2U);
}

}  // namespace
}  // namespace modsweep::test
