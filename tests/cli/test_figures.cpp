// From a store to a figure's numbers: `aggregate` and `fit` on results with known answers.
#include "change_rows.h"
#include "program.h"
#include "run/store_rows.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace modsweep {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::change_rows;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;
using testing_support::read_text;

constexpr const char* small_networks = R"(
[network]
hidden = [3]
[training]
steps = 1
[measure]
leaks = false
weights = false
initial = true
)";

class FigureTest : public ProgramTest {
 protected:
  /// Trains a sweep over `axes` into NAME.db, then replaces its measurements by `sql`.
  void make_store(const std::string& name, const std::string& axes,
                  const std::vector<std::string>& sql) const {
    write(name + ".toml", "name = \"" + name + "\"\n" + small_networks + "[axes]\n" + axes);
    const Outcome outcome = modsweep({"run", name + ".toml", "--quiet"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    change_rows(path(name + ".db"), sql);
  }

  /// Two exponents, five seeds; the loss of seed s is 2^s plus the exponent. One cell of exponent 2 has
  /// diverged, another has no loss.
  void make_losses() const {
    make_store("losses", "\"noise.exponent\" = [0, 2]\n\"training.seed\" = { range = [0, 5] }\n",
               {"UPDATE measurements SET test_loss = (SELECT json_extract(settings, '$.\"noise.exponent\"') +"
                " (1 << json_extract(settings, '$.\"training.seed\"')) FROM cells WHERE num = cell)",
                "UPDATE cells SET status = 'diverged' WHERE " + cell_with(2, 4),
                "UPDATE measurements SET test_loss = NULL WHERE step = 1 AND cell IN"
                " (SELECT num FROM cells WHERE " +
                    cell_with(2, 3) + ")"});
  }

  static std::string cell_with(int exponent, int seed) {
    return "json_extract(settings, '$.\"noise.exponent\"') = " + std::to_string(exponent) +
           " AND json_extract(settings, '$.\"training.seed\"') = " + std::to_string(seed);
  }

  /// gap_live of layer 1 goes from 0.2 to 0.8 at log x* = 1.5 + 0.8 n; seeds lie 0.01 apart around that.
  void make_transitions() const {
    make_store("scaling",
               "\"task.inputs\" = [2, 3, 4, 5]\n"
               "\"task.train_samples\" = [4, 8, 16, 32, 64, 128, 256, 512, 1024]\n"
               "\"training.seed\" = { range = [0, 3] }\n",
               {"UPDATE layers SET gap_live = (SELECT 0.2 + 0.6 / (1 + exp(-2.5 * ("
                "ln(json_extract(settings, '$.\"task.train_samples\"')) - 1.5 - 0.8 *"
                " json_extract(settings, '$.\"task.inputs\"')))) + 0.01 *"
                " (json_extract(settings, '$.\"training.seed\"') - 1) FROM cells WHERE num = cell)"});
  }

  [[nodiscard]] json json_of(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--format", "json"});
    const Outcome outcome = modsweep(all);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return json::parse(outcome.out, nullptr, false);
  }
};

TEST_F(FigureTest, AggregateGroupsOverSeedsAndCountsWhatIsMissing) {
  make_losses();
  const json rows = json_of({"aggregate", "losses.db", "--value", "test_loss"});
  ASSERT_EQ(rows.size(), 2U);
  // Exponent 0: 1, 2, 4, 8, 16.
  EXPECT_EQ(rows[0]["noise.exponent"], 0);
  EXPECT_EQ(rows[0]["value"], "test_loss");
  EXPECT_EQ(rows[0]["n"], 5);
  EXPECT_EQ(rows[0]["missing"], 0);
  EXPECT_EQ(rows[0]["diverged"], 0);
  EXPECT_NEAR(rows[0]["mean"].get<double>(), 6.2, 1e-12);
  EXPECT_NEAR(rows[0]["sd"].get<double>(), std::sqrt(37.2), 1e-12);
  EXPECT_EQ(rows[0]["median"], 4.0);
  EXPECT_NEAR(rows[0]["trimmed_mean"].get<double>(), 14.0 / 3.0, 1e-12);
  EXPECT_EQ(rows[0]["min"], 1.0);
  EXPECT_EQ(rows[0]["max"], 16.0);
  EXPECT_EQ(rows[0]["ci_of"], "median");
  EXPECT_EQ(rows[0]["ci_by"], "order statistics");
  for (const char* none : {"ci_low", "ci_high", "ci_confidence"})
    EXPECT_TRUE(rows[0][none].is_null()) << none;
  EXPECT_EQ(rows[0]["note"], "no 95 % interval of the median of 5 values: it takes 6");
  // Exponent 2: 3, 4, 6, one without a value, one that diverged.
  EXPECT_EQ(rows[1]["n"], 3);
  EXPECT_EQ(rows[1]["missing"], 1);
  EXPECT_EQ(rows[1]["diverged"], 1);
  EXPECT_EQ(rows[1]["median"], 4.0);
  EXPECT_EQ(rows[1]["max"], 6.0);
}

TEST_F(FigureTest, AggregateHasEveryFormat) {
  make_losses();
  const Outcome table = modsweep({"aggregate", "losses.db", "--value", "test_loss"});
  EXPECT_THAT(table.out, testing::StartsWith("noise.exponent      value  n  missing"));
  EXPECT_THAT(table.out, HasSubstr("\n             0  test_loss  5        0         0    6.2  6.099"));
  const Outcome csv = modsweep({"aggregate", "losses.db", "--value", "test_loss", "-o", "out.csv"});
  EXPECT_EQ(csv.out, "");
  EXPECT_THAT(
      read_text(path("out.csv")),
      testing::StartsWith("noise.exponent,value,n,missing,diverged,mean,sd,median,trimmed_mean,min,max,"
                          "ci_of,ci_low,ci_high,ci_by,ci_confidence,note\n0.0,test_loss,5,0,0,6.2,"));
  const Outcome lines = modsweep({"aggregate", "losses.db", "--value", "test_loss", "--format", "jsonl"});
  EXPECT_EQ(std::count(lines.out.begin(), lines.out.end(), '\n'), 2);
  EXPECT_THAT(lines.out, testing::StartsWith(R"({"noise.exponent":0.0,"value":"test_loss","n":5,)"));
}

TEST_F(FigureTest, AggregateTakesSeveralValuesAnyKeysAndHistory) {
  make_losses();
  const json both = json_of({"aggregate", "losses.db", "--value", "test_loss,train_loss", "--by", "status"});
  ASSERT_EQ(both.size(), 4U);
  EXPECT_EQ(both[0]["status"], "diverged");
  EXPECT_EQ(both[0]["n"], 0);
  EXPECT_TRUE(both[0]["median"].is_null());
  EXPECT_EQ(both[2]["value"], "test_loss");
  EXPECT_EQ(both[3]["value"], "train_loss");
  EXPECT_EQ(both[3]["n"], 9);

  const json steps = json_of({"aggregate", "losses.db", "--value", "test_loss", "--table", "history"});
  ASSERT_EQ(steps.size(), 4U);
  EXPECT_EQ(steps[2]["noise.exponent"], 2);
  EXPECT_EQ(steps[2]["step"], 0);
  EXPECT_EQ(steps[2]["n"], 4);
  EXPECT_EQ(steps[3]["step"], 1);
  EXPECT_EQ(steps[3]["missing"], 1);
}

TEST_F(FigureTest, AggregateOfOneHasNoInterval) {
  make_losses();
  const json rows =
      json_of({"aggregate", "losses.db", "--value", "test_loss", "--by", "noise.exponent", "training.seed"});
  ASSERT_EQ(rows.size(), 10U);
  EXPECT_EQ(rows[3]["median"], 8.0);
  for (const char* none : {"sd", "ci_low", "ci_high"}) EXPECT_TRUE(rows[3][none].is_null()) << none;
}

TEST_F(FigureTest, AggregateSaysWhatItsIntervalsAre) {
  make_losses();
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all = {"aggregate", "losses.db", "--value", "test_loss"};
    all.insert(all.end(), more.begin(), more.end());
    return json_of(all).at(0);
  };
  // Exponent 0: 1, 2, 4, 8, 16.
  const json mean = with({"--statistic", "mean"});
  EXPECT_NEAR(mean["ci_low"].get<double>(), 6.2 - 2.7764451 * std::sqrt(37.2 / 5.0), 1e-6);
  EXPECT_NEAR(mean["ci_high"].get<double>(), 6.2 + 2.7764451 * std::sqrt(37.2 / 5.0), 1e-6);
  EXPECT_EQ(mean["ci_by"], "t");
  EXPECT_EQ(mean["ci_confidence"], 0.95);
  EXPECT_TRUE(mean["note"].is_null());
  // Trimmed: 2, 4, 8; winsorized: 2, 2, 4, 8, 8.
  const json trimmed = with({"--statistic", "trimmed"});
  EXPECT_EQ(trimmed["ci_by"], "trimmed t");
  EXPECT_NEAR(trimmed["ci_high"].get<double>(), 14.0 / 3.0 + 4.3026527 * std::sqrt(36.8 / 6.0), 1e-6);
  const json median = with({"--confidence", "0.9"});
  EXPECT_EQ(median["ci_low"], 1.0);
  EXPECT_EQ(median["ci_high"], 16.0);
  EXPECT_NEAR(median["ci_confidence"].get<double>(), 0.9375, 1e-12);
  // A bootstrap of five values also ranges from the first to the last, but its coverage is unknown.
  const json drawn = with({"--interval", "bootstrap"});
  EXPECT_EQ(drawn["ci_low"], 1.0);
  EXPECT_EQ(drawn["ci_high"], 16.0);
  EXPECT_EQ(drawn["ci_by"], "bootstrap");
  EXPECT_TRUE(drawn["ci_confidence"].is_null());
}

TEST_F(FigureTest, AggregateDrawsTheSameForTheSameSeed) {
  make_losses();
  const std::vector<std::string> arguments = {"aggregate",   "losses.db", "--value",    "test_loss",
                                              "--statistic", "mean",      "--interval", "bootstrap"};
  const auto with_seed = [&](const std::string& seed) {
    auto all = arguments;
    all.insert(all.end(), {"--seed", seed});
    return modsweep(all).out;
  };
  EXPECT_EQ(with_seed("7"), with_seed("7"));
  EXPECT_THAT(with_seed("18446744073709551615"), HasSubstr("bootstrap"));  // the largest seed
  auto half = arguments;
  half.insert(half.end(), {"--confidence", "0.5"});
  const json narrow = json_of(half);
  const json usual = json_of(arguments);
  EXPECT_GT(narrow[0]["ci_low"], usual[0]["ci_low"]);
  EXPECT_LT(narrow[0]["ci_high"], usual[0]["ci_high"]);
  EXPECT_GT(usual[0]["ci_low"], 1.0) << "of the mean, not of the median";
}

TEST_F(FigureTest, NumbersOfIntervalsThatMakeNoSenseAreRefused) {
  make_losses();
  const auto before = files();
  const std::vector<std::vector<std::string>> commands = {
      {"aggregate", "losses.db", "--value", "test_loss"},
      {"fit", "losses.db", "transition", "--x", "noise.exponent"},
      {"fit", "losses.db", "law", "--x", "noise.exponent"},
      {"fit", "losses.db", "balance", "--x", "noise.exponent"},
      {"refine", "losses.toml"},
      {"reproduce", "losses.db"}};
  const std::vector<std::pair<std::string, std::string>> numbers = {{"--confidence", "nan"},
                                                                    {"--confidence", "inf"},
                                                                    {"--confidence", "0"},
                                                                    {"--confidence", "1"},
                                                                    {"--confidence", "95"},
                                                                    {"--confidence", "0.95x"},
                                                                    {"--seed", "-1"},
                                                                    {"--seed", "18446744073709551616"},
                                                                    {"--seed", "1.5"},
                                                                    {"--seed", "0x10"},
                                                                    {"--resamples", "-1"},
                                                                    {"--resamples", "99"},
                                                                    {"--resamples", "4294967297"},
                                                                    {"--interval", "bca"}};
  for (const auto& command : commands)
    for (const auto& [option, value] : numbers) {
      auto all = command;
      all.insert(all.end(), {option, value});
      expect_error(modsweep(all), 2, {option});
    }
  EXPECT_EQ(files(), before);
}

/// The numbers of a diverged network at its last step are not results: the view, a median in SQL or pandas,
/// the table of `run`, and `aggregate` agree. The history has them.
TEST_F(FigureTest, DivergedNetworksAreInNoMedian) {
  make_losses();  // one of exponent 2 diverged with a loss of 18
  change_rows(path("losses.db"),
              {"UPDATE measurements SET sum_w2 = 1e17 WHERE cell IN (SELECT num FROM cells WHERE status ="
               " 'diverged')"});
  change_rows(path("losses.db"),
              {"UPDATE layers SET gap_live = CASE WHEN cell IN (SELECT num FROM cells WHERE status ="
               " 'diverged') THEN 77 ELSE 0.5 + 0.01 * cell END"});
  for (const std::string column : {"test_loss", "sum_w2", "gap_live_layer1"}) {
    const json rows = json_of({"aggregate", "losses.db", "--value", column});
    // pandas' median ignores NULL.
    const auto sorted =
        query_rows(path("losses.db"), "SELECT " + column + " FROM results WHERE \"noise.exponent\" = 2 AND " +
                                          column + " IS NOT NULL ORDER BY 1");
    ASSERT_EQ(sorted.size(), rows[1]["n"].get<std::size_t>()) << column;
    const auto value = [&](std::size_t i) { return std::stod(sorted.at(i)); };
    const std::size_t middle = sorted.size() / 2;
    const double median = sorted.size() % 2 == 1 ? value(middle) : 0.5 * (value(middle - 1) + value(middle));
    EXPECT_NEAR(rows[1]["median"].get<double>(), median, 1e-9 * median) << column;
    EXPECT_EQ(rows[1]["diverged"], 1);
    EXPECT_LT(rows[1]["max"], 1e6);
  }
  EXPECT_THAT(
      query_rows(path("losses.db"),
                 "SELECT count(*), count(test_loss), count(sum_w2), count(gap_live_layer1), count(steps)"
                 " FROM results WHERE status = 'diverged'"),
      ElementsAre("1|0|0|0|1|"));
  EXPECT_THAT(query_rows(path("losses.db"), "SELECT count(*) FROM history WHERE sum_w2 = 1e17"),
              ElementsAre("2|"));
  const Outcome exported = modsweep({"export", "losses.db", "--format", "json"});
  for (const json& row : json::parse(exported.out))
    if (row["status"] == "diverged") {
      EXPECT_TRUE(row["sum_w2"].is_null());
    }
}

TEST_F(FigureTest, WrongColumnsAreNamedAndNothingIsWritten) {
  make_losses();
  const auto before = files();
  const auto sums = read_text(path("losses.db"));
  expect_error(modsweep({"aggregate", "losses.db", "--value", "test_los"}), 2,
               {"losses.db", "results has no column 'test_los'", "did you mean test_loss?"});
  expect_error(modsweep({"aggregate", "losses.db", "--value", "test_loss", "--by", "noise.strength"}), 2,
               {"'noise.strength' (settings are columns where they vary)"});
  expect_error(modsweep({"aggregate", "losses.db", "--value", "zzzzzzzz"}), 2, {"modsweep export losses.db"});
  expect_error(modsweep({"aggregate", "losses.db", "--value", "engine"}), 2, {"not numbers"});
  expect_error(modsweep({"aggregate", "losses.db", "--value", "l1", "l1"}), 2, {"twice"});
  expect_error(modsweep({"aggregate", "losses.db", "--value", "l1", "-o", "absent/out.csv"}), 2,
               {"absent/out.csv"});
  expect_error(modsweep({"fit", "losses.db", "transition"}), 2, {"'task.train_samples'"});
  expect_error(modsweep({"fit", "losses.db", "transition", "--x", "noise.exponent", "--y", "gap"}), 2,
               {"no column 'gap'"});
  expect_error(modsweep({"fit", "losses.db", "law", "--x", "noise.exponent"}), 2, {"'task.inputs'"});
  expect_error(modsweep({"fit", "losses.db", "balance", "--x", "noise.exponent", "--loss", "losss"}), 2,
               {"'losss'"});
  expect_error(modsweep({"fit", "losses.db", "law", "--x", "noise.exponent", "--n", "engine"}), 2,
               {"engine"});
  EXPECT_EQ(files(), before);
  EXPECT_EQ(read_text(path("losses.db")), sums);
}

TEST_F(FigureTest, AnEmptyStoreIsSaid) {
  make_store("losses", "\"training.seed\" = [0, 1]\n", {"UPDATE cells SET status = 'running'"});
  expect_error(modsweep({"aggregate", "losses.db", "--value", "test_loss"}), 2,
               {"no cell is finished yet", "modsweep status losses.db"});
  expect_error(modsweep({"fit", "losses.db", "transition", "--x", "seconds", "--no-save"}), 2,
               {"no cell is finished yet"});
}

TEST_F(FigureTest, TransitionsAreFoundAndKept) {
  make_transitions();
  const json rows = json_of({"fit", "scaling.db", "transition"});
  ASSERT_EQ(rows.size(), 4U);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double n = static_cast<double>(i) + 2.0;
    EXPECT_EQ(rows[i]["task.inputs"], n);
    EXPECT_NEAR(rows[i]["x_star"].get<double>(), std::exp(1.5 + 0.8 * n), 1e-3 * std::exp(1.5 + 0.8 * n));
    EXPECT_LE(rows[i]["x_star_low"], rows[i]["x_star"]);
    EXPECT_GE(rows[i]["x_star_high"], rows[i]["x_star"]);
    EXPECT_EQ(rows[i]["interval"], "95 %, t over seeds");
    EXPECT_NEAR(rows[i]["low"].get<double>(), 0.2, 1e-3);
    EXPECT_NEAR(rows[i]["high"].get<double>(), 0.8, 1e-3);
    EXPECT_NEAR(rows[i]["steepness"].get<double>(), 2.5, 1e-2);
    EXPECT_EQ(rows[i]["values"], 27);
    EXPECT_TRUE(rows[i]["note"].is_null());
  }
  const auto kept = [&](const char* what) {
    return query_rows(path("scaling.db"), std::string("SELECT ") + what + " FROM fits ORDER BY num");
  };
  EXPECT_THAT(kept("kind || group_key"),
              ElementsAre(R"(transition{"task.inputs":2}|)", R"(transition{"task.inputs":3}|)",
                          R"(transition{"task.inputs":4}|)", R"(transition{"task.inputs":5}|)"));
  EXPECT_EQ(json_of({"export", "scaling.db", "--table", "fits"})[1]["parameters"]["x_star"],
            rows[1]["x_star"]);
  // The same fit again replaces the earlier one; a different fit is added.
  EXPECT_EQ(json_of({"fit", "scaling.db", "transition"}), rows);
  EXPECT_EQ(kept("1").size(), 4U);
  const std::vector<std::string> drawn = {"fit",       "scaling.db",  "transition", "--interval",
                                          "bootstrap", "--resamples", "200"};
  auto unkept = drawn;
  unkept.emplace_back("--no-save");
  EXPECT_EQ(json_of(unkept).at(0)["interval"], "bootstrap, 200 resamples");
  EXPECT_EQ(kept("1").size(), 4U);
  (void)json_of(drawn);
  EXPECT_EQ(kept("1").size(), 8U);
  (void)json_of(drawn);
  EXPECT_EQ(kept("1").size(), 8U);
  EXPECT_EQ(query_rows(path("scaling.db"),
                       "SELECT DISTINCT json_extract(options, '$.interval') FROM fits ORDER BY 1"),
            (std::vector<std::string>{"bootstrap|", "standard|"}));
}

/// The example of the help text on the shipped sweep: inputs and widths are on one axis.
TEST_F(FigureTest, SettingsThatAreZippedAreOne) {
  const Outcome trained =
      modsweep({"run", MODSWEEP_SOURCE_DIR "/sweeps/fig06.toml", "-o", "fig06.db", "--quiet", "--set",
                "training.steps=1", "--set", "training.seed={range=[0,3]}", "--set", "measure.leaks=false"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  // Seeds whose transitions are 0.1 apart in log x.
  change_rows(path("fig06.db"),
              {"UPDATE layers SET gap_live = (SELECT 0.2 + 0.6 / (1 + exp(-2.0 * ("
               "ln(json_extract(settings, '$.\"task.train_samples\"')) - 0.5 - 0.8 *"
               " json_extract(settings, '$.\"task.inputs\"') - 0.1 *"
               " (json_extract(settings, '$.\"training.seed\"') - 1)))) FROM cells WHERE num = cell)"});
  const json law = json_of({"fit", "fig06.db", "law", "--x", "task.train_samples", "--y", "gap_live_layer1",
                            "--n", "task.inputs"});
  ASSERT_EQ(law.size(), 1U) << law;
  EXPECT_FALSE(law[0].contains("network.hidden"));
  EXPECT_EQ(law[0]["transitions"], 5);
  EXPECT_NEAR(law[0]["b"].get<double>(), 0.8, 1e-2);
  EXPECT_NEAR(law[0]["a_high"].get<double>() - law[0]["a"].get<double>(), 4.3027 * 0.1 / std::sqrt(3.0),
              2e-2);
  EXPECT_TRUE(law[0]["note"].is_null()) << law;
  // Grouped by the widths, which determine the inputs, it is the same law.
  EXPECT_EQ(json_of({"fit", "fig06.db", "transition"}).at(0).contains("network.hidden"), false);
  const json groups = json_of({"aggregate", "fig06.db", "--value", "gap_live_layer1"});
  EXPECT_EQ(groups.size(), 75U);
  EXPECT_EQ(groups[0].contains("task.inputs"), true);
  EXPECT_EQ(groups[0].contains("network.hidden"), false);
  // A key is used if the user requests it.
  EXPECT_EQ(json_of({"aggregate", "fig06.db", "--value", "gap_live_layer1", "--by",
                     "network.hidden,task.train_samples"})
                .size(),
            75U);
}

TEST_F(FigureTest, WhatIsZippedWithTheAxisOrTheSeedMakesNoGroups) {
  write("zipped.toml", std::string("name = \"zipped\"\n"
                                   "zip = [[\"task.train_samples\", \"training.batch_size\"],"
                                   " [\"training.seed\", \"task.seed\"],"
                                   " [\"noise.strength\", \"noise.exponent\"]]\n") +
                           small_networks +
                           "[axes]\n\"task.train_samples\" = [10, 20, 40, 80, 160]\n"
                           "\"training.batch_size\" = [5, 10, 20, 40, 80]\n"
                           "\"training.seed\" = [0, 1, 2]\n\"task.seed\" = [5, 6, 7]\n"
                           // One strength with two exponents: neither determines the other.
                           "\"noise.strength\" = [0.1, 0.1, 0.2]\n\"noise.exponent\" = [0, 2, 2]\n");
  const Outcome outcome = modsweep({"run", "zipped.toml", "--quiet"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json rows = json_of({"fit", "zipped.db", "transition", "--y", "test_loss", "--no-save"});
  ASSERT_EQ(rows.size(), 3U) << rows;
  for (const char* absent : {"training.batch_size", "task.seed"}) EXPECT_FALSE(rows[0].contains(absent));
  for (const char* present : {"noise.strength", "noise.exponent"}) EXPECT_TRUE(rows[0].contains(present));
  EXPECT_EQ(json_of({"aggregate", "zipped.db", "--value", "test_loss"}).size(), 15U);
}

/// A curve that rises and falls again, three seeds 0.01 apart.
TEST_F(FigureTest, ABumpIsNoTransition) {
  make_store("bump",
             "\"task.train_samples\" = [4, 8, 16, 32, 64, 128, 256, 512, 1024]\n"
             "\"training.seed\" = { range = [0, 3] }\n",
             {"UPDATE layers SET gap_live = (SELECT 0.2 + 0.6 * exp(-0.5 * pow((ln(json_extract(settings,"
              " '$.\"task.train_samples\"')) - ln(64)) / 0.9, 2)) + 0.01 *"
              " (json_extract(settings, '$.\"training.seed\"') - 1) FROM cells WHERE num = cell)"});
  for (const char* interval : {"standard", "bootstrap"}) {
    const json rows = json_of({"fit", "bump.db", "transition", "--interval", interval});
    ASSERT_EQ(rows.size(), 1U);
    for (const char* none : {"x_star", "x_star_low", "x_star_high", "interval"})
      EXPECT_TRUE(rows[0][none].is_null()) << none;
    EXPECT_THAT(rows[0]["note"].get<std::string>(),
                testing::AllOf(HasSubstr("no transition: y rises at"), HasSubstr("comes back")));
  }
}

TEST_F(FigureTest, WhatIsNoTransitionSaysWhy) {
  make_transitions();
  const json rows = json_of({"fit", "scaling.db", "transition", "--y", "dead_layer1", "--resamples", "100"});
  for (const auto& row : rows) {
    EXPECT_TRUE(row["x_star"].is_null());
    EXPECT_THAT(row["note"].get<std::string>(), HasSubstr("no"));
  }
  EXPECT_THAT(query_rows(path("scaling.db"), "SELECT DISTINCT parameters FROM fits"), ElementsAre("{}|"));
}

TEST_F(FigureTest, TheLawOfTheTransitionsIsFound) {
  make_transitions();
  const json rows = json_of({"fit", "scaling.db", "law", "--resamples", "200"});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_NEAR(rows[0]["a"].get<double>(), 1.5, 0.02);
  EXPECT_NEAR(rows[0]["b"].get<double>(), 0.8, 0.005);
  EXPECT_LE(rows[0]["b_low"], rows[0]["b"]);
  EXPECT_GE(rows[0]["b_high"], rows[0]["b"]);
  EXPECT_EQ(rows[0]["interval"], "95 %, t over seeds");
  EXPECT_EQ(rows[0]["better"], "exponential");
  EXPECT_LT(rows[0]["aic"], rows[0]["power_aic"]);
  EXPECT_LT(rows[0]["residual_sum"], rows[0]["power_residual_sum"]);
  EXPECT_EQ(rows[0]["transitions"], 4);
  EXPECT_THAT(query_rows(path("scaling.db"), "SELECT kind, group_key FROM fits"), ElementsAre("law|{}|"));
}

TEST_F(FigureTest, TheLawSaysWhichTransitionsItLacks) {
  make_transitions();
  change_rows(path("scaling.db"),
              {"UPDATE layers SET gap_live = 0.5 WHERE cell IN (SELECT num FROM cells WHERE"
               " json_extract(settings, '$.\"task.inputs\"') IN (2, 5))"});
  const json rows = json_of({"fit", "scaling.db", "law", "--resamples", "100"});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(rows[0]["a"].is_null());
  EXPECT_THAT(rows[0]["note"].get<std::string>(), testing::AllOf(HasSubstr("too few transitions: at 2"),
                                                                 HasSubstr("task.inputs 2: no transition"),
                                                                 HasSubstr("task.inputs 5: no transition")));
}

TEST_F(FigureTest, TheBalanceIsFoundAndANoiselessNetworkLeftOut) {
  // With u from 0 to 1 along log x, log loss is u^2 and the gap u: the lead of the gap is largest at u = 1/2.
  make_store(
      "noise",
      "\"noise.strength\" = [0.0, 1e-3, 1e-2, 1e-1, 1.0, 10.0]\n\"training.seed\" = { range = [0, 3] }\n",
      {"UPDATE measurements SET test_loss = (SELECT exp(pow((3 + log10(max(1e-9,"
       " json_extract(settings, '$.\"noise.strength\"')))) / 4, 2)) FROM cells WHERE num = cell)",
       "UPDATE layers SET gap_live = (SELECT (3 + log10(max(1e-9,"
       " json_extract(settings, '$.\"noise.strength\"')))) / 4 FROM cells WHERE num = cell)"});
  const Outcome outcome = modsweep({"fit", "noise.db", "balance", "--resamples", "100", "--format", "jsonl"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("3 networks are left out: their noise.strength"));
  const json row = json::parse(outcome.out);
  EXPECT_NEAR(row["balance"].get<double>(), 0.1, 1e-9);
  EXPECT_NEAR(row["advantage"].get<double>(), 0.25, 1e-9);
  EXPECT_EQ(row["values"], 15);
}

TEST_F(FigureTest, AFitThatCannotBeKeptIsRefusedBeforeItIsMade) {
  make_transitions();
  // Locks the store as a running `run` does.
  const int held = ::open(path("scaling.db-lock").c_str(), O_RDWR | O_CREAT, 0600);
  struct flock whole {};
  whole.l_type = F_WRLCK;
  ASSERT_EQ(::fcntl(held, F_OFD_SETLK, &whole), 0);
  expect_error(modsweep({"fit", "scaling.db", "transition"}), 2, {"scaling.db", "process"});
  EXPECT_EQ(modsweep({"fit", "scaling.db", "transition", "--no-save", "--resamples", "100"}).code, 0);
  ::close(held);
  EXPECT_TRUE(query_rows(path("scaling.db"), "SELECT name FROM sqlite_master WHERE name = 'fits'").empty());
}

}  // namespace
}  // namespace modsweep
