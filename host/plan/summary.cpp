#include "plan/summary.h"

#include "core/formats.h"
#include "core/parallel.h"
#include "plan/schedule.h"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/measure.h"
#include "modsweep/state.h"

namespace modsweep {
namespace {

// Bytes of rows in a store, pages and indexes included; rounded from stores of two sweeps.
constexpr double bytes_per_cell = 200.0;
constexpr double bytes_per_measurement = 24.0;  // without the values
constexpr double bytes_per_value = 8.0;

/// Bytes of one measurement: of the measures that are computed each time, or of those of the last time only.
double measurement_bytes(const Shape& shape, const CellSettings& cell, bool only_last) {
  double bytes = only_last ? 0.0 : bytes_per_measurement;
  for (const Measure& measure : measures()) {
    if (measure.only_last != only_last || !asks_for(cell, measure)) continue;
    const std::size_t values = measure.network.size() + shape.weight_layers() * measure.layer.size();
    bytes +=
        measure.bytes != nullptr ? measure.bytes(shape, cell) : bytes_per_value * static_cast<double>(values);
  }
  return bytes;
}

/// Sums over a portion of the grid, by one thread.
struct Part {
  std::uint64_t finished = 0;
  std::uint64_t patient = 0;
  std::uint64_t growing = 0;
  std::uint64_t repeated = 0;
  double measurements = 0.0;
  double store_bytes = 0.0;
  double state_bytes = 0.0;
  std::unordered_map<std::string, ShapePlan> shapes;  // PackKey::text -> sums
};

/// A store holds a network's state as one value of a row, and SQLite limits values to about this length.
constexpr double most_state_bytes = 1e9 - 1e4;

/// Parameters of a network of any size, as a double: integers would overflow before it is refused.
double parameters_of(const Shape& shape) {
  if (shape.family == Family::recurrent) return static_cast<double>(ParameterLayout(shape).parameters());
  double sum = 0.0;
  for (std::size_t l = 0; l < shape.weight_layers(); ++l)
    sum += static_cast<double>(shape.sizes[l]) / shape.groups[l] * shape.sizes[l + 1] +
           (shape.bias ? shape.sizes[l + 1] : 0);
  return sum + (shape.prelu ? static_cast<double>(shape.hidden_layers()) : 0.0);
}

void check_storable(const PackKey& key, Keep keep) {
  const double best = keep == Keep::best ? sizeof(double) : 0.0;
  const double bytes =
      parameters_of(key.shape) * (3.0 * static_cast<double>(scalar_bytes(key.precision)) + best);
  if (bytes <= most_state_bytes) return;
  const bool fits_in_fp32 = key.precision == Precision::fp64 && bytes / 2 <= most_state_bytes;
  throw InputError(
      fmt::format("networks of shape {} have a state of {} (weights and two moments), more than the 10^9 "
                  "bytes that a store can keep of one; use smaller layers{} groups{}",
                  key.text(), format_unit(bytes, "B"), fits_in_fp32 ? "," : " or",
                  fits_in_fp32 ? " or training.precision = \"fp32\"" : ""));
}

/// Adds what the results of a cell take in the store.
void add_results(Part& part, const CellSettings& cell, const PackKey& key) {
  const auto measurements = static_cast<double>(measurement_count(cell));
  part.measurements += measurements;
  part.store_bytes += bytes_per_cell + measurements * measurement_bytes(key.shape, cell, false) +
                      measurement_bytes(key.shape, cell, true);
  const std::size_t parameters = ParameterLayout(key.shape).parameters();
  if (cell.measure.weights)
    part.store_bytes += static_cast<double>(parameters) * static_cast<double>(scalar_bytes(key.precision));
  if (cell.measure.state) part.state_bytes += static_cast<double>(state_bytes(parameters, key.precision));
}

void add_cell(Part& part, const Cell& cell, std::uint64_t index, std::span<const Worker> workers,
              std::size_t max_pack) {
  const PackKey key = pack_key(cell.settings);
  const auto [entry, added] = part.shapes.try_emplace(key.text());
  ShapePlan& plan = entry->second;
  if (added) {
    check_storable(key, cell.settings.training.keep);
    const ParameterLayout layout(key.shape);
    plan.key = key;
    plan.first_index = index;
    plan.pack_size = std::numeric_limits<std::size_t>::max();
    for (const Worker& worker : workers)
      plan.pack_size = std::min(plan.pack_size, pack_limit(worker, key, max_pack));
    plan.bytes_per_network =
        workers.front().engine.bytes_per_network(key.shape, key.batch_size, key.precision);
    plan.parameters = layout.parameters();
    plan.weights = layout.weights();
  }
  const std::uint64_t steps = total_steps(cell.settings);
  ++plan.cells;
  if (key.shape.family == Family::recurrent) ++part.growing;
  if (cell.settings.training.patience > 0) ++part.patient;
  plan.first_index = std::min(plan.first_index, index);
  plan.steps += static_cast<double>(steps);
  plan.flop += training_flop(cell.settings, plan.weights, steps);
  add_results(part, cell.settings, key);
}

void merge(PlanSummary& summary, std::unordered_map<std::string, std::size_t>& by_key, const Part& part) {
  summary.finished += part.finished;
  summary.patient += part.patient;
  summary.growing += part.growing;
  summary.repeated += part.repeated;
  summary.measurements += part.measurements;
  summary.store_bytes += part.store_bytes + part.state_bytes;
  summary.state_bytes += part.state_bytes;
  for (const auto& [text, plan] : part.shapes) {
    const auto [entry, added] = by_key.try_emplace(text, summary.shapes.size());
    if (added) {
      summary.shapes.push_back(plan);
      continue;
    }
    ShapePlan& sum = summary.shapes[entry->second];
    sum.first_index = std::min(sum.first_index, plan.first_index);
    sum.cells += plan.cells;
    sum.steps += plan.steps;
    sum.flop += plan.flop;
  }
}

template <typename Value>
double sum_of(const std::vector<ShapePlan>& shapes, Value ShapePlan::*value) {
  double sum = 0.0;
  for (const ShapePlan& plan : shapes) sum += plan.*value;
  return sum;
}

}  // namespace

double ShapePlan::pack_bytes() const {
  const auto largest = std::min<std::uint64_t>(cells, pack_size);
  return static_cast<double>(largest) * static_cast<double>(bytes_per_network);
}

std::uint64_t PlanSummary::packs() const {
  std::uint64_t sum = 0;
  for (const ShapePlan& plan : shapes) sum += plan.packs();
  return sum;
}

double PlanSummary::steps() const {
  return sum_of(shapes, &ShapePlan::steps);
}
double PlanSummary::flop() const {
  return sum_of(shapes, &ShapePlan::flop);
}

double PlanSummary::memory_bytes() const {
  double largest = 0.0;
  for (const ShapePlan& plan : shapes) largest = std::max(largest, plan.pack_bytes());
  return largest;
}

const ShapePlan* PlanSummary::most_work() const {
  const auto most = std::max_element(shapes.begin(), shapes.end(),
                                     [](const ShapePlan& a, const ShapePlan& b) { return a.flop < b.flop; });
  return most == shapes.end() ? nullptr : &*most;
}

double PlanSummary::seconds(double flop_per_second) const {
  if (flop() == 0.0) return 0.0;
  return flop_per_second > 0.0 ? flop() / flop_per_second : std::numeric_limits<double>::infinity();
}

PlanSummary summarize(const Sweep& sweep, const std::unordered_set<std::uint64_t>& finished,
                      std::span<const Worker> workers, std::size_t max_pack, std::size_t threads,
                      const ShardCells* shard, const Repeats* repeats) {
  if (workers.empty()) throw LogicError("packs are planned for 0 workers, but need at least 1");
  constexpr std::uint64_t stretch = 1024;  // cells that a thread takes at once
  PlanSummary summary;
  const std::uint64_t grid = sweep.size();
  summary.cells = shard != nullptr ? shard->size() : grid;
  std::vector<Part> parts(std::max<std::size_t>(threads, 1));
  parallel_for(threads, static_cast<std::size_t>((grid + stretch - 1) / stretch),
               [&](std::size_t item, std::size_t thread) {
                 const std::uint64_t begin = item * stretch;
                 const std::uint64_t end = std::min(begin + stretch, grid);
                 for (std::uint64_t index = begin; index < end; ++index) {
                   if (shard != nullptr && !shard->contains(index)) continue;
                   const Cell cell = sweep.cell(index);
                   if (finished.contains(cell_number(cell))) {
                     ++parts[thread].finished;
                   } else if (repeats != nullptr && repeats->contains(index)) {
                     ++parts[thread].repeated;
                     add_results(parts[thread], cell.settings, pack_key(cell.settings));
                   } else {
                     add_cell(parts[thread], cell, index, workers, max_pack);
                   }
                 }
               });
  std::unordered_map<std::string, std::size_t> by_key;
  for (const Part& part : parts) merge(summary, by_key, part);
  for (ShapePlan& plan : summary.shapes)
    plan.pack_size = even_pack(plan.cells, plan.pack_size, workers.size());
  std::sort(summary.shapes.begin(), summary.shapes.end(),
            [](const ShapePlan& a, const ShapePlan& b) { return a.first_index < b.first_index; });
  return summary;
}

}  // namespace modsweep
