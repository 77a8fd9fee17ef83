// A user's own data, from a file to results.
#include "program.h"
#include "run/store_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace modsweep
