// modsweep modules: blocks of trained networks from a store.
#include "program.h"
#include "run/store_rows.h"

#include <cmath>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace modsweep {
namespace {

using nlohmann::json;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;
using testing_support::read_text;

class ModulesTest : public ProgramTest {
 protected:
  void train(const std::string& name, const std::string& settings) const {
    write(name + ".toml", "name = \"" + name + "\"\n" + settings);
    const Outcome outcome = modsweep({"run", name + ".toml", "--quiet"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }

  /// The only cell of a store.
  [[nodiscard]] std::string cell(const std::string& store) const {
    return query_rows(path(store), "SELECT id FROM cells").at(0).substr(0, 16);
  }

  [[nodiscard]] json rows(const std::string& store, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"modules", store, "--cell", cell(store), "--format", "json"};
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = modsweep(all);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return json::parse(outcome.out, nullptr, false);
  }
};

constexpr const char* competition = R"(
[task]
kind = "block_competition"
inputs = 3
train_samples = 64
test_samples = 50
[network]
architecture = "modular"
block_width = 5
joint_width = 8
[training]
steps = 300
batch_size = 32
)";

constexpr const char* gaussian = R"(
[task]
kind = "gaussian2d"
inputs = 2
train_samples = 400
test_samples = 50
[network]
architecture = "modular"
block_width = 16
joint_width = 16
activation = "prelu"
[training]
steps = 3000
batch_size = 64
)";

TEST_F(ModulesTest, BlocksAreHeldAgainstTheirTargets) {
  train("net", competition);
  const json blocks = rows("net.db");
  ASSERT_EQ(blocks.size(), 3U);
  double mean = 0.0;
  for (const json& block : blocks) mean += block["target_rmse"].get<double>() / 3.0;
  const json stored = json::parse(modsweep({"export", "net.db", "--format", "json"}).out);
  EXPECT_NEAR(mean, stored[0]["block_error"].get<double>(), 1e-12);

  // The samples agree: the error of a line through them is target_rmse.
  const json samples = rows("net.db", {"--table", "samples"});
  ASSERT_EQ(samples.size(), 150U);
  for (std::size_t b = 0; b < 3; ++b) {
    double squares = 0.0;
    for (std::size_t i = 0; i < 50; ++i) {
      const json& sample = samples[b * 50 + i];
      EXPECT_EQ(sample["block"], b + 1);
      EXPECT_EQ(sample["sample"], i);
      squares += std::pow(sample["target"].get<double>() - sample["line"].get<double>(), 2);
      EXPECT_NEAR(sample["line"].get<double>(),
                  blocks[b]["target_offset"].get<double>() +
                      blocks[b]["target_scale"].get<double>() * sample["output"].get<double>(),
                  1e-12);
    }
    EXPECT_NEAR(std::sqrt(squares / 50.0), blocks[b]["target_rmse"].get<double>(), 1e-12);
  }
}

TEST_F(ModulesTest, BlocksOfAGaussianAreSampledAndFitted) {
  train("net", gaussian);
  const json blocks = rows("net.db", {"--points", "51"});
  ASSERT_EQ(blocks.size(), 2U);
  const json grid = rows("net.db", {"--points", "51", "--table", "grid"});
  ASSERT_EQ(grid.size(), 102U);
  for (std::size_t b = 0; b < 2; ++b) {
    const json& block = blocks[b];
    double mean = 0.0;
    double spread = 0.0;
    double line = 0.0;
    double parabola = 0.0;
    for (std::size_t k = 0; k < 51; ++k) mean += grid[51 * b + k]["output"].get<double>() / 51.0;
    for (std::size_t k = 0; k < 51; ++k) {
      const json& point = grid[51 * b + k];
      const double x = point["x"].get<double>();
      const double y = point["output"].get<double>();
      spread += std::pow(y - mean, 2) / 51.0;
      line += std::pow(y - point["line"].get<double>(), 2) / 51.0;
      parabola += std::pow(y - point["quadratic"].get<double>(), 2) / 51.0;
      EXPECT_NEAR(point["quadratic"].get<double>(),
                  block["c0"].get<double>() + x * (block["c1"].get<double>() + x * block["c2"].get<double>()),
                  1e-12);
    }
    EXPECT_NEAR(block["output_sd"].get<double>(), std::sqrt(spread), 1e-12);
    EXPECT_NEAR(block["line_rmse"].get<double>(), std::sqrt(line), 1e-12);
    EXPECT_NEAR(block["quadratic_rmse"].get<double>(), std::sqrt(parabola), 1e-12);
    EXPECT_LT(block["quadratic_rmse"], block["line_rmse"]);
    EXPECT_LT(block["line_rmse"], block["output_sd"]);
    EXPECT_TRUE(block["target_rmse"].is_null()) << "one output for two blocks";
    EXPECT_EQ(grid[51 * b]["x"], block["from"]);
    EXPECT_EQ(grid[51 * b + 50]["x"], block["to"]);
  }
}

TEST_F(ModulesTest, TheGridGoesWhereItIsSentAndIntoAFile) {
  train("net", competition);
  const json grid = rows("net.db", {"--table", "grid", "--from", "-3", "--to", "5", "--points", "5"});
  ASSERT_EQ(grid.size(), 15U);
  for (std::size_t k = 0; k < 5; ++k) EXPECT_EQ(grid[5 + k]["x"], -3.0 + 2.0 * static_cast<double>(k));
  const Outcome outcome =
      modsweep({"modules", "net.db", "--cell", cell("net.db"), "--table", "grid", "-o", "grid.csv"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(read_text(path("grid.csv")).starts_with("block,x,output,line,quadratic\n1,"));
}

TEST_F(ModulesTest, WrongInputIsSaid) {
  train("dense", "[network]\nhidden = [4]\n[training]\nsteps = 1\n");
  train("net", gaussian + std::string("[axes]\n\"training.steps\" = [2]\n"));
  const auto before = files();
  const auto modules = [&](const std::string& store, const std::vector<std::string>& more) {
    std::vector<std::string> all = {"modules", store, "--cell", cell(store)};
    all.insert(all.end(), more.begin(), more.end());
    return modsweep(all);
  };
  expect_error(modules("dense.db", {}), 2, {"dense.db", "4-4-4 without blocks"});
  expect_error(modules("net.db", {"--table", "samples", "-o", "out.csv"}), 2, {"2 blocks and 1 outputs"});
  expect_error(modules("net.db", {"--from", "1", "--to", "1", "-o", "out.csv"}), 2, {"--from and --to"});
  expect_error(modules("net.db", {"--points", "3"}), 2, {"--points"});
  expect_error(modules("net.db", {"--table", "tables"}), 2, {"tables"});
  expect_error(modsweep({"modules", "net.db", "--cell", "0123456789abcdef"}), 2, {"net.db"});
  expect_error(modsweep({"modules", "absent.db", "--cell", "00"}), 2, {"absent.db"});
  expect_error(modsweep({"modules", "net.db"}), 2, {"--cell"});
  EXPECT_EQ(files(), before);
}

}  // namespace
}  // namespace modsweep
