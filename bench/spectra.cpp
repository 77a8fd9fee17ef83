// Spectra and leaks of one network on one core.
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "modsweep/spectrum.h"

namespace modsweep {
namespace {

std::vector<double> random_values(std::size_t count) {
  std::mt19937 generator(1);
  std::normal_distribution<double> normal;
  std::vector<double> values(count);
  for (double& value : values) value = normal(generator);
  return values;
}

void spectra(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto w = random_values(n * n);
  for (auto _ : state) benchmark::DoNotOptimize(layer_spectra(w, n, n));
}
BENCHMARK(spectra)->Arg(8)->Arg(32)->Arg(64)->Arg(128)->Unit(benchmark::kMicrosecond);

Parameters paper_network() {
  const Shape shape{{4, 32, 32, 32, 4}, {1, 1, 1, 1}, true, false};
  return {shape, random_values(ParameterLayout(shape).parameters())};
}

void path_leak_of_the_papers_network(benchmark::State& state) {
  const Parameters network = paper_network();
  for (auto _ : state) benchmark::DoNotOptimize(path_leak(network));
}
BENCHMARK(path_leak_of_the_papers_network)->Unit(benchmark::kMicrosecond);

void jacobian_leak_of_1000_samples(benchmark::State& state) {
  const Parameters network = paper_network();
  const auto x = random_values(4000);
  for (auto _ : state) benchmark::DoNotOptimize(jacobian_leak(network, Activation::leaky_relu, 0.1, x, 1000));
}
BENCHMARK(jacobian_leak_of_1000_samples)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace modsweep
