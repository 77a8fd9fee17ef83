// Every sweep file that comes with modsweep, cut down to the ends of its axes and three steps, on a real
// engine and into a real store: what a file asks for can be trained and measured.
#include "plan/schedule.h"
#include "run/runner_fixture.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "modsweep/cpu_engine.h"

namespace modsweep {
namespace {

using testing_support::Engines;
using testing_support::query_rows;
using testing_support::RunnerTest;

std::vector<std::string> sweep_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(MODSWEEP_SOURCE_DIR) + "/sweeps"))
    names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  return names;
}

/// The ends of each axis, for three steps.
Sweep cut_down(const std::string& name) {
  Sweep sweep = read_sweep(std::string(MODSWEEP_SOURCE_DIR) + "/sweeps/" + name + ".toml");
  for (Axis& axis : sweep.axes)
    if (axis.values.size() > 2) axis.values = {axis.values.front(), axis.values.back()};
  sweep.base.training.steps = 3;
  sweep.base.training.epochs = 0;
  sweep.base.measure.every_steps = 2;
  return sweep;
}

class SweepFileRun : public RunnerTest, public testing::WithParamInterface<std::string> {};

TEST_P(SweepFileRun, TrainsAndMeasuresEveryCell) {
  const Sweep sweep = cut_down(GetParam());
  Engines engines;
  engines.push_back(make_cpu_engine({.threads = 1, .instruction_set = {}}));
  const RunResult result = run_on(engines, sweep, path("out.db"));
  EXPECT_EQ(result.done, sweep.size());
  const auto count = [&](const std::string& where) {
    return query_rows(path("out.db"), "SELECT count(*) FROM history WHERE " + where).at(0);
  };
  std::uint64_t measurements = 0;  // at steps 2 and 3, and as the file says
  for (std::uint64_t i = 0; i < sweep.size(); ++i) measurements += measurement_count(sweep.cell(i).settings);
  EXPECT_GE(measurements, 2 * sweep.size());
  const std::string all = std::to_string(measurements) + "|";
  EXPECT_EQ(count("train_loss > 0 AND test_loss > 0"), all);
  const bool spectra = sweep.base.measure.spectrum;
  EXPECT_EQ(query_rows(path("out.db"), "SELECT count(*) > 0 FROM layers").at(0), spectra ? "1|" : "0|");
  EXPECT_EQ(count("ood_loss > 0") != "0|", sweep.base.task.ood_samples > 0);
  EXPECT_EQ(count("block_error > 0"), sweep.base.task.kind == "block_competition" ? all : "0|");
  EXPECT_EQ(count("modularity_layer1 > 0"), sweep.base.measure.partition ? all : "0|");
  EXPECT_EQ(count("noisy_test_loss > 0"), sweep.base.measure.noisy_strength > 0 ? all : "0|");
}

INSTANTIATE_TEST_SUITE_P(All, SweepFileRun, testing::ValuesIn(sweep_names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace modsweep
