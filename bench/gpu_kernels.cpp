// The gemm engine's kernels on the first GPU, with Google Benchmark: every kernel in a step of the paper's
// network, timed by CUDA events. An iteration is one step; its time is the sum over all launches of the
// kernel in it.
#include "device/kernel_timer.h"
#include "gemm/gemm_engine.h"

#include <cstdio>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "modsweep/bench.h"

namespace modsweep {
namespace {

/// A pack of a setting of `modsweep bench`, in training on the first GPU.
struct TimedPack {
  TimedPack(const BenchSetting& setting, std::size_t networks)
      : training(start_timed_gemm(
            GpuDevice{}, bench_pack(setting, {4, 32, 32, 32, 4}, 200, Precision::fp32, networks), timer)) {
    training->advance(3);
  }
  /// Times of the next step, by kernel.
  const std::map<std::string, device::KernelTimer::Times>& step() {
    timer.forget();
    training->advance(1);
    return timer.times();
  }
  device::KernelTimer timer{0};
  std::unique_ptr<Training> training;
};

void time_kernel(benchmark::State& state, const BenchSetting& setting, const std::string& kernel) {
  TimedPack pack(setting, static_cast<std::size_t>(state.range(0)));
  double bytes = 0.0;
  double operations = 0.0;
  for (auto _ : state) {
    const device::KernelTimer::Times& times = pack.step().at(kernel);
    const auto launches = static_cast<double>(times.microseconds.size());
    bytes += launches * times.bytes;
    operations += launches * times.operations;
    state.SetIterationTime(1e-6 * std::accumulate(times.microseconds.begin(), times.microseconds.end(), 0.0));
  }
  if (bytes > 0.0) state.counters["bytes"] = benchmark::Counter(bytes, benchmark::Counter::kIsRate);
  if (operations > 0.0) state.counters["flop"] = benchmark::Counter(operations, benchmark::Counter::kIsRate);
}

void register_kernels() {
  for (const BenchSetting& setting : bench_settings()) {
    TimedPack pack(setting, 1);
    for (const auto& [kernel, times] : pack.step())
      benchmark::RegisterBenchmark(
          (std::string(setting.name) + "/" + kernel).c_str(),
          [&setting, kernel = kernel](benchmark::State& state) { time_kernel(state, setting, kernel); })
          ->Arg(64)
          ->Arg(1024)
          ->Arg(4096)
          ->UseManualTime();
  }
}

}  // namespace
}  // namespace modsweep

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  try {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
      std::fputs("bench_gpu_kernels: error: this machine has no GPU with a driver; run it on one that has\n",
                 stderr);
      return 3;
    }
    modsweep::register_kernels();
    benchmark::RunSpecifiedBenchmarks();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_gpu_kernels: error: %s\n", error.what());
    return 3;
  }
  return 0;
}
