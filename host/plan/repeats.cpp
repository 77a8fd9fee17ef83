#include "plan/repeats.h"

#include "config/inert.h"
#include "config/keys.h"
#include "core/formats.h"
#include "plan/grid_walk.h"
#include "plan/planner.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace modsweep {
namespace {

/// A cell with axes that have no effect in it.
struct InertCell {
  std::uint64_t network = 0;  // the same for cells that are the same network
  std::uint64_t index = 0;
  std::string id;
  std::vector<std::size_t> rules;  // of inert_rules()
};

/// The rules that name a key of an axis.
std::vector<std::size_t> rules_of_axes(const Sweep& sweep) {
  std::vector<std::size_t> found;
  for (std::size_t r = 0; r < inert_rules().size(); ++r)
    for (const Axis& axis : sweep.axes)
      if (std::ranges::find(axis.keys, inert_rules()[r].key) != axis.keys.end()) found.push_back(r);
  return found;
}

/// The cell, if any of the rules applies to it.
std::optional<InertCell> examine(const Sweep& sweep, const std::vector<std::size_t>& rules,
                                 std::uint64_t index) {
  InertCell inert;
  Cell cell = sweep.cell(index);
  Cell same = cell;
  for (const std::size_t r : rules) {
    const InertRule& rule = inert_rules()[r];
    if (!rule.applies(cell.settings)) continue;
    const KeyInfo& key = *find_key(rule.key);
    std::string value;
    key.write(sweep.base, value);
    key.read(same.settings, value);
    inert.rules.push_back(r);
  }
  if (inert.rules.empty()) return std::nullopt;
  same.id = cell_id(same.settings);
  inert.network = cell_number(same);
  inert.index = index;
  inert.id = std::move(cell.id);
  return inert;
}

std::uint64_t number_of(const InertCell& inert) {
  return cell_number(Cell{.id = inert.id, .varied = {}, .settings = {}});
}

}  // namespace

Repeats::Repeats(const Sweep& sweep, const std::unordered_set<std::uint64_t>& finished, std::size_t threads,
                 const ShardCells* shard) {
  const std::vector<std::size_t> rules = rules_of_axes(sweep);
  if (rules.empty()) return;
  auto cells = find_in_grid<InertCell>(sweep.size(), shard, threads,
                                       [&](std::uint64_t index) { return examine(sweep, rules, index); });
  const auto is_finished = [&](const InertCell& cell) { return finished.contains(number_of(cell)); };
  std::ranges::sort(cells, {}, [&](const InertCell& c) { return std::tuple(c.network, c.index); });
  for (auto first = cells.begin(); first != cells.end();) {
    const auto last =
        std::find_if(first, cells.end(), [&](const InertCell& c) { return c.network != first->network; });
    const auto done = std::find_if(first, last, is_finished);
    const InertCell& source = done == last ? *first : *done;
    for (; first != last; ++first) {
      if (&*first == &source || (done != last && is_finished(*first))) continue;
      indices_.insert(first->index);
      rules_.insert(first->rules.begin(), first->rules.end());
      if (done != last)
        of_finished_.emplace_back(first->index, source.id);
      else
        by_source_[number_of(source)].push_back(first->index);
    }
  }
  std::ranges::sort(of_finished_);
}

std::span<const std::uint64_t> Repeats::of(std::uint64_t cell_number) const {
  const auto found = by_source_.find(cell_number);
  return found == by_source_.end() ? std::span<const std::uint64_t>{} : found->second;
}

std::string Repeats::note(std::uint64_t cells) const {
  if (size() == 0) return {};
  std::map<std::string_view, std::vector<std::string_view>> keys;  // by the reason
  for (const std::size_t r : rules_) keys[inert_rules()[r].where].push_back(inert_rules()[r].key);
  std::vector<std::string> reasons;
  for (const auto& [where, names] : keys)
    reasons.push_back(fmt::format("{} {} no effect where {}", fmt::join(names, ", "),
                                  names.size() == 1 ? "has" : "have", where));
  return fmt::format("{} of {} {} another: {}", format_count(static_cast<double>(size())),
                     format_plural(static_cast<double>(cells), "cell"), size() == 1 ? "repeats" : "repeat",
                     fmt::join(reasons, "; "));
}

}  // namespace modsweep
