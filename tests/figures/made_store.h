// Stores whose every number is chosen, for pictures that can be told in advance.
#pragma once

#include "store/fixtures.h"
#include "support/temporary_folder.h"

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "modsweep/sweep.h"

namespace modsweep::test {

/// What a network of a made store has.
struct MadeNetwork {
  double loss = 0.5;
  double gap = 0.25;
  bool diverged = false;
  bool running = false;
};

/// Axes of a sweep over networks 2-3-2: each setting, or zipped settings, with its values as JSON.
inline Sweep made_sweep(const std::vector<Axis>& axes, const std::string& name = "made") {
  Sweep sweep = seed_sweep(1, name);
  sweep.axes = axes;
  return sweep;
}

/// A measurement with this loss, and in layer 1 a live gap_2 of `gap`.
inline Measurement made_measurement(std::uint64_t step, const MadeNetwork& network) {
  Measurement m;
  m.step = step;
  output("losses", m).network({network.loss / 2.0, network.loss});
  LayerSpectra first;
  first.all.eigenvalues = {0.0, 1.0 - network.gap, 1.0};
  first.live = first.all;
  LayerSpectra second;
  second.all.eigenvalues = {0.0, 0.5};
  second.live = second.all;
  put_spectra(m, {first, second}, seed_sweep(1).base);
  return m;
}

/// Puts every cell of a sweep into a store, measured at half of its steps and at their end.
inline void fill_store(Store& store, const Sweep& sweep,
                       const std::function<MadeNetwork(const CellSettings&)>& network) {
  store.add_sweep(sweep);
  std::vector<Cell> cells;  // progress refers to them
  cells.reserve(sweep.size());
  std::vector<CellProgress> all;  // written at once: each commit waits for the disk
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const Cell& cell = cells.emplace_back(sweep.cell(i));
    const MadeNetwork made = network(cell.settings);
    CellProgress& progress = all.emplace_back(made.running ? running(cell, 50) : finished(cell));
    MadeNetwork half = made;
    half.loss *= 2.0;
    half.gap /= 2.0;
    progress.measurements = {made_measurement(50, half)};
    if (!made.running) progress.measurements.push_back(made_measurement(100, made));
    if (made.diverged) {
      progress.status = CellStatus::diverged;
      progress.diverged_at = 60;
      progress.measurements.resize(1);
      progress.weights.reset();
    }
  }
  store.commit(sweep.id(), all, "cpu", "plain");
}

/// training.seed = 0 .. count-1
inline Axis seeds(std::uint32_t count) {
  Axis axis{{"training.seed"}, {}};
  for (std::uint32_t seed = 0; seed < count; ++seed) axis.values.push_back({std::to_string(seed)});
  return axis;
}

inline Axis axis_of(const std::string& key, const std::vector<std::string>& values) {
  Axis axis{{key}, {}};
  for (const std::string& value : values) axis.values.push_back({value});
  return axis;
}

/// A folder with one store.
class MadeStore {
 public:
  MadeStore(const Sweep& sweep, const std::function<MadeNetwork(const CellSettings&)>& network)
      : store(folder_.file("made.db"), Store::Access::read_write) {
    fill_store(store, sweep, network);
  }

 private:
  TemporaryFolder folder_;

 public:
  Store store;
};

// Stores for every kind of plot. The numbers of their networks are functions of their settings.

inline double seed_of(const CellSettings& cell) {
  return static_cast<double>(cell.training.seed);
}

inline MadeNetwork sizes_network(const CellSettings& cell) {
  const double n = static_cast<double>(cell.task.train_samples);
  const double rise = 1.0 / (1.0 + std::pow((cell.noise.exponent > 0.0 ? 60.0 : 120.0) / n, 4.0));
  return {.loss = 1.0 / n + 0.001 * seed_of(cell) / n,
          .gap = 0.1 + 0.5 * rise + 0.01 * std::sin(seed_of(cell) + n)};
}

/// Two exponents over seven sizes that double, with six seeds: enough for an interval of the median.
inline MadeStore sizes_store() {
  return {
      made_sweep({axis_of("noise.exponent", {"0", "2"}),
                  axis_of("task.train_samples", {"10", "20", "40", "80", "160", "320", "640"}), seeds(6)}),
      sizes_network};
}

/// A loss that rises late and a gap that rises early.
inline MadeNetwork balance_network(const CellSettings& cell) {
  const double s = cell.noise.strength;
  return {.loss = 1e-4 * (1.0 + 0.01 * seed_of(cell)) * (1.0 + std::pow(s / 0.1, 3.0)),
          .gap = 0.2 + 0.6 / (1.0 + std::pow(0.03 / s, 3.0)) + 0.001 * seed_of(cell)};
}

inline MadeStore balance_store() {
  return {made_sweep({axis_of("noise.strength", {"0.01", "0.02", "0.04", "0.08", "0.16", "0.32"}), seeds(3)}),
          balance_network};
}

inline MadeNetwork plane_network(const CellSettings& cell) {
  const bool hole = cell.task.train_samples == 30 && cell.noise.strength > 0.3;
  return {.gap = cell.noise.strength * 3.0, .diverged = hole};
}

inline MadeStore plane_store() {
  return {made_sweep({axis_of("noise.strength", {"0.01", "0.02", "0.04", "0.08", "0.16", "0.32"}),
                      axis_of("task.train_samples", {"10", "20", "30", "40", "50", "60"}), seeds(1)}),
          plane_network};
}

/// Middles that double from one exponent to the next: 8, 16, 32 samples.
inline MadeNetwork law_network(const CellSettings& cell) {
  const double n = static_cast<double>(cell.task.train_samples);
  const double middle = 4.0 * std::pow(2.0, cell.noise.exponent);
  return {.loss = 0.5,
          .gap = 0.1 + 0.5 / (1.0 + std::pow(middle / n, 3.0)) + 0.005 * std::sin(seed_of(cell) + n)};
}

inline MadeStore law_store() {
  return {made_sweep({axis_of("noise.exponent", {"1", "2", "3"}),
                      axis_of("task.train_samples", {"1", "2", "4", "8", "16", "32", "64", "128", "256",
                                                     "512", "1024", "2048", "4096"}),
                      seeds(2)}),
          law_network};
}

}  // namespace modsweep::test
