// Checks every key of the table of settings: it is read, written, limited and documented.
#include "config/keys.h"

#include "config/parse.h"
#include "core/synonyms.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"
#include "modsweep/measure.h"
#include "modsweep/task.h"

namespace modsweep {
namespace {

using test::run;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct RoundTrip {
  std::string toml;
  std::string json;
  std::vector<std::string> context;  // further --set options that make the cell valid
  bool operator==(const RoundTrip&) const = default;
};

/// Penalties (math/penalties.h) need no lines of their own: their settings are numbers.
std::map<std::string, RoundTrip> with_penalties(std::map<std::string, RoundTrip> lines) {
  for (const KeyInfo& key : setting_keys())
    if (key.section() == "regularizer")
      lines.try_emplace(std::string(key.name), RoundTrip{"0.125", "0.125", {}});
  return lines;
}

// A value other than the default for every key that does not belong to a task, penalty or measure; a new key
// needs a line here.
const std::map<std::string, RoundTrip> round_trips_of_shared_keys = with_penalties({
    {"task.kind", {"\"identity\"", "\"identity\"", {}}},
    {"task.inputs", {"7", "7", {}}},
    {"task.seed", {"4294967295", "4294967295", {}}},
    {"task.train_samples", {"1_000_000", "1000000", {}}},
    {"task.test_samples", {"1", "1", {}}},
    {"task.validation_samples", {"50", "50", {}}},
    {"task.ood_samples", {"50", "50", {"task.kind=gaussian2d", "task.inputs=2"}}},
    {"network.architecture", {"'full'", "\"full\"", {}}},
    {"network.block_depth", {"3", "3", {"network.architecture=modular"}}},
    {"network.block_width", {"16", "16", {"network.architecture=modular"}}},
    {"network.joint_depth", {"5", "5", {"network.architecture=full"}}},
    {"network.joint_width", {"32", "32", {"network.architecture=bottleneck"}}},
    {"network.hidden", {"[8, 0x10, 65536]", "[8,16,65536]", {}}},
    {"network.groups", {"[1, 4, 4, 1]", "[1,4,4,1]", {}}},
    {"network.activation", {"\"prelu\"", "\"prelu\"", {}}},
    {"network.leaky_slope", {"1e-2", "0.01", {}}},
    {"network.bias", {"false", "false", {}}},
    {"noise.strength", {"0.30000000000000004", "0.30000000000000004", {}}},
    {"noise.exponent", {"1", "1", {}}},
    {"noise.site", {"\"pre\"", "\"pre\"", {}}},
    {"noise.gradient", {"\"detached\"", "\"detached\"", {}}},
    {"regularizer.l1", {"1e-3", "0.001", {}}},
    {"regularizer.l2", {"1e-4", "1e-04", {}}},
    {"regularizer.weighted_activity", {"1e-3", "0.001", {}}},
    {"regularizer.weighted_activity_exponent", {"1.0", "1", {}}},
    {"regularizer.activity", {"2.5e-10", "2.5e-10", {}}},
    {"regularizer.activity_exponent", {"0", "0", {}}},
    {"regularizer.l12", {"5e-4", "5e-04", {}}},
    {"regularizer.l21", {"1e22", "1e+22", {}}},
    {"regularizer.connection_cost", {"3e-4", "3e-04", {}}},
    {"regularizer.connection_form", {"\"log\"", "\"log\"", {}}},
    {"regularizer.connection_base", {"0.5", "0.5", {}}},
    {"regularizer.connection_length", {"2", "2", {}}},
    {"regularizer.connection_exponent", {"1.5", "1.5", {}}},
    {"regularizer.connection_scale", {"0.2", "0.2", {}}},
    {"pruning.sparsity", {"0.8", "0.8", {}}},
    {"pruning.initial_sparsity", {"0.25", "0.25", {"pruning.sparsity=0.5", "pruning.end=50"}}},
    {"pruning.begin", {"7", "7", {"pruning.sparsity=0.5"}}},
    {"pruning.end", {"90", "90", {"pruning.sparsity=0.5"}}},
    {"pruning.every", {"5", "5", {"pruning.sparsity=0.5"}}},
    {"pruning.shape", {"\"geometric\"", "\"geometric\"", {"pruning.sparsity=0.5"}}},
    {"pruning.scope", {"\"network\"", "\"network\"", {"pruning.sparsity=0.5"}}},
    {"pruning.keep", {"true", "true", {"start.from=parents.db"}}},
    {"start.where", {"[\"training.seed=0\"]", "[\"training.seed=0\"]", {"start.from=parents.db"}}},
    {"start.cell", {"\"c5313467e75195238\"", "\"c5313467e75195238\"", {"start.from=parents.db"}}},
    {"start.label", {"\"noise.strength=0.1\"", "\"noise.strength=0.1\"", {"start.from=parents.db"}}},
    {"regularizer.swap_every", {"200", "200", {}}},
    {"regularizer.dropout", {"0.05", "0.05", {}}},
    {"training.optimizer", {"\"sgd\"", "\"sgd\"", {}}},
    {"training.learning_rate", {"1e3", "1000", {}}},
    {"training.beta1", {"0", "0", {}}},
    {"training.beta2", {"0.99", "0.99", {}}},
    {"training.epsilon", {"1e-7", "1e-07", {}}},
    {"training.momentum", {"0.9", "0.9", {"training.optimizer=sgd"}}},
    {"training.nesterov", {"true", "true", {"training.optimizer=sgd", "training.momentum=0.9"}}},
    {"training.weight_decay", {"1e-5", "1e-05", {}}},
    {"training.schedule", {"\"cosine\"", "\"cosine\"", {}}},
    {"training.schedule_minimum", {"1e-4", "1e-04", {"training.schedule=cosine"}}},
    {"training.gamma", {"0.5", "0.5", {"training.schedule=step", "training.step_size=7"}}},
    {"training.patience", {"30", "30", {"task.validation_samples=9", "measure.every_steps=10"}}},
    {"training.keep", {"\"best\"", "\"best\"", {"task.validation_samples=9", "measure.every_steps=10"}}},
    {"training.warmup_steps", {"99", "99", {}}},
    {"training.warmup_start", {"0.01", "0.01", {"training.warmup_steps=10"}}},
    {"training.batch_size", {"64", "64", {}}},
    {"training.epochs", {"10000", "10000", {}}},
    {"training.steps", {"2147483648", "2147483648", {}}},
    {"training.shuffle", {"true", "true", {}}},
    {"training.seed", {"3", "3", {}}},
    {"task.goals", {"[\"2\"]", "[\"2\"]", {"task.kind=mixed_goals"}}},
    {"training.goal_steps", {"200", "200", {"task.kind=mixed_goals", "task.goals=[\"3\", \"2\"]"}}},
    {"training.precision", {"\"fp64\"", "\"fp64\"", {}}},
    {"measure.every_steps", {"2500", "2500", {}}},
    {"measure.points_per_decade", {"10", "10", {}}},
    {"measure.initial", {"true", "true", {}}},
    {"measure.spectrum", {"false", "false", {}}},
    {"measure.cluster_by", {"\"outgoing\"", "\"outgoing\"", {}}},
    {"measure.modules", {"4", "4", {}}},
    {"measure.leaks", {"false", "false", {}}},
    {"measure.noisy_strength", {"0.1", "0.1", {}}},
    {"measure.noisy_exponent", {"1.5", "1.5", {}}},
    {"measure.noisy_draws", {"20", "20", {"measure.noisy_strength=0.1"}}},
    {"measure.partition", {"true", "true", {}}},
    {"measure.weights", {"false", "false", {}}},
    {"measure.state", {"true", "true", {}}},
});

// Keys that need a file are tested in table_sweeps_test.cpp.
const std::set<std::string> keys_of_tables = {
    "task.file",  "task.file_hash", "task.input_columns", "task.target_columns", "task.split_column",
    "task.split", "task.scale",     "task.missing",       "start.from"};

// The number of inputs that a task accepts.
std::uint32_t inputs_of(const TaskKind& kind) {
  TaskSettings task;
  task.kind = kind.name;
  for (const std::uint32_t standard = task.inputs; task.inputs == standard; task.inputs = 1) {
    try {
      kind.check(task);
      return standard;
    } catch (const InputError&) {
      continue;
    }
  }
  for (task.inputs = 1; task.inputs < 100; ++task.inputs) {
    try {
      kind.check(task);
      break;
    } catch (const InputError&) {
      continue;
    }
  }
  return task.inputs;
}

// A value other than the default, as both forms have it.
std::string other_value(const Setting<bool>& setting) {
  return setting.standard ? "false" : "true";
}
std::string other_value(const Setting<std::string_view>& setting) {
  return fmt::format("\"{}\"", setting.choices[setting.choices[0] == setting.standard ? 1 : 0]);
}
template <typename Number>
std::string other_value(const Setting<Number>& setting) {
  const Limits& limits = setting.limits;
  std::string json;
  append_json(json, static_cast<double>(static_cast<Number>(limits.low + 0.25 * (limits.high - limits.low))));
  return json;
}

// The table above, and the settings of tasks and measures.
std::map<std::string, RoundTrip> all_round_trips() {
  auto all = round_trips_of_shared_keys;
  for (const TaskKind& kind : task_kinds()) {
    if (kind.user_data != nullptr || kind.family != Family::feedforward) continue;
    for (const AnySetting& setting : kind.settings) {
      const std::string value = std::visit([](const auto& one) { return other_value(one); }, setting);
      all[std::string(key_of(setting))] = {
          value,
          value,
          {fmt::format("task.kind={}", kind.name), fmt::format("task.inputs={}", inputs_of(kind))}};
    }
  }
  for (const Measure& measure : measures())
    for (const AnySetting& setting : measure.keys) {
      if (measure.family != Family::feedforward) break;
      const std::string value = std::visit([](const auto& one) { return other_value(one); }, setting);
      std::vector<std::string> context;
      if (&setting != &measure.keys.front())
        context.push_back(fmt::format("{}=true", key_of(measure.keys.front())));
      all[std::string(key_of(setting))] = {value, value, context};
    }
  return all;
}

TEST(Keys, AllHaveARoundTripHere) {
  std::set<std::string> table, here;
  for (const KeyInfo& key : setting_keys())
    if (key.is_of(Family::feedforward)) table.insert(std::string(key.name));
  for (const auto& [key, value] : all_round_trips()) here.insert(key);
  here.insert("network.family");  // this key and those of other families: recurrent_sweeps_test.cpp
  here.insert(keys_of_tables.begin(), keys_of_tables.end());
  here.insert("training.step_size");  // no valid value without another key: learning_rate_test.cpp
  EXPECT_EQ(table, here);
  std::set<std::string_view> names;
  for (const KeyInfo& key : setting_keys())
    EXPECT_TRUE(names.insert(key.name).second) << key.name << " is in the table twice";
}

// A value in the file, with --set and on an axis gives the same result, and changes nothing else.
TEST(Keys, RoundTripThroughFileOptionAndAxis) {
  for (const auto& [key, value] : all_round_trips()) {
    SCOPED_TRACE(key);
    const std::string section = key.substr(0, key.find('.')), leaf = key.substr(key.find('.') + 1);
    const std::string line = fmt::format("[{}]\n{} = {}\n", section, leaf, value.toml);
    const std::string steps =
        key == "training.epochs" || key == "training.steps" ? "" : "training.steps = 100\n";
    const std::string text = section == "training" && !steps.empty() ? line + "steps = 100\n" : steps + line;
    const CellSettings from_file = test::parse(text, value.context).base;
    EXPECT_EQ(test::value_of_key(from_file, key), value.json);

    std::vector<std::string> options = value.context;
    options.push_back(fmt::format("{}={}", key, value.toml));
    EXPECT_EQ(test::parse(run, options).base, from_file);

    const Sweep axis =
        test::parse(fmt::format("{}[axes]\n\"{}\" = [{}]\n", run, key, value.toml), value.context);
    EXPECT_EQ(axis.cell(0).settings, from_file);
    EXPECT_EQ(axis.cell(0).varied, (std::vector<SettingValue>{{key, value.json}}));

    const CellSettings without = test::parse(run, value.context).base;
    for (const SettingValue& other : canonical_settings(without)) {
      if (other.key != key && other.key != schedule_partner(key)) {
        EXPECT_EQ(test::value_of_key(from_file, other.key), other.json) << other.key;
      }
    }
    EXPECT_NE(from_file, without) << "the example is the default";
  }
}

TEST(Keys, EveryChoiceIsAccepted) {
  for (const KeyInfo& key : setting_keys()) {
    for (const std::string_view choice : key.choices) {
      CellSettings settings;
      std::string json = fmt::format("\"{}\"", choice), back;
      EXPECT_TRUE(key.read(settings, json)) << key.name << " " << choice;
      key.write(settings, back);
      EXPECT_EQ(back, json);
    }
    EXPECT_EQ(key.choices.size() > 1, key.kind == ValueKind::choice) << key.name;
  }
}

TEST(Keys, ReadRefusesOtherForms) {
  for (const KeyInfo& key : setting_keys()) {
    SCOPED_TRACE(std::string(key.name));
    for (const char* text : {"", " ", "x", "1 ", " 1", "tru", "\"", "\"no such choice", "[", "[1", "[1,]",
                             "[,1]", "[1,,2]", "[1 ,2]", "1,2", "0x10"}) {
      CellSettings settings;
      EXPECT_FALSE(key.read(settings, text)) << text;
      EXPECT_EQ(settings, CellSettings{}) << text;
    }
  }
}

TEST(Keys, LimitsHoldAndAreNamed) {
  const auto error = [](const KeyInfo& key, double value) {
    const bool whole = key.kind != ValueKind::number;
    std::string text = whole ? fmt::format("{}", static_cast<std::int64_t>(value)) : fmt::format("{}", value);
    if (key.kind == ValueKind::integer_list) text = fmt::format("[{}]", text);
    return test::error_of(run, {fmt::format("{}={}", key.name, text)});
  };
  for (const KeyInfo& key : setting_keys()) {
    if (key.kind != ValueKind::number && key.kind != ValueKind::integer &&
        key.kind != ValueKind::integer_list)
      continue;
    SCOPED_TRACE(std::string(key.name));
    const Limits& limits = key.limits;
    const double step = key.kind == ValueKind::number ? 1e-9 * limits.high : 1;
    for (const double outside :
         {limits.low - step, limits.high + step, -1e18, key.kind == ValueKind::number ? 1e300 : 9e18}) {
      const std::string message = error(key, outside);
      EXPECT_THAT(message, StartsWith(fmt::format("--set {}=", key.name)));
      EXPECT_THAT(message, HasSubstr("which is out of range; give " + key.type())) << outside;
    }
    EXPECT_EQ(error(key, limits.low).find("out of range") != std::string::npos, limits.above_low);
    EXPECT_EQ(error(key, limits.high).find("out of range") != std::string::npos, limits.below_high);
    EXPECT_LT(limits.low, limits.high);
  }
}

TEST(Keys, OtherTypesAreRefused) {
  const std::map<ValueKind, std::set<std::string>> accepted = {
      {ValueKind::boolean, {"true"}}, {ValueKind::integer, {"1"}},      {ValueKind::number, {"1", "0.25"}},
      {ValueKind::text, {"\"abc\""}}, {ValueKind::choice, {"\"abc\""}}, {ValueKind::integer_list, {"[1]"}},
      {ValueKind::line, {"\"abc\""}}, {ValueKind::line_list, {}},
  };
  for (const KeyInfo& key : setting_keys()) {
    for (const char* value : {"true", "1", "0.25", "\"abc\"", "[1]", "1979-05-27", "{ a = 1 }"}) {
      if (accepted.at(key.kind).contains(value)) continue;
      const std::string text = fmt::format("{} = {}\n", key.name, value);
      const std::string message = test::error_of(text);
      EXPECT_THAT(message, StartsWith("test.toml:1:")) << text;
      EXPECT_THAT(message, HasSubstr(fmt::format("{} is ", key.name))) << text;
      EXPECT_THAT(message, HasSubstr("; give " + key.type())) << text;
    }
  }
}

TEST(Keys, AreDocumentedAndHaveJsonDefaults) {
  for (const KeyInfo& key : setting_keys()) {
    EXPECT_GT(key.doc.size(), 5U) << key.name;
    EXPECT_EQ(key.doc.find('\n'), std::string_view::npos) << key.name;
    EXPECT_FALSE(key.type().empty()) << key.name;
    EXPECT_TRUE(nlohmann::json::accept(key.standard)) << key.name << " " << key.standard;
  }
}

TEST(Keys, CanonicalSettingsAreSortedJsonOfAllKeys) {
  const auto settings = canonical_settings(CellSettings{});
  ASSERT_EQ(settings.size(), setting_keys().size());
  for (std::size_t i = 0; i < settings.size(); ++i) {
    EXPECT_EQ(settings[i].key, setting_keys()[i].name);
    EXPECT_EQ(settings[i].json, setting_keys()[i].standard);
    EXPECT_TRUE(i == 0 || settings[i - 1].key < settings[i].key);
  }
}

TEST(Keys, NumbersAreShortAndExact) {
  const std::map<std::string, double> numbers = {{"0", 0.0},
                                                 {"0.1", 0.1},
                                                 {"2", 2.0},
                                                 {"1e-04", 1e-4},
                                                 {"0.001", 1e-3},
                                                 {"1e+30", 1e30},
                                                 {"0.3333333333333333", 1.0 / 3}};
  for (const auto& [text, number] : numbers) {
    std::string json;
    append_json(json, number);
    EXPECT_EQ(json, text);
    EXPECT_EQ(nlohmann::json::parse(json).get<double>(), number);
  }
  std::string json;
  append_json(json, -0.0);
  EXPECT_EQ(json, "0");
}

TEST(Keys, SynonymsNameSettingsTablesAndChoicesThatExist) {
  std::set<std::string_view> choices;
  for (const KeyInfo& key : setting_keys()) choices.insert(key.choices.begin(), key.choices.end());
  for (const Synonym& synonym : setting_synonyms())
    for (const std::string_view name : synonym.names)
      EXPECT_TRUE(name.empty() || find_key(name) != nullptr) << name;
  for (const Synonym& synonym : section_synonyms())
    EXPECT_TRUE(synonym.names[0] == "axes" ||
                std::ranges::binary_search(setting_sections(), synonym.names[0]))
        << synonym.names[0];
  for (const Synonym& synonym : choice_synonyms())
    EXPECT_TRUE(choices.contains(synonym.names[0])) << synonym.names[0];
}

TEST(Keys, AliasesStandForAChoiceAndAnotherSetting) {
  std::size_t aliases = 0;
  for (const KeyInfo& key : setting_keys())
    for (const ChoiceAlias& alias : key.aliases) {
      ++aliases;
      EXPECT_EQ(std::ranges::count(key.choices, alias.name), 0) << alias.name;
      EXPECT_EQ(std::ranges::count(key.choices, alias.choice), 1) << alias.choice;
      CellSettings settings;
      ASSERT_NE(find_key(alias.other_key), nullptr);
      EXPECT_TRUE(find_key(alias.other_key)->read(settings, alias.other_json));
      EXPECT_THAT(key.type(), HasSubstr(alias.meaning()));
    }
  EXPECT_EQ(aliases, 1U);
}

TEST(Keys, UnknownOnesAreGuessed) {
  const std::map<std::string, std::string> remedies = {
      {"noise.strenght", "; did you mean noise.strength?"},
      {"strenght", "; did you mean noise.strength?"},
      {"nois.strength", "; did you mean noise.strength?"},
      {"network.dropuot", "; did you mean regularizer.dropout?"},
      {"training.lerning_rate", "; did you mean training.learning_rate?"},
      {"seed", "; did you mean task.seed or training.seed?"},
      {"lr", "; did you mean training.learning_rate?"},
      {"training.lr", "; did you mean training.learning_rate?"},
      {"network.hidden_sizes", "; did you mean network.hidden?"},
      {"wd", "; did you mean training.weight_decay?"},
      {"training.batch", "; did you mean training.batch_size?"},
      {"epochs", "; did you mean growth.epochs or training.epochs?"},
      {"sigma", "; did you mean noise.strength?"},
      {"dropout", "; did you mean regularizer.dropout?"},
      {"n_samples", "; did you mean task.train_samples?"},
      {"optim.Betas", "; did you mean training.beta1 or training.beta2?"},
      {"noise.zzzzzzzzzz", "; [noise] has exponent, gradient, site, strength"},
      {"zzzzzzzzzz",
       "; settings are in the tables [growth], [measure], [network], [noise], [pruning], [regularizer], "
       "[start], "
       "[task], [training]"},
  };
  for (const auto& [key, remedy] : remedies) EXPECT_EQ(unknown_key_remedy(key), remedy) << key;
}

}  // namespace
}  // namespace modsweep
