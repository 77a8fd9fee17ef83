// modsweep refine: a tiny sweep whose transition is learning itself, along the number of steps.
#include "program.h"
#include "run/store_rows.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace modsweep {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::all_results;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;
using testing_support::Running;

/// The test loss falls from one plateau to another as steps go from 1 to 10,000.
constexpr const char* learning = R"(name = "learning"
[task]
inputs = 2
train_samples = 40
test_samples = 40
[network]
hidden = [6]
[training]
batch_size = 20
[measure]
leaks = false
spectrum = false
[axes]
"training.steps" = [1, 10, 100, 1000, 10000]
"training.seed" = { range = [0, 4] }
)";

class RefineTest : public ProgramTest {
 protected:
  RefineTest() { write("learning.toml", learning); }

  [[nodiscard]] static std::vector<std::string> refine(const std::vector<std::string>& more = {}) {
    std::vector<std::string> all = {"refine", "learning.toml", "--x", "training.steps", "--y", "test_loss"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  [[nodiscard]] std::vector<std::string> cells(const std::string& store) const {
    return query_rows(path(store), "SELECT id FROM cells ORDER BY num");
  }

  /// The fit that a refinement stores.
  [[nodiscard]] json kept(const std::string& store) const {
    const Outcome outcome = modsweep({"export", store, "--table", "fits", "--format", "json"});
    const json fits = json::parse(outcome.out);
    EXPECT_EQ(fits.size(), 1U) << outcome.out;
    return fits.at(0);
  }
};

TEST_F(RefineTest, AddsCellsUntilTheIntervalIsNarrow) {
  const Outcome outcome = modsweep(refine({"--width", "0.5", "--most-cells", "400"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  const json fit = kept("learning.db");
  EXPECT_EQ(fit["kind"], "transition");
  const json& interval = fit["intervals"]["x_star"];
  EXPECT_LE(std::log(interval[1].get<double>() / interval[0].get<double>()), 0.5);
  EXPECT_GT(fit["parameters"]["x_star"], 1.0);
  EXPECT_LT(fit["parameters"]["x_star"], 10000.0);
  EXPECT_GT(fit["parameters"]["low"], fit["parameters"]["high"]);
  const auto count = cells("learning.db").size();
  EXPECT_GT(count, 20U);
  EXPECT_EQ(fit["parameters"]["cells"], count);
  EXPECT_GT(fit["parameters"]["grid_cells"], count);
  // A line a round, and the count of cells at last.
  EXPECT_THAT(outcome.out, testing::StartsWith("round 0: 20 cells; training.steps* "));
  EXPECT_THAT(outcome.out, HasSubstr("\nround 1: "));
  EXPECT_THAT(outcome.out, HasSubstr(" cells more at "));
  EXPECT_THAT(outcome.out, HasSubstr("\n" + std::to_string(count) + " cells instead of "));
  // What was added is in the store as sweeps, and `fit` sees the same transition.
  EXPECT_EQ(query_rows(path("learning.db"), "SELECT name FROM sweeps ORDER BY num").at(1),
            "learning.refined-1|");
  EXPECT_TRUE(query_rows(path("learning.db"), "SELECT 1 FROM sweeps WHERE finished = 0").empty());
  const Outcome again = modsweep({"fit", "learning.db", "transition", "--x", "training.steps", "--y",
                                  "test_loss", "--no-save", "--format", "json"});
  const json same = json::parse(again.out).at(0);
  EXPECT_EQ(same["x_star"], fit["parameters"]["x_star"]);
  EXPECT_EQ(same["x_star_low"], interval[0]);
  EXPECT_EQ(same["x_star_high"], interval[1]);
}

TEST_F(RefineTest, GoesOnFromWhatIsThere) {
  ASSERT_EQ(modsweep({"run", "learning.toml", "--quiet"}).code, 0);
  const auto coarse = cells("learning.db");
  const auto before = all_results(path("learning.db"));
  ASSERT_EQ(modsweep(refine({"--width", "1.0", "--most-cells", "400"})).code, 0);
  const auto wide = cells("learning.db");
  ASSERT_EQ(modsweep(refine({"--width", "0.5", "--most-cells", "400"})).code, 0);
  const auto narrow = cells("learning.db");
  EXPECT_TRUE(std::equal(coarse.begin(), coarse.end(), wide.begin()));
  EXPECT_TRUE(std::equal(wide.begin(), wide.end(), narrow.begin()));
  EXPECT_GT(narrow.size(), wide.size());
  EXPECT_EQ(kept("learning.db")["parameters"]["cells"], narrow.size());
  // The same command again trains nothing and says the same.
  const Outcome again = modsweep(refine({"--width", "0.5", "--most-cells", "400"}));
  EXPECT_EQ(again.code, 0);
  EXPECT_EQ(again.err, "");
  EXPECT_EQ(cells("learning.db"), narrow);
  // In one go, with other threads: the same cells with the same bits.
  ASSERT_EQ(
      modsweep(refine({"--width", "0.5", "--most-cells", "400", "--threads", "1", "-o", "once.db"})).code, 0);
  EXPECT_EQ(all_results(path("once.db")), all_results(path("learning.db")));
}

TEST_F(RefineTest, ShardsTrainOneRoundAfterTheOther) {
  const std::vector<std::string> groups = {"--width", "0.5",   "--most-cells",
                                           "400",     "--set", "training.learning_rate=[1e-3,1e-2]"};
  const auto with = [&](const std::vector<std::string>& more) {
    auto all = refine(groups);
    all.insert(all.end(), more.begin(), more.end());
    return modsweep(all);
  };
  const Outcome whole = with({"-o", "whole.db", "--format", "json"});
  ASSERT_EQ(whole.code, 0) << whole.err;
  std::filesystem::create_directory(path("rounds"));
  int round = 0;
  for (;; ++round) {
    ASSERT_LT(round, 100);
    const std::string name = "rounds/" + std::to_string(round);
    const Outcome planned = with({"-o", "parts.db", "--plan", name + ".toml"});
    ASSERT_EQ(planned.code, 0) << planned.err;
    if (!std::filesystem::exists(path(name + ".toml"))) break;
    EXPECT_THAT(planned.out, HasSubstr("round " + std::to_string(round) + ": "));
    EXPECT_EQ(with({"-o", "parts.db", "--plan", name + ".toml", "--quiet"}).out, "") << "the same again";
    for (const char* shard : {"1", "2"})
      ASSERT_EQ(modsweep({"run", name + ".toml", "--quiet", "--shard", shard + std::string("/2"), "-o",
                          name + "-" + shard + ".db"})
                    .code,
                0);
    ASSERT_EQ(modsweep({"merge", "parts.db", name + "-1.db", name + "-2.db"}).code, 0);
  }
  EXPECT_GT(round, 2);
  EXPECT_EQ(all_results(path("parts.db")), all_results(path("whole.db")));
  EXPECT_EQ(query_rows(path("parts.db"), "SELECT name FROM sweeps ORDER BY name"),
            query_rows(path("whole.db"), "SELECT name FROM sweeps ORDER BY name"));
  const auto fits = [&](const char* store) {
    json rows = json::parse(modsweep({"export", store, "--table", "fits", "--format", "json"}).out);
    for (json& row : rows) row.erase("created");
    return rows;
  };
  EXPECT_EQ(fits("parts.db"), fits("whole.db"));
}

TEST_F(RefineTest, ARoundOverTablesIsFoundThoughItsFileLiesElsewhere) {
  for (const char* name : {"a.csv", "b.csv"}) {
    std::string table = "x,y\n";
    for (int i = 0; i < 40; ++i)
      table += std::to_string(i) + "," + std::to_string((i * (name[0] - '`')) % 7) + "\n";
    write(name, table);
  }
  write("tables.toml", R"(
[task]
kind = "table"
inputs = 1
input_columns = ["x"]
target_columns = ["y"]
train_samples = 20
test_samples = 20
scale = "standard"
[network]
hidden = [4]
[training]
batch_size = 20
[measure]
leaks = false
spectrum = false
[axes]
"task.file" = ["a.csv", "b.csv"]
"training.steps" = [1, 3, 10, 30, 100]
"training.seed" = [0, 1]
)");
  std::filesystem::create_directory(path("rounds"));
  const auto plan = [&](const std::string& name) {
    return modsweep({"refine", "tables.toml", "--x", "training.steps", "--y", "train_loss", "--width", "0.01",
                     "--plan", name, "-o", "all.db"});
  };
  ASSERT_EQ(plan("rounds/0.toml").code, 0);
  ASSERT_EQ(modsweep({"run", "rounds/0.toml", "-o", "0.db", "--quiet"}).code, 0);
  ASSERT_EQ(modsweep({"merge", "all.db", "0.db"}).code, 0);
  EXPECT_THAT(plan("rounds/1.toml").out, testing::Not(HasSubstr("round 0")));
}

TEST_F(RefineTest, APlanReplacesNothing) {
  write("other.toml", "name = \"other\"\n");
  expect_error(modsweep(refine({"--plan", "other.toml"})), 2, {"--plan other.toml", "another name"});
  expect_error(modsweep(refine({"--plan", "learning.toml"})), 2, {"--plan learning.toml"});
  expect_error(modsweep(refine({"--plan", "none/x.toml"})), 2, {"none"});
  EXPECT_FALSE(std::filesystem::exists(path("learning.db")));
  const Outcome told = modsweep(refine({"--plan", "next.toml", "--format", "json"}));
  ASSERT_EQ(told.code, 0) << told.err;
  const json document = json::parse(told.out);
  EXPECT_EQ(document["outcome"], "planned");
  EXPECT_EQ(document["plan"], "next.toml");
  EXPECT_EQ(document["round"], 0);
  EXPECT_EQ(document["cells"], 20);
}

TEST_F(RefineTest, SaysWhenTheBudgetIsUsedUp) {
  const Outcome outcome = modsweep(refine({"--width", "0.01", "--most-cells", "31"}));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("1 transition of 1 did not get an interval within 0.01"));
  EXPECT_EQ(cells("learning.db").size(), 28U) << "whole rows of four seeds";
  EXPECT_THAT(kept("learning.db")["note"].get<std::string>(), HasSubstr("the budget of 31 cells is used up"));
}

TEST_F(RefineTest, SaysWhereThereIsNoTransition) {
  const Outcome outcome = modsweep({"refine", "learning.toml", "--x", "training.steps", "--y", "test_loss",
                                    "--set", "training.learning_rate=1e-12"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("no transition"));
  EXPECT_EQ(cells("learning.db").size(), 20U);
  EXPECT_EQ(kept("learning.db")["parameters"].contains("x_star"), false);
}

TEST_F(RefineTest, RefinesEveryGroupByItself) {
  const Outcome outcome = modsweep(refine(
      {"--width", "0.8", "--most-cells", "400", "--set", "training.learning_rate=[1e-3,1e-2]", "--quiet"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out + outcome.err, "");
  const json fits =
      json::parse(modsweep({"export", "learning.db", "--table", "fits", "--format", "json"}).out);
  ASSERT_EQ(fits.size(), 2U);
  EXPECT_EQ(fits[0]["group_key"], json({{"training.learning_rate", 1e-3}}));
  EXPECT_EQ(fits[1]["group_key"], json({{"training.learning_rate", 1e-2}}));
  // Ten times the rate needs fewer steps.
  EXPECT_GT(fits[0]["parameters"]["x_star"], fits[1]["parameters"]["x_star"]);
  EXPECT_EQ(
      fits[0]["parameters"]["cells"].get<std::size_t>() + fits[1]["parameters"]["cells"].get<std::size_t>(),
      cells("learning.db").size());
}

TEST_F(RefineTest, AnInterruptSavesTheStateAndTheSameCommandGoesOn) {
  const auto command = refine({"--width", "0.5", "--most-cells", "400", "--threads", "1"});
  auto unbroken = command;
  unbroken.insert(unbroken.end(), {"-o", "unbroken.db"});
  ASSERT_EQ(modsweep(unbroken).code, 0);
  int interrupts = 0;
  for (double delay = 0.02; delay < 10.0; delay *= 1.6) {
    Running running(folder_, command, "");
    ASSERT_TRUE(running.spoke());
    ASSERT_TRUE(running.computed(delay));
    running.send(SIGINT);
    const Outcome outcome = running.wait();
    ASSERT_TRUE(outcome.code == 130 || outcome.code == 0 || outcome.signal == SIGINT) << outcome.err;
    if (outcome.code == 0) break;
    if (outcome.code == 130) {
      ++interrupts;
      EXPECT_THAT(outcome.err, HasSubstr("the state is saved in learning.db: the same command goes on"));
    }
  }
  EXPECT_GT(interrupts, 0);
  ASSERT_EQ(modsweep(command).code, 0);
  EXPECT_EQ(all_results(path("learning.db")), all_results(path("unbroken.db")));
  EXPECT_EQ(kept("learning.db")["parameters"], kept("unbroken.db")["parameters"]);
}

TEST_F(RefineTest, WrongInputIsSaidBeforeAnythingIsTrained) {
  const auto before = files();
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all = {"refine", "learning.toml"};
    all.insert(all.end(), more.begin(), more.end());
    return modsweep(all);
  };
  const std::vector<std::string> steps = {"--x", "training.steps"};
  const auto along_steps = [&](std::vector<std::string> more) {
    more.insert(more.begin(), steps.begin(), steps.end());
    return with(more);
  };
  expect_error(with({"--y", "test_loss"}), 2, {"has no axis task.train_samples", "--x", "training.steps"});
  expect_error(with({"--y", "test_loss", "--x", "training.seed"}), 2, {"training.seed"});
  expect_error(along_steps({"--y", "tst_loss"}), 2, {"'tst_loss'", "did you mean test_loss?"});
  expect_error(along_steps({"--y", "engine"}), 2, {"'engine'"});
  expect_error(along_steps({"--y", "gap_live_layer3"}), 2, {"'gap_live_layer3'"});
  expect_error(along_steps({"--y", "test_loss", "--set", "training.seed=0"}), 2, {"no axis training.seed"});
  expect_error(along_steps({"--y", "test_loss", "--set", "training.seed=[0]"}), 2,
               {"training.seed", "2 or more"});
  expect_error(along_steps({"--y", "test_loss", "--set", "training.steps=[1,10,100]"}), 2,
               {"3 values", "needs 5"});
  expect_error(with({"--y", "test_loss", "--x", "noise.strength", "--set", "noise.strength=[0,1,2,3,4]"}), 2,
               {"noise.strength = 0", "logarithm"});
  expect_error(with({"--y", "test_loss", "--x", "network.activation", "--set",
                     "network.activation=[\"tanh\",\"sigmoid\"]"}),
               2, {"network.activation", "numbers"});
  expect_error(along_steps({"--y", "test_loss", "--most-cells", "19"}), 2, {"19", "20 cells"});
  expect_error(along_steps({"--y", "test_loss", "--width", "0"}), 2, {"--width"});
  expect_error(along_steps({"--y", "test_loss", "--resamples", "1"}), 2, {"--resamples"});
  EXPECT_EQ(files(), before);
}

}  // namespace
}  // namespace modsweep
