#include "store/fixtures.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modsweep/measure.h"

namespace modsweep::test {

Sweep seed_sweep(std::uint32_t seeds, const std::string& name) {
  Sweep sweep;
  sweep.name = name;
  sweep.base.task.inputs = 2;
  sweep.base.network.hidden = {3};
  sweep.base.training.steps = 100;
  sweep.base.measure.partition = true;
  sweep.base.measure.noisy_strength = 0.1;
  Axis axis{{"training.seed"}, {}};
  for (std::uint32_t seed = 0; seed < seeds; ++seed) axis.values.push_back({std::to_string(seed)});
  sweep.axes.push_back(axis);
  return sweep;
}

namespace {
const Measure& measure_of(std::string_view name) {
  return *std::ranges::find(measures(), name, &Measure::name);
}
}  // namespace

MeasureOutput output(std::string_view measure, Measurement& measurement) {
  return {measure_of(measure), measurement};
}

void put_spectra(Measurement& measurement, const std::vector<LayerSpectra>& spectra,
                 const CellSettings& settings) {
  const Parameters weights;
  const Dataset data;
  const Evaluation losses;
  MeasureOutput out = output("spectrum", measurement);
  measure_of("spectrum").compute({0, settings, weights, data, losses, losses, spectra}, out);
}

namespace {
/// Returns a different number at every call, each of which needs all its digits.
auto numbers(double salt) {
  return [x = 1.0 / 3.0 + salt]() mutable { return x = x / 1.7 + 1e-17; };
}
}  // namespace

std::vector<LayerSpectra> spectra_at(double salt) {
  auto next = numbers(salt + 0.1);
  std::vector<LayerSpectra> spectra;
  for (const std::size_t rows : {3, 2}) {
    LayerSpectra& layer = spectra.emplace_back();
    for (std::size_t i = 0; i < rows; ++i) layer.all.eigenvalues.push_back(next());
    layer.live = layer.all;
    if (rows == 3) {
      layer.live.eigenvalues.pop_back();
      layer.dead = {2};
    }
    for (auto* spectrum : {&layer.all, &layer.live})
      std::sort(spectrum->eigenvalues.begin(), spectrum->eigenvalues.end());
  }
  return spectra;
}

Measurement measurement_at(std::uint64_t step, double salt) {
  Measurement m;
  m.step = step;
  auto next = numbers(salt);
  output("losses", m).network({next(), next()});
  output("noisy_loss", m).network({next()});
  output("regularizers", m).network({next(), next(), next(), next(), next(), next()});
  output("leaks", m).network({next(), next()});
  output("ood_loss", m).network({next()});
  output("blocks", m).network({next()});
  put_spectra(m, spectra_at(salt), seed_sweep(1).base);
  output("partition", m).layer(0, {next(), next(), next()});
  return m;
}

CellProgress finished(const Cell& cell) {
  const auto& settings = cell.settings;
  CellProgress progress;
  progress.cell = &cell;
  progress.status = CellStatus::done;
  progress.step = settings.training.steps;
  progress.measurements = {measurement_at(progress.step, settings.training.seed)};
  Parameters weights{shape_of(settings, settings.task.inputs), {}};
  weights.values.resize(ParameterLayout(weights.shape).parameters());
  for (std::size_t i = 0; i < weights.values.size(); ++i)
    weights.values[i] = static_cast<float>(settings.training.seed + 1) / static_cast<float>(i + 3);
  progress.weights = weights;
  progress.seconds = 0.25;
  return progress;
}

std::vector<std::byte> state_at(std::uint64_t step) {
  std::vector<std::byte> state(1000);
  for (std::size_t i = 0; i < state.size(); ++i) state[i] = static_cast<std::byte>((step + i * i) & 0xff);
  return state;
}

CellProgress running(const Cell& cell, std::uint64_t step) {
  CellProgress progress;
  progress.cell = &cell;
  progress.step = step;
  progress.measurements = {measurement_at(step, cell.settings.training.seed)};
  progress.checkpoint = state_at(step);
  progress.seconds = 0.5;
  return progress;
}

std::vector<std::string> column(const std::string& path, const std::string& sql) {
  SQLite::Database db(path, SQLite::OPEN_READWRITE, 10'000);
  SQLite::Statement query(db, sql);
  std::vector<std::string> values;
  while (query.executeStep())
    values.push_back(query.getColumn(0).isNull() ? "NULL" : query.getColumn(0).getString());
  return values;
}

bool passes_in_child(const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    try {
      body();
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    std::fflush(nullptr);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace modsweep::test
