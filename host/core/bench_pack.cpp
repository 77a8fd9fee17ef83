#include <cmath>
#include <random>

#include "modsweep/bench.h"

namespace modsweep {
namespace {

std::shared_ptr<const Dataset> sines(std::uint32_t inputs) {
  std::mt19937 generator(1);
  std::uniform_real_distribution<double> uniform(-2.0, 2.0);
  Dataset data;
  for (Samples* s : {&data.train, &data.test}) {
    *s = {1000, inputs, inputs, {}, {}};
    for (std::uint32_t i = 0; i < s->count * inputs; ++i) {
      s->x.push_back(uniform(generator));
      s->y.push_back(std::sin(s->x.back()));
    }
  }
  return std::make_shared<const Dataset>(std::move(data));
}

}  // namespace

const std::vector<BenchSetting>& bench_settings() {
  static const std::vector<BenchSetting> settings = [] {
    const RegularizerSettings l2{.l2 = 1e-4};
    const RegularizerSettings wa2{.l2 = 1e-4, .weighted_activity = 1e-3};
    const auto noise = [](double exponent) { return NoiseSettings{.strength = 0.1, .exponent = exponent}; };
    return std::vector<BenchSetting>{{"l2", {}, l2},
                                     {"wa2", {}, wa2},
                                     {"noise0", noise(0.0), l2},
                                     {"noise1", noise(1.0), l2},
                                     {"noise2", noise(2.0), l2},
                                     {"noise0.7", noise(0.7), l2}};
  }();
  return settings;
}

Pack bench_pack(const BenchSetting& setting, const std::vector<std::uint32_t>& sizes,
                std::uint32_t batch_size, Precision precision, std::size_t networks,
                const std::vector<std::uint32_t>& groups) {
  CellSettings cell;
  cell.task.inputs = sizes.front();
  cell.network.hidden.assign(sizes.begin() + 1, sizes.end() - 1);
  cell.network.groups = groups;
  cell.noise = setting.noise;
  cell.regularizer = setting.regularizer;
  cell.training.batch_size = batch_size;
  cell.training.precision = precision;
  cell.training.steps = 1ULL << 31U;
  const auto data = sines(sizes.front());
  Pack pack;
  for (std::size_t p = 0; p < networks; ++p) {
    cell.training.seed = static_cast<std::uint32_t>(p);
    pack.add(cell, data);
  }
  return pack;
}

}  // namespace modsweep
