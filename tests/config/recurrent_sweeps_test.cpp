// Sweeps of recurrent networks: defaults of the family, settings that mean nothing for it, every key of it in
// a file, an option and an axis, and the sweep files that come with modsweep.
#include "config/keys.h"
#include "config/parse.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "modsweep/measure.h"
#include "modsweep/network.h"
#include "modsweep/task.h"

namespace modsweep {
namespace {

using test::error_of;
using test::parse;
using test::value_of_key;
using testing::HasSubstr;

const std::string family = "network.family = \"recurrent\"\n";

TEST(RecurrentSweep, HasThePapersDefaults) {
  const CellSettings cell = parse(family).base;
  EXPECT_EQ(cell.network.family, Family::recurrent);
  EXPECT_EQ(cell.task.kind, "parity");
  EXPECT_EQ(cell.training.optimizer, Optimizer::sgd);
  EXPECT_EQ(cell.training.learning_rate, 0.2);
  EXPECT_EQ(cell.training.momentum, 0.1);
  EXPECT_TRUE(cell.training.nesterov);
  EXPECT_EQ(cell.training.clip_norm, 2.0);
  EXPECT_EQ(cell.training.batch_size, 256U);
  EXPECT_EQ(cell.network.leaky_slope, 0.01);
  EXPECT_EQ(total_steps(cell), 60U * 600U);
  EXPECT_EQ(parse("", {"network.family=recurrent"}).base, cell);
}

TEST(RecurrentSweep, DefaultsOfTheOtherFamilyStay) {
  CellSettings expected;
  expected.training.steps = 100;
  EXPECT_EQ(parse(test::run).base, expected);
  EXPECT_EQ(standard_settings(Family::feedforward), CellSettings{});
}

TEST(RecurrentSweep, DefaultsOfTheFamilyFillListsOfSettingsAndRecordedSweeps) {
  const Sweep sweep = parse(
      family + "[axes]\nvariant = [{ \"training.learning_rate\" = 0.05 }, { \"network.units\" = 3 }]\n");
  EXPECT_EQ(sweep.cell(1).settings.training.learning_rate, 0.2);
  EXPECT_EQ(recorded_settings(R"({"network.family":"recurrent"})", "here").training.learning_rate, 0.2);
  EXPECT_EQ(recorded_settings("{}", "here").training.learning_rate, 1e-3);
}

TEST(RecurrentSweep, RefusesWhatMeansNothingForIt) {
  for (const KeyInfo& key : setting_keys()) {
    SCOPED_TRACE(std::string(key.name));
    const bool section = key.section() == "noise" || key.section() == "regularizer";
    if (key.is_of(Family::recurrent) || !section) continue;
    const std::string value = key.kind == ValueKind::choice    ? fmt::format("\"{}\"", key.choices[1])
                              : key.kind == ValueKind::integer ? "5"
                                                               : "0.5";
    const std::string message = error_of(family, {fmt::format("{}={}", key.name, value)});
    EXPECT_THAT(message, HasSubstr(fmt::format("{} = {} means nothing with network.family = \"recurrent\"",
                                               key.name, value)));
    EXPECT_THAT(message, HasSubstr("a setting of feedforward"));
  }
  EXPECT_THAT(error_of(family + "training.steps = 100\n"), HasSubstr("training.steps = 100 means nothing"));
  EXPECT_THAT(error_of(family + "network.hidden = [8]\n"), HasSubstr("network.hidden = [8] means nothing"));
  EXPECT_THAT(error_of(family + "[axes]\n\"noise.site\" = [\"post\", \"pre\"]\n"),
              HasSubstr("noise.site = \"pre\" means nothing"));
}

TEST(RecurrentSweep, ItsSettingsMeanNothingForOthers) {
  for (const auto& [key, value] : std::map<std::string, std::string>{{"network.units", "3"},
                                                                     {"growth.epochs", "5"},
                                                                     {"training.clip_norm", "1"},
                                                                     {"task.length_factor", "3"},
                                                                     {"measure.robustness", "true"}}) {
    const std::string message = error_of(test::run, {fmt::format("{}={}", key, value)});
    EXPECT_THAT(message, HasSubstr(fmt::format("{} = {} means nothing with network.family = \"feedforward\"",
                                               key, value)));
    EXPECT_THAT(message, HasSubstr("a setting of recurrent"));
  }
  // The first value of the axis is the default.
  EXPECT_THAT(error_of(test::run + "[axes]\n\"network.units\" = [10, 20]\n"),
              HasSubstr("network.units = 20 means nothing"));
}

TEST(RecurrentSweep, RefusesSettingsThatContradictEachOther) {
  const auto error = [](const std::string& line) { return error_of(family + line); };
  EXPECT_THAT(error("training.optimizer = \"adam\"\n"), HasSubstr("training.optimizer = \"adam\""));
  EXPECT_THAT(error("training.momentum = 0\n"), HasSubstr("training.nesterov"));
  EXPECT_EQ(error("training.momentum = 0\ntraining.nesterov = false\n"), "");
  EXPECT_THAT(error("growth.duplicate = [\"W_R\"]\n"), HasSubstr("\"W_R\" is no group of tensors"));
  EXPECT_THAT(error("growth.duplicate = [\"tau\", \"tau\"]\n"), HasSubstr("there twice"));
  EXPECT_EQ(error("growth.duplicate = []\n"), "");
  EXPECT_THAT(error("growth.freeze = \"recurrent\"\ngrowth.old_rate = 0.5\n"), HasSubstr("keep one"));
  EXPECT_THAT(error("network.leaky_slope = -0.1\n"), HasSubstr("network.leaky_slope = -0.1 is below 0"));
  EXPECT_THAT(error("growth.epochs = 65536\ngrowth.epoch_steps = 100000\n"), HasSubstr("lower one of them"));
  EXPECT_THAT(error("task.kind = \"identity\"\n"), HasSubstr("task.kind = \"identity\" is learned by"));
  EXPECT_THAT(error_of(test::run + "[task]\nkind = \"parity\"\n"), HasSubstr("\"recurrent\", not"));
  EXPECT_THAT(error_of("[axes]\n\"network.family\" = [\"recurrent\"]\n"),
              HasSubstr("test.toml:2:1: network.family is no axis"));
}

/// A value other than the default for every key of the family.
std::map<std::string, std::string> values() {
  std::map<std::string, std::string> all = {{"network.topology", "\"flat\""},
                                            {"network.units", "20"},
                                            {"network.biases", "\"one\""},
                                            {"network.activation_site", "\"state\""},
                                            {"network.initial_state", "\"zero\""},
                                            {"network.leaky_slope", "0.1"},
                                            {"training.learning_rate", "0.05"},
                                            {"training.momentum", "0.5"},
                                            {"training.nesterov", "false"},
                                            {"training.clip_norm", "0"},
                                            {"training.batch_size", "64"},
                                            {"training.seed", "3"},
                                            {"training.precision", "\"fp64\""},
                                            {"growth.threshold", "0.5"},
                                            {"growth.epochs", "20"},
                                            {"growth.epoch_steps", "500"},
                                            {"growth.test_batches", "5"},
                                            {"growth.duplicate", "[]"},
                                            {"growth.duplicate_from", "\"untrained\""},
                                            {"growth.freeze", "\"feedforward\""},
                                            {"growth.old_rate", "0.45"},
                                            {"noise.strength", "0.1"},
                                            {"noise.exponent", "1"},
                                            {"noise.gradient", "\"detached\""},
                                            {"regularizer.l1", "0.001"},
                                            {"regularizer.l2", "0.002"},
                                            {"regularizer.weighted_activity", "0.003"},
                                            {"regularizer.weighted_activity_exponent", "1.5"},
                                            {"measure.weights", "false"},
                                            {"measure.state", "true"}};
  const auto other = []<typename T>(const Setting<T>& setting) -> std::string {
    if constexpr (std::is_same_v<T, bool>)
      return setting.standard ? "false" : "true";
    else if constexpr (std::is_same_v<T, std::string_view>)
      return fmt::format("\"{}\"", setting.choices[setting.choices[0] == setting.standard ? 1 : 0]);
    else
      return std::to_string(static_cast<std::uint32_t>(setting.standard) + 1);
  };
  const auto add = [&](const std::vector<AnySetting>& settings) {
    for (const AnySetting& setting : settings) all[std::string(key_of(setting))] = std::visit(other, setting);
  };
  for (const TaskKind& kind : task_kinds())
    if (kind.family == Family::recurrent) add(kind.settings);
  for (const Measure& measure : measures())
    if (measure.family == Family::recurrent) add(measure.keys);
  return all;
}

TEST(RecurrentSweep, EveryKeyOfTheFamilyIsAnOptionAndAnAxis) {
  std::set<std::string> known = {"network.family", "task.kind", "training.optimizer"};  // of one value here
  for (const auto& [key, value] : values()) {
    SCOPED_TRACE(key);
    known.insert(key);
    std::vector<std::string> context;
    for (const Measure& measure : measures())
      if (measure.family == Family::recurrent && !measure.keys.empty() &&
          std::ranges::any_of(measure.keys, [&](const AnySetting& one) { return key_of(one) == key; }) &&
          key_of(measure.keys.front()) != key)
        context.push_back(fmt::format("{}=true", key_of(measure.keys.front())));
    const CellSettings without = parse(family, context).base;
    std::vector<std::string> options = context;
    options.push_back(fmt::format("{}={}", key, value));
    const CellSettings with = parse(family, options).base;
    EXPECT_EQ(value_of_key(with, key), value);
    EXPECT_NE(with, without) << "the example is the default";
    EXPECT_NE(cell_id(with), cell_id(without));
    EXPECT_EQ(parse(fmt::format("{}[axes]\n\"{}\" = [{}]\n", family, key, value), context).cell(0).settings,
              with);
  }
  for (const KeyInfo& key : setting_keys())
    EXPECT_EQ(known.contains(std::string(key.name)), key.is_of(Family::recurrent)) << key.name;
}

TEST(RecurrentSweep, ShapesHoldTheMostModulesAndHeads) {
  CellSettings cell = parse(family).base;
  EXPECT_EQ(shape_of(cell, 2).text(), "60 recurrent modules of 10");
  EXPECT_EQ(ParameterLayout(shape_of(cell, 2)).parameters(),
            recurrent::TensorLayout({10, true, false}, 60, 60).size());
  cell.network.topology = Topology::flat;
  cell.network.biases = Biases::one;
  EXPECT_EQ(shape_of(cell, 2).text(), "recurrent, 10 units, 60 heads, one bias");
}

TEST(RecurrentSweepFiles, AreOfTheFamilyAndHaveAQuickForm) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(MODSWEEP_SOURCE_DIR) + "/sweeps"))
    if (const std::string name = entry.path().stem().string(); name.starts_with("rfig")) names.insert(name);
  for (const std::string figure : {"2a", "2c", "3", "4", "5", "6a", "6b"})
    for (const std::string form : {"", "_quick"}) {
      const std::string name = fmt::format("rfig{}{}", figure, form);
      SCOPED_TRACE(name);
      ASSERT_EQ(names.erase(name), 1U);
      const Sweep sweep = read_sweep(fmt::format("{}/sweeps/{}.toml", MODSWEEP_SOURCE_DIR, name));
      EXPECT_EQ(sweep.base.network.family, Family::recurrent);
      EXPECT_EQ(sweep.name, name);
      const bool is_figure_2c = figure == "2c";  // of networks at N = 10
      EXPECT_EQ(sweep.base.growth.epochs == (is_figure_2c ? 9U : 60U), form.empty());
      EXPECT_LE(sweep.base.growth.epochs, form.empty() ? 60U : 8U);
    }
  EXPECT_TRUE(names.empty());
}

TEST(RecurrentSweepFiles, OfModulesHaveWhatIsAskedOfThem) {
  for (const auto& [name, cells] :
       std::map<std::string, std::size_t>{{"rmodules", 120}, {"rmodules_quick", 12}}) {
    const Sweep sweep = read_sweep(fmt::format("{}/sweeps/{}.toml", MODSWEEP_SOURCE_DIR, name));
    EXPECT_EQ(sweep.name, name);
    ASSERT_EQ(sweep.size(), cells);
    std::size_t regularized = 0;
    for (std::uint64_t i = 0; i < sweep.size(); ++i)
      regularized += is_regularized_recurrent(sweep.cell(i).settings) ? 1 : 0;
    EXPECT_EQ(regularized * (name == "rmodules" ? 12 : 4), cells * (name == "rmodules" ? 11 : 3));
  }
}

}  // namespace
}  // namespace modsweep
