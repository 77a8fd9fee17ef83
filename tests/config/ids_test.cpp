// Ids: equal for equal settings, whatever the form of the file, and the same on every machine and in every
// version.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#define XXH_INLINE_ALL
#include "config/keys.h"
#include "config/parse.h"

#include <xxhash.h>

namespace modsweep {
namespace {

using test::parse;
using test::run;

std::string naive_id(const CellSettings& settings) {
  std::string text;
  for (const SettingValue& value : canonical_settings(settings)) {
    const KeyInfo& key = *find_key(value.key);
    if (!key.later || value.json != key.standard) text += value.key + "=" + value.json + "\n";
  }
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

// Stores are looked up by these ids: a change of this value orphans all existing results.
TEST(CellId, Golden) {
  CellSettings settings;
  settings.training.steps = 100;
  EXPECT_EQ(cell_id(settings), "a4dbf21d225490ad");
  EXPECT_EQ(parse(run).cell(0).id, "a4dbf21d225490ad");
}

TEST(CellId, IsTheHashOfTheCanonicalSettings) {
  CellSettings settings;
  EXPECT_EQ(cell_id(settings), naive_id(settings));
  settings.noise.strength = 1.0 / 3;
  settings.network.groups = {1, 2, 3};
  EXPECT_EQ(cell_id(settings), naive_id(settings));
}

TEST(CellId, IsWrittenWithSixteenDigits) {
  const Sweep sweep = parse(run + "[axes]\n\"training.seed\" = { range = [0, 1000] }\n");
  std::set<std::string> ids;
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const Cell cell = sweep.cell(i);
    EXPECT_EQ(cell.id.size(), 16U);
    EXPECT_EQ(cell.id.find_first_not_of("0123456789abcdef"), std::string::npos) << cell.id;
    EXPECT_EQ(cell.id, cell_id(cell.settings));
    ids.insert(cell.id);
  }
  EXPECT_EQ(ids.size(), sweep.size());
  EXPECT_TRUE(std::ranges::any_of(ids, [](const auto& id) { return id.front() == '0'; }))
      << "no leading zero was seen";
}

TEST(CellId, DoesNotDependOnHowTheFileIsWritten) {
  const std::string one =
      "name = \"a\"\n[noise]\nstrength = 0.1\nexponent = 2\n[training]\nsteps = 100\nseed = 3\n";
  const std::string id = parse(one).cell(0).id;
  for (const std::string& other :
       {std::string(
            "training = { seed = 3, steps = 100 } # comment\nnoise.exponent = 2.0\nnoise.strength = 1e-1\n"),
        std::string("[training]\nseed = 0x3\nsteps = 1_00\n[noise]\nstrength = 0.10\n[network]\nhidden = "
                    "[32, 32, 32]\n")})
    EXPECT_EQ(parse(other).cell(0).id, id) << other;
  EXPECT_EQ(parse(run + "[noise]\nstrength = 0.1\n[axes]\n\"training.seed\" = [1, 3]\n").cell(1).id, id);
  EXPECT_EQ(parse(run, {"noise.strength=0.1", "training.seed=3"}).cell(0).id, id);
  EXPECT_NE(parse(run, {"noise.strength=0.1", "training.seed=4"}).cell(0).id, id);
}

TEST(CellId, NegativeZeroIsZero) {
  EXPECT_EQ(parse(run, {"noise.strength=-0.0"}).cell(0).id, parse(run).cell(0).id);
}

TEST(CellId, DependsOnEverySetting) {
  const std::string standard = cell_id(CellSettings{});
  std::set<std::string> ids = {standard};
  for (const KeyInfo& key : setting_keys()) {
    bool changed = false;
    for (const char* json : {"true", "false", "7", "0.5", "[7]", "\"other\"", "[\"other\"]"}) {
      CellSettings settings;
      if (!key.read(settings, json) || settings == CellSettings{}) continue;
      EXPECT_TRUE(ids.insert(cell_id(settings)).second || changed) << key.name;
      changed = true;
    }
    for (const std::string_view choice : key.choices) {
      CellSettings settings;
      ASSERT_TRUE(key.read(settings, fmt::format("\"{}\"", choice)));
      if (settings != CellSettings{}) changed = ids.insert(cell_id(settings)).second;
    }
    EXPECT_TRUE(changed) << key.name;
  }
}

const std::string grid = R"(
zip = [["noise.exponent", "regularizer.l1"]]
[training]
steps = 100
[noise]
strength = 0.3
[axes]
"noise.strength" = [0.1, 0.2]
"noise.exponent" = [0, 1]
"regularizer.l1" = [0, 1e-3]
"training.seed" = { range = [0, 3] }
)";

TEST(SweepId, Golden) {
  EXPECT_EQ(parse(grid).id(), "5cbebfcc2edfe365");
}

TEST(SweepId, IsEqualForEqualGrids) {
  const std::string other = R"(
name = "other"
zip = [["regularizer.l1", "noise.exponent"]]
training.epochs = 10
[axes]
"training.seed" = [2, 1, 0]
"regularizer.l1" = [1e-3, 0]
"noise.exponent" = [1.0, 0.0]
"noise.strength" = { linspace = [0.1, 0.2], count = 2 }
)";
  EXPECT_EQ(parse(other, {"training.steps=100"}).id(), parse(grid).id());
}

TEST(SweepId, DiffersForOtherGrids) {
  std::set<std::string> ids = {parse(grid).id()};
  for (const std::vector<std::string>& change :
       std::vector<std::vector<std::string>>{{"noise.site=pre"},
                                             {"training.steps=101"},
                                             {"training.seed={range=[0,4]}"},
                                             {"training.seed={range=[1,4]}"},
                                             {"training.seed=0"},
                                             {"noise.exponent=[0,1]", "regularizer.l1=[1e-3,0]"},
                                             {"task.seed=[145]"}})
    EXPECT_TRUE(ids.insert(parse(grid, change).id()).second) << change.front();
}

TEST(SweepId, OfAHandMadeSweepIgnoresWhatAxesReplace) {
  Sweep sweep = parse(grid);
  const std::string id = sweep.id();
  sweep.base.noise.strength = 0.77;
  EXPECT_EQ(sweep.id(), id);
  sweep.base.noise.site = NoiseSite::pre;
  EXPECT_NE(sweep.id(), id);
}

}  // namespace
}  // namespace modsweep
