// Where results go: never onto a file that is read, never incomplete; and a closed pipe does not end the
// work.
#include "program.h"
#include "run/store_rows.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;
using testing_support::read_text;

constexpr const char* blocks_of_a_table = R"(
[task]
kind = "table"
file = "data.csv"
inputs = 2
input_columns = ["a", "b"]
target_columns = ["y"]
train_samples = 4
test_samples = 2
[network]
architecture = "modular"
block_width = 3
joint_width = 4
[training]
steps = 20
batch_size = 2
[axes]
"training.seed" = [0, 1]
)";
constexpr const char* six_rows = "a,b,y\n1,2,3\n2,1,0\n0,1,1\n1,1,0\n1,0,1\n2,2,2\n";

class OutputTest : public ProgramTest {
 protected:
  OutputTest() {
    write("own.toml", std::string("name = \"own\"\n") + blocks_of_a_table);
    write("data.csv", six_rows);
  }

  void train() {
    const Outcome outcome = modsweep({"run", "own.toml", "--quiet"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    cell_ = query_rows(path("own.db"), "SELECT id FROM cells").at(0).substr(0, 16);
  }

  /// Every file with what is in it.
  [[nodiscard]] std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> all;
    for (const std::string& name : files())
      if (!name.starts_with('.')) all[name] = read_text(path(name));
    return all;
  }

  /// Commands that write a file named by `-o`.
  [[nodiscard]] std::vector<std::vector<std::string>> commands() const {
    return {{"export", "own.db"},
            {"export", "own.db", "--table", "history", "--format", "jsonl"},
            {"aggregate", "own.db", "--value", "test_loss"},
            {"fit", "own.db", "transition", "--x", "training.seed", "--y", "test_loss"},
            {"reproduce", "own.db"},
            {"reproduce", "."},
            {"weights", "own.db", "--cell", cell_},
            {"modules", "own.db", "--cell", cell_}};
  }

  std::string cell_;
};

TEST_F(OutputTest, NoStoreIsReplaced) {
  train();
  std::filesystem::copy_file(path("own.db"), path("other.db"));
  std::filesystem::create_symlink("own.db", path("link.csv"));
  std::filesystem::create_hard_link(path("own.db"), path("hard.csv"));
  const auto before = contents();
  for (auto command : commands())
    for (const std::string& output :
         {std::string("own.db"), path("own.db"), std::string("./own.db"), std::string("link.csv"),
          std::string("hard.csv"), std::string("other.db"), std::string("own.db-wal"),
          std::string("own.db-journal"), std::string("own.toml")}) {
      command.insert(command.end(), {"-o", output});
      expect_error(modsweep(command), 2, {output});
      EXPECT_EQ(contents(), before) << command.front() << " -o " << output;
      command.resize(command.size() - 2);
    }
  expect_error(modsweep({"bench", "--engine", "cpu", "--quick", "--json", "own.db"}), 2, {"own.db"});
  EXPECT_EQ(contents(), before);
}

TEST_F(OutputTest, NoTableThatIsReadIsReplaced) {
  train();
  std::filesystem::create_symlink("data.csv", path("link.csv"));
  for (const char* output : {"data.csv", "link.csv"}) {
    expect_error(modsweep({"modules", "own.db", "--cell", cell_, "-o", output}), 2, {output});
    EXPECT_EQ(read_text(path("data.csv")), six_rows);
  }
}

TEST_F(OutputTest, AShellCannotAppendToAStoreThatIsRead) {
  train();
  const auto before = contents();
  auto printing = commands();
  printing.push_back({"run", "own.toml"});
  printing.push_back({"plan", "own.toml"});
  for (auto& command : printing) {
    if (command.back() == ".") continue;  // a folder: its contents are not compared with standard output
    if (command.front() == "weights") command.insert(command.end(), {"-o", "w.safetensors"});
    const Outcome outcome = modsweep(
        command, "", [this] { ::dup2(::open(path("own.db").c_str(), O_WRONLY | O_APPEND), STDOUT_FILENO); });
    expect_error(outcome, 2, {"standard output"});
    EXPECT_EQ(contents(), before) << command.front();
  }
}

TEST_F(OutputTest, NoStoreIsMadeOfWhatASweepIsReadFrom) {
  std::filesystem::create_symlink("data.csv", path("link.db"));
  std::filesystem::copy_file(path("own.toml"), path("s.db-lock"));
  std::filesystem::copy_file(path("data.csv"), path("t.db-wal"));
  const auto before = contents();
  const std::vector<std::vector<std::string>> wrong = {
      {"own.toml", "-o", "own.toml"},
      {"own.toml", "-o", "data.csv"},
      {"own.toml", "-o", "link.db"},
      {"s.db-lock", "-o", "s.db"},
      {"own.toml", "-o", "t.db", "--set", "task.file=\"t.db-wal\""},
      {"own.toml", "-o", "t.db", "--set", "task.file=[\"data.csv\", \"t.db-wal\"]"}};
  for (const char* command : {"run", "plan", "refine"})
    for (auto arguments : wrong) {
      arguments.insert(arguments.begin(), command);
      expect_error(modsweep(arguments), 2, {"the sweep is read from that file"});
      EXPECT_EQ(contents(), before);
    }
}

TEST_F(OutputTest, OtherFilesAreReplacedAndLinksFollowed) {
  train();
  const std::string table = modsweep({"export", "own.db"}).out;
  write("old.csv", "old");
  std::filesystem::create_directory(path("there"));
  std::filesystem::create_symlink("there/made.csv", path("dangling.csv"));
  for (const char* output : {"old.csv", "new.csv", "dangling.csv"}) {
    EXPECT_EQ(modsweep({"export", "own.db", "-o", output}).code, 0);
    EXPECT_EQ(read_text(path(output)), table);
  }
  EXPECT_TRUE(std::filesystem::is_symlink(path("dangling.csv")));
  EXPECT_EQ(read_text(path("there/made.csv")), table);
}

/// Replaces standard output by a pipe without a reader.
void close_the_pipe() {
  int ends[2];
  if (::pipe(ends) != 0) ::_exit(125);
  ::close(ends[0]);
  ::dup2(ends[1], STDOUT_FILENO);
}

constexpr const char* quick_learning = R"(name = "learning"
[task]
inputs = 2
train_samples = 20
test_samples = 20
[network]
hidden = [4]
[training]
batch_size = 20
[measure]
leaks = false
spectrum = false
[axes]
"training.steps" = [1, 4, 16, 64, 256]
"training.seed" = [0, 1]
)";

TEST_F(OutputTest, AReaderWhoLeavesDoesNotEndARefinement) {
  write("learning.toml", quick_learning);
  const auto refine = [](const char* store) {
    return std::vector<std::string>{
        "refine", "learning.toml", "-o",          store, "--x",          "training.steps",
        "--y",    "test_loss",     "--resamples", "100", "--most-cells", "14"};
  };
  const Outcome heard = modsweep(refine("heard.db"));
  const Outcome unheard = modsweep(refine("unheard.db"), "", close_the_pipe);
  EXPECT_EQ(unheard.code, heard.code) << unheard.err;
  EXPECT_EQ(unheard.signal, 0);
  EXPECT_EQ(query_rows(path("heard.db"), "SELECT count(*) FROM fits").at(0), "1|");
  EXPECT_EQ(query_rows(path("unheard.db"), "SELECT count(*) FROM fits").at(0), "1|");
  EXPECT_EQ(query_rows(path("unheard.db"), "SELECT count(*) FROM cells"),
            query_rows(path("heard.db"), "SELECT count(*) FROM cells"));
}

TEST_F(OutputTest, AReaderWhoLeavesDoesNotHideThatCellsDiverged) {
  write("wild.toml",
        "name = \"wild\"\n[training]\nsteps = 200\nlearning_rate = 1e30\noptimizer = \"sgd\"\n[axes]\n"
        "\"training.seed\" = [0, 1]\n");
  EXPECT_EQ(modsweep({"run", "wild.toml"}, "", close_the_pipe).code, 1);
  EXPECT_EQ(modsweep({"run", "wild.toml"}, "", close_the_pipe).code, 1) << "all is done already";
}

TEST_F(OutputTest, AFullDiskBehindStandardOutputEndsNoTraining) {
  const Outcome outcome = modsweep({"run", "own.toml"}, "/dev/full");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("cannot write to standard output: No space left"));
  EXPECT_EQ(query_rows(path("own.db"), "SELECT count(*) FROM cells WHERE status = 'done'").at(0), "2|");
}

TEST_F(OutputTest, WhoOnlyPrintsEndsWithItsReader) {
  train();
  for (const auto& command :
       {std::vector<std::string>{"export", "own.db"}, {"status", "own.db"}, {"--help"}}) {
    const Outcome outcome = modsweep(command, "", close_the_pipe);
    EXPECT_EQ(outcome.code, 0) << command.front();
    EXPECT_EQ(outcome.err, "");
  }
}

}  // namespace
}  // namespace modsweep
