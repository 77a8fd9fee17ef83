// --format json: every command that tells something writes one JSON document to standard output, and nothing
// else there.
#include "program.h"
#include "run/store_rows.h"

#include <set>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace modsweep {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;
using testing_support::read_text;

constexpr const char* learning_sweep = R"(name = "s"
[task]
inputs = 2
train_samples = 20
test_samples = 20
[network]
hidden = [4]
[training]
batch_size = 20
[axes]
"training.steps" = [1, 4, 16, 64, 256]
"training.seed" = [0, 1]
)";

class JsonTest : public ProgramTest {
 protected:
  JsonTest() { write("s.toml", learning_sweep); }

  /// The document that a command writes with --format json.
  [[nodiscard]] json document(std::vector<std::string> arguments, int code = 0) const {
    arguments.insert(arguments.end(), {"--format", "json"});
    const Outcome outcome = modsweep(arguments);
    EXPECT_EQ(outcome.code, code) << arguments.front() << ": " << outcome.err;
    EXPECT_TRUE(json::accept(outcome.out)) << arguments.front() << ": " << outcome.out;
    return json::parse(outcome.out, nullptr, false);
  }

  void train() const { ASSERT_EQ(modsweep({"run", "s.toml", "--quiet"}).code, 0); }

  static std::set<std::string> keys(const json& object) {
    std::set<std::string> found;
    for (const auto& [key, value] : object.items()) found.insert(key);
    return found;
  }
};

TEST_F(JsonTest, IsAnOptionOfEveryCommandThatTellsSomething) {
  for (const char* command : {
#define MODSWEEP_COMMAND(name) #name,
#include "cli/commands.def"
#undef MODSWEEP_COMMAND
       }) {
    // help tells what others do; plot and report draw, and aggregate has their numbers.
    const std::string name = command;
    if (name == "help" || name == "plot" || name == "report") continue;
    std::string help = modsweep({command, "--help"}).out;
    if (name == "fit") help = modsweep({"fit", "any.db", "law", "--help"}).out;
    const auto option = help.find("--format ");
    ASSERT_NE(option, std::string::npos) << command;
    EXPECT_THAT(help.substr(option, 200), HasSubstr("json")) << command;
  }
}

TEST_F(JsonTest, OfARunAndItsStoreHasTheSameNames) {
  const std::set<std::string> counts = {"sweep", "sweep_id", "cells", "done", "running", "diverged", "left"};
  const json run = document({"run", "s.toml"});
  for (const std::string& name : counts) EXPECT_TRUE(run.contains(name)) << name;
  EXPECT_EQ(run.at("outcome"), "done");
  EXPECT_EQ(run.at("store"), "s.db");
  EXPECT_EQ(run.at("done"), 10);
  EXPECT_EQ(run.at("left"), 0);
  const json status = document({"status", "s.db"});
  ASSERT_EQ(status.at("stores").size(), 1U);
  EXPECT_EQ(status.at("stores").at(0).at("store"), "s.db");
  EXPECT_EQ(keys(status.at("stores").at(0).at("sweeps").at(0)), counts);
  EXPECT_EQ(status.at("together"), status.at("stores").at(0).at("sweeps"));
  for (const std::string& name : counts)
    EXPECT_EQ(status.at("together").at(0).at(name), run.at(name)) << name;
  EXPECT_EQ(document({"run", "s.toml"}), run) << "all is done";
}

TEST_F(JsonTest, OfAnInterruptedRunSaysSo) {
  const json run = document({"run", "s.toml", "--set", "training.steps=20000000", "--time-limit", "1s",
                             "--set", "training.seed=[0,1]"},
                            130);
  EXPECT_EQ(run.at("outcome"), "interrupted");
  EXPECT_EQ(run.at("done"), 0);
  EXPECT_EQ(run.at("left"), 2);
}

TEST_F(JsonTest, OfAPlanHasTotalsThatFitItsShapes) {
  const json plan = document({"plan", "s.toml", "--set", "network.hidden=[[4],[5]]", "--engine", "cpu"});
  EXPECT_EQ(plan.at("cells"), 20);
  EXPECT_EQ(plan.at("finished"), 0);
  EXPECT_EQ(plan.at("left"), 20);
  EXPECT_EQ(plan.at("engine"), "cpu");
  ASSERT_EQ(plan.at("shapes").size(), 2U);
  EXPECT_EQ(plan.at("shapes").at(0).at("shape"), "2-4-2");
  EXPECT_EQ(plan.at("shapes").at(0).at("batch"), 20);
  EXPECT_EQ(
      plan.at("shapes").at(0).at("steps").get<double>() + plan.at("shapes").at(1).at("steps").get<double>(),
      plan.at("steps").get<double>());
  EXPECT_GT(plan.at("seconds").get<double>(), 0.0);
  EXPECT_TRUE(plan.at("shard").is_null());
  EXPECT_EQ(document({"plan", "s.toml", "--shard", "1/2"}).at("shard"), (json{{"index", 1}, {"count", 2}}));
  train();
  const json done = document({"plan", "s.toml"});
  EXPECT_EQ(done.at("left"), 0);
  EXPECT_EQ(done.at("shapes").size(), 0U);
  EXPECT_EQ(done.at("seconds"), 0.0);
}

TEST_F(JsonTest, OfShardsNamesThoseThatAreMissing) {
  ASSERT_EQ(modsweep({"run", "s.toml", "--shard", "2/3", "--quiet"}).code, 0);
  ASSERT_EQ(modsweep({"run", "s.toml", "--shard", "3/3", "--quiet"}).code, 0);
  const json status = document({"status", "s.shard-2-of-3.db", "s.shard-3-of-3.db"});
  EXPECT_EQ(status.at("stores").size(), 2U);
  ASSERT_EQ(status.at("shards").size(), 1U);
  EXPECT_EQ(status.at("shards").at(0).at("missing"), json::array({1}));
  EXPECT_EQ(status.at("shards").at(0).at("present"), json::array({2, 3}));
  EXPECT_EQ(status.at("shards").at(0).at("unfinished"), json::array());
  const json merged = document({"merge", "all.db", "s.shard-2-of-3.db", "s.shard-3-of-3.db"});
  EXPECT_EQ(merged.at("store"), "all.db");
  EXPECT_EQ(merged.at("cells"), status.at("together").at(0).at("done"));
}

TEST_F(JsonTest, OfResultsIsAListOfRows) {
  train();
  const std::string cell = query_rows(path("s.db"), "SELECT id FROM cells").at(0).substr(0, 16);
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"export", "s.db"},
        {"export", "s.db", "--table", "history"},
        {"aggregate", "s.db", "--value", "test_loss"},
        {"fit", "s.db", "transition", "--x", "training.steps", "--y", "test_loss", "--no-save"}}) {
    const json rows = document(command);
    ASSERT_TRUE(rows.is_array()) << command.front();
    EXPECT_GT(rows.size(), 0U);
    for (const json& row : rows) EXPECT_TRUE(row.is_object());
  }
  const json columns = document({"export", "s.db", "--columns"});
  EXPECT_EQ(keys(columns.at(0)), (std::set<std::string>{"column", "meaning"}));
  const json weights = document({"weights", "s.db", "--cell", cell, "-o", "w.safetensors"});
  EXPECT_EQ(weights, (json{{"file", "w.safetensors"}, {"cell", "c" + cell}, {"shape", "2-4-2"}}));
  const json spectrum = document({"spectrum", "w.safetensors"});
  EXPECT_EQ(spectrum.at(0).at("tensor"), "W0");
  EXPECT_EQ(json::parse(modsweep({"spectrum", "w.safetensors", "--json"}).out), spectrum)
      << "the earlier spelling";
  EXPECT_TRUE(document({"reproduce", "s.db"}).at("claims").is_array());
}

TEST_F(JsonTest, OfARefinementHasItsTransitions) {
  const json refined =
      document({"refine", "s.toml", "--x", "training.steps", "--y", "test_loss", "--most-cells", "14"}, 1);
  EXPECT_EQ(refined.at("x"), "training.steps");
  EXPECT_EQ(refined.at("transitions").size(), 1U);
  EXPECT_TRUE(refined.at("transitions").at(0).contains("x_star"));
  EXPECT_GE(refined.at("refined_cells"), 10);
  EXPECT_EQ(refined.at("sweep"), "s");
}

TEST_F(JsonTest, OfTheMachineNamesEnginesAndReasons) {
  const json devices = document({"devices"});
  ASSERT_EQ(devices.at("engines").size(), 7U);
  EXPECT_EQ(devices.at("engines").at(0).at("family"), "feedforward");
  EXPECT_EQ(devices.at("engines").at(4).at("family"), "recurrent");
  for (const json& engine : devices.at("engines")) {
    EXPECT_EQ(engine.at("usable").get<bool>(), engine.at("reason").is_null());
    EXPECT_EQ(engine.at("usable").get<bool>(), !engine.at("devices").empty());
  }
  EXPECT_GT(devices.at("machine").at("memory_bytes").get<double>(), 0.0);
}

TEST_F(JsonTest, OfABenchIsWhatItsFileHas) {
  const json rows = document(
      {"bench", "--engine", "cpu", "--quick", "--setting", "wa2", "--threads", "1", "--json", "b.json"});
  ASSERT_GT(rows.size(), 0U);
  EXPECT_EQ(rows.at(0).at("engine"), "cpu");
  EXPECT_EQ(json::parse(read_text(path("b.json"))), rows);
}

TEST_F(JsonTest, KeepsToUtf8WithNamesThatAreNone) {
  train();
  std::filesystem::rename(path("s.db"), path("caf\xe9.db"));
  EXPECT_THAT(document({"status", "caf\xe9.db"}).at("stores").at(0).at("store").get<std::string>(),
              HasSubstr("\xEF\xBF\xBD"));
}

TEST_F(JsonTest, OfAnErrorIsNone) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"run", "absent.toml"},
                                                  {"status", "absent.db"},
                                                  {"plan", "s.toml", "--set", "lr=1"}}) {
    auto arguments = command;
    arguments.insert(arguments.end(), {"--format", "json"});
    const Outcome outcome = modsweep(arguments);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.out, "");
  }
}

}  // namespace
}  // namespace modsweep
