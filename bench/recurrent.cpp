// Training steps of recurrent networks on one thread, as Google Benchmark programs: a network as it is when
// it learns N, with batch 256 and lengths of {N + 2, ..., 4N}, whose mean is 2.5 N + 1.
#include "cpu/flush_denormals.h"
#include "recurrent/training.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <immintrin.h>

namespace {

using namespace modsweep;

constexpr std::uint32_t batch = 256;
constexpr std::uint32_t steps = 32;  // with different lengths; an iteration takes all of them

/// Operations of one step with that many time steps, all of them, though some reach no head and are left out:
/// a forward pass of all modules, and a backward pass of one.
double operations(std::uint32_t units, std::uint32_t modules, std::uint32_t length) {
  const double m2 = static_cast<double>(units) * units;
  const double backward = modules == 1 ? 4.0 : 6.0;
  return batch * static_cast<double>(length) * (2.0 * m2 + 4.0 * m2 * (modules - 1) + backward * m2);
}

template <typename T>
void training_step(benchmark::State& state, bool modular) {
  const auto units = static_cast<std::uint32_t>(state.range(0));
  const auto task = static_cast<std::uint32_t>(state.range(1));
  const cpu::FlushDenormals flush;
  const recurrent::Form form{.units = units, .modular = modular};
  const recurrent::DrawnValues fresh(1, form);
  auto network = recurrent::first_network<T>(form, fresh);
  while (recurrent::task_of(network) < task) recurrent::grow(network, {}, fresh);
  const auto heads = recurrent::learning_heads(network);
  const auto& kernels = recurrent::kernels_for<T>(cpu::best_isa());
  const auto& random = cpu::kernels_for<T>(cpu::best_isa());
  recurrent::NetworkStep<T> step(kernels);
  double work = 0.0;
  double length = 0.0;
  for (auto iteration : state) {
    for (std::uint32_t s = 0; s < steps; ++s) {
      const recurrent::DrawnSequences<T> sequences(kernels, random, {}, 1, math::SequencePurpose::training, s,
                                                   task, units, batch);
      benchmark::DoNotOptimize(step.train(network, {}, sequences, heads).loss);
      work += operations(units, network.modules, sequences.steps());
      length += sequences.steps();
    }
  }
  const auto all = static_cast<double>(state.iterations()) * steps;
  state.counters["step"] = benchmark::Counter(all, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["FLOP/s"] =
      benchmark::Counter(work, benchmark::Counter::kIsRate, benchmark::Counter::OneK::kIs1000);
  state.counters["length"] = length / all;
}

// Multiply-adds in registers: what the core could do at most. So many sums hide the latency.
constexpr std::uint32_t sums_at_once = 12;
[[gnu::target("avx512f")]] double wide_multiply_adds(std::uint32_t repeats) {
  const __m512 factor = _mm512_set1_ps(0.5F);
  __m512 sums[sums_at_once];
  for (auto& sum : sums) sum = factor;
  for (std::uint32_t i = 0; i < repeats; ++i)
    for (auto& sum : sums) {
      sum = _mm512_fmadd_ps(sum, factor, factor);
      asm volatile("" : "+v"(sum));  // all sums are equal, which the compiler is not to see
    }
  return 2.0 * 16 * sums_at_once * repeats;
}
[[gnu::target("avx2,fma")]] double narrow_multiply_adds(std::uint32_t repeats) {
  const __m256 factor = _mm256_set1_ps(0.5F);
  __m256 sums[sums_at_once];
  for (auto& sum : sums) sum = factor;
  for (std::uint32_t i = 0; i < repeats; ++i)
    for (auto& sum : sums) {
      sum = _mm256_fmadd_ps(sum, factor, factor);
      asm volatile("" : "+v"(sum));  // all sums are equal, which the compiler is not to see
    }
  return 2.0 * 8 * sums_at_once * repeats;
}
void multiply_add_peak(benchmark::State& state) {
  const cpu::Isa isa = cpu::best_isa();
  if (isa == cpu::Isa::baseline) return state.SkipWithError("no multiply-add on this machine");
  double work = 0.0;
  constexpr std::uint32_t repeats = 100000;
  for (auto iteration : state)
    work += isa == cpu::Isa::avx512 ? wide_multiply_adds(repeats) : narrow_multiply_adds(repeats);
  state.counters["FLOP/s"] =
      benchmark::Counter(work, benchmark::Counter::kIsRate, benchmark::Counter::OneK::kIs1000);
}

void modular(benchmark::State& state) {
  training_step<float>(state, true);
}
void flat(benchmark::State& state) {
  training_step<float>(state, false);
}

BENCHMARK(multiply_add_peak);
BENCHMARK(modular)->ArgNames({"M", "N"})->ArgsProduct({{5, 10, 15, 20}, {2, 5, 10, 20, 30}});
BENCHMARK(flat)->ArgNames({"M", "N"})->ArgsProduct({{20, 54, 91, 128}, {5, 10, 15}});

}  // namespace
