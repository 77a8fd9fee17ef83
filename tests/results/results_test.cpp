// Results by column, as programs read them.
#include "modsweep/results.h"

#include "results/groups.h"
#include "results/values.h"
#include "store/fixtures.h"

#include <cmath>

#include <gmock/gmock.h>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Three seeds: two done, one diverged.
class ResultsTest : public testing::Test {
 protected:
  ResultsTest() : store_(folder_.file("results.db"), Store::Access::read_write) {
    const Sweep sweep = seed_sweep(3);
    store_.add_sweep(sweep);
    for (const std::uint64_t seed : {0U, 1U, 2U}) {
      const Cell cell = sweep.cell(seed);
      CellProgress progress = finished(cell);
      if (seed == 1) {
        progress.status = CellStatus::diverged;
        progress.diverged_at = 7;
        progress.measurements.clear();
        progress.weights.reset();
      }
      store_.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
    }
  }

  TemporaryFolder folder_;
  Store store_;
};

TEST_F(ResultsTest, ComeByColumn) {
  const ResultColumns results =
      read_results(store_, Table::results, {"test_loss", "training.seed", "status"});
  ASSERT_EQ(results.rows(), 3U);
  EXPECT_THAT(results.numbers("training.seed"), ElementsAre(0.0, 1.0, 2.0));
  EXPECT_THAT(results.texts("status"), ElementsAre("\"done\"", "\"diverged\"", "\"done\""));
  const std::vector<double> losses = results.numbers("test_loss");
  EXPECT_EQ(std::to_string(losses[0]), std::to_string(std::stod(column(folder_.file("results.db"),
                                                                       "SELECT test_loss FROM results WHERE "
                                                                       "\"training.seed\" = 0")[0])));
  EXPECT_TRUE(std::isnan(losses[1]));
  EXPECT_NE(losses[0], losses[2]);
}

TEST_F(ResultsTest, AWrongColumnIsNamedWithTheNearestOne) {
  try {
    (void)read_results(store_, Table::results, {"test_los"});
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("results has no column 'test_los'"));
    EXPECT_THAT(error.what(), HasSubstr("did you mean test_loss?"));
  }
}

TEST_F(ResultsTest, TextsAreNoNumbers) {
  const ResultColumns results = read_results(store_, Table::results, {"status"});
  EXPECT_THROW((void)results.numbers("status"), InputError);
  EXPECT_THROW((void)results.numbers("test_loss"), LogicError);
}

TEST(TellingColumns, AreThoseThatTellRowsApart) {
  const std::vector<std::vector<std::string>> rows = {
      {"a", "x", "1", "A", "p"}, {"a", "y", "1", "B", "p"}, {"b", "x", "1", "C", "q"}};
  const std::vector<bool> none(5, false);
  EXPECT_THAT(telling_columns(rows, none), ElementsAre(true, true, false, false, false));
  // A column that is shown anyway tells for those before it.
  EXPECT_THAT(telling_columns(rows, {false, false, false, true, false}),
              ElementsAre(false, false, false, true, false));
  EXPECT_THAT(telling_columns(rows, {false, false, true, false, true}),
              ElementsAre(false, true, true, false, true));
  EXPECT_THAT(telling_columns({}, none), ElementsAre(false, false, false, false, false));
}

TEST(TellingKeys, LeaveOutZippedOnesThatTellNothing) {
  TemporaryFolder folder;
  Store store(folder.file("zipped.db"), Store::Access::read_write);
  Sweep sweep = seed_sweep(2);
  sweep.axes.push_back({{"noise.strength", "noise.exponent", "regularizer.l1", "regularizer.l2"},
                        {{"0.1", "0", "0", "0.5"}, {"0.1", "2", "0", "0.5"}, {"0.2", "2", "0", "0.25"}}});
  sweep.axes.push_back({{"task.train_samples"}, {{"100"}}});
  store.add_sweep(sweep);
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const Cell cell = sweep.cell(i);
    const CellProgress progress = finished(cell);
    store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  }
  const std::vector<std::string> keys = {"task.train_samples", "regularizer.l2", "regularizer.l1",
                                         "noise.strength", "noise.exponent"};
  const auto groups = read_groups(store, "zipped.db", Table::results, keys, {"test_loss"});
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_THAT(telling_keys(store, keys, groups), ElementsAre(true, true, false, false, true));
}

TEST(JsonNumber, IsANumberOrNone) {
  EXPECT_EQ(json_number("-1.5e-300"), -1.5e-300);
  EXPECT_TRUE(std::isnan(json_number("null").value()));
  for (const char* text : {"\"1\"", "true", "[1]", "", "1 "})
    EXPECT_FALSE(json_number(text).has_value()) << text;
}

}  // namespace
}  // namespace modsweep::test
