// A user's own data, from a file to results.
#include "program.h"
#include "run/store_rows.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "modsweep/safetensors.h"

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing_support::expect_error;
using testing_support::ProgramTest;
using testing_support::query_rows;

constexpr const char* table_sweep = R"(
name = "own"
[task]
kind = "table"
file = "data.csv"
inputs = 2
input_columns = ["a", "b"]
target_columns = ["y"]
split_column = "use"
train_samples = 4
test_samples = 2
ood_samples = 1
[network]
hidden = [5]
[training]
steps = 20
batch_size = 2
[axes]
"training.seed" = [0, 1]
)";
constexpr const char* data =
    "a,b,y,use\n1,2,3,train\n2,1,0,train\n0,1,1,train\n1,1,0,train\n1,0,1,test\n2,2,2,test\n9,9,9,ood\n";

class TableRunTest : public ProgramTest {
 protected:
  TableRunTest() {
    write("own.toml", table_sweep);
    write("data.csv", data);
  }
  [[nodiscard]] std::string count(const std::string& where) const {
    return query_rows(path("own.db"), "SELECT count(*) FROM results WHERE " + where).at(0);
  }
};

TEST_F(TableRunTest, ChangedDataAreTrainedAnewAndMovedOnesAreNot) {
  ASSERT_EQ(modsweep({"run", "own.toml", "--quiet"}).code, 0);
  EXPECT_EQ(count("train_loss > 0 AND test_loss > 0 AND ood_loss > 0"), "2|");
  EXPECT_THAT(modsweep({"run", "own.toml"}).err, HasSubstr("all 2 cells are done"));

  std::filesystem::create_directory(folder_ / "elsewhere");
  std::filesystem::rename(folder_ / "data.csv", folder_ / "elsewhere" / "moved.csv");
  ASSERT_EQ(modsweep({"run", "own.toml", "--quiet", "--set", "task.file=\"elsewhere/moved.csv\""}).code, 0);
  EXPECT_EQ(count("1"), "2|");

  write("data.csv", std::string(data) + "7,7,7,ood\n");
  ASSERT_EQ(modsweep({"run", "own.toml", "--quiet"}).code, 0);
  EXPECT_EQ(count("1"), "4|");
}

TEST_F(TableRunTest, ThePathIsTakenFromTheSweepFilesFolder) {
  std::filesystem::create_directory(folder_ / "sweeps");
  std::filesystem::rename(folder_ / "own.toml", folder_ / "sweeps" / "own.toml");
  expect_error(
      modsweep({"run", "sweeps/own.toml", "-o", "own.db"}), 2,
      {"sweeps/own.toml:5:8: ", "sweeps/data.csv: there is no such file", "folder of the sweep file"});
  std::filesystem::rename(folder_ / "data.csv", folder_ / "sweeps" / "data.csv");
  EXPECT_EQ(modsweep({"run", "sweeps/own.toml", "-o", "own.db", "--quiet"}).code, 0);
}

TEST_F(TableRunTest, ABrokenFileIsRefusedBeforeAnythingIsWritten) {
  write("data.csv", "a,b,y,use\n1,2,nan,train\n");
  for (const char* command : {"plan", "run"})
    expect_error(modsweep({command, "own.toml"}), 2, {"data.csv:2: the column \"y\" holds \"nan\""});
  EXPECT_THAT(files(), testing::ElementsAre("data.csv", "own.toml"));
}

std::string ascending_rows() {
  std::string text = "a,b,y,use\n";
  for (int i = 0; i < 100; ++i)
    text += std::to_string(i) + "," + std::to_string(i % 7) + "," + std::to_string(i) + ",train\n";
  return text;
}

const std::vector<std::string> unmarked = {"--set", "task.train_samples=80", "--set", "task.test_samples=20",
                                           "--set", "task.ood_samples=0"};

TEST_F(TableRunTest, ASortedTableIsToldInOneLine) {
  write("data.csv", ascending_rows());
  std::string text = table_sweep;
  text.erase(text.find("split_column"), std::string("split_column = \"use\"\n").size());
  write("own.toml", text);
  for (const char* command : {"plan", "run"}) {
    std::vector<std::string> arguments = {command, "own.toml"};
    arguments.insert(arguments.end(), unmarked.begin(), unmarked.end());
    const auto outcome = modsweep(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(
        outcome.err.starts_with("note: data.csv: the first 80 rows (training) and the next 20 (test) differ"))
        << outcome.err;
    EXPECT_EQ(outcome.err.find("note: ", 1), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out.find("note"), std::string::npos);
    for (const char* rule : {"task.split=random", "task.split=first"}) {
      auto settled = arguments;
      settled.insert(settled.end(), {"--set", rule});
      EXPECT_EQ(modsweep(settled).err.find("note"), std::string::npos) << rule;
    }
  }
}

TEST_F(TableRunTest, ScalesAreKeptWithTheWeights) {
  ASSERT_EQ(modsweep({"run", "own.toml", "--quiet", "--set", "task.scale=standard", "--set",
                      "measure.every_steps=5"})
                .code,
            0);
  const auto rows = query_rows(path("own.db"),
                               "SELECT role, position, name, mean, scale, step FROM scaling WHERE cell = 1");
  // a is 1, 2, 0, 1 and y is 3, 0, 1, 0 in the training rows
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(rows[0], testing::StartsWith("input|1|a|0x1p+0|0x1.6a09e667f3bcdp-1|20|"));
  EXPECT_THAT(rows[1], testing::StartsWith("input|2|b|"));
  EXPECT_THAT(rows[2], testing::StartsWith("target|1|y|0x1p+0|"));
  const auto exported = modsweep({"export", "own.db", "--table", "scaling"});
  EXPECT_EQ(std::count(exported.out.begin(), exported.out.end(), '\n'), 1 + 2 * 3) << exported.out;

  const std::string cell =
      query_rows(path("own.db"), "SELECT id FROM cells WHERE num = 1").at(0).substr(0, 16);
  ASSERT_EQ(modsweep({"weights", "own.db", "--cell", cell, "-o", "w.safetensors"}).code, 0);
  const auto metadata = read_safetensors(path("w.safetensors")).metadata;
  const auto scaling = nlohmann::json::parse(metadata.at("scaling"));
  EXPECT_EQ(scaling.at("inputs").size(), 2U);
  EXPECT_EQ(scaling.at("inputs").at(0),
            nlohmann::json::parse(R"({"column": "a", "mean": 1.0, "scale": 0.7071067811865476})"));
  EXPECT_EQ(scaling.at("targets").at(0).at("column"), "y");
  EXPECT_EQ(scaling.at("targets").at(0).at("mean"), 1.0);

  query_rows(path("own.db"), "UPDATE scaling SET mean = 2 WHERE cell = 1 AND name = 'a'");
  expect_error(modsweep({"weights", "own.db", "--cell", cell, "-o", "x.safetensors"}), 2,
               {"the scaling of cell " + cell + " is not what was written"});
}

TEST_F(TableRunTest, StackedWeightsHaveTheScalesOfEachNetwork) {
  ASSERT_EQ(modsweep({"run", "own.toml", "--quiet", "--set", "task.scale=standard", "--set",
                      "task.train_samples=[2, 4]", "--set", "training.seed=0"})
                .code,
            0);
  const auto scaling = [&] {
    return nlohmann::json::parse(read_safetensors(path("w.safetensors")).metadata.at("scaling"));
  };
  ASSERT_EQ(modsweep({"weights", "own.db", "-o", "w.safetensors"}).code, 0);
  ASSERT_EQ(scaling().size(), 2U);
  EXPECT_EQ(scaling().at(0).at("inputs").at(0).at("mean"), 1.5);
  EXPECT_EQ(scaling().at(1).at("inputs").at(0).at("mean"), 1.0);
  ASSERT_EQ(modsweep({"weights", "own.db", "-o", "w.safetensors", "--where", "task.train_samples=4"}).code,
            0);
  EXPECT_EQ(scaling().at("inputs").at(0).at("mean"), 1.0);
}

TEST_F(TableRunTest, ScalesOfNetworksThatStopEarlyAreKeptOnce) {
  write("data.csv", std::string(data) + "1,0,1,validation\n2,2,2,validation\n");
  ASSERT_EQ(
      modsweep({"run", "own.toml", "--quiet", "--set", "task.scale=standard", "--set",
                "task.validation_samples=2", "--set", "training.patience=2", "--set",
                "training.learning_rate=1", "--set", "training.steps=400", "--set", "measure.every_steps=1"})
          .code,
      0);
  EXPECT_EQ(query_rows(path("own.db"), "SELECT count(*) FROM cells WHERE step < 400").at(0), "2|");
  EXPECT_EQ(query_rows(path("own.db"), "SELECT count(*) FROM scaling").at(0), "6|");
  EXPECT_EQ(query_rows(path("own.db"),
                       "SELECT count(*) FROM scaling s JOIN cells c ON c.num = s.cell "
                       "WHERE s.step = c.step")
                .at(0),
            "6|");
}

TEST_F(TableRunTest, WithoutScaleThereIsNone) {
  ASSERT_EQ(modsweep({"run", "own.toml", "--quiet"}).code, 0);
  EXPECT_EQ(query_rows(path("own.db"), "SELECT count(*) FROM scaling").at(0), "0|");
  const std::string cell =
      query_rows(path("own.db"), "SELECT id FROM cells WHERE num = 1").at(0).substr(0, 16);
  ASSERT_EQ(modsweep({"weights", "own.db", "--cell", cell, "-o", "w.safetensors"}).code, 0);
  EXPECT_FALSE(read_safetensors(path("w.safetensors")).metadata.contains("scaling"));
}

TEST_F(TableRunTest, PathsThatAreNotUtf8AreRefusedBeforeAnythingIsWritten) {
  std::filesystem::create_directory(folder_ / "m\xFCller");
  std::filesystem::copy(folder_ / "own.toml", folder_ / "m\xFCller" / "own.toml");
  std::filesystem::copy(folder_ / "data.csv", folder_ / "m\xFCller" / "data.csv");
  const std::string what = "m?ller";
  for (const char* command : {"plan", "run", "refine"}) {
    expect_error(modsweep({command, "m\xFCller/own.toml", "-o", "own.db"}), 2,
                 {what, "the path is not UTF-8; rename"});
    expect_error(modsweep({command, "own.toml", "-o", "m\xFCller/own.db"}), 2,
                 {"-o m?ller/own.db", "is not UTF-8"});
  }
  expect_error(modsweep({"run", "own.toml", "--deliver", "m\xFCller"}), 2,
               {"--deliver m?ller", "is not UTF-8"});
  const std::string folder = path("m\xFCller");
  expect_error(
      modsweep({"run", "own.toml", "--deliver", "."}, "", [&] { ::setenv("TMPDIR", folder.c_str(), 1); }), 2,
      {what, "is not UTF-8"});
  EXPECT_THAT(files(), testing::ElementsAre("data.csv", "m\xFCller", "own.toml"));
}

}  // namespace
}  // namespace modsweep
