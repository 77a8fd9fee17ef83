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
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const Cell cell = sweep.cell(i);
    const MadeNetwork made = network(cell.settings);
    CellProgress progress = made.running ? running(cell, 50) : finished(cell);
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
    store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  }
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

}  // namespace modsweep::test
