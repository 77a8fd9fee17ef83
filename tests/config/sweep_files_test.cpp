// The sweep files that come with modsweep: they parse, have the size that they promise and follow the
// protocol.
#include "config/parse.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include <gmock/gmock.h>

namespace modsweep {
namespace {

struct Plan {
  std::uint64_t cells;
  std::uint64_t steps;
};

const std::map<std::string, Plan> plans = {
    {"quickstart", {18, 30000}},  {"fig01", {30, 50000}}, {"fig01_linear", {10, 50000}},
    {"fig02", {400, 50000}},      {"fig04", {50, 50000}}, {"fig10", {40, 50000}},
    {"paper_table", {40, 50000}},
};

std::string folder() {
  return std::string(MODSWEEP_SOURCE_DIR) + "/sweeps";
}

Sweep read(const std::string& name) {
  return read_sweep(folder() + "/" + name + ".toml");
}

TEST(SweepFiles, AllArePlannedHere) {
  std::set<std::string> listed, found;
  for (const auto& [name, plan] : plans) listed.insert(name);
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    found.insert(entry.path().stem().string());
  EXPECT_EQ(listed, found);
}

TEST(SweepFiles, HaveTheExpectedCells) {
  for (const auto& [name, plan] : plans) {
    SCOPED_TRACE(name);
    const Sweep sweep = read(name);
    EXPECT_EQ(sweep.name, name);
    ASSERT_EQ(sweep.size(), plan.cells);
    std::set<std::string> ids;
    for (std::uint64_t i = 0; i < sweep.size(); ++i) {
      const Cell cell = sweep.cell(i);
      EXPECT_TRUE(ids.insert(cell.id).second) << "cells with the same id";
      EXPECT_EQ(total_steps(cell.settings), plan.steps);
      EXPECT_EQ(cell.settings.regularizer.l2, 1e-4);
      EXPECT_EQ(cell.settings.task.seed, 145U);
      EXPECT_EQ(cell.settings.task.inputs, 4U);
      EXPECT_EQ(cell.settings.task.train_samples, 1000U);
      EXPECT_EQ(cell.settings.training.batch_size, 200U);
      EXPECT_EQ(cell.settings.training.learning_rate, 1e-3);
    }
  }
}

// The four settings of the paper's table, in the order of the file, ten seeds each.
TEST(SweepFiles, PaperTableHasItsFourSettings) {
  const Sweep sweep = read("paper_table");
  struct Setting {
    double strength, exponent, weighted_activity;
  };
  const Setting settings[] = {{0, 2, 0}, {0, 2, 1e-3}, {0.1, 0, 0}, {0.1, 2, 0}};
  std::uint64_t i = 0;
  for (const Setting& setting : settings) {
    for (std::uint32_t seed = 0; seed < 10; ++seed, ++i) {
      CellSettings expected;
      expected.noise.strength = setting.strength;
      expected.noise.exponent = setting.exponent;
      expected.regularizer.l2 = 1e-4;
      expected.regularizer.weighted_activity = setting.weighted_activity;
      expected.training.steps = 50000;
      expected.training.seed = seed;
      expected.measure.every_steps = 10000;
      EXPECT_EQ(sweep.cell(i).settings, expected) << "cell " << i;
    }
  }
  EXPECT_EQ(i, sweep.size());
}

TEST(SweepFiles, Figure4PairsRegularizersWithActivations) {
  const Sweep sweep = read("fig04");
  std::map<std::string, int> seen;
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const CellSettings& s = sweep.cell(i).settings;
    std::string setting;
    if (s.regularizer.weighted_activity == 1e-3) setting += "WA ";
    if (s.regularizer.activity == 1e-3) setting += "activity ";
    if (s.network.activation == Activation::tanh) setting += "tanh";
    if (s.network.activation == Activation::sigmoid) setting += "sigmoid";
    if (s.network.activation == Activation::leaky_relu) setting += "leaky_relu";
    ++seen[setting];
  }
  const std::map<std::string, int> expected = {{"WA leaky_relu", 10},
                                               {"activity leaky_relu", 10},
                                               {"leaky_relu", 10},
                                               {"WA tanh", 10},
                                               {"WA sigmoid", 10}};
  EXPECT_EQ(seen, expected);
}

TEST(SweepFiles, Figure10HasOneCostAtATime) {
  const Sweep sweep = read("fig10");
  std::map<std::string, int> seen;
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const RegularizerSettings& r = sweep.cell(i).settings.regularizer;
    EXPECT_EQ(r.weighted_activity_exponent, 1.0);
    std::string setting;
    if (r.weighted_activity == 1e-3) setting += "WA1";
    if (r.l1 == 1e-3) setting += "l1";
    if (r.l12 == 5e-4) setting += "l12";
    if (r.dropout == 0.05) setting += "dropout";
    ++seen[setting];
  }
  const std::map<std::string, int> expected = {{"WA1", 10}, {"l1", 10}, {"l12", 10}, {"dropout", 10}};
  EXPECT_EQ(seen, expected);
}

}  // namespace
}  // namespace modsweep
