// Times of whole steps, of every kernel of a step, and of spectra, with the device's peaks.
#include "bench/device_bench.h"
#include "device/backend.cuh"
#include "fused/fused_engine.h"
#include "gemm/gemm_engine.h"
#include "pack/arrays.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "modsweep/bench.h"

namespace modsweep {
namespace {

double median_of(std::vector<double>& times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

/// Independent chains of fused multiply-adds in registers.
struct FmaChains {
  static constexpr std::uint32_t chains = 8;
  static constexpr std::uint32_t length = 4096;
  float* out = nullptr;
  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    float sum[chains];
    for (std::uint32_t c = 0; c < chains; ++c) sum[c] = static_cast<float>(item + c + p);
    for (std::uint32_t k = 0; k < length; ++k)
      for (float& s : sum) s = math::multiply_add(s, 0.999F, 0.001F);
    float total = 0.0F;
    for (const float s : sum) total += s;
    if (total == -1.0F) out[0] = total;  // never true, but the compiler does not know that
  }
};

struct CopyQuads {
  const float* from = nullptr;
  float* to = nullptr;
  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t item) const {
    pack::store_quad(to + std::size_t{item} * pack::quad,
                     pack::load_quad(from + std::size_t{item} * pack::quad));
  }
};

struct Peaks {
  double gflops = 0.0;
  double gbytes = 0.0;
};

Peaks measure_peaks(const GpuDevice& device) {
  constexpr int repetitions = 7;
  device::KernelTimer timer(device.index);
  device::Backend backend(device::resources_of(device), &timer);
  const auto threads = static_cast<std::uint32_t>(device.multiprocessors * 2048);
  auto out = backend.allocate<float>(1);
  const std::size_t bytes = std::min<std::size_t>(std::size_t{1} << 30, device.free_memory / 8);
  const std::size_t values = bytes / sizeof(float) / pack::quad * pack::quad;
  auto from = backend.allocate<float>(values);
  auto to = backend.allocate<float>(values);
  for (int i = 0; i < repetitions; ++i) {
    backend.for_each(1, threads, FmaChains{out.data()});
    backend.for_each(1, static_cast<std::uint32_t>(values / pack::quad), CopyQuads{from.data(), to.data()});
  }
  const auto microseconds = [&timer](const char* kernel) {
    std::vector<double> times = timer.times().at(kernel).microseconds;
    return median_of(times);
  };
  const double operations = 2.0 * threads * FmaChains::chains * FmaChains::length;
  return {operations / microseconds("FmaChains") * 1e-3,
          2.0 * static_cast<double>(values * sizeof(float)) / microseconds("CopyQuads") * 1e-3};
}

GpuBenchRow make_row(const char* bench, const Peaks& peaks, std::vector<double> times, double operations,
                     double bytes) {
  GpuBenchRow row;
  row.bench = bench;
  row.median_us = median_of(times);
  row.min_us = times.front();
  row.max_us = times.back();
  row.gflops = operations / row.median_us * 1e-3;
  row.gbytes = bytes / row.median_us * 1e-3;
  row.peak_gflops = peaks.gflops;
  row.peak_gbytes = peaks.gbytes;
  return row;
}

void name_pack(GpuBenchRow& row, const Pack& pack) {
  row.shape = pack.shape.text();
  row.batch = pack.batch_size;
  row.networks = pack.size();
  row.precision = pack.precision;
}

GpuBenchRow bench_training(Engine& engine, const Peaks& peaks, const BenchSetting& setting, const Pack& pack,
                           bool quick) {
  const auto training = engine.start(pack);
  const auto seconds = [&](std::uint64_t steps) {
    const auto begin = std::chrono::steady_clock::now();
    training->advance(steps);  // ends with a copy, which waits
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  (void)seconds(10);
  const double wanted = quick ? 0.02 : 0.1;
  const auto steps = static_cast<std::uint64_t>(std::clamp(wanted / (seconds(20) / 20.0), 10.0, 5000.0));
  std::vector<double> times;
  for (int i = 0; i < (quick ? 5 : 9); ++i)
    times.push_back(seconds(steps) * 1e6 / static_cast<double>(steps * pack.size()));
  const double operations =
      6.0 * static_cast<double>(ParameterLayout(pack.shape).weights()) * pack.batch_size;
  GpuBenchRow row = make_row("train", peaks, std::move(times), operations, 0.0);
  row.setting = setting.name;
  name_pack(row, pack);
  return row;
}

void bench_kernels(const GpuDevice& device, const Peaks& peaks, const BenchSetting& setting, const Pack& pack,
                   bool quick, const GpuBenchWatcher& watcher) {
  device::KernelTimer timer(device.index);
  const auto training = start_timed_gemm(device, pack, timer);
  training->advance(3);
  timer.forget();
  training->advance(quick ? 10 : 50);
  for (const auto& [name, times] : timer.times()) {
    GpuBenchRow row = make_row("kernel", peaks, times.microseconds, times.operations, times.bytes);
    row.setting = name + " (" + std::string(setting.name) + ")";
    name_pack(row, pack);
    watcher.row(row);
  }
}

/// Spectra of `count` random matrices of order n: from weights to eigenvalues on the host. The matrices are
/// the initial weights of networks without hidden layers.
GpuBenchRow bench_spectra(const GpuDevice& device, const Peaks& peaks, std::uint32_t n, std::size_t count,
                          bool quick) {
  const Pack pack = bench_pack(bench_settings().front(), {n, n}, 1, Precision::fp32, count);
  const auto training = make_gemm_engine(device)->start(pack);
  std::vector<std::size_t> networks(count);
  std::iota(networks.begin(), networks.end(), std::size_t{0});
  const auto run = [&] { (void)training->spectra(networks, ClusterBy::incoming); };
  run();
  std::vector<double> times;
  for (int i = 0; i < (quick ? 3 : 7); ++i) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() * 1e6 /
                    static_cast<double>(count));
  }
  GpuBenchRow row = make_row("spectra", peaks, std::move(times), 0.0, 0.0);
  row.setting = "laplacian";
  row.precision = Precision::fp64;
  row.shape = pack.shape.text();
  row.networks = count;
  row.n = n;
  return row;
}

bool wanted(const GpuBenchOptions& options, const BenchSetting& setting) {
  return options.settings.empty() ||
         std::find(options.settings.begin(), options.settings.end(), setting.name) != options.settings.end();
}

/// Goes on after what fails or does not fit.
template <typename Work>
void attempt(const GpuBenchWatcher& watcher, const std::string& what, const Work& work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    watcher.failed(what, "out of memory");
  } catch (const Error& error) {
    watcher.failed(what, error.what());
  }
}

/// Matrices whose spectra are computed at once; bench/peers/torch_spectra.py takes as many.
std::size_t matrices_of_order(std::uint32_t n) {
  return n <= 64 ? 10000 : n <= 256 ? 1000 : 100;
}

std::unique_ptr<Engine> make_engine(const std::string& name, const GpuDevice& device) {
  if (name == "gemm") return make_gemm_engine(device);
  if (name == "fused") return make_fused_engine(device);
  if (name == "fused_3xtf32") return make_fused_3xtf32_engine(device);
  throw LogicError("no engine " + name);
}

}  // namespace

void bench_device(const GpuDevice& device, const GpuBenchOptions& options, const GpuBenchWatcher& watcher) {
  const Peaks peaks = measure_peaks(device);
  const std::unique_ptr<Engine> engine = make_engine(options.engine, device);
  for (const auto& sizes : options.shapes)
    for (const std::uint32_t batch : options.batches)
      for (const std::size_t networks : options.networks)
        for (const BenchSetting& setting : bench_settings()) {
          if (!wanted(options, setting)) continue;
          const Pack pack = bench_pack(setting, sizes, batch, options.precision, networks);
          if (!engine->refuses(pack.shape, pack.precision).empty()) continue;  // only skips the row
          if (engine->bytes_per_network(pack.shape, batch, pack.precision) * networks > engine->memory())
            continue;
          const std::string what = std::string(setting.name) + ", " + std::to_string(networks) +
                                   " networks of " + pack.shape.text() + ", batch " + std::to_string(batch);
          if (options.train)
            attempt(watcher, "a step of " + what,
                    [&] { watcher.row(bench_training(*engine, peaks, setting, pack, options.quick)); });
          if (options.kernels)
            attempt(watcher, "the kernels of " + what,
                    [&] { bench_kernels(device, peaks, setting, pack, options.quick, watcher); });
        }
  if (!options.spectra) return;
  for (const std::uint32_t n : options.orders) {
    const std::size_t count = matrices_of_order(n);
    attempt(watcher, "spectra of " + std::to_string(count) + " matrices of order " + std::to_string(n),
            [&] { watcher.row(bench_spectra(device, peaks, n, count, options.quick)); });
  }
}

}  // namespace modsweep
