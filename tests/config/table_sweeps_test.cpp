// Sweeps over a user's own data: where a file is looked up, and what of it is part of a cell's id.
#include "config/parse.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

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
    std::string pattern = (fs::temp_directory_path() / "modsweep-table-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    fs::create_directory(folder_ / "data");
    write("data/t.csv", csv);
  }
  ~TableSweep() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] Sweep read(const std::string& text, const std::vector<std::string>& overrides = {}) const {
    return parse_sweep(text, path("sweep.toml"), overrides);
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

  fs::path folder_;
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
  write("data/t.csv", "first in,b,y\n1,2,3\n4,x,6\n7,8,9\n");
  EXPECT_THAT(error_of(sweep_text), StartsWith(path("data/t.csv") + ":3: the column \"b\" holds \"x\""));
}

}  // namespace
}  // namespace modsweep
