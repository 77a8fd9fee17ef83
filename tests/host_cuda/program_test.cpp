// The program with the GPU engines, on the stand-in for CUDA: the code around the kernels.
#include "host_cuda/on_host_cuda.h"
#include "run/store_rows.h"

#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace modsweep {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing_support::all_results;
using testing_support::expect_error;
using testing_support::OnHostCuda;
using testing_support::Outcome;
using testing_support::query_rows;
using testing_support::Running;

/// No noise exponent between 0 and 2: there any rounding error becomes large, and engines round differently.
constexpr const char* varied = R"(
name = "varied"
[network]
hidden = [12, 10]
activation = "tanh"
[noise]
strength = 0.1
[regularizer]
l2 = 1e-4
weighted_activity = 1e-3
[task]
train_samples = 60
test_samples = 50
[training]
steps = 30
batch_size = 20
learning_rate = 1e-2
[measure]
every_steps = 10
noisy_strength = 0.2
[axes]
"noise.exponent" = [0, 2]
"training.seed" = { range = [0, 6] }
)";

class HostCuda : public OnHostCuda {
 protected:
  HostCuda() { write("varied.toml", varied); }

  [[nodiscard]] Outcome run(const std::string& store, const std::string& engine,
                            const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"run", "varied.toml", "-o", store, "--quiet", "--engine", engine};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return modsweep(arguments);
  }

  [[nodiscard]] std::vector<std::string> rows(const std::string& store, const std::string& sql) const {
    return query_rows(path(store), sql);
  }

  void expect_same_results(const std::string& store, const std::string& expected) const {
    EXPECT_EQ(all_results(path(store)), all_results(path(expected)));
  }
};

constexpr const char* engines[] = {"gemm", "fused", "fused_3xtf32"};
constexpr const char* number_done = "SELECT count(*) FROM cells WHERE status = 'done'";

TEST_F(HostCuda, EnginesHaveTheNumbersOfTheCpu) {
  ASSERT_EQ(run("cpu.db", "cpu").code, 0);
  const char* sql =
      "SELECT m.train_loss, m.test_loss, m.noisy_test_loss, m.weighted_activity, m.path_leak, y.gap FROM "
      "cells c "
      "JOIN measurements m ON m.cell = c.num JOIN layers y ON y.cell = c.num AND y.step = m.step "
      "ORDER BY c.id, m.step, y.layer";
  const auto expected = rows("cpu.db", sql);
  ASSERT_EQ(expected.size(), 12U * 3U * 3U);
  for (const std::string engine : engines) {
    SCOPED_TRACE(engine);
    const Outcome outcome = run(engine + ".db", engine);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(rows(engine + ".db", "SELECT DISTINCT engine, device FROM cells"),
                testing::ElementsAre(engine + "|host loops, device 0, driver 13.0|"));
    const auto got = rows(engine + ".db", sql);
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      std::istringstream a(got[i]);
      std::istringstream b(expected[i]);
      for (std::string x, y; std::getline(a, x, '|') && std::getline(b, y, '|');) {
        ASSERT_EQ(x.empty(), y.empty());
        if (x.empty()) continue;
        EXPECT_NEAR(std::stod(x), std::stod(y), 2e-4) << i << ": " << got[i] << " " << expected[i];
      }
    }
  }
}

TEST_F(HostCuda, NetworksStopEarlyWhereThoseOfTheCpuDo) {
  const std::vector<std::string> early = {
      "--set", "training.precision=fp64",    "--set", "training.steps=200",
      "--set", "training.schedule=cosine",   "--set", "training.optimizer=adamw",
      "--set", "training.patience=20",       "--set", "training.keep=best",
      "--set", "task.validation_samples=40", "--set", "training.learning_rate=0.1"};
  ASSERT_EQ(run("cpu.db", "cpu", early).code, 0);
  const char* sql = "SELECT cell, steps, kept_step FROM results ORDER BY cell";
  const auto expected = rows("cpu.db", sql);
  EXPECT_NE(rows("cpu.db", "SELECT count(*) FROM results WHERE steps < 200").front(), "0|");
  for (const std::string engine : {"gemm", "fused"}) {
    ASSERT_EQ(run(engine + ".db", engine, early).code, 0);
    EXPECT_EQ(rows(engine + ".db", sql), expected) << engine;
  }
}

TEST_F(HostCuda, PacksOfAnySizeOnTwoDevicesHaveTheSameBits) {
  for (const std::string engine : {"fused", "fused_3xtf32"}) {
    SCOPED_TRACE(engine);
    ASSERT_EQ(run(engine + ".db", engine).code, 0);
    set("MODSWEEP_HOST_CUDA_DEVICES", "2");
    const Outcome outcome = run(engine + "2.db", engine, {"--max-pack", "2"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(
        rows(engine + "2.db", "SELECT DISTINCT device FROM cells ORDER BY device"),
        testing::ElementsAre("host loops, device 0, driver 13.0|", "host loops, device 1, driver 13.0|"));
    expect_same_results(engine + "2.db", engine + ".db");
  }
}

TEST_F(HostCuda, KilledAndResumedHasTheBitsOfARunWithoutABreak) {
  for (const std::string engine : {"gemm", "fused"}) {
    SCOPED_TRACE(engine);
    const std::vector<std::string> longer = {"--set", "training.steps=120", "--max-pack", "3"};
    ASSERT_EQ(run(engine + ".db", engine, longer).code, 0);
    std::vector<std::string> arguments = {"run",     "varied.toml", "-o",   engine + "2.db",
                                          "--quiet", "--engine",    engine, "--checkpoint-seconds",
                                          "0.01"};
    arguments.insert(arguments.end(), longer.begin(), longer.end());
    int kills = 0;
    for (Outcome outcome; outcome.code != 0;) {
      ASSERT_LT(kills, 200);
      Running running(folder_, arguments, "");
      if (kills < 3) {
        (void)running.computed(0.3);
        running.send(SIGKILL);
      }
      outcome = running.wait();
      if (outcome.signal != 0) ++kills;
      ASSERT_TRUE(outcome.signal == SIGKILL || outcome.code == 0) << outcome.err;
    }
    expect_same_results(engine + "2.db", engine + ".db");
  }
}

TEST_F(HostCuda, MemoryForOneLaneOnlyIsEnough) {
  ASSERT_EQ(run("fused.db", "fused").code, 0);
  set("MODSWEEP_HOST_CUDA_MEMORY", "40000000");  // cuBLAS products need 32 MiB in each of two workers
  for (const std::string engine : engines) {
    SCOPED_TRACE(engine);
    const std::string store = engine + "2.db";
    const Outcome outcome = run(store, engine);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(rows(store, number_done), testing::ElementsAre("12|"));
    if (engine == "fused") expect_same_results(store, "fused.db");
  }
}

TEST_F(HostCuda, MemoryThatNeverSufficesIsSaid) {
  set("MODSWEEP_HOST_CUDA_MEMORY", "20000000");
  const Outcome outcome = run("none.db", "fused");
  expect_error(outcome, 3, {"out of memory with a single network"});
}

TEST_F(HostCuda, ADeviceThatFailsLosesNothing) {
  for (const std::string engine : {"gemm", "fused"}) {
    SCOPED_TRACE(engine);
    ASSERT_EQ(run(engine + ".db", engine).code, 0);
    set("MODSWEEP_HOST_CUDA_LAUNCHES", "60");
    const std::string store = engine + "2.db";
    const Outcome failed = run(store, engine, {"--max-pack", "2"});
    expect_error(failed, 3, {"failed: cudaErrorLaunchFailure", "run the same command again"});
    ::unsetenv("MODSWEEP_HOST_CUDA_LAUNCHES");
    ASSERT_EQ(run(store, engine, {"--max-pack", "2"}).code, 0);
    if (engine == "fused") expect_same_results(store, engine + ".db");
    EXPECT_THAT(rows(store, number_done), testing::ElementsAre("12|"));
  }
}

TEST_F(HostCuda, AutoTriesAllAndRemembersWhatWasFastest) {
  const Outcome first = modsweep({"plan", "varied.toml", "--engine", "auto"});
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("auto: tried, cpu"));
  for (const std::string engine : engines) EXPECT_THAT(first.out, HasSubstr(engine));
  EXPECT_THAT(first.out, Not(HasSubstr("cannot be used")));
  const auto kept = nlohmann::json::parse(testing_support::read_text(folder_ / "modsweep" / "speeds.json"));
  EXPECT_EQ(kept.size(), 4U) << kept;
}

TEST_F(HostCuda, BenchTimesEveryEngine) {
  set("MODSWEEP_HOST_CUDA_MEMORY", "100000000");  // of which it copies an eighth to and fro
  for (const std::string engine : engines) {
    SCOPED_TRACE(engine);
    const Outcome outcome = modsweep({"bench", "--engine", engine, "--shape", "4-12-10-4", "--batch", "20",
                                      "--networks", "3", "--quick", "--json", engine + ".json"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const auto json = nlohmann::json::parse(testing_support::read_text(folder_ / (engine + ".json")));
    std::map<std::string, int> settings;
    for (const auto& row : json) {
      EXPECT_EQ(row["engine"], engine);
      EXPECT_GT(row["median_us"], 0.0);
      EXPECT_GT(row["gflops"], 0.0);
      EXPECT_GT(row["peak_gflops"], 0.0);
      ++settings[row["setting"]];
    }
    EXPECT_GE(settings.size(), 3U);
  }
}

TEST_F(HostCuda, BenchKeepsWhatItTimedBeforeADeviceFailed) {
  const std::vector<std::string> arguments = {"bench",   "--engine",  "gemm",       "--shape", "4-8-4",
                                              "--batch", "10",        "--networks", "2",       "--quick",
                                              "--json",  "kept.json", "--setting",  "l2"};
  std::vector<std::string> more = arguments;
  for (const char* networks : {"3", "4", "5", "6", "7", "8", "100000"})  // the last does not fit, no failure
    more.insert(more.end(), {"--networks", networks});
  set("MODSWEEP_HOST_CUDA_MEMORY", "100000000");
  set("MODSWEEP_HOST_CUDA_LAUNCHES", "1000");  // fails amid one of many cases
  const Outcome failed = modsweep(more);
  EXPECT_EQ(failed.code, 3) << failed.err;
  EXPECT_THAT(failed.err, HasSubstr("not timed: a step of l2, 8 networks of 4-8-4"));
  const auto rows = nlohmann::json::parse(testing_support::read_text(folder_ / "kept.json"));
  EXPECT_GE(rows.size(), 1U);
  EXPECT_LT(rows.size(), 7U);
  EXPECT_THAT(failed.out, HasSubstr("train   l2"));
}

TEST_F(HostCuda, AFailedCaptureIsToldOnceAndChangesNoBit) {
  ASSERT_EQ(run("graphs.db", "gemm").code, 0);
  set("MODSWEEP_HOST_CUDA_CAPTURES", "0");
  const Outcome outcome =
      modsweep({"run", "varied.toml", "-o", "launches.db", "--engine", "gemm", "--max-pack", "4"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string note = "cannot be captured as a graph";
  const auto first = outcome.err.find(note);
  ASSERT_NE(first, std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find(note, first + 1), std::string::npos) << outcome.err;
  expect_same_results("launches.db", "graphs.db");
}

TEST_F(HostCuda, DevicesThatCannotBeUsedAreNamedAndOthersAre) {
  set("MODSWEEP_HOST_CUDA_DEVICES", "3");
  set("MODSWEEP_HOST_CUDA_OLD", "0");
  set("MODSWEEP_HOST_CUDA_BROKEN", "1");
  const Outcome devices = modsweep({"devices"});
  ASSERT_EQ(devices.code, 0) << devices.err;
  EXPECT_THAT(devices.out, HasSubstr("host loops, device 2, driver 13.0"));
  EXPECT_THAT(devices.out, HasSubstr("not used: host loops, device 0: its architecture is sm_75"));
  EXPECT_THAT(devices.out, ContainsRegex("not used: host loops, device 1: .*cudaErrorDevicesUnavailable"));
  EXPECT_THAT(modsweep({"plan", "varied.toml"}).err, HasSubstr("not every GPU of this machine is used"));
}

TEST_F(HostCuda, AutoSaysWhyItHasNoGpu) {
  set("MODSWEEP_HOST_CUDA_OLD", "0");
  const Outcome outcome = run("old.db", "auto");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("no GPU is used: host loops, device 0: its architecture is sm_75"));
  EXPECT_THAT(rows("old.db", "SELECT DISTINCT device FROM cells").front(),
              HasSubstr("auto: the only one of this machine (GPU not used: host loops, device 0"));
}

TEST_F(HostCuda, WithoutADeviceTheCpuTrains) {
  set("MODSWEEP_HOST_CUDA_DEVICES", "0");
  expect_error(run("gemm.db", "gemm"), 2, {"gemm", "no device"});
  ASSERT_EQ(run("auto.db", "auto").code, 0);
  EXPECT_THAT(rows("auto.db", "SELECT DISTINCT engine FROM cells"), testing::ElementsAre("cpu|"));
}

}  // namespace
}  // namespace modsweep
