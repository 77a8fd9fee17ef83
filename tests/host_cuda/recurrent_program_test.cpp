// The program with recurrent networks on the GPU engines, on the stand-in for CUDA: from a sweep file through
// the runner into a store.
#include "host_cuda/on_host_cuda.h"
#include "run/store_rows.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing_support::expect_error;
using testing_support::OnHostCuda;
using testing_support::Outcome;
using testing_support::query_rows;
using testing_support::Running;

/// Networks that grow in most epochs, since nearly any accuracy is enough; some diverge, some solve nothing.
constexpr const char* growing = R"(
name = "growing"
[network]
family = "recurrent"
units = 3
[training]
batch_size = 8
precision = "fp64"
[growth]
epochs = 3
epoch_steps = 4
test_batches = 2
threshold = 0.3
[measure]
robustness = true
robustness_strengths = 2
robustness_draws = 2
generalization = true
generalization_most = 1
generalization_epochs = 1
timescales = true
timescale_steps = 100
timescale_trials = 2
continuous_steps = 50
[axes]
"network.topology" = ["modular", "flat"]
"training.learning_rate" = [0.2, 1e30]
"growth.threshold" = [0.3, 0.99]
"growth.freeze" = ["none", "feedforward"]
)";

class RecurrentHostCuda : public OnHostCuda {
 protected:
  RecurrentHostCuda() { write("growing.toml", growing); }

  [[nodiscard]] std::vector<std::string> arguments(const std::string& store, const std::string& engine,
                                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"run", "growing.toml", "-o", store, "--quiet", "--engine", engine};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void run(const std::string& store, const std::string& engine,
           const std::vector<std::string>& more = {}) const {
    const Outcome outcome = modsweep(arguments(store, engine, more));
    ASSERT_EQ(outcome.code, 1) << outcome.err;
    ASSERT_THAT(outcome.err, HasSubstr("cells diverged"));
  }

  /// What the tables have, without the cells' numbers; "numbers": of each row the values that rounding
  /// changes.
  [[nodiscard]] std::vector<std::string> results(const std::string& store, bool numbers = true) const {
    std::vector<std::string> all = query_rows(path(store), "SELECT id, status, step, diverged_at FROM cells");
    const auto add = [&](const std::string& columns, const std::string& table) {
      for (const std::string& row : query_rows(path(store), "SELECT c.id, t.step, " + columns + " FROM " +
                                                                table + " t JOIN cells c ON c.num = t.cell"))
        all.push_back(table + " " + row);
    };
    add("epoch, task, n_solved, accuracy, mean_accuracy, parameters, trained_parameters", "measurements");
    add("n, accuracy", "heads");
    if (numbers) {
      add("epoch_loss, timescale, continuous_accuracy", "measurements");
      add("module, timescale", "modules");
      add("n, accuracy", "continuous");
      add("perturbed, strength, n, accuracy, accuracy_sd", "robustness");
      add("extra, accuracy", "generalization");
      add("module, unit, trained, effective", "timescales");
      add("module, recurrent, feedforward", "conservation");
    }
    std::ranges::sort(all);
    return all;
  }
  [[nodiscard]] std::string one(const std::string& store, const std::string& sql) const {
    return query_rows(path(store), sql).at(0);
  }
};

constexpr const char* devices_engines[] = {"gemm", "fused"};

TEST_F(RecurrentHostCuda, EnginesHaveTheNumbersOfTheCpu) {
  run("cpu.db", "cpu");
  const std::string losses =
      "SELECT m.epoch_loss FROM measurements m JOIN cells c ON c.num = m.cell ORDER BY c.id, m.step";
  const auto expected = query_rows(path("cpu.db"), losses);
  ASSERT_EQ(one("cpu.db", "SELECT max(n_solved) FROM measurements"), "4|");
  ASSERT_NE(one("cpu.db", "SELECT count(*) FROM cells WHERE status = 'diverged'"), "0|");
  for (const std::string engine : devices_engines) {
    SCOPED_TRACE(engine);
    const std::string store = engine + ".db";
    run(store, engine);
    EXPECT_EQ(results(store, false), results("cpu.db", false));
    EXPECT_THAT(query_rows(path(store), "SELECT DISTINCT engine, device FROM cells"),
                testing::ElementsAre(engine + "|host loops, device 0, driver 13.0|"));
    const auto got = query_rows(path(store), losses);
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (expected[i] == "|") continue;  // no epoch has ended
      const double loss = std::stod(expected[i]);
      EXPECT_NEAR(std::stod(got[i]), loss, 1e-10 * std::max(1.0, loss)) << i;
    }
    for (const char* table :
         {"continuous", "robustness", "generalization", "timescales", "conservation", "modules"})
      EXPECT_EQ(one(store, std::string("SELECT count(*) FROM ") + table),
                one("cpu.db", std::string("SELECT count(*) FROM ") + table))
          << table;
  }
}

TEST_F(RecurrentHostCuda, PacksOfAnySizeOnTwoDevicesHaveTheSameBits) {
  for (const std::string engine : devices_engines) {
    SCOPED_TRACE(engine);
    ::unsetenv("MODSWEEP_HOST_CUDA_DEVICES");
    run(engine + ".db", engine);
    set("MODSWEEP_HOST_CUDA_DEVICES", "2");
    run(engine + "2.db", engine, {"--max-pack", "2"});
    EXPECT_EQ(one(engine + "2.db", "SELECT count(DISTINCT device) FROM cells"), "2|");
    EXPECT_EQ(results(engine + "2.db"), results(engine + ".db"));
  }
}

TEST_F(RecurrentHostCuda, KilledAndResumedHasTheBitsOfARunWithoutABreak) {
  for (const std::string engine : devices_engines) {
    SCOPED_TRACE(engine);
    const std::vector<std::string> longer = {"--set", "growth.epoch_steps=20", "--max-pack", "3"};
    run(engine + ".db", engine, longer);
    std::vector<std::string> more = longer;
    more.insert(more.end(), {"--checkpoint-seconds", "0.01"});
    int kills = 0;
    for (Outcome outcome; outcome.code != 1;) {
      ASSERT_LT(kills, 200);
      Running running(folder_, arguments(engine + "2.db", engine, more), "");
      if (kills < 3) {
        (void)running.computed(0.3);
        running.send(SIGKILL);
      }
      outcome = running.wait();
      if (outcome.signal != 0) ++kills;
      ASSERT_TRUE(outcome.signal == SIGKILL || outcome.code == 1) << outcome.err;
    }
    EXPECT_EQ(results(engine + "2.db"), results(engine + ".db"));
  }
}

TEST_F(RecurrentHostCuda, MemoryForAFewNetworksIsEnough) {
  run("fused.db", "fused");
  set("MODSWEEP_HOST_CUDA_POOLS", "0");        // which grow by 2 MiB
  set("MODSWEEP_HOST_CUDA_MEMORY", "300000");  // of which a network takes some 180,000
  run("fused2.db", "fused", {"--set", "growth.old_rate=0"});
  EXPECT_EQ(results("fused2.db"), results("fused.db"));
  set("MODSWEEP_HOST_CUDA_MEMORY", "100000");
  expect_error(modsweep(arguments("none.db", "fused")), 3, {"out of memory with a single network"});
}

TEST_F(RecurrentHostCuda, AutoTriesAll) {
  const Outcome plan = modsweep({"plan", "growing.toml", "--engine", "auto"});
  ASSERT_EQ(plan.code, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("auto: tried, cpu"));
  for (const std::string engine : devices_engines) EXPECT_THAT(plan.out, HasSubstr(engine));
  EXPECT_THAT(plan.out, Not(HasSubstr("cannot be used")));
}

TEST_F(RecurrentHostCuda, WhatABlockCannotHoldIsRefused) {
  const std::vector<std::string> wide = {"--set", "network.units=400", "--set", "growth.epochs=1"};
  expect_error(modsweep(arguments("wide.db", "fused", wide)), 2,
               {"engine fused cannot train networks of shape 1 recurrent module", "modules of 400 units need",
                "choose another --engine"});
  expect_error(modsweep(arguments("tf32.db", "gemm", {"--set", "training.precision=tf32"})), 2,
               {"recurrent networks are not trained in TensorFloat-32"});
}

}  // namespace
}  // namespace modsweep
