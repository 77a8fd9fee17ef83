// Sweeps over a user's own data: where a file is looked up, and what of it is part of a cell's id.
#include "config/parse.h"
#include "support/temporary_folder.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "modsweep/task.h"

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
namespace fs = std::filesystem;

const std::string sweep_text = R"(
[task]
kind = "table"
file = "data/t.csv"
inputs = 2
input_columns = ["first in", "b"]
target_columns = ["y"]
train_samples = 2
test_samples = 1
[training]
steps = 10
)";
const std::string csv = "first in,b,y\n1,2,3\n4,5,6\n7,8,9\n";

class TableSweep : public testing::Test {
 protected:
  TableSweep() {
    fs::create_directory(folder_ / "data");
    write("data/t.csv", csv);
  }

  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] Sweep read(const std::string& text, const std::vector<std::string>& overrides = {},
                           DatasetCache* datasets = nullptr) const {
    return parse_sweep(text, path("sweep.toml"), overrides, datasets);
  }
  [[nodiscard]] std::string error_of(const std::string& text,
                                     const std::vector<std::string>& overrides = {}) const {
    try {
      (void)read(text, overrides);
    } catch (const InputError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
    return "was accepted";
  }

  test::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

TEST_F(TableSweep, TakesThePathFromTheSweepFilesFolder) {
  const Cell cell = read(sweep_text).cell(0);
  EXPECT_EQ(cell.settings.task.file, path("data/t.csv"));
  EXPECT_EQ(cell.settings.task.input_columns, (std::vector<std::string>{"first in", "b"}));
  EXPECT_EQ(read(sweep_text, {fmt::format("task.file=\"{}\"", path("data/t.csv"))}).cell(0).id, cell.id);
}

TEST_F(TableSweep, IdsDependOnTheContentNotOnTheName) {
  const std::string id = read(sweep_text).cell(0).id;
  const std::string sweep_id = read(sweep_text).id();
  write("other.csv", csv);
  EXPECT_EQ(read(sweep_text, {"task.file=other.csv"}).cell(0).id, id);
  EXPECT_EQ(read(sweep_text, {"task.file=other.csv"}).id(), sweep_id);
  write("data/t.csv", csv + "0,0,0\n");
  EXPECT_NE(read(sweep_text).cell(0).id, id);
  EXPECT_NE(read(sweep_text).id(), sweep_id);
  write("data/t.csv", csv);
  EXPECT_EQ(read(sweep_text).cell(0).id, id);
}

TEST_F(TableSweep, FilesCanBeAnAxis) {
  write("u.csv", "first in,b,y\n1,2,3\n4,5,6\n7,8,0\n");
  const Sweep sweep = read(sweep_text +
                           "[axes]\n\"task.file\" = [\"data/t.csv\", \"u.csv\"]\n"
                           "\"training.seed\" = [0, 1]\n");
  ASSERT_EQ(sweep.size(), 4U);
  EXPECT_EQ(sweep.cell(0).id, read(sweep_text).cell(0).id);
  EXPECT_EQ(sweep.cell(2).id, read(sweep_text, {"task.file=u.csv"}).cell(0).id);
  EXPECT_EQ(sweep.cell(3).settings.task.file, path("u.csv"));
}

TEST_F(TableSweep, AHashThatIsGivenMustFit) {
  const std::string hash = read(sweep_text).base.task.file_hash;
  EXPECT_EQ(hash.size(), 16U);
  EXPECT_EQ(read(sweep_text, {"task.file_hash=\"" + hash + "\""}).cell(0).id, read(sweep_text).cell(0).id);
  const std::string message = error_of(sweep_text, {"task.file_hash=\"0000000000000000\""});
  EXPECT_THAT(message, StartsWith("--set task.file_hash="));
  EXPECT_THAT(message, HasSubstr("has " + hash + "; the file has changed since"));
}

TEST_F(TableSweep, ErrorsHaveTheirPlace) {
  const std::string sweep = path("sweep.toml");
  struct Case {
    std::vector<std::string> overrides;
    std::string begins, says;
  };
  const std::vector<Case> cases = {
      {{"task.file=none.csv"}, "--set task.file=none.csv: ", "there is no such file"},
      {{"task.file=data"}, "--set task.file=data: ", "not a regular file"},
      {{"task.file=\"\""}, "--set task.file=\"\": ", "give a string on one line"},
      {{"task.target_columns=[\"z\"]"}, path("data/t.csv") + ":1: ", "there is no column \"z\""},
      {{"task.target_columns=[1]"}, "--set task.target_columns=[1]: ", "is the integer 1; give a list"},
      {{"task.target_columns=\"y\""},
       "--set task.target_columns=\"y\": ",
       "is the string \"y\"; give a list"},
      {{"task.inputs=3"}, "--set task.inputs=3: ", "set task.inputs = 2"},
      {{"task.train_samples=9"}, "--set task.train_samples=9: ", "need 10 rows but"},
      {{"task.seed=3"}, "--set task.seed=3: ", "has no effect with task.kind = \"table\""},
      {{"task.kind=identity"}, sweep + ":4:8: ", "task.file = "},
  };
  for (const Case& c : cases) {
    const std::string message = error_of(sweep_text, c.overrides);
    EXPECT_THAT(message, StartsWith(c.begins)) << c.overrides.front();
    EXPECT_THAT(message, HasSubstr(c.says)) << c.overrides.front();
  }
  EXPECT_THAT(error_of(sweep_text, {"task.data_seed=3"}), StartsWith("--set task.data_seed=3: "));
  write("data/t.csv", "first in,b,y\n1,2,3\n4,x,6\n7,8,9\n");
  EXPECT_THAT(error_of(sweep_text), StartsWith(path("data/t.csv") + ":3: the column \"b\" holds \"x\""));
}

TEST_F(TableSweep, RulesForRowsLeaveTheIdsOfOlderSweepsAsTheyAre) {
  const std::string id = read(sweep_text).cell(0).id;
  EXPECT_EQ(id, "001a0bf7a1546d58");
  std::set<std::string> ids = {id};
  EXPECT_EQ(read(sweep_text, {"task.split=first", "task.scale=none", "task.missing=refuse"}).cell(0).id, id);
  for (const std::vector<std::string>& rules :
       std::vector<std::vector<std::string>>{{"task.split=random"},
                                             {"task.split=random", "task.data_seed=1"},
                                             {"task.scale=standard"},
                                             {"task.missing=drop"}})
    EXPECT_TRUE(ids.insert(read(sweep_text, rules).cell(0).id).second) << rules.front();
  const Sweep seeds =
      read(sweep_text + "[axes]\n\"task.data_seed\" = { range = [0, 3] }\n", {"task.split=random"});
  ASSERT_EQ(seeds.size(), 3U);
  EXPECT_EQ(seeds.cell(1).id, read(sweep_text, {"task.split=random", "task.data_seed=1"}).cell(0).id);
}

/// 100 rows in ascending order.
std::string sorted_rows() {
  std::string text = "first in,b,y\n";
  for (int i = 0; i < 100; ++i) text += fmt::format("{0},{1},{0}\n", i, i % 7);
  return text;
}

TEST_F(TableSweep, ASortedTableIsToldUnlessTheSweepNamesItsSplit) {
  write("data/t.csv", sorted_rows());
  const std::vector<std::string> sizes = {"task.train_samples=80", "task.test_samples=20"};
  const auto with = [&](const std::string& override) {
    std::vector<std::string> all = sizes;
    all.push_back(override);
    return read(sweep_text, all).notes;
  };
  const auto notes = read(sweep_text, sizes).notes;
  ASSERT_THAT(notes, testing::SizeIs(1));
  EXPECT_THAT(notes[0],
              StartsWith(path("data/t.csv") + ": the first 80 rows (training) and the next 20 (test)"));
  EXPECT_THAT(notes[0], HasSubstr("in the columns \"first in\", \"y\" more than"));
  for (const char* rule : {"task.split=first", "task.split=random", "task.split=[\"random\"]"})
    EXPECT_THAT(with(rule), testing::IsEmpty()) << rule;
  // Once, whatever the number of sizes and files, and for the largest training set.
  const auto of_sizes = read(sweep_text, {"task.train_samples=[2,80,5]", "task.test_samples=20"}).notes;
  EXPECT_THAT(of_sizes, testing::ElementsAre(HasSubstr("the first 80 rows")));
}

TEST_F(TableSweep, RemarksOfOneKindAreOneLine) {
  write("u.csv", csv);
  write("data/t.csv", "first in,b,y\n1,2,3\n4,2,3\n1,8,1e39\n");
  write("u.csv", "first in,b,y\n1,2,3\n1,5,2\n7,8,5\n");
  const auto notes = read(sweep_text, {"task.file=[\"data/t.csv\",\"u.csv\"]"}).notes;
  ASSERT_THAT(notes, testing::SizeIs(2));
  EXPECT_THAT(notes, testing::Contains(
                         HasSubstr("do not vary in the training rows; leave them out (and 1 more like it)")));
  EXPECT_THAT(notes, testing::Contains(HasSubstr("\"y\" holds 1e+39, which is infinite in fp32")));
  EXPECT_THAT(read(sweep_text, {"training.precision=fp64", "task.file=u.csv"}).notes, testing::SizeIs(1));
}

TEST_F(TableSweep, AFileIsReadOnceForAllSizesAndItsTraining) {
  write("data/t.csv", sorted_rows());
  DatasetCache datasets;
  const Sweep sweep =
      read(sweep_text + "[axes]\n\"task.train_samples\" = { range = [2, 22] }\n", {}, &datasets);
  ASSERT_EQ(sweep.size(), 20U);
  for (std::uint64_t i = 0; i < sweep.size(); ++i)
    EXPECT_EQ(datasets.get(sweep.cell(i).settings.task)->train.count, i + 2);
  EXPECT_EQ(datasets.files_read(), 1U);
}

TEST_F(TableSweep, FoldersThatAreNotUtf8AreRefused) {
  fs::create_directory(folder_ / "m\xFCller");
  fs::rename(folder_ / "data", folder_ / "m\xFCller" / "data");
  const std::string sweep = path("m\xFCller/sweep.toml");
  std::ofstream(sweep) << sweep_text;
  try {
    (void)read_sweep(sweep);
    ADD_FAILURE();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()),
              path("m?ller/sweep.toml") + ": the path is not UTF-8; rename the file or its folder");
  }
  fs::rename(folder_ / "m\xFCller", folder_ / "m\xC3\xBCller");
  EXPECT_EQ(read_sweep(path("m\xC3\xBCller/sweep.toml")).size(), 1U);
}

}  // namespace
}  // namespace modsweep
