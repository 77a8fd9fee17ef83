// Every sweep file that comes with modsweep, reduced to the ends of its axes and three steps, on the CPU
// engine with each instruction set and into a real store: every sweep file can be trained and measured, and
// its numbers equal those of earlier programs, bit for bit.
#include "cpu/isa_names.h"
#include "plan/schedule.h"
#include "run/runner_fixture.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <fmt/format.h>
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
    if (entry.path().extension() == ".toml" && !entry.path().stem().string().starts_with("r"))
      names.push_back(entry.path().stem().string());  // r...: recurrent networks, recurrent_runs_test.cpp
  std::ranges::sort(names);
  return names;
}

/// A sweep with the ends of each axis and three steps.
Sweep cut_down(const std::string& name) {
  Sweep sweep = read_sweep(std::string(MODSWEEP_SOURCE_DIR) + "/sweeps/" + name + ".toml");
  for (Axis& axis : sweep.axes)
    if (axis.values.size() > 2) axis.values = {axis.values.front(), axis.values.back()};
  sweep.base.training.steps = 3;
  sweep.base.training.epochs = 0;
  sweep.base.measure.every_steps = 2;
  if (sweep.base.pruning.end > 3)
    sweep.base.pruning.begin = sweep.base.pruning.end = sweep.base.pruning.every = 1;
  sweep.base.measure.weights = true;
  return sweep;
}

/// Whether this build computes the bits of the golden hashes: see CMakeLists.txt.
#ifdef MODSWEEP_GOLDEN_HASHES
constexpr bool has_golden_hashes = true;
#else
constexpr bool has_golden_hashes = false;
#endif

/// FNV-1a: small; it need not resist attacks.
class Hash {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) value_ = (value_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
    value_ = (value_ ^ 0x100U) * 0x100000001b3U;  // marks the end of a text
  }
  [[nodiscard]] std::string text() const { return fmt::format("{:016x}", value_); }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

std::string canonical(const std::string& column, const std::string& json) {
  if (column == "cell") return '"' + json.substr(2);
  const bool setting = column.find('.') != std::string::npos;
  return setting && json.ends_with(".0") ? json.substr(0, json.size() - 2) : json;
}

/// A hash of every measured number, by cell, step and name, and of the final weights. Columns without a value
/// do not count, so that a program with more measures has the same hash. Ids and settings count by their
/// canonical text, which has no letter before an id and no point in a whole number.
std::string hash_of(const Store& store) {
  std::vector<std::string> lines;
  for (const Table table : {Table::history, Table::spectra}) {
    const std::vector<std::string> columns = store.columns(table);
    store.read_rows(table, columns, [&](std::span<const std::string> row) {
      std::string line = std::to_string(static_cast<int>(table.kind));
      for (std::size_t i = 0; i < row.size(); ++i)
        if (row[i] != "null") line += ' ' + columns[i] + '=' + canonical(columns[i], row[i]);
      lines.push_back(std::move(line));
    });
  }
  std::ranges::sort(lines);
  Hash hash;
  for (const std::string& line : lines) hash.add(line);
  std::vector<std::string> ids;
  store.read_rows(Table::cells, {"cell"}, [&](std::span<const std::string> row) {
    ids.push_back(row[0].substr(1, row[0].size() - 2));  // without quotes
  });
  std::ranges::sort(ids);
  for (const std::string& id : ids) {
    const Parameters weights = store.weights(id).weights;
    hash.add({reinterpret_cast<const char*>(weights.values.data()), weights.values.size() * sizeof(double)});
  }
  return hash.text();
}

/// "SWEEP INSTRUCTION_SET HASH" by the first two.
std::map<std::string, std::string> golden_hashes() {
  std::ifstream file(std::string(MODSWEEP_TEST_DATA) + "/golden_hashes.txt");
  std::map<std::string, std::string> hashes;
  for (std::string sweep, instruction_set, hash; file >> sweep >> instruction_set >> hash;)
    hashes[sweep + ' ' + instruction_set] = hash;
  return hashes;
}

class SweepFileRun : public RunnerTest,
                     public testing::WithParamInterface<std::tuple<std::string, cpu::Isa>> {};

TEST_P(SweepFileRun, MeasuresWhatTheFileAsksForAndTheNumbersOfEarlierPrograms) {
  const auto [name, isa] = GetParam();
  if (!cpu::has_isa(isa)) GTEST_SKIP() << "this machine has no " << cpu::isa_name(isa);
  const Sweep sweep = cut_down(name);
  Engines engines;
  engines.push_back(make_cpu_engine({.threads = 1, .instruction_set = std::string(cpu::isa_name(isa))}));
  const RunResult result = run_on(engines, sweep, path("out.db"));
  EXPECT_EQ(result.done, sweep.size());
  const auto count = [&](const std::string& where) {
    return query_rows(path("out.db"),
                      "SELECT count(*) FROM measurements m LEFT JOIN layers y ON y.cell = m.cell"
                      " AND y.step = m.step AND y.layer = 1 WHERE " +
                          where)
        .at(0);
  };
  std::uint64_t measurements = 0;  // at steps 2 and 3, and as the sweep file requests
  for (std::uint64_t i = 0; i < sweep.size(); ++i) measurements += measurement_count(sweep.cell(i).settings);
  EXPECT_GE(measurements, 2 * sweep.size());
  const std::string all = std::to_string(measurements) + "|";
  EXPECT_EQ(count("train_loss > 0 AND test_loss > 0"), all);
  const bool spectra = sweep.base.measure.spectrum;
  EXPECT_EQ(query_rows(path("out.db"), "SELECT count(*) > 0 FROM layers").at(0), spectra ? "1|" : "0|");
  EXPECT_EQ(count("ood_loss > 0") != "0|", sweep.base.task.ood_samples > 0);
  EXPECT_EQ(count("block_error > 0"), sweep.base.task.kind == "block_competition" ? all : "0|");
  EXPECT_EQ(count("modularity > 0"), sweep.base.measure.partition ? all : "0|");
  EXPECT_EQ(count("noisy_test_loss > 0"), sweep.base.measure.noisy_strength > 0 ? all : "0|");

  if constexpr (!has_golden_hashes) return;
  const std::string key = fmt::format("{} {}", name, cpu::isa_name(isa));
  const std::string hash = hash_of(Store(path("out.db"), Store::Access::read_only));
  const auto golden = golden_hashes();
  const auto found = golden.find(key);
  EXPECT_EQ(hash, found == golden.end() ? "none" : found->second)
      << "the line of tests/data/golden_hashes.txt would be: " << key << ' ' << hash;
}

/// "fig01_avx512": letters, digits and underscores.
std::string test_name(const testing::TestParamInfo<std::tuple<std::string, cpu::Isa>>& info) {
  std::string name = fmt::format("{}_{}", std::get<0>(info.param), cpu::isa_name(std::get<1>(info.param)));
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, SweepFileRun,
                         testing::Combine(testing::ValuesIn(sweep_names()),
                                          testing::Values(cpu::Isa::avx512, cpu::Isa::avx2,
                                                          cpu::Isa::baseline)),
                         test_name);

}  // namespace
}  // namespace modsweep
