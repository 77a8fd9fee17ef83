// Recorded sweeps as sweep files, and their settings in words.
#include "page/setting_text.h"

#include "config/sweep_text.h"
#include "store/fixtures.h"

#include <string>

#include <gmock/gmock.h>

#include "modsweep/sweep.h"

namespace modsweep::page {
namespace {

using nlohmann::json;

/// What a store records of a sweep, as text.
StoredSweep recorded(const Sweep& sweep) {
  test::TemporaryFolder folder;
  Store store(folder.file("s.db"), Store::Access::read_write);
  store.add_sweep(sweep);
  return store.sweeps().at(0);
}

void expect_same_again(const std::string& text) {
  const Sweep sweep = parse_sweep(text, "first.toml");
  const StoredSweep stored = recorded(sweep);
  const std::string again = sweep_file_text(recorded_sweep(stored.name, stored.base, stored.axes), "");
  const Sweep read = parse_sweep(again, "again.toml");
  EXPECT_EQ(read.id(), sweep.id()) << again;
  EXPECT_EQ(read.name, sweep.name);
  ASSERT_EQ(read.size(), sweep.size());
  for (std::uint64_t i = 0; i < sweep.size(); ++i) EXPECT_EQ(read.cell(i).id, sweep.cell(i).id) << again;
}

TEST(SettingTextTest, TheFileGivesTheSameCells) {
  expect_same_again("name = \"one\"\n[training]\nsteps = 5\n");
  expect_same_again(R"(name = "many"
[network]
hidden = [16, 8]
activation = "tanh"
[regularizer]
l2 = 1e-4
[training]
steps = 50
learning_rate = 0.0123
[axes]
"noise.strength" = { logspace = [1e-3, 1.0], count = 7 }
"noise.exponent" = [0, 1, 2]
"training.seed" = { range = [3, 40] }
)");
}

TEST(SettingTextTest, SoDoZipsTextsAndLists) {
  expect_same_again(R"(name = "zips"
zip = [["task.inputs", "network.hidden"], ["network.activation", "regularizer.l1"]]
[training]
epochs = 3
[axes]
"task.inputs" = [2, 3]
"network.hidden" = [[16, 16], [24]]
"network.activation" = ["relu", "tanh", "sigmoid"]
"regularizer.l1" = [0, 1e-3, 1e-4]
"measure.spectrum" = [true, false]
)");
}

TEST(SettingTextTest, ValuesInWords) {
  EXPECT_EQ(values_text(json::parse("[0,1,2,3,4]")), "0 to 4");
  EXPECT_EQ(values_text(json::parse("[0,1,2]")), "0, 1, 2");
  EXPECT_EQ(values_text(json::parse("[0,1,3,4]")), "0, 1, 3, 4");
  EXPECT_EQ(values_text(json::parse(R"(["relu","tanh"])")), "relu, tanh");
  EXPECT_EQ(values_text(json::parse("[[8,8],[]]")), "[8, 8], []");
  EXPECT_EQ(values_text(json::parse("[0.1,0.2,0.3,0.4,0.5]"), 4), "0.1, 0.2, ..., 0.5");
  EXPECT_EQ(value_text(json::parse("null")), "none");
  EXPECT_EQ(value_text(json::parse("0.30000000000000004")), "0.3");
}

TEST(SettingTextTest, WordsOfAShellAreQuotedWhereTheyMustBe) {
  EXPECT_EQ(shell_word("out/quick-start_1.db"), "out/quick-start_1.db");
  EXPECT_EQ(shell_word("a b.db"), "'a b.db'");
  EXPECT_EQ(shell_word("$(rm x)`y`"), "'$(rm x)`y`'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("-o"), "./'-o'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace modsweep::page
