// What other programs get of a store: tables by the ending of a file's name, ids in both forms, short tables
// on a terminal, stacked weights.
#include "change_rows.h"
#include "program.h"
#include "run/store_rows.h"

#include <array>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "modsweep/safetensors.h"

namespace modsweep {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing_support::change_rows;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;
using testing_support::read_text;

class ExportsTest : public ProgramTest {
 protected:
  /// Trains two exponents and three seeds of 2-3-2 into small.db, or other axes into another store.
  void train(
      const std::string& axes = "\"noise.exponent\" = [0, 2]\n\"training.seed\" = { range = [0, 3] }\n",
      const std::string& name = "small", const std::string& zip = "") const {
    write(name + ".toml",
          "name = \"" + name + "\"\n" + zip +
              "[task]\ninputs = 2\ntrain_samples = 20\ntest_samples = 20\n[network]\nhidden = [3]\n"
              "[noise]\nstrength = 0.1\n[training]\nsteps = 2\nbatch_size = 20\n"
              "[measure]\nleaks = false\n[axes]\n" +
              axes);
    const Outcome outcome = modsweep({"run", name + ".toml", "--quiet"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }

  [[nodiscard]] std::string id(int num, const std::string& store = "small.db") const {
    return query_rows(path(store), "SELECT id FROM cells WHERE num = " + std::to_string(num))
        .at(0)
        .substr(0, 16);
  }

  /// The outcome of a command whose standard output is a terminal; `out`: what it showed.
  [[nodiscard]] Outcome on_terminal(const std::vector<std::string>& arguments) const {
    const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
    EXPECT_GE(terminal, 0);
    EXPECT_EQ(::grantpt(terminal), 0);
    EXPECT_EQ(::unlockpt(terminal), 0);
    const std::string name = ::ptsname(terminal);
    const int keep_open = ::open(name.c_str(), O_RDWR | O_NOCTTY);
    Outcome outcome = modsweep(arguments, "", [name] { ::dup2(::open(name.c_str(), O_RDWR | O_NOCTTY), 1); });
    // With nobody left to write, a read waits for what is on its way, and fails at the end.
    ::close(keep_open);
    outcome.out.clear();
    std::array<char, 4096> part{};
    for (ssize_t count = 0; (count = ::read(terminal, part.data(), part.size())) > 0;)
      outcome.out.append(part.data(), static_cast<std::size_t>(count));
    std::erase(outcome.out, '\r');
    ::close(terminal);
    return outcome;
  }
};

TEST_F(ExportsTest, TheEndingOfTheNameChoosesTheFormat) {
  train("\"noise.exponent\" = [0, 2]\n\"training.seed\" = { range = [1, 4] }\n");
  const std::vector<std::vector<std::string>> commands = {
      {"export", "small.db"},
      {"export", "small.db", "--table", "history"},
      {"aggregate", "small.db", "--value", "test_loss"},
      {"fit", "small.db", "transition", "--x", "training.seed", "--y", "test_loss", "--no-save"}};
  for (const auto& command : commands) {
    const auto write_to = [&](const std::string& file, const std::vector<std::string>& more = {}) {
      auto all = command;
      all.insert(all.end(), {"-o", file});
      all.insert(all.end(), more.begin(), more.end());
      const Outcome outcome = modsweep(all);
      EXPECT_EQ(outcome.code, 0) << outcome.err;
      return outcome.err;
    };
    for (const auto& [file, format] :
         {std::pair("t.csv", "csv"), std::pair("t.json", "json"), std::pair("t.jsonl", "jsonl"),
          std::pair("t.ndjson", "jsonl"), std::pair("T.JSON", "json")}) {
      EXPECT_EQ(write_to(file), "");
      EXPECT_EQ(write_to("named", {"--format", format}), "");
      EXPECT_EQ(read_text(path(file)), read_text(path("named"))) << command[0] << ' ' << file;
    }
    EXPECT_TRUE(json::accept(read_text(path("t.json"))));
    EXPECT_FALSE(json::accept(read_text(path("t.csv"))));
    EXPECT_EQ(write_to("t.json", {"--format", "csv"}), "");
    EXPECT_EQ(read_text(path("t.json")), read_text(path("t.csv")));
    for (const char* unknown : {"t.txt", "t", "t.json.gz"}) {
      const std::string told = write_to(unknown);
      EXPECT_THAT(told, HasSubstr(std::string(unknown) + ": written as csv; "));
      EXPECT_THAT(told, HasSubstr("--format"));
      EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 1);
      EXPECT_EQ(read_text(path(unknown)), read_text(path("t.csv")));
    }
    EXPECT_EQ(write_to("/dev/null"), "");
  }
  EXPECT_EQ(modsweep({"reproduce", "small.db", "-o", "report.json"}).code, 0);
  EXPECT_TRUE(json::accept(read_text(path("report.json"))));
  EXPECT_EQ(modsweep({"reproduce", "small.db", "-o", "report.md"}).code, 0);
  EXPECT_THAT(read_text(path("report.md")), testing::StartsWith("#"));
  EXPECT_THAT(modsweep({"reproduce", "small.db", "-o", "report.txt"}).err, HasSubstr("written as markdown"));
}

TEST_F(ExportsTest, AFolderThatDoesNotExistIsWrongInput) {
  train("\"training.seed\" = [0, 1]\n");
  write("file", "no folder");
  const std::string cell = id(1);
  const auto before = files();
  const std::vector<std::vector<std::string>> commands = {
      {"export", "small.db"},
      {"aggregate", "small.db", "--value", "test_loss"},
      {"fit", "small.db", "transition", "--x", "training.seed", "--y", "test_loss", "--no-save"},
      {"reproduce", "small.db"},
      {"weights", "small.db", "--cell", cell},
      {"weights", "small.db"},
      {"run", "small.toml", "--set", "training.steps=1"},
      {"refine", "small.toml", "--x", "training.steps"}};
  for (auto command : commands)
    for (const std::string output : {"absent/table.csv", "file/table.csv"}) {
      command.insert(command.end(), {"-o", output});
      const Outcome outcome = modsweep(command);
      EXPECT_EQ(outcome.code, 2) << command[0] << ": " << outcome.err;
      EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
      command.resize(command.size() - 2);
    }
  expect_error(modsweep({"merge", "absent/all.db", "small.db"}), 2, {"absent/all.db"});
  expect_error(modsweep({"bench", "--engine", "cpu", "--quick", "--json", "absent/b.json"}), 2,
               {"absent/b.json"});
  EXPECT_EQ(files(), before);
}

TEST_F(ExportsTest, EveryCommandTakesIdsInBothForms) {
  write("small.toml",
        "name = \"small\"\n[task]\ninputs = 2\n[network]\narchitecture = \"modular\"\nblock_width = 2\n"
        "joint_width = 3\n[training]\nsteps = 2\n[axes]\n\"training.seed\" = [0, 1]\n");
  ASSERT_EQ(modsweep({"run", "small.toml", "--quiet"}).code, 0);
  const std::string bare = id(1);
  const std::string shown = "c" + bare;
  EXPECT_THAT(modsweep({"export", "small.db"}).out, HasSubstr("\n" + shown + ",small,"));
  EXPECT_THAT(query_rows(path("small.db"), "SELECT cell FROM results LIMIT 1"), ElementsAre(shown + "|"));
  EXPECT_THAT(query_rows(path("small.db"), "SELECT DISTINCT cell FROM spectra LIMIT 1"),
              ElementsAre(shown + "|"));
  EXPECT_THAT(query_rows(path("small.db"), "SELECT id FROM cells LIMIT 1"), ElementsAre(bare + "|"));
  std::set<std::string> outputs;
  for (const std::string& form : {bare, shown, bare.substr(0, 12), shown.substr(0, 13)}) {
    const Outcome weights = modsweep({"weights", "small.db", "--cell", form, "-o", "w.safetensors"});
    EXPECT_EQ(weights.code, 0) << weights.err;
    EXPECT_THAT(weights.out, HasSubstr("cell " + shown + ", "));
    EXPECT_EQ(read_safetensors(path("w.safetensors")).metadata.at("cell"), shown);
    outputs.insert(read_text(path("w.safetensors")));
    const Outcome modules = modsweep({"modules", "small.db", "--cell", form, "--format", "json"});
    EXPECT_EQ(modules.code, 0) << modules.err;
    outputs.insert(modules.out);
    const Outcome stack = modsweep({"weights", "small.db", "--where", "cell=" + form, "-o", "s.safetensors"});
    EXPECT_EQ(stack.code, 0) << stack.err;
    outputs.insert(read_text(path("s.safetensors")));
  }
  EXPECT_EQ(outputs.size(), 3U);
}

TEST_F(ExportsTest, OnATerminalAGroupIsARow) {
  train(
      "\"noise.strength\" = [0.1, 0.2]\n\"noise.exponent\" = [0, 2]\n\"training.learning_rate\" = [1e-3, "
      "1e-3]\n"
      "\"regularizer.l2\" = [0.0, 1e-4]\n\"training.seed\" = { range = [0, 7] }\n",
      "small", "zip = [[\"noise.strength\", \"noise.exponent\", \"training.learning_rate\"]]\n");
  const std::vector<std::string> command = {"aggregate", "small.db", "--value", "test_loss",
                                            "gap_live_layer1"};
  const Outcome shown = on_terminal(command);
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out,
              testing::ContainsRegex("^noise.strength +regularizer.l2 +n +test_loss +gap_live_layer1\n"));
  EXPECT_THAT(shown.out, testing::ContainsRegex("\n +0.1 +0 +7 +[0-9.]+ \\[[0-9.]+, [0-9.]+\\]"));
  EXPECT_THAT(shown.out,
              HasSubstr("(median of n networks, [interval]; all statistics: --format table, or -o FILE)"));
  EXPECT_EQ(std::count(shown.out.begin(), shown.out.end(), '\n'), 1 + 4 + 1) << shown.out;
  auto as_short = command;
  as_short.insert(as_short.end(), {"--format", "short"});
  EXPECT_EQ(modsweep(as_short).out, shown.out);
  // A pipe gets everything, as before.
  const Outcome piped = modsweep(command);
  EXPECT_EQ(std::count(piped.out.begin(), piped.out.end(), '\n'), 1 + 8);
  EXPECT_THAT(piped.out, HasSubstr("trimmed_mean"));
  auto as_table = command;
  as_table.insert(as_table.end(), {"--format", "table"});
  EXPECT_EQ(modsweep(as_table).out, piped.out);
  EXPECT_EQ(on_terminal(as_table).out, piped.out);
  // Keys that the user names are shown.
  as_short.insert(as_short.end(), {"--by", "noise.exponent,noise.strength,training.learning_rate"});
  EXPECT_THAT(
      modsweep(as_short).out,
      testing::ContainsRegex("^noise.exponent +noise.strength +training.learning_rate +n +test_loss"));
}

TEST_F(ExportsTest, AShortTableSaysWhatIsMissing) {
  train();
  change_rows(path("small.db"), {"UPDATE measurements SET test_loss = NULL WHERE step = 2 AND cell = 1",
                                 "UPDATE cells SET status = 'diverged' WHERE num = 6"});
  const Outcome outcome = modsweep({"aggregate", "small.db", "--value", "test_loss", "--format", "short"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(" (2 of 3)\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\n(no 95 % interval of the median of "));
  EXPECT_THAT(outcome.out, HasSubstr("\n(1 network left out: diverged)\n"));
}

TEST_F(ExportsTest, TheTableOfARunShowsOfZippedSettingsThoseThatTellPointsApart) {
  write("zipped.toml",
        "name = \"zipped\"\nzip = [[\"noise.strength\", \"noise.exponent\", \"regularizer.l1\", "
        "\"regularizer.l2\"]]\n[task]\ninputs = 2\n[network]\nhidden = [3]\n[training]\nsteps = 1\n"
        "[measure]\nleaks = false\n[axes]\n\"noise.strength\" = [0.1, 0.1, 0.2]\n\"noise.exponent\" = [0, 2, "
        "2]\n"
        "\"regularizer.l1\" = [0.0, 0.0, 0.0]\n\"regularizer.l2\" = [0.1, 0.2, 0.3]\n\"training.seed\" = [0, "
        "1]\n");
  const Outcome outcome = modsweep({"run", "zipped.toml"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::StartsWith("noise.strength  noise.exponent  cells  "));
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1 + 3 + 1) << outcome.out;
}

json metadata(const TensorFile& file, const char* name) {
  return json::parse(file.metadata.at(name));
}

TEST_F(ExportsTest, WeightsOfManyNetworksAreStacked) {
  train();
  const Outcome outcome = modsweep({"weights", "small.db", "-o", "all.safetensors"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out, "all.safetensors: 6 networks, W0 [6, 3, 2]\n");
  const TensorFile all = read_safetensors(path("all.safetensors"));
  EXPECT_THAT(all.tensors.at("W0").shape, ElementsAre(6, 3, 2));
  EXPECT_THAT(all.tensors.at("b1").shape, ElementsAre(6, 2));
  EXPECT_EQ(all.tensors.at("W0").dtype, "F32");
  EXPECT_EQ(metadata(all, "settings")["noise.strength"], 0.1);
  EXPECT_FALSE(metadata(all, "settings").contains("noise.exponent"));
  EXPECT_EQ(metadata(all, "varied")["noise.exponent"], json({0, 0, 0, 2, 2, 2}));
  EXPECT_EQ(metadata(all, "varied")["training.seed"], json({0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(all.metadata.at("shape"), "2-3-2");
  const json cells = metadata(all, "cells");
  ASSERT_EQ(cells.size(), 6U);
  for (std::size_t n = 0; n < cells.size(); ++n) {
    ASSERT_EQ(modsweep({"weights", "small.db", "--cell", cells[n], "-o", "one.safetensors"}).code, 0);
    const TensorFile one = read_safetensors(path("one.safetensors"));
    EXPECT_EQ(json::parse(one.metadata.at("settings"))["training.seed"], n % 3);
    for (const auto& [name, tensor] : one.tensors) {
      const std::vector<double>& values = all.tensors.at(name).values;
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(n * tensor.values.size());
      EXPECT_EQ(std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(tensor.values.size())),
                tensor.values)
          << name;
    }
  }
}

TEST_F(ExportsTest, ConditionsChooseWhatIsStacked) {
  train();
  const auto chosen = [&](const std::vector<std::string>& conditions) {
    std::vector<std::string> all = {"weights", "small.db", "-o", "some.safetensors"};
    for (const std::string& condition : conditions) all.insert(all.end(), {"--where", condition});
    const Outcome outcome = modsweep(all);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return metadata(read_safetensors(path("some.safetensors")), "cells").size();
  };
  EXPECT_EQ(chosen({"noise.exponent=2"}), 3U);
  EXPECT_EQ(chosen({"noise.exponent=2.0", "training.seed=1"}), 1U);
  EXPECT_EQ(chosen({"training.seed=0", "training.seed=2"}), 4U);
  EXPECT_EQ(chosen({"network.hidden=[3]", "network.activation=leaky_relu"}), 6U);
  EXPECT_EQ(chosen({"sweep=small", "engine=cpu", "noise.strength=1e-1", "training.shuffle=false"}), 6U);
  const auto refused = [&](const std::string& condition, const std::vector<std::string>& parts) {
    expect_error(modsweep({"weights", "small.db", "--where", condition, "-o", "none.safetensors"}), 2, parts);
    EXPECT_FALSE(std::filesystem::exists(path("none.safetensors")));
  };
  refused("noise.exponent=1", {"noise.exponent", "there are 0.0, 2.0"});
  refused("noise.exponentt=1", {"noise.exponentt", "did you mean noise.exponent?"});
  refused("noise.exponent", {"KEY=VALUE"});
  refused("cell=xyz", {"cell"});
  refused("sweep=other", {"sweep", "\"small\""});
}

TEST_F(ExportsTest, NetworksThatCannotBeStackedAreNamedAndNothingIsWritten) {
  train("\"network.hidden\" = [[3], [4], [4, 4]]\n\"training.seed\" = [0, 1]\n");
  const Outcome outcome = modsweep({"weights", "small.db", "-o", "all.safetensors"});
  expect_error(outcome, 2, {"2 of 2-3-2 F32, 2 of 2-4-2 F32, 2 of 2-4-4-2 F32", "network.hidden", "--where"});
  EXPECT_FALSE(std::filesystem::exists(path("all.safetensors")));
  EXPECT_EQ(
      modsweep({"weights", "small.db", "--where", "network.hidden=[4,4]", "-o", "all.safetensors"}).code, 0);
  EXPECT_THAT(read_safetensors(path("all.safetensors")).tensors.at("W1").shape, ElementsAre(2, 4, 4));
}

TEST_F(ExportsTest, NetworksWithoutWeightsAreLeftOutAndTold) {
  train("\"measure.weights\" = [true, false]\n\"training.seed\" = [0, 1, 2]\n");
  change_rows(path("small.db"),
              {"UPDATE cells SET status = 'diverged', diverged_at = 3 WHERE num = (SELECT min(cell)"
               " FROM weights)"});
  const Outcome outcome = modsweep({"weights", "small.db", "-o", "all.safetensors"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("left out: 1 network, diverged"));
  EXPECT_THAT(outcome.err, HasSubstr("left out: 3 networks, their weights were not kept"));
  EXPECT_THAT(outcome.out, HasSubstr("2 networks, W0 [2, 3, 2]"));
  EXPECT_THAT(modsweep({"weights", "small.db", "--where", "status=diverged", "-o", "d.safetensors"}).out,
              HasSubstr("1 network, W0 [1, 3, 2]"));
  expect_error(modsweep({"weights", "small.db", "--where", "measure.weights=false", "-o", "no.safetensors"}),
               2, {"were not kept"});
}

TEST_F(ExportsTest, WeightsOfSeveralStoresAreOneStack) {
  train();
  for (const char* shard : {"1/2", "2/2"}) {
    const std::string store = std::string("part") + shard[0] + ".db";
    ASSERT_EQ(modsweep({"run", "small.toml", "--shard", shard, "-o", store, "--quiet"}).code, 0);
  }
  ASSERT_EQ(modsweep({"weights", "small.db", "-o", "whole.safetensors"}).code, 0);
  ASSERT_EQ(modsweep({"weights", "part2.db", "part1.db", "small.db", "-o", "parts.safetensors"}).code, 0);
  const TensorFile whole = read_safetensors(path("whole.safetensors"));
  const TensorFile parts = read_safetensors(path("parts.safetensors"));
  EXPECT_EQ(parts.metadata.at("cells"), whole.metadata.at("cells"));
  for (const auto& [name, tensor] : whole.tensors)
    EXPECT_EQ(parts.tensors.at(name).values, tensor.values) << name;
}

}  // namespace
}  // namespace modsweep
