// From a sweep file to spectra of stored weights, with the program alone.
#include "program.h"
#include "run/store_rows.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "modsweep/safetensors.h"

namespace modsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;
using testing_support::read_text;

constexpr const char* tiny_sweep = R"(
name = "tiny"
[task]
train_samples = 50
test_samples = 30
[network]
hidden = [8, 6]
[noise]
strength = 0.05
[training]
steps = 60
batch_size = 20
[measure]
every_steps = 20
noisy_strength = 0.1
[axes]
"noise.exponent" = [0, 2]
"training.seed" = { range = [0, 3] }
)";

class ChainTest : public ProgramTest {
 protected:
  ChainTest() { write("tiny.toml", tiny_sweep); }

  /// Runs the tiny sweep into tiny.db.
  void run_tiny() const {
    const Outcome outcome = modsweep({"run", "tiny.toml", "--quiet"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    ASSERT_EQ(outcome.out + outcome.err, "");
  }
};

TEST_F(ChainTest, RunTellsWhatItDoesAndPrintsATable) {
  const Outcome outcome = modsweep({"run", "tiny.toml"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(files(), ElementsAre("tiny.db", "tiny.toml"));
  EXPECT_THAT(outcome.err, HasSubstr("tiny: 6 cells, 6 to train on engine cpu"));
  EXPECT_THAT(outcome.err, HasSubstr("6/6 cells, 360 network-steps"));
  EXPECT_THAT(outcome.out,
              HasSubstr("noise.exponent  cells  test loss  sum W^2  modules layer 1  gap_4 layer 1"));
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 4) << outcome.out;
  const Outcome again = modsweep({"run", "tiny.toml"});
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("all 6 cells are done"));
  EXPECT_EQ(again.out, outcome.out);
}

TEST_F(ChainTest, StatusExportWeightsAndSpectrumFollow) {
  run_tiny();
  const Outcome status = modsweep({"status", "tiny.db"});
  EXPECT_EQ(status.code, 0) << status.err;
  EXPECT_THAT(status.out, testing::ContainsRegex("tiny +[0-9a-f]{16} +6 +6 +0 +0 +0\n"));

  const Outcome results = modsweep({"export", "tiny.db"});
  EXPECT_EQ(results.code, 0) << results.err;
  EXPECT_EQ(std::count(results.out.begin(), results.out.end(), '\n'), 7);
  EXPECT_TRUE(results.out.starts_with("cell,sweep,noise.exponent,training.seed,status,")) << results.out;
  ASSERT_EQ(modsweep({"export", "tiny.db", "-o", "results.csv"}).code, 0);
  EXPECT_EQ(read_text(path("results.csv")), results.out);
  const Outcome history = modsweep({"export", "tiny.db", "--table", "history", "--format", "jsonl"});
  EXPECT_EQ(std::count(history.out.begin(), history.out.end(), '\n'), 6 * 3);

  const std::string cell = results.out.substr(results.out.find('\n') + 1, 17);
  EXPECT_TRUE(cell.starts_with('c')) << cell;
  const Outcome weights = modsweep({"weights", "tiny.db", "--cell", cell, "-o", "w.safetensors"});
  EXPECT_EQ(weights.code, 0) << weights.err;
  const TensorFile file = read_safetensors(path("w.safetensors"));
  ASSERT_EQ(file.tensors.size(), 6u);
  EXPECT_THAT(file.tensors.at("W0").shape, ElementsAre(8, 4));
  EXPECT_THAT(file.tensors.at("W2").shape, ElementsAre(4, 6));
  EXPECT_THAT(file.tensors.at("b1").shape, ElementsAre(6));
  EXPECT_EQ(file.tensors.at("W1").dtype, "F32");
  EXPECT_EQ(file.metadata.at("cell"), cell);
  EXPECT_THAT(file.metadata.at("settings"), HasSubstr("\"network.hidden\":[8,6]"));

  const Outcome spectrum = modsweep({"spectrum", "w.safetensors"});
  EXPECT_EQ(spectrum.code, 0) << spectrum.err;
  for (const char* title : {"W0: 8 x 4, F32\n", "W1: 6 x 8, F32\n", "W2: 4 x 6, F32\n"})
    EXPECT_THAT(spectrum.out, HasSubstr(title));
  EXPECT_THAT(spectrum.out, testing::Not(HasSubstr("b0")));
  const Outcome one = modsweep({"spectrum", "w.safetensors", "--tensor", "W1", "--json"});
  EXPECT_THAT(one.out, HasSubstr("\"tensor\": \"W1\""));
  expect_error(modsweep({"spectrum", "w.safetensors", "--tensor", "W9"}), 2, {"W9", "W0"});
  expect_error(modsweep({"spectrum", "w.safetensors", "--tensor", "b0"}), 2, {"b0", "dimension"});
}

TEST_F(ChainTest, WeightsOfDoublePrecisionAreF64AndOfGroupsDense) {
  const Outcome run =
      modsweep({"run", "tiny.toml", "--quiet", "--precision", "fp64", "--set", "network.hidden=[8]", "--set",
                "network.groups=[4,4]", "--set", "network.activation=prelu"});
  ASSERT_EQ(run.code, 0) << run.err;
  const std::string cell = query_rows(path("tiny.db"), "SELECT id FROM cells LIMIT 1").front().substr(0, 16);
  ASSERT_EQ(modsweep({"weights", "tiny.db", "--cell", cell, "-o", "w.safetensors"}).code, 0);
  const TensorFile file = read_safetensors(path("w.safetensors"));
  EXPECT_EQ(file.tensors.at("W0").dtype, "F64");
  EXPECT_THAT(file.tensors.at("s0").shape, ElementsAre(1));
  const auto& w = file.tensors.at("W0").values;  // [8][4], four groups of 2 x 1
  for (std::size_t o = 0; o < 8; ++o)
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(w[o * 4 + i] != 0.0, o / 2 == i) << o << ' ' << i;
}

TEST_F(ChainTest, PlanWritesNothingAndCountsWhatIsLeft) {
  const Outcome before = modsweep({"plan", "tiny.toml"});
  EXPECT_EQ(before.code, 0) << before.err;
  EXPECT_THAT(before.out, HasSubstr(": packs may take "));
  EXPECT_THAT(before.out, HasSubstr("cells         6\n"));
  EXPECT_THAT(before.out, HasSubstr("left          6 in "));
  EXPECT_THAT(before.out, HasSubstr("4-8-6-4, batch 20, fp32"));
  EXPECT_THAT(before.out, HasSubstr("360 network-steps"));
  EXPECT_THAT(before.out, Not(HasSubstr("early stop")));
  EXPECT_THAT(
      modsweep({"plan", "tiny.toml", "--set", "training.patience=10", "--set", "task.validation_samples=9",
                "--set", "measure.every_steps=5"})
          .out,
      HasSubstr("early stop    possible for 6 cells (training.patience): what follows is the most\n"));
  EXPECT_THAT(files(), ElementsAre("tiny.toml"));
  run_tiny();
  EXPECT_THAT(modsweep({"plan", "tiny.toml", "--set", "training.seed={range=[0,4]}"}).out,
              HasSubstr("left          2 in "));
  EXPECT_THAT(modsweep({"plan", "tiny.toml"}).out, HasSubstr("left          0 in "));
}

TEST_F(ChainTest, AnInvalidCellAnywhereInTheGridStopsTheRunBeforeItStarts) {
  const Outcome outcome = modsweep({"run", "tiny.toml", "--set", "network.groups=[2,2,4]", "--set",
                                    "network.hidden=[8,8]", "--set", "task.inputs=[4,6]"});
  EXPECT_EQ(outcome.code, 2) << outcome.err;
  EXPECT_THAT(files(), ElementsAre("tiny.toml"));
}

TEST_F(ChainTest, DivergedCellsAreToldAndTheOthersKeepTheirBits) {
  run_tiny();
  const Outcome outcome = modsweep({"run", "tiny.toml", "-o", "half.db", "--set", "training.optimizer=sgd",
                                    "--set", "training.learning_rate=[1e3, 1e-3]"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("6 of 12 cells diverged"));
  EXPECT_EQ(modsweep({"run", "tiny.toml", "-o", "half.db", "--quiet", "--set", "training.optimizer=sgd",
                      "--set", "training.learning_rate=[1e3, 1e-3]"})
                .code,
            1);
  const Outcome alone = modsweep({"run", "tiny.toml", "-o", "alone.db", "--quiet", "--set",
                                  "training.optimizer=sgd", "--set", "training.learning_rate=1e-3"});
  EXPECT_EQ(alone.code, 0) << alone.err;
  EXPECT_EQ(testing_support::all_results(path("half.db"), "SELECT id FROM cells WHERE status = 'done'"),
            testing_support::all_results(path("alone.db")));
  for (const auto& row : query_rows(path("half.db"),
                                    "SELECT diverged_at > 0, diverged_at - step FROM cells "
                                    "WHERE status = 'diverged'"))
    EXPECT_EQ(row, "1|1|");
}

TEST_F(ChainTest, AFullDiskBehindStandardOutputIsAFailure) {
  run_tiny();
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"export", "tiny.db"}, {"status", "tiny.db"}, {"plan", "tiny.toml"}})
    expect_error(modsweep(arguments, "/dev/full"), 3, {"standard output"});
}

TEST_F(ChainTest, OutputsThatCannotBeWrittenLeaveNothingBehind) {
  run_tiny();
  const auto before = files();
  expect_error(modsweep({"export", "tiny.db", "-o", "absent/results.csv"}), 2, {"absent/results.csv"});
  expect_error(modsweep({"export", "tiny.db", "-o", "."}), 2, {"directory"});
  EXPECT_EQ(files(), before);
}

// The test creates its own pipe: a failure would destroy a device of the machine.
TEST_F(ChainTest, APipeIsNotReplacedByAFile) {
  run_tiny();
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const int reader = ::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  EXPECT_EQ(modsweep({"export", "tiny.db", "-o", "pipe"}).code, 0);
  std::string begin(4, ' ');
  EXPECT_EQ(::read(reader, begin.data(), begin.size()), 4);
  EXPECT_EQ(begin, "cell");
  const std::string cell = query_rows(path("tiny.db"), "SELECT id FROM cells LIMIT 1").front().substr(0, 16);
  expect_error(modsweep({"weights", "tiny.db", "--cell", cell, "-o", "pipe"}), 2,
               {"pipe", "no regular file"});
  EXPECT_TRUE(std::filesystem::is_fifo(path("pipe")));
  ::close(reader);
}

TEST_F(ChainTest, AReaderThatLeavesIsNoError) {
  run_tiny();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execl(MODSWEEP_PROGRAM, MODSWEEP_PROGRAM, "export", path("tiny.db").c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(ends[1]);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(ChainTest, SpectrumTellsThePartitionAndItsOrder) {
  // Units 0, 2 and 4 read columns 1 and 2, units 1 and 5 read column 0, unit 3 is dead.
  const std::vector<double> w = {0.1, 2, 1, 3, 0, 0, 0, 2, -1, 0, 0, 0, 0, 1, 1, -1, 0, 0.1};
  write_safetensors(path("blocks.safetensors"), {{{"W0", {"F64", {6, 3}, w}}}, {}});
  const Outcome text = modsweep({"spectrum", "blocks.safetensors", "--order"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("units without dead ones in 2 clusters: Q 0."));
  EXPECT_THAT(text.out, HasSubstr("\n    order, from 0: 1 5 | 0 2 4\n"));
  EXPECT_THAT(modsweep({"spectrum", "blocks.safetensors"}).out, testing::Not(HasSubstr("order")));
  const Outcome json = modsweep({"spectrum", "blocks.safetensors", "--modules", "2", "--json"});
  EXPECT_THAT(json.out, HasSubstr("\"block_share\": 0.98"));  // all but 0.2 of 12.2
  const Outcome none = modsweep({"spectrum", "blocks.safetensors", "--modules", "6", "--json"});
  EXPECT_THAT(none.out, HasSubstr("\"partition\": null"));
}

}  // namespace
}  // namespace modsweep
