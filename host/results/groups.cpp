#include "results/groups.h"

#include "results/values.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using nlohmann::json;

void check_columns(const Store& store, const std::string& path, Table table,
                   const std::vector<std::string>& keys, const std::vector<std::string>& columns) {
  const auto known = store.columns(table);
  for (const auto& names : {keys, columns})
    for (auto name = names.begin(); name != names.end(); ++name) {
      check_column(*name, known, path, table);
      if (std::find(names.begin(), name, *name) != name)
        throw InputError(fmt::format("column '{}' is named twice; name it once", *name));
    }
}

/// Groups in the order of their first cells.
class Grouping {
 public:
  explicit Grouping(std::size_t keys) : keys_(keys) {}

  CellGroup& of(std::span<const std::string> row) {
    const auto [entry, added] = group_of_.try_emplace(joined(row.first(keys_)), groups_.size());
    if (added) {
      auto& keys = groups_.emplace_back().keys;
      for (const auto& key : row.first(keys_)) keys.push_back(json::parse(key));
    }
    return groups_[entry->second];
  }

  /// The index of the curve with these labels.
  std::size_t curve_of(std::span<const std::string> labels) {
    return curves_.try_emplace(joined(labels), curves_.size()).first->second;
  }

  /// In the order of their keys: JSON values compare by kind (none, truth, number, list, text), then by
  /// value.
  std::vector<CellGroup> sorted() && {
    std::stable_sort(groups_.begin(), groups_.end(),
                     [](const CellGroup& a, const CellGroup& b) { return a.keys < b.keys; });
    return std::move(groups_);
  }

 private:
  /// The texts, one per line: JSON has no line breaks. Valid until the next call.
  const std::string& joined(std::span<const std::string> texts) {
    text_.clear();
    for (const std::string& text : texts) (text_ += text) += '\n';
    return text_;
  }

  std::size_t keys_;
  std::string text_;
  std::unordered_map<std::string, std::size_t> group_of_;
  std::unordered_map<std::string, std::size_t> curves_;
  std::vector<CellGroup> groups_;
};

/// training.seed and the other settings that seed random numbers: task.seed, task.data_seed.
bool is_seed(const std::string& key) {
  return key.ends_with(".seed") || key.ends_with("_seed");
}

}  // namespace

std::vector<double> CellGroup::values(std::size_t column, std::size_t columns) const {
  std::vector<double> found;
  for (std::size_t i = column; i < numbers.size(); i += columns)
    if (!std::isnan(numbers[i])) found.push_back(numbers[i]);
  std::sort(found.begin(), found.end());
  return found;
}

ZippedKeys::ZippedKeys(const Store& store) {
  for (const StoredSweep& stored : store.sweeps()) {
    SweepKeys& sweep = sweeps_.emplace_back(SweepKeys{json::parse(stored.base), {}});
    for (json& axis : json::parse(stored.axes))
      sweep.axes.push_back({axis.at("keys"), std::move(axis.at("values"))});
  }
}

bool ZippedKeys::on_one_axis(const std::string& key, const std::string& other) const {
  const auto has_both = [&](const AxisValues& axis) {
    return std::ranges::find(axis.keys, key) != axis.keys.end() &&
           std::ranges::find(axis.keys, other) != axis.keys.end();
  };
  return std::ranges::any_of(
      sweeps_, [&](const SweepKeys& sweep) { return std::ranges::any_of(sweep.axes, has_both); });
}

bool ZippedKeys::told_by(const std::string& key, const std::string& other) const {
  Values key_of_other;
  return on_one_axis(key, other) && std::ranges::all_of(sweeps_, [&](const SweepKeys& sweep) {
           return add_values(sweep, key, other, key_of_other);
         });
}

/// Adds the values of a sweep's cells; false if one value of `other` occurs with two values of `key`.
bool ZippedKeys::add_values(const SweepKeys& sweep, const std::string& key, const std::string& other,
                            Values& key_of_other) {
  const auto add = [&](const json& other_value, const json& key_value) {
    const auto [entry, added] = key_of_other.try_emplace(other_value.dump(), key_value.dump());
    return added || entry->second == key_value.dump();
  };
  // Where a setting has its values: the axis and the column on it; a setting of the base counts as an axis of
  // one point.
  struct Place {
    const AxisValues* axis = nullptr;
    std::size_t column = 0;
    json base = {};
    [[nodiscard]] std::size_t points() const { return axis == nullptr ? 1 : axis->values.size(); }
    [[nodiscard]] const json& at(std::size_t point) const {
      return axis == nullptr ? base : axis->values[point][column];
    }
  };
  const auto find = [&](const std::string& name) {
    for (const AxisValues& axis : sweep.axes)
      if (const auto place = std::ranges::find(axis.keys, name); place != axis.keys.end())
        return Place{&axis, static_cast<std::size_t>(place - axis.keys.begin())};
    return Place{nullptr, 0, sweep.base.value(name, json())};
  };
  const Place its = find(key);
  const Place others = find(other);
  if (its.axis != nullptr && its.axis == others.axis) {
    for (std::size_t point = 0; point < its.points(); ++point)
      if (!add(others.at(point), its.at(point))) return false;
    return true;
  }
  for (std::size_t point = 1; point < its.points(); ++point)
    if (its.at(point) != its.at(0)) return false;
  for (std::size_t point = 0; point < others.points(); ++point)
    if (!add(others.at(point), its.at(0))) return false;
  return true;
}

std::vector<std::string> default_keys(const Store& store, const std::vector<std::string>& but) {
  const ZippedKeys zipped(store);
  std::vector<std::string> keys;
  for (const auto& key : store.varied_keys()) {
    const auto tells_it = [&](const std::string& other) { return zipped.told_by(key, other); };
    if (key == "training.seed" || std::ranges::find(but, key) != but.end()) continue;
    if (std::ranges::any_of(but, tells_it) || std::ranges::any_of(keys, tells_it)) continue;
    if (is_seed(key) && zipped.told_by(key, "training.seed") && zipped.told_by("training.seed", key))
      continue;
    keys.push_back(key);
  }
  return keys;
}

std::vector<std::string> curve_keys(const Store& store, const std::vector<std::string>& keys,
                                    const std::string& x) {
  const ZippedKeys zipped(store);
  std::vector<std::string> labels;
  for (const auto& key : store.varied_keys()) {
    const auto tells_it = [&](const std::string& other) { return zipped.told_by(key, other); };
    if (key != x && !tells_it(x) && std::ranges::find(keys, key) == keys.end() &&
        std::ranges::none_of(keys, tells_it))
      labels.push_back(key);
  }
  return labels;
}

std::vector<bool> telling_columns(std::span<const std::vector<std::string>> rows, std::vector<bool> kept) {
  std::vector<std::size_t> class_of(rows.size());  // rows of one class agree in all columns that were chosen
  std::size_t classes = 1;
  const auto split_by = [&](std::size_t column) {
    std::map<std::pair<std::size_t, std::string_view>, std::size_t> finer;
    std::vector<std::size_t> split;
    for (std::size_t r = 0; r < rows.size(); ++r)
      split.push_back(finer.try_emplace({class_of[r], rows[r][column]}, finer.size()).first->second);
    const bool tells = finer.size() > classes;
    if (tells) class_of = std::move(split);
    classes = std::max(classes, finer.size());
    return tells;
  };
  const std::vector<bool> given = kept;
  for (const bool of_given : {true, false})
    for (std::size_t c = 0; c < kept.size(); ++c)
      if (given[c] == of_given && split_by(c)) kept[c] = true;
  return kept;
}

std::vector<bool> telling_keys(const Store& store, const std::vector<std::string>& keys,
                               std::span<const CellGroup> groups) {
  const ZippedKeys zipped(store);
  std::vector<bool> kept;
  for (const std::string& key : keys)
    kept.push_back(std::ranges::none_of(
        keys, [&](const std::string& other) { return other != key && zipped.on_one_axis(key, other); }));
  std::vector<std::vector<std::string>> rows;
  for (const CellGroup& group : groups) {
    auto& row = rows.emplace_back();
    for (const json& value : group.keys) row.push_back(value.dump());
  }
  return telling_columns(rows, std::move(kept));
}

std::vector<CellGroup> read_groups(const Store& store, const std::string& path, Table table,
                                   const std::vector<std::string>& keys,
                                   const std::vector<std::string>& columns,
                                   const std::vector<std::string>& labels,
                                   const std::unordered_set<std::string>* only) {
  check_columns(store, path, table, keys, columns);
  std::vector<std::string> wanted = keys;
  wanted.insert(wanted.end(), columns.begin(), columns.end());
  wanted.insert(wanted.end(), labels.begin(), labels.end());
  if (only != nullptr) wanted.emplace_back("cell");
  wanted.emplace_back("status");
  Grouping grouping(keys.size());
  store.read_rows(table, wanted, [&](std::span<const std::string> row) {
    if (only != nullptr && !only->contains(json::parse(row[row.size() - 2]).get<std::string>())) return;
    CellGroup& group = grouping.of(row);
    if (row.back() == "\"diverged\"") {
      ++group.diverged;
      return;
    }
    for (std::size_t i = 0; i < columns.size(); ++i)
      group.numbers.push_back(number_in(row[keys.size() + i], columns[i], path));
    if (!labels.empty())
      group.curves.push_back(grouping.curve_of(row.subspan(keys.size() + columns.size(), labels.size())));
  });
  auto groups = std::move(grouping).sorted();
  if (groups.empty() && only == nullptr)
    throw InputError(fmt::format("{}: no cell is {} yet; see how far it is with: modsweep status {}", path,
                                 table == Table::history ? "measured" : "finished", path));
  return groups;
}

}  // namespace modsweep
