// What a store has of a network is not trained again: a longer run goes on from a shorter one, what is
// measured afterwards is measured on stored networks, and cells that are the same network share one training.
// In each case the results are those of a store that trained everything.
#include "config/inert.h"
#include "run/store_rows.h"
#include "support/temporary_folder.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "modsweep/error.h"
#include "modsweep/session.h"

namespace modsweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::all_results;
using testing_support::query_rows;

// Everything that depends on the number of a step: noise, dropout, order, moments, an odd number of batches.
constexpr const char* longer = R"(
name = "longer"
[network]
hidden = [7]
[noise]
strength = 0.1
[regularizer]
dropout = 0.1
[task]
train_samples = 50
test_samples = 20
[training]
batch_size = 20
steps = 61
shuffle = true
[measure]
every_steps = 20
initial = true
noisy_strength = 0.1
state = true
[axes]
"training.seed" = [0, 1]
)";

/// What a user is told of a training.
struct Told {
  std::uint64_t left = 0;  ///< to be trained
  std::vector<std::string> notes;
  ProgressState last;
};

class Listener : public SessionWatcher {
 public:
  void begin(const SessionPlan& plan) override { told.left = plan.left; }
  void note(const std::string& line) override { told.notes.push_back(line); }
  void finish(const ProgressState& state) override { told.last = state; }
  void update(const ProgressState& state) override { steps_ = state.steps; }
  bool stop() override { return steps_ >= stop_after; }

  Told told;
  double stop_after = 1e9;  ///< network-steps

 private:
  double steps_ = 0.0;
};

class ReuseTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& store) const { return (folder_ / store).string(); }

  /// Trains a sweep into a store.
  Told train(const std::string& store, const std::string& sweep, const std::vector<std::string>& sets = {}) {
    Listener listener;
    Session session(path(store), {.engine = "cpu", .threads = 1});
    EXPECT_TRUE(session.train(parse_sweep(sweep, "longer.toml", sets), listener));
    return listener.told;
  }

  /// The ids of a sweep's cells as a subquery.
  static std::string ids(const std::string& sweep, const std::vector<std::string>& sets = {}) {
    const Sweep parsed = parse_sweep(sweep, "longer.toml", sets);
    std::string list;
    for (std::uint64_t i = 0; i < parsed.size(); ++i)
      list += fmt::format("{}'{}'", list.empty() ? "" : ",", parsed.cell(i).id);
    return list;
  }

  /// Whether the cells of a sweep are the same in a store as in one that trains them alone. `but`: tables
  /// that are not compared.
  void expect_as_if_trained(const std::string& store, const std::string& sweep,
                            const std::vector<std::string>& sets = {}, const std::string& but = "") {
    const std::string alone = fmt::format("alone{}.db", ++alone_);
    (void)train(alone, sweep, sets);
    const auto expected = all_results(path(alone));
    const auto got = all_results(path(store), ids(sweep, sets));
    ASSERT_FALSE(expected.at("cells").empty());
    for (const auto& [table, rows] : expected)
      if (but.find(table) == std::string::npos) {
        EXPECT_EQ(got.at(table), rows) << table;
      }
  }

  test::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  int alone_ = 0;
};

TEST_F(ReuseTest, ALongerRunGoesOnWhereAShorterOneEnded) {
  (void)train("store.db", longer, {"training.steps=40"});
  const Told listener = train("store.db", longer);
  EXPECT_EQ(listener.last.steps, 2 * 21.0);
  EXPECT_THAT(listener.notes, ElementsAre("2 cells go on where finished cells of fewer steps ended"));
  expect_as_if_trained("store.db", longer);
  expect_as_if_trained("store.db", longer, {"training.steps=40"});

  // The longest of several is taken, and lengths in epochs count as steps.
  const Told longest = train("store.db", longer, {"training.epochs=25"});
  EXPECT_EQ(longest.last.steps, 2 * (75.0 - 61.0));
  expect_as_if_trained("store.db", longer, {"training.epochs=25"});
}

TEST_F(ReuseTest, ALongerRunGoesOnInBothPrecisionsAndWithSgd) {
  const std::vector<std::vector<std::string>> cases = {{"training.precision=fp64"},
                                                       {"training.optimizer=sgd", "training.momentum=0.9"}};
  for (std::vector<std::string> sets : cases) {
    const std::string store = sets.front() + ".db";
    auto shorter = sets;
    shorter.emplace_back("training.steps=20");
    (void)train(store, longer, shorter);
    EXPECT_EQ(train(store, longer, sets).last.steps, 2 * 41.0);
    expect_as_if_trained(store, longer, sets);
  }
}

TEST_F(ReuseTest, WithoutTheStateALongerRunBeginsAnewAndSaysSo) {
  (void)train("store.db", longer, {"training.steps=40", "measure.state=false"});
  const Told listener = train("store.db", longer, {"measure.state=false"});
  EXPECT_EQ(listener.last.steps, 2 * 61.0);
  EXPECT_THAT(listener.notes, ElementsAre(HasSubstr("2 cells are trained from step 0")));
  EXPECT_THAT(listener.notes, ElementsAre(HasSubstr("measure.state = true")));
}

TEST_F(ReuseTest, ALongerRunWhoseFirstStepsDependOnItsLengthBeginsAnewAndSaysSo) {
  const std::vector<std::vector<std::string>> cases = {
      {"training.schedule=cosine"},
      {"task.validation_samples=20", "training.patience=1000"},
      {"task.validation_samples=20", "training.keep=best"},
  };
  for (const std::vector<std::string>& sets : cases) {
    SCOPED_TRACE(sets.back());
    const std::string store = sets.back() + ".db";
    auto shorter = sets;
    shorter.emplace_back("training.steps=40");
    (void)train(store, longer, shorter);
    const Told listener = train(store, longer, sets);
    EXPECT_EQ(listener.last.steps, 2 * 61.0);
    EXPECT_THAT(listener.notes, ElementsAre(AllOf(HasSubstr("2 cells are trained from step 0"),
                                                  HasSubstr("depend on the length of the run"))));
    expect_as_if_trained(store, longer, sets);
  }
}

TEST_F(ReuseTest, SchedulesThatCountStepsGoOn) {
  const std::vector<std::string> sets = {"training.schedule=step", "training.step_size=15",
                                         "training.warmup_steps=10"};
  auto shorter = sets;
  shorter.emplace_back("training.steps=40");
  (void)train("store.db", longer, shorter);
  EXPECT_EQ(train("store.db", longer, sets).last.steps, 2 * 21.0);
  expect_as_if_trained("store.db", longer, sets);
}

TEST_F(ReuseTest, AMeasureThatIsAddedIsNotMadeOnTheWeightsOfAnotherStep) {
  std::vector<std::string> before = {"task.validation_samples=20", "training.keep=best",
                                     "training.learning_rate=0.3"};
  for (const char* state : {"false", "true"}) {
    SCOPED_TRACE(state);
    before.push_back(fmt::format("measure.state={}", state));
    auto after = before;
    after.emplace_back("measure.partition=true");
    const std::string store = fmt::format("state-{}.db", state);
    (void)train(store, longer, before);
    EXPECT_EQ(train(store, longer, after).last.steps, std::string(state) == "true" ? 0.0 : 2 * 61.0);
    expect_as_if_trained(store, longer, after, "layers");
    before.pop_back();
  }
}

TEST_F(ReuseTest, ANetworkThatStoppedEarlyIsTrainedAnewForAnotherMeasure) {
  const std::vector<std::string> before = {"task.validation_samples=20", "training.patience=20",
                                           "training.learning_rate=0.3"};
  auto after = before;
  after.emplace_back("measure.partition=true");
  (void)train("store.db", longer, before);
  ASSERT_THAT(query_rows(path("store.db"), "SELECT count(*) FROM cells WHERE step < 61"), ElementsAre("2|"));
  EXPECT_THAT(train("store.db", longer, after).notes,
              ElementsAre(HasSubstr("2 cells are trained from step 0")));
  expect_as_if_trained("store.db", longer, after);
}

TEST_F(ReuseTest, WhatIsMeasuredOnceIsNotCopied) {
  std::ofstream table(path("t.csv"));
  table << "a,b,y\n";
  for (int i = 0; i < 80; ++i) table << i << ',' << i * i << ',' << -i << '\n';
  table.close();
  const std::vector<std::string> sets = {"task.kind=table",
                                         fmt::format("task.file='{}'", path("t.csv")),
                                         "task.inputs=2",
                                         "task.input_columns=['a','b']",
                                         "task.target_columns=['y']",
                                         "task.scale=standard",
                                         "task.split=random"};
  auto shorter = sets;
  shorter.emplace_back("training.steps=40");
  (void)train("store.db", longer, shorter);
  EXPECT_EQ(train("store.db", longer, sets).last.steps, 2 * 21.0);
  EXPECT_THAT(query_rows(path("store.db"), "SELECT count(*) FROM scaling"), ElementsAre("12|"));
  expect_as_if_trained("store.db", longer, sets);
}

TEST_F(ReuseTest, NothingElseMayDiffer) {
  (void)train("store.db", longer, {"training.steps=40"});
  for (const char* other : {"noise.strength=0.2", "training.batch_size=25", "training.learning_rate=1e-2",
                            "task.test_samples=30", "training.seed=7", "network.hidden=[8]"}) {
    const Told listener = train("store.db", longer, {other});
    EXPECT_THAT(listener.notes, IsEmpty()) << other;
  }
  // A shorter run is none of its beginnings.
  EXPECT_EQ(train("store.db", longer, {"training.steps=20"}).last.steps, 2 * 20.0);
}

TEST_F(ReuseTest, TheFirstPartOfTheHistoryIsThatOfStepsThatBothMeasure) {
  (void)train("store.db", longer, {"training.steps=40"});
  const std::vector<std::string> sets = {"measure.every_steps=10"};
  const Told listener = train("store.db", longer, sets);
  EXPECT_EQ(listener.last.steps, 2 * 21.0);
  EXPECT_THAT(listener.notes,
              ElementsAre(HasSubstr("2 cells go on"), HasSubstr("2 cells lack steps in the history")));
  const std::string steps = "SELECT m.step FROM measurements m JOIN cells c ON c.num = m.cell WHERE c.id = " +
                            ids(longer, sets).substr(0, 18) + " ORDER BY m.step";
  EXPECT_THAT(query_rows(path("store.db"), steps), ElementsAre("0|", "20|", "40|", "50|", "60|", "61|"));

  // The last step of the shorter run was measured only because it was the last.
  (void)train("other.db", longer, {"training.steps=33"});
  const Told other = train("other.db", longer);
  EXPECT_THAT(other.notes, ElementsAre(HasSubstr("go on")));
  expect_as_if_trained("other.db", longer);
}

TEST_F(ReuseTest, AKillAndAnotherRunLoseNothing) {
  const std::vector<std::string> sets = {"training.steps=4000", "measure.every_steps=1000"};
  (void)train("store.db", longer, {"training.steps=1000", "measure.every_steps=1000"});
  {
    Listener listener;
    listener.stop_after = 1;
    Session session(path("store.db"), {.engine = "cpu", .threads = 1});
    EXPECT_FALSE(session.train(parse_sweep(longer, "longer.toml", sets), listener));
    EXPECT_EQ(session.store().status().checkpoints, 2U) << "kept states of finished cells are none";
  }
  const Told listener = train("store.db", longer, sets);
  EXPECT_LT(listener.last.steps, 2 * 3000.0);
  EXPECT_THAT(listener.notes, IsEmpty()) << "what is told of once is running now";
  expect_as_if_trained("store.db", longer, sets);
}

TEST_F(ReuseTest, AMeasureThatIsAddedIsMadeOnStoredWeights) {
  const std::vector<std::string> before = {"measure.state=false", "measure.every_steps=0",
                                           "measure.initial=false"};
  std::vector<std::string> after = before;
  after.emplace_back("measure.partition=true");
  (void)train("store.db", longer, before);
  const Told listener = train("store.db", longer, after);
  EXPECT_EQ(listener.left, 0U) << "to be trained";
  EXPECT_EQ(listener.last.steps, 0.0);
  EXPECT_THAT(listener.notes,
              ElementsAre(AllOf(HasSubstr("2 cells are measured"), HasSubstr("not trained again"))));
  expect_as_if_trained("store.db", longer, after);
  expect_as_if_trained("store.db", longer, before);
}

TEST_F(ReuseTest, EarlierHistoryLacksWhatWasNotMeasuredThen) {
  const std::vector<std::string> before = {"measure.state=false"};
  const std::vector<std::string> after = {"measure.state=false", "measure.partition=true"};
  (void)train("store.db", longer, before);
  const Told listener = train("store.db", longer, after);
  EXPECT_EQ(listener.last.steps, 0.0);
  EXPECT_THAT(listener.notes,
              ElementsAre(HasSubstr("2 cells are measured"), HasSubstr("for the first time")));
  expect_as_if_trained("store.db", longer, after, "layers");
  const std::string scored =
      "SELECT DISTINCT y.step FROM layers y JOIN cells c ON c.num = y.cell WHERE c.id IN (" +
      ids(longer, after) + ") AND y.modularity IS NOT NULL";
  EXPECT_THAT(query_rows(path("store.db"), scored), ElementsAre("61|"));
  const std::string rows =
      "SELECT DISTINCT y.step FROM layers y JOIN cells c ON c.num = y.cell WHERE c.id IN (" +
      ids(longer, after) + ") ORDER BY 1";
  EXPECT_THAT(query_rows(path("store.db"), rows), ElementsAre("0|", "20|", "40|", "60|", "61|"));
}

TEST_F(ReuseTest, AMeasureThatChangesIsTrainedAnewWhereItsHistoryIsWanted) {
  const std::vector<std::string> quiet = {"measure.state=false", "measure.every_steps=0",
                                          "measure.initial=false", "measure.noisy_strength=0.3"};
  (void)train("store.db", longer, {"measure.state=false"});
  EXPECT_EQ(train("store.db", longer, {"measure.state=false", "measure.noisy_strength=0.2"}).last.steps,
            2 * 61.0);
  EXPECT_EQ(train("store.db", longer, quiet).last.steps, 0.0);
  expect_as_if_trained("store.db", longer, quiet);
}

TEST_F(ReuseTest, WithoutWeightsAMeasureThatIsAddedTrainsAgain) {
  const std::vector<std::string> before = {"measure.state=false", "measure.weights=false"};
  (void)train("store.db", longer, before);
  EXPECT_EQ(train("store.db", longer, {"measure.state=false", "measure.partition=true"}).last.steps,
            2 * 61.0);
  // From a state both can be had, also the weights that were not kept.
  (void)train("state.db", longer, {"measure.weights=false"});
  EXPECT_EQ(train("state.db", longer).last.steps, 0.0);
  expect_as_if_trained("state.db", longer);
}

TEST_F(ReuseTest, AChangedRowIsRefusedInsteadOfCopied) {
  (void)train("store.db", longer, {"training.steps=40"});
  (void)query_rows(path("store.db"), "UPDATE measurements SET train_loss = 1 WHERE step = 20");
  Session session(path("store.db"), {.engine = "cpu", .threads = 1});
  EXPECT_THROW((void)session.train(parse_sweep(longer, "longer.toml")), InputError);
}

// ---- Cells that are the same network.

/// A sweep with an axis that has no effect where the rule applies, and other settings for which it does.
struct InertCase {
  const char* key;
  const char* values;
  std::vector<std::string> sets;  // in which it has no effect
};

const InertCase inert_cases[] = {
    {"noise.exponent", "[0, 1, 2]", {"noise.strength=0"}},
    {"noise.gradient", "[\"detached\", \"reparameterized\"]", {"noise.strength=0"}},
    {"noise.site",
     "[\"pre\", \"post\"]",
     {"noise.strength=0", "regularizer.dropout=0", "measure.noisy_strength=0"}},
    {"network.leaky_slope", "[0.1, 0.3]", {"network.activation=prelu"}},
    {"training.beta1", "[0.5, 0.9]", {"training.optimizer=sgd"}},
    {"training.beta2", "[0.5, 0.9]", {"training.optimizer=sgd"}},
    {"training.epsilon", "[1e-8, 1e-3]", {"training.optimizer=sgd"}},
    {"measure.noisy_exponent", "[0, 2]", {"measure.noisy_strength=0"}},
    {"regularizer.activity_exponent", "[1, 2]", {}},
    {"regularizer.weighted_activity_exponent", "[0, 2]", {}},
    {"regularizer.connection_form", "['abs', 'log']", {}},
    {"regularizer.connection_base", "[0.1, 1]", {}},
    {"regularizer.connection_length", "[1, 2]", {}},
    {"regularizer.connection_exponent", "[1, 2]", {}},
    {"regularizer.connection_scale", "[0.1, 1]", {}},
    {"regularizer.swap_every", "[0, 10]", {}},
    {"pruning.initial_sparsity", "[0, 0.5]", {}},
    {"pruning.begin", "[0, 7]", {}},
    {"pruning.end", "[0, 7]", {}},
    {"pruning.every", "[100, 7]", {}},
    {"pruning.shape", "['cubic', 'geometric']", {}},
    {"pruning.scope", "['layer', 'network']", {}},
};

TEST_F(ReuseTest, CellsThatAreTheSameNetworkAreTrainedOnce) {
  std::vector<std::string> keys;
  for (const InertCase& c : inert_cases) {
    SCOPED_TRACE(c.key);
    keys.emplace_back(c.key);
    std::vector<std::string> sets = c.sets;
    sets.push_back(fmt::format("{}={}", c.key, c.values));
    const std::string store = std::string(c.key) + ".db";
    const std::uint64_t cells = parse_sweep(longer, "longer.toml", sets).size();
    const Told listener = train(store, longer, sets);
    EXPECT_EQ(listener.last.steps, 2 * 61.0);
    EXPECT_EQ(listener.left, 2U);
    EXPECT_EQ(listener.last.finished, cells);
    EXPECT_THAT(listener.notes,
                ElementsAre(AllOf(HasSubstr(fmt::format("{} of {} cells repeat another: ", cells - 2, cells)),
                                  HasSubstr(fmt::format("{} has no effect where ", c.key)))));
    EXPECT_EQ(all_results(path(store)).at("cells").size(), cells);
    // Each value alone, where nothing repeats anything.
    const Sweep sweep = parse_sweep(longer, "longer.toml", sets);
    const auto axis = std::ranges::find(sweep.axes, std::vector<std::string>{c.key}, &Axis::keys);
    ASSERT_NE(axis, sweep.axes.end());
    for (const auto& point : axis->values) {
      std::vector<std::string> one = c.sets;
      one.push_back(fmt::format("{}={}", c.key, point[0]));
      expect_as_if_trained(store, longer, one);
    }
  }
  for (const InertRule& rule : inert_rules())
    EXPECT_THAT(keys, testing::Contains(std::string(rule.key))) << "a case for each rule";
}

constexpr const char* grid = R"(
name = "inert"
[network]
hidden = [5]
[task]
train_samples = 40
test_samples = 10
[training]
steps = 30
batch_size = 20
[axes]
"noise.strength" = [0, 0.5]
"noise.exponent" = [0, 1, 2]
)";

TEST_F(ReuseTest, OnlyWhereAnAxisHasNoEffect) {
  const Told listener = train("store.db", grid);
  EXPECT_EQ(listener.last.steps, 4 * 30.0);
  EXPECT_THAT(listener.notes, ElementsAre("2 of 6 cells repeat another: noise.exponent has no effect where "
                                          "noise.strength = 0"));
  const auto losses = query_rows(path("store.db"), "SELECT DISTINCT test_loss FROM results");
  EXPECT_EQ(losses.size(), 4U);
  EXPECT_THAT(query_rows(path("store.db"), "SELECT count(*) FROM results"), ElementsAre("6|"));
}

TEST_F(ReuseTest, AFinishedCellIsTheSourceOfThoseThatRepeatIt) {
  (void)train("store.db", grid, {"noise.exponent=[1]"});
  const Told listener = train("store.db", grid);
  EXPECT_EQ(listener.last.steps, 2 * 30.0) << "the exponents 0 and 2 of strength 0.5";
  EXPECT_EQ(listener.last.finished, 6U);
  EXPECT_THAT(listener.notes, ElementsAre(HasSubstr("2 of 6 cells repeat another")));
  expect_as_if_trained("store.db", grid);
}

TEST_F(ReuseTest, AZippedAxisMayRepeatACellOutsideTheGrid) {
  const std::string zipped = std::string("zip = [[\"noise.strength\", \"noise.exponent\"]]\n") + grid;
  const std::vector<std::string> sets = {"noise.strength=[0.5,0,0]", "noise.exponent=[2,1,0]"};
  EXPECT_EQ(train("store.db", zipped, sets).last.steps, 2 * 30.0);
  expect_as_if_trained("store.db", grid, {"noise.strength=[0]", "noise.exponent=[0]"});
  expect_as_if_trained("store.db", grid, {"noise.strength=[0]", "noise.exponent=[1]"});
}

TEST_F(ReuseTest, CellsThatRepeatADivergedOneDivergedToo) {
  const std::vector<std::string> sets = {"noise.strength=[0]", "training.learning_rate=1e30",
                                         "training.optimizer=sgd"};
  const Told listener = train("store.db", grid, sets);
  EXPECT_EQ(listener.last.diverged, 3U);
  EXPECT_THAT(query_rows(path("store.db"), "SELECT DISTINCT status, diverged_at FROM cells"),
              testing::SizeIs(1));
  EXPECT_THAT(query_rows(path("store.db"), "SELECT count(*) FROM cells WHERE status = 'diverged'"),
              ElementsAre("3|"));
}

TEST_F(ReuseTest, ShardsTrainTheirOwnNetworks) {
  std::uint64_t cells = 0;
  for (std::uint32_t part : {1U, 2U}) {
    const std::string name = fmt::format("shard{}.db", part);
    Listener listener;
    Session session(path(name), {.engine = "cpu", .threads = 1, .shard = Shard{part, 2}});
    EXPECT_TRUE(session.train(parse_sweep(grid, "inert.toml"), listener));
    EXPECT_TRUE(session.finished(parse_sweep(grid, "inert.toml")));
    cells += listener.told.last.finished;
  }
  EXPECT_EQ(cells, 6U);
}

}  // namespace
}  // namespace modsweep
