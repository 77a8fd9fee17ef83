// Whole training steps of the paper's network, over the number of networks per pack and of threads.
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "modsweep/bench.h"
#include "modsweep/cpu_engine.h"
#include "modsweep/task.h"

namespace modsweep {
namespace {

struct Setting {
  const char* name;
  double weighted_activity;
  double noise_strength;
};

void train(benchmark::State& state, const Setting& setting) {
  const auto networks = static_cast<std::size_t>(state.range(0));
  const auto threads = static_cast<std::size_t>(state.range(1));
  constexpr std::uint64_t steps = 50;
  DatasetCache cache;
  Pack pack;
  for (std::size_t i = 0; i < networks; ++i) {
    CellSettings cell;
    cell.regularizer.l2 = 1e-4;
    cell.regularizer.weighted_activity = setting.weighted_activity;
    cell.noise.strength = setting.noise_strength;
    cell.training.steps = 1ULL << 31U;
    cell.training.seed = static_cast<std::uint32_t>(i);
    pack.add(cell, cache.get(cell.task));
  }
  const auto training = make_cpu_engine({.threads = threads, .instruction_set = {}})->start(pack);
  for (auto _ : state) training->advance(steps);
  const double network_steps = static_cast<double>(steps * networks);
  state.counters["network-steps/s"] =
      benchmark::Counter(network_steps, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["FLOP/s"] = benchmark::Counter(
      6.0 * static_cast<double>(ParameterLayout(pack.shape).weights()) * pack.batch_size * network_steps,
      benchmark::Counter::kIsIterationInvariantRate);
}

/// The time of a step of one network on one thread, for layers of `width` units in `groups` groups.
void train_groups(benchmark::State& state) {
  const auto width = static_cast<std::uint32_t>(state.range(0));
  const std::vector<std::uint32_t> groups(4, static_cast<std::uint32_t>(state.range(1)));
  const Pack pack =
      bench_pack(bench_settings().front(), {4, width, width, width, 4}, 200, Precision::fp32, 1, groups);
  const auto training = make_cpu_engine({.threads = 1, .instruction_set = {}})->start(pack);
  for (auto _ : state) training->advance(1);
  state.counters["weights"] = static_cast<double>(ParameterLayout(pack.shape).weights());
}

// Google Benchmark's own main runs the benchmarks that are registered before it starts.
const bool registered = [] {
  for (const Setting& setting :
       {Setting{"l2", 0.0, 0.0}, Setting{"wa2", 1e-3, 0.0}, Setting{"noise2", 0.0, 0.1}})
    benchmark::RegisterBenchmark((std::string("train/") + setting.name).c_str(), train, setting)
        ->ArgsProduct({{1, 8, 64}, {1, 2}})
        ->ArgNames({"networks", "threads"})
        ->UseRealTime();
  benchmark::RegisterBenchmark("groups", train_groups)
      ->ArgsProduct({{64, 128, 256}, {1, 4}})
      ->ArgNames({"width", "groups"});
  return true;
}();

}  // namespace
}  // namespace modsweep
