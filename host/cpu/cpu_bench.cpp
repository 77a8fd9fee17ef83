#include "cpu/cpu_bench.h"

#include "core/parallel.h"
#include "cpu/aligned.h"
#include "cpu/isa_names.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <thread>

#include "modsweep/bench.h"
#include "modsweep/cpu_engine.h"

namespace modsweep::cpu {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_of(const std::function<void()>& work) {
  const auto begin = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

template <typename T>
double peak_of(Isa isa, std::size_t threads, double seconds) {
  const Kernels<T>& kernels = kernels_for<T>(isa);
  constexpr std::size_t chunk = 1'200'000;
  std::vector<double> rates(threads);
  parallel_for(threads, threads, [&](std::size_t item, std::size_t) {
    double elapsed = 0.0;
    double operations = 0.0;
    while (elapsed < seconds) {
      elapsed += seconds_of([&] {
        volatile T keep = kernels.fma_chain(chunk);
        static_cast<void>(keep);
      });
      operations += 2.0 * static_cast<double>(kernels.lanes * chunk);
    }
    rates[item] = operations / elapsed * 1e-9;
  });
  double sum = 0.0;
  for (const double rate : rates) sum += rate;
  return sum;
}

void summarize_times(BenchRow& row, Isa isa, const std::vector<double>& times,
                     const std::vector<double>& peaks, double operations) {
  row.instruction_set = isa_name(isa);
  row.median_us = median(times);
  row.min_us = *std::ranges::min_element(times);
  row.max_us = *std::ranges::max_element(times);
  row.gflops = operations / row.median_us * 1e-3;
  row.peak_gflops = median(peaks);
}

/// A row of whole steps, without its times.
BenchRow row_of(const BenchSetting& setting, const Pack& pack, std::size_t threads) {
  BenchRow row;
  row.bench = "train";
  row.setting = setting.name;
  row.shape = pack.shape.text();
  row.batch = pack.batch_size;
  row.precision = pack.precision;
  row.threads = threads;
  row.networks = pack.size();
  return row;
}

/// Times `work` and the peak alternately. `work` performs `calls` of the steps or kernel calls that the row
/// counts.
void time_row(BenchRow& row, Isa isa, std::size_t repetitions, double calls, double operations,
              const std::function<void()>& work) {
  std::vector<double> times;
  std::vector<double> peaks;
  work();  // warm
  for (std::size_t i = 0; i < repetitions; ++i) {
    peaks.push_back(measure_peak(isa, row.precision, row.threads, 0.01));
    times.push_back(seconds_of(work) / calls * 1e6);
  }
  summarize_times(row, isa, times, peaks, operations);
}

BenchRow bench_training(const BenchSetting& setting, Precision precision, std::size_t threads, Isa isa,
                        bool quick) {
  const std::size_t networks = threads == 1 ? 1 : 8 * threads;
  const Pack pack = bench_pack(setting, {4, 32, 32, 32, 4}, 200, precision, networks);
  const auto engine = make_cpu_engine({.threads = threads, .instruction_set = std::string(isa_name(isa))});
  const auto training = engine->start(pack);
  BenchRow row = row_of(setting, pack, threads);
  const std::uint64_t steps = std::max<std::uint64_t>(1, (quick ? 500 : 2000) * threads / networks);
  const double operations = 6.0 * static_cast<double>(ParameterLayout(pack.shape).weights()) * row.batch;
  time_row(row, isa, quick ? 3 : 9, static_cast<double>(steps * networks), operations,
           [&] { training->advance(steps); });
  return row;
}

/// Times whole steps, alternately, of a network of four functions whose layers all have four groups and of
/// one of the same sizes without groups.
std::vector<BenchRow> bench_groups(std::size_t threads, Isa isa, bool quick) {
  struct Rival {
    BenchRow row;
    std::unique_ptr<Training> training;
    std::vector<double> times;
    std::vector<double> peaks;
  };
  const BenchSetting& setting = bench_settings().front();
  const auto engine = make_cpu_engine({.threads = threads, .instruction_set = std::string(isa_name(isa))});
  const std::size_t networks = threads == 1 ? 1 : 8 * threads;
  std::vector<Rival> rivals;
  for (const auto& groups : {std::vector<std::uint32_t>{}, std::vector<std::uint32_t>(4, 4)}) {
    const Pack pack = bench_pack(setting, {4, 128, 128, 128, 4}, 200, Precision::fp32, networks, groups);
    Rival& rival = rivals.emplace_back(Rival{row_of(setting, pack, threads), engine->start(pack), {}, {}});
    rival.row.bench = "groups";
    rival.row.weights = ParameterLayout(pack.shape).weights();
  }
  const std::uint64_t steps = std::max<std::uint64_t>(1, (quick ? 100 : 400) * threads / networks);
  const std::size_t repetitions = quick ? 5 : 15;
  for (std::size_t i = 0; i <= repetitions; ++i)
    for (Rival& rival : rivals) {
      const double peak = measure_peak(isa, Precision::fp32, threads, 0.01);
      const double seconds = seconds_of([&] { rival.training->advance(steps); });
      if (i == 0) continue;  // warm
      rival.peaks.push_back(peak);
      rival.times.push_back(seconds / static_cast<double>(steps * networks) * 1e6);
    }
  std::vector<BenchRow> rows;
  for (Rival& rival : rivals) {
    const double operations = 6.0 * static_cast<double>(rival.row.weights) * rival.row.batch;
    summarize_times(rival.row, isa, rival.times, rival.peaks, operations);
    rows.push_back(rival.row);
  }
  return rows;
}

/// Single kernels on one block of the paper's batch and layer: 32 units, 200 samples.
template <typename T>
std::vector<BenchRow> bench_kernels(Isa isa, Precision precision, bool quick) {
  constexpr std::size_t units = 32;
  constexpr std::size_t samples = 200;
  const std::size_t stride = (samples + block_alignment - 1) / block_alignment * block_alignment;
  const Kernels<T>& k = kernels_for<T>(isa);
  std::mt19937 generator(1);
  std::normal_distribution<double> normal;
  const auto array = [&](std::size_t count) {
    AlignedVector<T> values(count);
    for (T& value : values) value = static_cast<T>(normal(generator));
    return values;
  };
  const auto x = array(units * stride);
  const auto w = array(units * units);
  const AlignedVector<T> weight(stride, T(1));
  const AlignedVector<T> coefficients(units, T(1e-3));
  auto out = array(units * stride);
  auto by_z = array(units * stride);
  auto clean = array(units * stride);
  auto clean_by_z = array(units * stride);
  AlignedVector<T> sums(units, T(0));
  LayerHyperparameters<T> hyper;
  hyper.unit.slope = T(1);  // so that values updated in place many times neither grow nor vanish
  hyper.unit.noise_power = math::PowerKind::one;
  hyper.unit.noise_exponent = T(1);
  hyper.penalties = penalty_rules<T>({.weighted_activity = 1.0});
  penalty_rules<double>({.weighted_activity = 1.0}).activities_on(hyper.activity);
  hyper.sigma = T(1e-9);

  std::vector<BenchRow> rows;
  const auto add = [&](const char* name, double operations, const std::function<void()>& call) {
    const std::size_t calls = quick ? 500 : 5000;
    BenchRow row;
    row.bench = "kernel";
    row.setting = name;
    row.shape = "32-32";
    row.batch = samples;
    row.precision = precision;
    time_row(row, isa, quick ? 3 : 9, static_cast<double>(calls), operations, [&] {
      for (std::size_t i = 0; i < calls; ++i) call();
    });
    rows.push_back(row);
  };
  const double product = 2.0 * units * units * samples;
  const auto gemm = [&](std::size_t row, std::size_t column) {
    k.gemm({.a = w.data(),
            .a_row = row,
            .a_column = column,
            .start = nullptr,
            .x = x.data(),
            .c = out.data(),
            .rows = units,
            .inner = units,
            .stride = stride});
  };
  add("gemm", product, [&] { gemm(units, 1); });
  add("gemm_transposed", product, [&] { gemm(1, units); });
  auto gradient = array(units * units);
  add("weight_gradient", product, [&] {
    k.weight_gradient({.d = clean.data(),
                       .x = x.data(),
                       .g = gradient.data(),
                       .g_row = units,
                       .rows = units,
                       .columns = units,
                       .stride = stride,
                       .accumulate = false});
  });
  ForwardUnitsArguments<T> forward;
  forward.out = out.data();
  forward.out_by_z = by_z.data();
  forward.sample_mask = weight.data();
  for (T*& activity : forward.activity_sums) activity = sums.data();
  forward.units = units;
  forward.stride = stride;
  add("forward_units", 0.0, [&] { k.forward_units(hyper, forward); });
  auto eps = array(units * stride);
  forward.clean = clean.data();
  forward.clean_by_z = clean_by_z.data();
  forward.eps = eps.data();
  add("forward_units_noise", 0.0, [&] { k.forward_units(hyper, forward); });
  BackwardUnitsArguments<T> backward;
  backward.delta = out.data();
  backward.out_by_z = by_z.data();
  backward.clean = clean.data();
  backward.clean_by_z = clean_by_z.data();
  backward.sample_mask = weight.data();
  for (const T*& factors : backward.activity_factors) factors = coefficients.data();
  backward.bias_gradient = sums.data();
  backward.units = units;
  backward.stride = stride;
  add("backward_units_wa2", 0.0, [&] { k.backward_units(hyper, backward); });
  RandomArguments<T> random;
  random.values = eps.data();
  random.units = units;
  random.stride = stride;
  add("normals", 0.0, [&] {
    ++random.step;
    k.normals(random);
  });
  auto parameters = array(2384);
  auto gradients = array(2384);
  AlignedVector<T> moment1(2384, T(0));
  AlignedVector<T> moment2(2384, T(0));
  const auto step = math::adam_step<T>(1e-3, 0.9, 0.999, 1e-8, 0.0, false, 1);
  add("adam_2384", 0.0, [&] {
    k.adam(step, parameters.data(), gradients.data(), moment1.data(), moment2.data(), parameters.size());
  });
  return rows;
}

}  // namespace

double measure_peak(Isa isa, Precision precision, std::size_t threads, double seconds) {
  return precision == Precision::fp32 ? peak_of<float>(isa, threads, seconds)
                                      : peak_of<double>(isa, threads, seconds);
}

std::vector<BenchRow> run_bench(const BenchOptions& options) {
  const Isa isa = isa_from_name(options.instruction_set);
  std::vector<std::size_t> threads = options.threads;
  if (threads.empty()) {
    threads = {1};
    if (hardware_threads() > 1) threads.push_back(hardware_threads());
  }
  std::vector<BenchRow> rows;
  for (const std::size_t count : threads)
    for (const BenchSetting& setting : bench_settings()) {
      if (!options.settings.empty() && std::ranges::count(options.settings, setting.name) == 0) continue;
      for (const Precision precision : {Precision::fp32, Precision::fp64})
        rows.push_back(bench_training(setting, precision, count, isa, options.quick));
    }
  if (!options.settings.empty()) return rows;
  for (const std::size_t count : threads)
    for (const BenchRow& row : bench_groups(count, isa, options.quick)) rows.push_back(row);
  for (const BenchRow& row : bench_kernels<float>(isa, Precision::fp32, options.quick)) rows.push_back(row);
  for (const BenchRow& row : bench_kernels<double>(isa, Precision::fp64, options.quick)) rows.push_back(row);
  return rows;
}

}  // namespace modsweep::cpu
