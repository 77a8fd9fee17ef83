// Single kernels of the CPU engine: every instruction set of this machine, both precisions, widths around the
// tile sizes.
#include "cpu/kernels.h"

#include "cpu/aligned.h"
#include "cpu/isa_names.h"

#include <cmath>
#include <random>
#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace modsweep::cpu {
namespace {

constexpr std::size_t stride = 208;  // the paper's batch of 200

template <typename T>
AlignedVector<T> random_values(std::size_t count) {
  std::mt19937 generator(1);
  std::normal_distribution<double> normal;
  AlignedVector<T> values(count);
  for (T& value : values) value = static_cast<T>(normal(generator));
  return values;
}

void count_flops(benchmark::State& state, double per_call) {
  state.counters["FLOP/s"] = benchmark::Counter(per_call, benchmark::Counter::kIsIterationInvariantRate);
}

template <typename T>
void gemm(benchmark::State& state, Isa isa) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto w = random_values<T>(n * n);
  const auto x = random_values<T>(n * stride);
  AlignedVector<T> out(n * stride);
  const GemmArguments<T> g{.a = w.data(),
                           .a_row = n,
                           .a_column = 1,
                           .start = nullptr,
                           .x = x.data(),
                           .c = out.data(),
                           .rows = n,
                           .inner = n,
                           .stride = stride};
  for (auto _ : state) {
    kernels_for<T>(isa).gemm(g);
    benchmark::ClobberMemory();
  }
  count_flops(state, 2.0 * static_cast<double>(n * n * stride));
}

template <typename T>
void weight_gradient(benchmark::State& state, Isa isa) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto d = random_values<T>(n * stride);
  const auto x = random_values<T>(n * stride);
  AlignedVector<T> out(n * n);
  const WeightGradientArguments<T> g{.d = d.data(),
                                     .x = x.data(),
                                     .g = out.data(),
                                     .g_row = n,
                                     .rows = n,
                                     .columns = n,
                                     .stride = stride,
                                     .accumulate = false};
  for (auto _ : state) {
    kernels_for<T>(isa).weight_gradient(g);
    benchmark::ClobberMemory();
  }
  count_flops(state, 2.0 * static_cast<double>(n * n * stride));
}

template <typename T>
void normals(benchmark::State& state, Isa isa) {
  const auto n = static_cast<std::size_t>(state.range(0));
  AlignedVector<T> values((n + 3) / 4 * 4 * stride);
  RandomArguments<T> g{.values = values.data(), .units = n, .stride = stride};
  for (auto _ : state) {
    ++g.step;
    kernels_for<T>(isa).normals(g);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(n * stride));
}

template <typename T>
void adam(benchmark::State& state, Isa isa) {
  const auto count = static_cast<std::size_t>(state.range(0));
  auto parameters = random_values<T>(count);
  const auto gradients = random_values<T>(count);
  AlignedVector<T> moment1(count);
  AlignedVector<T> moment2(count);
  const auto step = math::adam_step<T>(1e-3, 0.9, 0.999, 1e-8, 0.0, false, 10);
  for (auto _ : state) {
    kernels_for<T>(isa).adam(step, parameters.data(), gradients.data(), moment1.data(), moment2.data(),
                             count);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(7 * count * sizeof(T)));
}

template <typename T>
void register_kernels(Isa isa, const std::string& precision) {
  const std::string suffix = fmt::format("/{}/{}", isa_name(isa), precision);
  const auto add = [&](const std::string& name, auto kernel) {
    return benchmark::RegisterBenchmark((name + suffix).c_str(), kernel, isa);
  };
  for (const std::int64_t n : {8, 31, 32, 33, 64, 128}) {
    add("gemm", gemm<T>)->Arg(n);
    add("weight_gradient", weight_gradient<T>)->Arg(n);
  }
  add("normals", normals<T>)->Arg(32);
  add("adam", adam<T>)->Arg(2384);
}

// Google Benchmark's own main runs the benchmarks that are registered before it starts.
const bool registered = [] {
  for (const Isa isa : {Isa::avx512, Isa::avx2, Isa::baseline}) {
    if (!has_isa(isa)) continue;
    register_kernels<float>(isa, "fp32");
    register_kernels<double>(isa, "fp64");
  }
  return true;
}();

}  // namespace
}  // namespace modsweep::cpu
