// Uses the installed library as another project would: reads a sweep, trains its first network, examines its
// modules.
#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>

#include "modsweep/cpu_engine.h"
#include "modsweep/engine.h"
#include "modsweep/pack.h"
#include "modsweep/spectrum.h"
#include "modsweep/sweep.h"
#include "modsweep/task.h"

namespace {

constexpr const char* own_sweep = R"(
name = "consumer"
[network]
hidden = [16]
[regularizer]
weighted_activity = 1e-3
[training]
batch_size = 100
steps = 200
[axes]
"training.seed" = [0, 1, 2]
)";

int check(bool holds, const char* what) {
  if (!holds) std::fprintf(stderr, "consumer: %s\n", what);
  return holds ? 0 : 1;
}

int train(const modsweep::Sweep& sweep) {
  modsweep::DatasetCache datasets;
  modsweep::Pack pack;
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const modsweep::Cell cell = sweep.cell(i);
    pack.add(cell.settings, datasets.get(cell.settings.task));
  }
  const std::unique_ptr<modsweep::Engine> engine = modsweep::make_cpu_engine({.threads = 1});
  const std::unique_ptr<modsweep::Training> training = engine->start(pack);
  const double before = training->evaluate(modsweep::Split::test, {}).front().mse;
  training->advance(200);
  const double after = training->evaluate(modsweep::Split::test, {}).front().mse;

  const modsweep::Parameters network = training->weights(0);
  const modsweep::LayerSpectra spectra =
      modsweep::layer_spectra(network.dense_weights(0), network.shape.sizes[1], network.shape.sizes[0]);
  const double gap = spectra.all.gap(4).value_or(-1.0);
  std::printf("%s on %s: test loss %.4f -> %.4f, gap_4 %.3f\n", network.shape.text().c_str(),
              engine->device().c_str(), before, after, gap);
  return check(training->step(2) == 200, "the last network did not take 200 steps") +
         check(std::isfinite(after) && after < before, "200 steps did not lower the test loss") +
         check(gap >= 0.0 && gap <= 1.0, "gap_4 of the first layer is not in [0, 1]");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return check(false, "usage: consumer SWEEP.toml");
  try {
    const modsweep::Sweep installed = modsweep::read_sweep(argv[1]);
    const modsweep::Sweep own = modsweep::parse_sweep(own_sweep, "own.toml");
    return check(installed.size() > 0, "the installed sweep is empty") +
           check(own.size() == 3, "the sweep does not have 3 cells") + train(own);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "consumer: %s\n", error.what());
    return 1;
  }
}
