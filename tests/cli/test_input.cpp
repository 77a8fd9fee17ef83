// A sweep from standard input: `modsweep run -`.
#include "program.h"
#include "run/store_rows.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;

constexpr const char* piped_sweep = R"(name = "piped"
[network]
hidden = [3]
[training]
steps = 4
[axes]
"training.seed" = [0, 1]
)";

class InputTest : public ProgramTest {
 protected:
  /// Runs the program with a text on its standard input.
  [[nodiscard]] Outcome with_input(const std::vector<std::string>& arguments, const std::string& text) const {
    write(".in", text);
    return modsweep(arguments, "", [this] { ::dup2(::open(path(".in").c_str(), O_RDONLY), STDIN_FILENO); });
  }
};

TEST_F(InputTest, IsPlannedTrainedAndGoneOnWith) {
  const Outcome plan = with_input({"plan", "-", "--format", "json"}, piped_sweep);
  ASSERT_EQ(plan.code, 0) << plan.err;
  EXPECT_EQ(nlohmann::json::parse(plan.out).at("store"), "piped.db");
  ASSERT_EQ(with_input({"run", "-", "--quiet"}, piped_sweep).code, 0);
  EXPECT_EQ(query_rows(path("piped.db"), "SELECT count(*) FROM cells WHERE status = 'done'").at(0), "2|");
  const Outcome again = with_input({"run", "-"}, piped_sweep);
  EXPECT_THAT(again.err, HasSubstr("all 2 cells are done; see modsweep export piped.db"));
  write("piped.toml", piped_sweep);
  EXPECT_THAT(modsweep({"run", "piped.toml"}).err, HasSubstr("all 2 cells are done"))
      << "the same sweep in a file";
}

TEST_F(InputTest, TakesOptionsAsAFileDoes) {
  ASSERT_EQ(with_input({"run", "-", "--set", "name=other", "--shard", "1/2", "--quiet"}, piped_sweep).code,
            0);
  EXPECT_TRUE(std::filesystem::exists(path("other.shard-1-of-2.db")));
  ASSERT_EQ(with_input({"run", "-", "-o", "given.db", "--quiet"}, piped_sweep).code, 0);
  EXPECT_TRUE(std::filesystem::exists(path("given.db")));
}

TEST_F(InputTest, NamesFilesFromThisFolder) {
  write("data.csv", "a,b\n1,2\n2,1\n0,1\n1,1\n");
  const std::string table =
      std::string(piped_sweep) +
      "[task]\nkind = \"table\"\nfile = \"data.csv\"\ninputs = 1\ninput_columns = [\"a\"]\n"
      "target_columns = [\"b\"]\ntrain_samples = 2\ntest_samples = 2\n";
  const Outcome outcome = with_input({"run", "-", "--quiet"}, table);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST_F(InputTest, IsRefinedToo) {
  const Outcome outcome =
      with_input({"refine", "-", "--x", "noise.strength", "--y", "test_loss"}, piped_sweep);
  expect_error(outcome, 2, {"sweep piped has no axis noise.strength"});
}

TEST_F(InputTest, ThatIsWrongIsOneLineAndWritesNothing) {
  const auto before = files();
  expect_error(with_input({"run", "-"}, "[training]\nsteps = 3\n"), 2,
               {"standard input:1:1: the sweep has no name"});
  expect_error(with_input({"run", "-"}, ""), 2, {"standard input:1:1: the sweep has no name"});
  expect_error(with_input({"plan", "-"}, "name = \"s\"\n[training]\nsteps = x\n"), 2, {"standard input:3:"});
  const Outcome folder =
      modsweep({"run", "-"}, "", [this] { ::dup2(::open(path(".").c_str(), O_RDONLY), STDIN_FILENO); });
  expect_error(folder, 2, {"standard input: cannot be read"});
  const Outcome closed = modsweep({"run", "-"}, "", [] { ::close(STDIN_FILENO); });
  expect_error(closed, 2, {"standard input"});
  std::filesystem::remove(path(".in"));
  EXPECT_EQ(files(), before);
}

TEST_F(InputTest, IsNotOverwrittenByTheStore) {
  write("in.toml", piped_sweep);
  const Outcome outcome = modsweep({"run", "-", "-o", "in.toml"}, "", [this] {
    ::dup2(::open(path("in.toml").c_str(), O_RDONLY), STDIN_FILENO);
  });
  expect_error(outcome, 2, {"in.toml", "the sweep is read from that file"});
  EXPECT_EQ(testing_support::read_text(path("in.toml")), piped_sweep);
}

}  // namespace
}  // namespace modsweep
