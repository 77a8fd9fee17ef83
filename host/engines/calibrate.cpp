#include "engines/calibrate.h"

#include "plan/schedule.h"
#include "run/measure_pack.h"
#include "run/progress.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <stdlib.h>

#include "modsweep/error.h"
#include "modsweep/store.h"

namespace modsweep {
namespace {

/// At most one pack of cells with the key of `shape`, spread over the grid so that they represent all of it.
std::vector<Cell> sample_cells(const Sweep& sweep, const ShapePlan& shape) {
  constexpr std::uint64_t most_cells = 256;
  constexpr std::uint64_t most_looks = 2048;
  const std::uint64_t wanted = std::min<std::uint64_t>({shape.pack_size, shape.cells, most_cells});
  std::vector<Cell> cells = {sweep.cell(shape.first_index)};
  const std::uint64_t left = sweep.size() - shape.first_index;
  const std::uint64_t looks = std::min(left, most_looks);
  const std::uint64_t keep = std::max<std::uint64_t>(looks / wanted, 1);
  for (std::uint64_t look = keep; look < looks && cells.size() < wanted; look += keep) {
    Cell cell = sweep.cell(shape.first_index + left / looks * look);
    if (pack_key(cell.settings) == shape.key) cells.push_back(std::move(cell));
  }
  return cells;
}

/// A temporary folder that is removed with its owner.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "modsweep-plan-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw IoError(fmt::format("{}: cannot be made; set TMPDIR", name));
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] std::string file(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Seconds per cell to write many cells like these to a store.
double seconds_to_write(const Sweep& sweep, const std::vector<Cell>& cells,
                        const std::vector<Measured>& measured) {
  constexpr std::size_t most_cells = 4096;
  constexpr std::size_t most_bytes = std::size_t{32} << 20U;
  const std::size_t each = 4096 + 8 * measured.front().weights.values.size();
  const std::size_t count = std::clamp<std::size_t>(most_bytes / each, 1, most_cells);
  Sweep few = sweep;
  for (Axis& axis : few.axes) axis.values.resize(1);
  std::vector<Cell> copies;
  for (std::size_t i = 0; i < count; ++i) {
    copies.push_back(cells[i % cells.size()]);
    copies.back().id = fmt::format("{:016x}", 0x9e37'79b9'7f4a'7c15U * (i + 1));  // spread as ids are
  }
  std::vector<CellProgress> progress(count);
  for (std::size_t i = 0; i < count; ++i) {
    progress[i].cell = &copies[i];
    progress[i].status = CellStatus::done;
    progress[i].measurements = {measured[i % cells.size()].measurement};
    if (copies[i].settings.measure.weights) progress[i].weights = measured[i % cells.size()].weights;
  }
  const ScratchFolder folder;
  Store store(folder.file("plan.db"), Store::Access::read_write);
  store.add_sweep(few);
  const double begin = steady_seconds();
  store.commit(few.id(), progress, "plan", "plan");
  return (steady_seconds() - begin) / static_cast<double>(count);
}

}  // namespace

Calibration Calibration::on(std::size_t devices, const PlanSummary& plan) const {
  const auto at_work = std::min<std::uint64_t>(devices, plan.packs());
  return {flop_per_second * static_cast<double>(at_work), seconds_per_measurement};
}

Calibration calibrate(const Sweep& sweep, const PlanSummary& plan, Engine& engine, DatasetCache& datasets,
                      std::size_t threads, double seconds) {
  const ShapePlan* most = plan.most_work();
  if (most == nullptr) return {};
  const std::vector<Cell> cells = sample_cells(sweep, *most);
  Pack pack;
  for (const Cell& cell : cells) pack.add(cell.settings, datasets.get(cell.settings.task));
  const auto training = engine.start(pack);

  const double begin = steady_seconds();
  const auto elapsed = [&] { return steady_seconds() - begin; };
  const std::uint64_t longest = *std::max_element(pack.steps.begin(), pack.steps.end());
  std::uint64_t taken = 0;
  for (std::uint64_t steps = 1; taken < longest && elapsed() < seconds;
       steps = std::min<std::uint64_t>(2 * steps, 64)) {
    training->advance(steps);
    taken += steps;
  }
  double flop = 0.0;
  for (std::size_t p = 0; p < cells.size(); ++p)
    flop += training_flop(cells[p].settings, most->weights, training->step(p));
  Calibration result{.flop_per_second = flop / elapsed()};

  std::vector<MeasureRequest> requests;
  for (std::size_t p = 0; p < cells.size(); ++p) requests.push_back({p, &cells[p].settings});
  const double measured_from = steady_seconds();
  (void)measure(*training, pack, requests, threads);
  result.seconds_per_measurement = (steady_seconds() - measured_from) / static_cast<double>(cells.size());
  return result;
}

double seconds_to_keep_a_cell(const Sweep& sweep, const PlanSummary& plan, Engine& engine,
                              DatasetCache& datasets, std::size_t threads) {
  const ShapePlan* most = plan.most_work();
  if (most == nullptr) return 0.0;
  const std::vector<Cell> cells = sample_cells(sweep, *most);
  const double begin = steady_seconds();
  Pack pack;
  for (const Cell& cell : cells) pack.add(cell.settings, datasets.get(cell.settings.task));
  const auto training = engine.start(pack);
  const double starting = (steady_seconds() - begin) / static_cast<double>(cells.size());
  std::vector<MeasureRequest> requests;
  for (std::size_t p = 0; p < cells.size(); ++p) requests.push_back({p, &cells[p].settings});
  return starting + seconds_to_write(sweep, cells, measure(*training, pack, requests, threads));
}

}  // namespace modsweep
