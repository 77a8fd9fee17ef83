// modsweep settings: the list for people, the page docs/settings.md, and the JSON Schema for editors, each
// compared with the table that the reader of sweep files uses.
#include "config/keys.h"
#include "config/toml.h"
#include "json_schema.h"
#include "program.h"

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"
#include "modsweep/sweep.h"

namespace modsweep {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing_support::expect_error;
using testing_support::JsonSchema;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::read_text;

const std::filesystem::path root = MODSWEEP_SOURCE_DIR;

json json_of_toml(const std::string& text) {
  std::ostringstream out;
  out << toml::json_formatter(toml::parse(text));
  return json::parse(out.str());
}

std::vector<std::filesystem::path> sweeps_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  return files;
}

class SettingsTest : public ProgramTest {
 protected:
  [[nodiscard]] std::string settings(const std::vector<std::string>& options) const {
    std::vector<std::string> arguments = {"settings"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome outcome = modsweep(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    return outcome.out;
  }
  [[nodiscard]] JsonSchema schema() const { return JsonSchema(json::parse(settings({"--format", "json"}))); }
};

TEST_F(SettingsTest, TableHasEveryKeyWithDefaultTypeAndMeaning) {
  const std::string table = settings({});
  for (const KeyInfo& key : setting_keys()) {
    const std::size_t begin = ('\n' + table).find(fmt::format("\n{} ", key.name));
    ASSERT_NE(begin, std::string::npos) << key.name;
    const std::string entry = table.substr(begin, table.find('\n', table.find('\n', begin) + 1) - begin);
    EXPECT_THAT(entry, HasSubstr(' ' + key.standard + ' '));
    EXPECT_THAT(entry, HasSubstr(key.type() + '\n'));
    EXPECT_THAT(entry, HasSubstr(std::string(key.doc)));
  }
}

TEST_F(SettingsTest, PatternIsAPartOfNamesOrHasStars) {
  const auto names = [&](const std::string& pattern) {
    std::vector<std::string> found;
    std::istringstream lines(settings({pattern}));
    for (std::string line; std::getline(lines, line);)
      if (!line.starts_with(' ')) found.push_back(line.substr(0, line.find(' ')));
    return found;
  };
  const std::vector<std::string> noise = {"noise.exponent", "noise.gradient", "noise.site", "noise.strength"};
  EXPECT_EQ(names("noise."), noise);
  EXPECT_EQ(names("NOISE.*"), noise);
  EXPECT_EQ(names("seed"),
            (std::vector<std::string>{"task.data_seed", "task.other_seed", "task.seed", "training.seed"}));
  EXPECT_EQ(names("*.seed"), (std::vector<std::string>{"task.seed", "training.seed"}));
  EXPECT_EQ(names("*.beta?"), (std::vector<std::string>{"training.beta1", "training.beta2"}));
  EXPECT_EQ(names("*"), names("."));
}

TEST_F(SettingsTest, UnknownPatternIsRefusedWithWhatMayBeMeant) {
  expect_error(modsweep({"settings", "nois.strenght"}), 2,
               {"'nois.strenght'", "did you mean noise.strength?"});
  expect_error(modsweep({"settings", "noise*x"}), 2, {"'noise*x'", "; "});
  expect_error(modsweep({"settings", "lerning_rate"}), 2, {"did you mean training.learning_rate?"});
  expect_error(modsweep({"settings", "lr"}), 2, {"did you mean training.learning_rate?"});
  expect_error(modsweep({"settings", "--format", "xml"}), 2, {"xml"});
}

TEST_F(SettingsTest, PageAndSchemaInTheTreeAreWhatItPrints) {
  EXPECT_EQ(read_text(root / "docs/settings.md"), settings({"--format", "md"}))
      << "run: build/modsweep settings --format md > docs/settings.md";
  EXPECT_EQ(read_text(root / "sweeps/schema.json"), settings({"--format", "json"}))
      << "run: build/modsweep settings --format json > sweeps/schema.json";
  for (const KeyInfo& key : setting_keys())
    EXPECT_THAT(settings({"--format", "md"}),
                HasSubstr(fmt::format("| `{}` | `{}` |", key.name, key.standard)));
}

TEST_F(SettingsTest, SchemaIsWellFormedAndClosed) {
  std::size_t objects = 0;
  std::size_t open = 0;
  schema().walk([&](const json& part) {
    if (part.value("type", json()) != "object") return;
    ++objects;
    const json& others = part.at("additionalProperties");
    if (others.is_object())
      ++open;
    else
      EXPECT_EQ(others, false) << part.dump();
  });
  EXPECT_EQ(open, 1U) << "only [axes] has names of the user's own, those of lists of settings";
  EXPECT_GT(objects, 2 * setting_sections().size());
}

TEST_F(SettingsTest, SchemaSaysOfEachKeyWhatTheTableSays) {
  const json whole = json::parse(settings({"--format", "json"}));
  const JsonSchema parts(whole);
  const json& tables = whole.at("properties");
  std::size_t keys = 0;
  for (const std::string_view section : setting_sections())
    keys += tables.at(std::string(section)).at("properties").size();
  EXPECT_EQ(keys, setting_keys().size());
  EXPECT_EQ(tables.size(), setting_sections().size() + 3) << "and name, zip, axes";
  for (const KeyInfo& key : setting_keys()) {
    SCOPED_TRACE(std::string(key.name));
    const json& table = tables.at(std::string(key.section())).at("properties");
    const json& value = parts.resolved(table.at(std::string(key.leaf())));
    EXPECT_THAT(value.at("description").get<std::string>(), HasSubstr(std::string(key.doc)));
    EXPECT_EQ(value.at("default"), json::parse(key.standard));
    if (key.kind == ValueKind::choice) {
      std::vector<std::string> names(key.choices.begin(), key.choices.end());
      for (const ChoiceAlias& alias : key.aliases) names.emplace_back(alias.name);
      EXPECT_EQ(value.at("enum"), json(names));
    }
    const json& numbers = key.kind == ValueKind::integer_list ? value.at("items") : value;
    if (numbers.at("type") == "integer" || numbers.at("type") == "number") {
      EXPECT_EQ(numbers.at(key.limits.above_low ? "exclusiveMinimum" : "minimum"), key.limits.low);
      EXPECT_EQ(numbers.at(key.limits.below_high ? "exclusiveMaximum" : "maximum"), key.limits.high);
    }
  }
}

TEST_F(SettingsTest, SchemaAcceptsEverySweepFileThatNamesIt) {
  const JsonSchema sweeps = schema();
  std::size_t count = 0;
  for (const auto& file : sweeps_in(root / "sweeps")) {
    const std::string text = read_text(file);
    EXPECT_TRUE(text.starts_with("#:schema ./schema.json\n")) << file;
    EXPECT_EQ(sweeps.refusal(json_of_toml(text)), "") << file;
    ++count;
  }
  EXPECT_GT(count, 10U);
}

// The reverse is not required: only the reader checks rules that involve several settings.
TEST_F(SettingsTest, WhatTheSchemaRefusesTheReaderRefuses) {
  const JsonSchema sweeps = schema();
  std::size_t refused = 0;
  for (const auto& file : sweeps_in(root / "tests/data/bad_sweeps")) {
    json document;
    try {
      document = json_of_toml(read_text(file));
    } catch (const toml::parse_error&) {
      continue;
    } catch (const json::exception&) {  // nan and infinity
      continue;
    }
    EXPECT_THROW((void)read_sweep(file), InputError) << file;
    if (!sweeps.accepts(document)) ++refused;
  }
  EXPECT_GT(refused, 30U);
}

struct Line {
  const char* text;
  bool valid;
};

TEST_F(SettingsTest, SchemaKnowsValuesAndAxes) {
  const JsonSchema sweeps = schema();
  const std::string steps = "[training]\nsteps = 3\n";
  for (const Line& line : {
           Line{"noise.strength = 0.5\n", true},
           {"noise.strength = 1\n", true},
           {"noise.strength = -1\n", false},
           {"noise.strength = \"1\"\n", false},
           {"noise.strenght = 1\n", false},
           {"nois.strength = 1\n", false},
           {"regularizer.dropout = 0\n", true},
           {"regularizer.dropout = 1\n", false},
           {"network.activation = \"tanh\"\n", true},
           {"network.activation = \"tan\"\n", false},
           {"task.kind = \"identity\"\n", true},
           {"task.kind = \"identical\"\n", false},
           {"network.hidden = [8, 8]\n", true},
           {"network.hidden = []\n", false},
           {"network.hidden = [8.5]\n", false},
           {"network.bias = 1\n", false},
           {"name = \"a b\"\n", false},
           {"axes.\"noise.strength\" = [0.1, 1]\n", true},
           {"axes.noise.strength = [0.1, 1]\n", true},
           {"axes.\"noise.strength\" = 1\n", false},
           {"axes.\"noise.strength\" = []\n", false},
           {"axes.\"noise.strength\" = [-1]\n", false},
           {"axes.\"noise.strenght\" = [1]\n", false},
           {"axes.\"noise.strength\" = { linspace = [0, 1], count = 3 }\n", true},
           {"axes.\"noise.strength\" = { linspace = [0, 1] }\n", false},
           {"axes.\"noise.strength\" = { linspace = [0, 1], count = 1 }\n", false},
           {"axes.\"noise.strength\" = { linspace = [0, 1, 2], count = 3 }\n", false},
           {"axes.\"noise.strength\" = { logspace = [0.1, 1], count = 3 }\n", true},
           {"axes.\"noise.strength\" = { logspace = [0, 1], count = 3 }\n", false},
           {"axes.\"training.seed\" = { range = [0, 10] }\n", true},
           {"axes.\"training.seed\" = { range = [0, 10], step = 5 }\n", true},
           {"axes.\"training.seed\" = { range = [0, 10], step = 0 }\n", false},
           {"axes.\"training.seed\" = { range = [0, 10], count = 3 }\n", false},
           {"axes.\"training.seed\" = { range = [0, 0.5] }\n", false},
           {"axes.\"task.train_samples\" = { logspace = [5, 5000.5], count = 7 }\n", true},
           {"axes.\"network.hidden\" = [[8], [8, 8]]\n", true},
           {"axes.\"network.hidden\" = [8, 8]\n", false},
           {"axes.\"network.activation\" = { range = [0, 2] }\n", false},
           {"zip = [[\"noise.strength\", \"noise.exponent\"]]\naxes.\"noise.strength\" = [0, 1]\n"
            "axes.\"noise.exponent\" = [1, 2]\n",
            true},
           {"zip = [[\"noise.strength\"]]\naxes.\"noise.strength\" = [0, 1]\n", false},
           {"zip = [\"noise.strength\", \"noise.exponent\"]\n", false},
       }) {
    const std::string text = line.text + steps;
    EXPECT_EQ(sweeps.accepts(json_of_toml(text)), line.valid) << text << sweeps.refusal(json_of_toml(text));
    // The reader agrees.
    if (line.valid) {
      EXPECT_NO_THROW((void)parse_sweep(text, "test.toml")) << text;
    } else {
      EXPECT_THROW((void)parse_sweep(text, "test.toml"), InputError) << text;
    }
  }
}

}  // namespace
}  // namespace modsweep
