#include "plan/starts.h"

#include "config/grid.h"
#include "config/keys.h"
#include "core/formats.h"
#include "plan/grid_walk.h"
#include "plan/planner.h"
#include "plan/schedule.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "modsweep/early_stopping.h"
#include "modsweep/error.h"
#include "modsweep/measure.h"

namespace modsweep {
namespace {

/// The settings in which the source of a cell may differ from it.
struct Variant {
  MeasureSettings measure;
  std::uint64_t epochs = 0;
  std::uint64_t steps = 0;
  std::uint64_t growth_epochs = 0;

  bool operator==(const Variant&) const = default;
};

bool may_differ(std::string_view key) {
  return key.starts_with("measure.") || key == "training.steps" || key == "training.epochs" ||
         key == "growth.epochs";
}

/// When rows are measured and what else is kept: the settings on which no value of a row depends.
bool is_of_no_value(std::string_view key) {
  constexpr std::array names = {"measure.every_steps", "measure.points_per_decade", "measure.initial",
                                "measure.weights", "measure.state"};
  return std::ranges::find(names, key) != names.end();
}

Variant variant_of(const CellSettings& cell) {
  return {cell.measure, cell.training.epochs, cell.training.steps, cell.growth.epochs};
}

CellSettings with(CellSettings cell, const Variant& variant) {
  cell.measure = variant.measure;
  cell.training.epochs = variant.epochs;
  cell.training.steps = variant.steps;
  cell.growth.epochs = variant.growth_epochs;
  return cell;
}

/// The axis along the keys that may differ, with each of its points once; none where it has no such key.
std::optional<Axis> part_that_may_differ(const Axis& axis) {
  Axis part;
  std::vector<std::size_t> positions;
  for (std::size_t k = 0; k < axis.keys.size(); ++k)
    if (may_differ(axis.keys[k])) {
      positions.push_back(k);
      part.keys.push_back(axis.keys[k]);
    }
  if (positions.empty()) return std::nullopt;
  for (const auto& point : axis.values) {
    std::vector<std::string> values;
    for (const std::size_t k : positions) values.push_back(point[k]);
    if (std::ranges::find(part.values, values) == part.values.end()) part.values.push_back(std::move(values));
  }
  return part;
}

/// Adds every combination of the axes of a stored sweep to `variants`, each once. A sweep with settings that
/// this program does not know has none.
void add_variants(const StoredSweep& stored, std::vector<Variant>& variants) {
  Sweep part;
  try {
    const Sweep sweep = recorded_sweep(stored.name, stored.base, stored.axes);
    part.base = sweep.base;
    for (const Axis& axis : sweep.axes)
      if (auto own = part_that_may_differ(axis)) part.axes.push_back(std::move(*own));
  } catch (const InputError&) {
    return;
  }
  for (std::uint64_t i = 0; i < part.size(); ++i) {
    const Variant variant = variant_of(settings_at(part, i));
    if (std::ranges::find(variants, variant) == variants.end()) variants.push_back(variant);
  }
}

/// Whether rows that were measured with the settings `from` can stand in the history of a cell with `to`.
enum class Rows : std::uint8_t { same, fewer_values, different };

/// `fewer_values`: nothing is different but that `to` asks for more.
Rows rows_of(const CellSettings& from, const CellSettings& to) {
  std::vector<std::string_view> unasked;  // own settings of measures that `from` does not ask for
  for (const Measure& measure : measures())
    if (!asks_for(from, measure))
      for (const AnySetting& setting : measure.keys) unasked.push_back(key_of(setting));
  Rows rows = Rows::same;
  for (const KeyInfo& key : setting_keys()) {
    if (key.section() != "measure" || is_of_no_value(key.name)) continue;
    std::string before, now;
    key.write(from, before);
    key.write(to, now);
    if (before == now) continue;
    const bool added = (key.kind == ValueKind::boolean && before == "false") ||
                       (key.leaf().starts_with("noisy_") && from.measure.noisy_strength == 0.0) ||
                       std::ranges::find(unasked, key.name) != unasked.end();
    if (!added) return Rows::different;
    rows = Rows::fewer_values;
  }
  return rows;
}

/// A finished cell from which another may start.
struct Candidate {
  Start start;
  CellSettings settings;
  bool from_state = false;  // else from weights
  Rows rows = Rows::same;
};

/// What is found without a look into the store.
struct Found {
  std::uint64_t index = 0;
  CellSettings settings;
  std::vector<Candidate> candidates = {};  // the best first
  bool without_state = false;
  bool unlike = false;  // a shorter run is finished, but is no beginning of this one
};

/// Whether any row of the history up to the end of `from` is due in `to`, the last of `to` aside.
bool wants_rows(const CellSettings& to, std::uint64_t step) {
  const auto first = next_measurement(to, 0);
  return first && *first <= step && *first < total_steps(to);
}

/// Tries one variant as the source of a cell.
void try_variant(const Cell& cell, const Variant& variant, const StoredCells& stored, Found& found) {
  const CellSettings& to = cell.settings;
  CellSettings from = with(to, variant);
  const std::uint64_t step = total_steps(from);
  const std::uint64_t total = total_steps(to);
  if (step == 0 || step > total) return;
  const Rows rows = rows_of(from, to);
  if (rows == Rows::different && wants_rows(to, step)) return;
  Cell source;
  source.id = cell_id(from);
  if (source.id == cell.id || !stored.finished.contains(cell_number(source))) return;
  if (step < total && first_steps_depend_on_length(to)) {
    found.unlike = true;
    return;
  }
  // Early stopping may have kept the weights of another step than the last.
  // Weights of a recurrent network are those of its last pass.
  const bool from_weights = step == total && to.network.family == Family::feedforward &&
                            from.measure.weights && !to.measure.state && !wants_best_step(to);
  if (!from.measure.state && !from_weights) {
    found.without_state = true;
    return;
  }
  found.candidates.push_back(
      {{found.index, std::move(source.id), step}, std::move(from), variant.measure.state, rows});
}

/// Whether `from` measured every step of its time that `to` measures.
bool has_all_rows(const CellSettings& from, const CellSettings& to) {
  const std::uint64_t end = total_steps(from);
  for (auto step = next_measurement(to, 0); step && *step < end; step = next_measurement(to, *step + 1))
    if (next_measurement(from, *step) != step) return false;
  return true;
}

/// The same for cells of one sweep, which share a few schedules.
class RowCheck {
 public:
  bool operator()(const CellSettings& from, const CellSettings& to) {
    const auto schedule = [](const CellSettings& cell) {
      return std::tuple(total_steps(cell), cell.measure.every_steps, cell.measure.points_per_decade,
                        cell.measure.initial);
    };
    const auto [entry, added] = known_.try_emplace({schedule(from), schedule(to)}, false);
    if (added) entry->second = has_all_rows(from, to);
    return entry->second;
  }

 private:
  using Schedule = std::tuple<std::uint64_t, std::uint64_t, std::uint32_t, bool>;
  std::map<std::pair<Schedule, Schedule>, bool> known_;
};

/// All cells that some variant may be the source of, in grid order.
std::vector<Found> find_candidates(const Sweep& sweep, const StoredCells& stored,
                                   const std::vector<Variant>& variants, const Repeats& repeats,
                                   std::size_t threads, const ShardCells* shard) {
  auto all =
      find_in_grid<Found>(sweep.size(), shard, threads, [&](std::uint64_t index) -> std::optional<Found> {
        if (repeats.contains(index)) return std::nullopt;
        const Cell cell = sweep.cell(index);
        const std::uint64_t number = cell_number(cell);
        if (stored.finished.contains(number) || stored.running.contains(number)) return std::nullopt;
        Found found{index, cell.settings};
        const Variant own = variant_of(cell.settings);
        for (const Variant& variant : variants)
          if (variant != own) try_variant(cell, variant, stored, found);
        if (found.candidates.empty() && !found.without_state && !found.unlike) return std::nullopt;
        return found;
      });
  std::ranges::sort(all, {}, &Found::index);
  for (Found& found : all)
    std::ranges::sort(found.candidates, {}, [](const Candidate& c) {
      return std::tuple(~c.start.step, !c.from_state, c.rows, c.start.from);
    });
  return all;
}

bool is_length_axis(const Sweep& sweep) {
  return std::ranges::any_of(sweep.axes, [](const Axis& axis) {
    return std::ranges::any_of(axis.keys, [](const std::string& key) {
      return !schedule_partner(key).empty() || key == "growth.epochs";
    });
  });
}

}  // namespace

StoredCells stored_cells(const Store& store, const std::unordered_set<std::uint64_t>& finished) {
  return {finished, store.running_cells(), store.sweeps(),
          [&store](const std::string& id) { return store.kept_network(id); }};
}

Starts find_starts(const Sweep& sweep, const StoredCells& stored, const Repeats& repeats, std::size_t threads,
                   const ShardCells* shard) {
  std::vector<Variant> variants;
  for (const StoredSweep& one : stored.sweeps) add_variants(one, variants);
  Starts starts;
  if (stored.finished.empty() || variants.empty()) return starts;
  RowCheck has_rows;
  for (Found& found : find_candidates(sweep, stored, variants, repeats, threads, shard)) {
    const auto usable = std::ranges::find_if(found.candidates, [&](const Candidate& candidate) {
      const auto kept = stored.kept(candidate.start.from);
      found.unlike = found.unlike || (kept && kept->step != candidate.start.step);  // it stopped early
      return kept && kept->step == candidate.start.step &&
             (candidate.from_state ? kept->state : kept->weights);
    });
    if (usable == found.candidates.end()) {
      if (is_length_axis(sweep)) continue;  // lengths that are trained side by side: none "anew"
      if (found.without_state)
        ++starts.without_state;
      else if (found.unlike)
        ++starts.unlike;
      continue;
    }
    const std::uint64_t step = usable->start.step;
    if (step < total_steps(found.settings)) ++starts.longer;
    if (!has_rows(usable->settings, found.settings)) ++starts.missing_rows;
    if (usable->rows == Rows::fewer_values && wants_rows(found.settings, step)) ++starts.missing_values;
    starts.cells.push_back(std::move(usable->start));
  }
  return starts;
}

bool keeps_row(const CellSettings& cell, const Start& start, std::uint64_t step) {
  return step <= start.step && step < total_steps(cell) && next_measurement(cell, step) == step;
}

std::vector<std::string> Starts::notes() const {
  const auto counted = [](std::uint64_t count, const char* one, const char* many) {
    return fmt::format("{} {}", format_plural(static_cast<double>(count), "cell"), count == 1 ? one : many);
  };
  std::vector<std::string> lines;
  if (longer > 0)
    lines.push_back(counted(longer, "goes", "go") + " on where finished cells of fewer steps ended");
  if (measured() > 0)
    lines.push_back(counted(measured(), "is", "are") +
                    " measured from what the store keeps of the same networks, and not trained again");
  if (missing_rows > 0)
    lines.push_back(
        counted(missing_rows, "lacks", "lack") +
        " steps in the history that the finished cells did not measure; another -o FILE trains anew");
  if (missing_values > 0)
    lines.push_back(counted(missing_values, "has", "have") +
                    " what is measured now for the first time only from here on, not in the earlier history; "
                    "another -o FILE trains anew");
  if (without_state > 0)
    lines.push_back(counted(without_state, "is", "are") +
                    " trained from step 0, although finished ones are the same up to their last step: those "
                    "kept no state, which measure.state = true does");
  if (unlike > 0)
    lines.push_back(
        counted(unlike, "is", "are") +
        " trained from step 0, although finished ones differ from them in length or measures only: a "
        "cosine schedule and early stopping depend on the length of the run");
  return lines;
}

std::vector<std::string> notes_of(const Repeats& repeats, const Starts& starts, std::uint64_t cells) {
  std::vector<std::string> lines = starts.notes();
  if (std::string note = repeats.note(cells); !note.empty()) lines.insert(lines.begin(), std::move(note));
  return lines;
}

}  // namespace modsweep
