// The sweep files that come with modsweep: they parse, have the promised size and follow the protocol.
#include "config/parse.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include <gmock/gmock.h>

#include "modsweep/network.h"

namespace modsweep {
namespace {

/// `l2` runs learn functions on [-2, 2]^n in batches of 200 with l2 always on (science.md section 3), `decay`
/// runs have weight decay only and batches of 64 (section 6, tasks 4 and 5), `blocks` runs weight decay only
/// and batches of 200 (task 6).
/// `causes` runs vary what makes modules, l2 included, and have batches of 200 or, of the retina, of all
/// patterns.
enum class Protocol { l2, decay, blocks, causes };

struct Plan {
  std::uint64_t cells;
  std::uint64_t steps;
  Protocol protocol = Protocol::l2;
};

const std::map<std::string, Plan> plans = {
    {"quickstart", {18, 30000}},
    {"fig01", {30, 50000}},
    {"fig01_linear", {10, 50000}},
    {"fig02", {400, 50000}},
    {"fig03", {40, 20000}},
    {"fig04", {50, 50000}},
    {"fig05", {20, 50000}},
    {"fig06", {375, 50000}},
    {"fig07", {220, 50000}},
    {"fig08", {60, 15000, Protocol::decay}},
    {"fig08_composition", {300, 15000, Protocol::decay}},
    {"fig09", {500, 50000, Protocol::blocks}},
    {"fig10", {40, 50000}},
    {"fig11", {600, 15000, Protocol::decay}},
    {"fig12", {625, 50000, Protocol::blocks}},
    {"paper_table", {40, 50000}},
    {"phase_diagram", {405, 50000}},
    {"exponents", {130, 50000}},
    {"gap_over_time", {30, 50000}},
    {"causes", {220, 20000, Protocol::causes}},
    {"causes_retina", {50, 10000, Protocol::causes}},
    {"causes_goals", {60, 10000, Protocol::causes}},
    {"causes_range", {80, 20000, Protocol::causes}},
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
    if (entry.path().extension() == ".toml" && !entry.path().stem().string().starts_with("r"))
      found.insert(entry.path().stem().string());  // r...: recurrent_sweeps_test.cpp
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
      EXPECT_EQ(cell.settings.training.learning_rate, 1e-3);
      if (plan.protocol == Protocol::causes) {
        EXPECT_EQ(cell.settings.training.batch_size, cell.settings.task.kind == "retina" ? 256U : 200U);
        continue;
      }
      const bool l2 = plan.protocol == Protocol::l2;
      EXPECT_EQ(cell.settings.regularizer.l2, l2 ? 1e-4 : 0.0);
      EXPECT_EQ(cell.settings.training.weight_decay, l2 ? 0.0 : 1e-5);
      EXPECT_EQ(cell.settings.training.batch_size, plan.protocol == Protocol::decay ? 64U : 200U);
      if (!l2) continue;
      EXPECT_EQ(cell.settings.task.seed, 145U);
      if (name == "fig06" || name == "fig07" || name == "phase_diagram") continue;  // several sizes
      EXPECT_EQ(cell.settings.task.inputs, 4U);
      EXPECT_EQ(cell.settings.task.train_samples, 1000U);
    }
  }
}

// Sweeps that begin with other sweeps' networks: the number of parents is known when they are there.
TEST(SweepFiles, OfChildrenNameTheirParents) {
  for (const char* name : {"causes_adapt", "causes_xor"}) {
    const Sweep sweep = read_sweep(folder() + "/start/" + name + ".toml");
    EXPECT_EQ(sweep.name, name);
    EXPECT_EQ(sweep.base.start.from.ends_with("/../../causes.db"), sweep.size() == 2)
        << sweep.base.start.from;
    EXPECT_EQ(total_steps(sweep.base), 3000U);
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

std::map<std::string, int> shapes(const Sweep& sweep, std::uint32_t outputs) {
  std::map<std::string, int> seen;
  for (std::uint64_t i = 0; i < sweep.size(); ++i) ++seen[shape_of(sweep.cell(i).settings, outputs).text()];
  return seen;
}

// The paper's three networks (science.md section 6), 20 seeds for every setting.
TEST(SweepFiles, Figures8And11HaveThePapersNetworks) {
  for (const auto& [name, each] :
       std::map<std::string, int>{{"fig08", 20}, {"fig08_composition", 100}, {"fig11", 200}}) {
    const std::map<std::string, int> expected = {
        {"2-2x128-2x2-128-1", each}, {"2-128-128-128-1", each}, {"2-128-2-128-1", each}};
    EXPECT_EQ(shapes(read(name), 1), expected) << name;
    const Activation activation = read(name).base.network.activation;
    EXPECT_EQ(activation, name == "fig08_composition" ? Activation::leaky_relu : Activation::prelu);
  }
}

// Training sets of figure 11 are what remains of 5000 points of the square: 5000 (pi/4) phi.
TEST(SweepFiles, Figure11GrowsItsTrainingSetWithTheFan) {
  const Sweep sweep = read("fig11");
  std::set<double> fractions;
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const TaskSettings& task = sweep.cell(i).settings.task;
    const double fraction = std::stod(test::value_of_key(sweep.cell(i).settings, "task.fan_fraction"));
    EXPECT_NEAR(task.train_samples, 5000 * 0.785398 * fraction, 1.0);
    fractions.insert(fraction);
  }
  EXPECT_EQ(fractions.size(), 10U);
}

TEST(SweepFiles, Figures9And12HaveBlocksOfDepths1To5) {
  const Sweep one = read("fig09");
  const std::map<std::string, int> expected = {
      {"4-4x64-4x4-64-64-64-4", 100},
      {"4-4x64-4x64-4x4-64-64-64-4", 100},
      {"4-4x64-4x64-4x64-4x4-64-64-64-4", 100},
      {"4-4x64-4x64-4x64-4x64-4x4-64-64-64-4", 100},
      {"4-4x64-4x64-4x64-4x64-4x64-4x4-64-64-64-4", 100},
  };
  EXPECT_EQ(shapes(one, 4), expected);
  const Sweep all = read("fig12");
  EXPECT_EQ(shapes(all, 4).size(), 25U);
  std::set<std::string> ids;
  for (std::uint64_t i = 0; i < all.size(); ++i) ids.insert(all.cell(i).id);
  int shared = 0;
  for (std::uint64_t i = 0; i < one.size(); ++i) shared += ids.contains(one.cell(i).id) ? 1 : 0;
  EXPECT_EQ(shared, 125) << "five functions, five seeds and five depths are in both";
}

}  // namespace
}  // namespace modsweep
