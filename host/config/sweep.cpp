#include "modsweep/sweep.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include "config/check.h"
#include "config/grid.h"
#include "config/keys.h"

#include <xxhash.h>

#include "modsweep/error.h"
#include "modsweep/network.h"

namespace modsweep {
namespace {

std::string hash_text(std::string_view text) {
  return fmt::format("{:016x}", std::uint64_t{XXH3_64bits(text.data(), text.size())});
}

// The text whose hash is an id: a line "key=json" for every setting, sorted by key, except those in
// `left_out` and later settings that have their defaults. A file counts by its content, and a parent by its
// id, wherever they are.
std::string canonical_text(CellSettings settings, const std::set<std::string_view>& left_out = {}) {
  if (!settings.task.file_hash.empty()) settings.task.file.clear();
  if (!settings.start.cell.empty())
    settings.start = {.from = {}, .where = {}, .cell = settings.start.cell, .label = {}};
  std::string text;
  text.reserve(2048);
  for (const KeyInfo& key : setting_keys()) {
    if (left_out.contains(key.name)) continue;
    const std::size_t begin = text.size();
    text.append(key.name) += '=';
    const std::size_t value = text.size();
    key.write(settings, text);
    if (key.later && std::string_view(text).substr(value) == key.standard)
      text.resize(begin);
    else
      text += '\n';
  }
  return text;
}

// Calls visit(axis, point) for the coordinates of a cell, last axis first.
template <typename Visit>
void for_each_coordinate(const Sweep& sweep, std::uint64_t index, Visit visit) {
  for (std::size_t a = sweep.axes.size(); a-- > 0;) {
    const std::uint64_t points = sweep.axes[a].values.size();
    visit(a, static_cast<std::size_t>(index % points));
    index /= points;
  }
}

void check_index(const Sweep& sweep, std::uint64_t index) {
  if (index >= sweep.size())
    throw LogicError(fmt::format("cell {} of a sweep of {} cells", index, sweep.size()));
}

// One axis in a form that does not depend on the order of keys or points.
std::string canonical_axis(const Axis& axis) {
  std::vector<std::size_t> order(axis.keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t k) { return axis.keys[k]; });
  std::string text = "axis";
  for (const std::size_t k : order) text += ' ' + axis.keys[k];
  text += '\n';
  std::vector<std::string> points;
  points.reserve(axis.values.size());
  for (const auto& point : axis.values) {
    std::string& line = points.emplace_back();
    for (const std::size_t k : order) line += ' ' + point[k];
  }
  std::ranges::sort(points);
  for (const std::string& line : points) text += line + '\n';
  return text;
}

}  // namespace

void set_value(CellSettings& settings, std::string_view key, std::string_view json) {
  const KeyInfo* info = find_key(key);
  if (info == nullptr) throw InputError(fmt::format("unknown key {}{}", key, unknown_key_remedy(key)));
  if (const KeyInfo* partner = find_key(schedule_partner(key))) partner->read(settings, "0");
  if (!info->read(settings, json))
    throw InputError(fmt::format("{} = {} has the wrong form; give {}", key, json, info->type()));
}

CellSettings settings_at(const Sweep& sweep, std::uint64_t index) {
  check_index(sweep, index);
  CellSettings settings = sweep.base;
  for_each_coordinate(sweep, index, [&](std::size_t a, std::size_t point) {
    const Axis& axis = sweep.axes[a];
    for (std::size_t k = 0; k < axis.keys.size(); ++k)
      set_value(settings, axis.keys[k], axis.values[point][k]);
  });
  return settings;
}

std::string describe_cell(const Sweep& sweep, std::uint64_t index) {
  constexpr std::size_t most = 4;
  std::vector<std::size_t> points(sweep.axes.size());
  for_each_coordinate(sweep, index, [&](std::size_t a, std::size_t point) { points[a] = point; });
  std::vector<std::string> parts;
  for (std::size_t a = 0; a < sweep.axes.size(); ++a)
    for (std::size_t k = 0; k < sweep.axes[a].keys.size(); ++k)
      parts.push_back(fmt::format("{} = {}", sweep.axes[a].keys[k], sweep.axes[a].values[points[a]][k]));
  const bool cut = parts.size() > most;
  if (cut) parts.resize(most);
  return fmt::format("{}{}", fmt::join(parts, ", "), cut ? ", ..." : "");
}

std::uint64_t Sweep::size() const {
  std::uint64_t cells = 1;
  for (const Axis& axis : axes) cells *= axis.values.size();
  return cells;
}

Cell Sweep::cell(std::uint64_t index) const {
  check_index(*this, index);
  Cell cell;
  cell.settings = base;
  std::size_t columns = 0;
  for (const Axis& axis : axes) columns += axis.keys.size();
  cell.varied.resize(columns);
  for_each_coordinate(*this, index, [&](std::size_t a, std::size_t point) {
    const Axis& axis = axes[a];
    columns -= axis.keys.size();
    for (std::size_t k = 0; k < axis.keys.size(); ++k) {
      const std::string& json = axis.values[point][k];
      set_value(cell.settings, axis.keys[k], json);
      cell.varied[columns + k] = {axis.keys[k], json};
    }
  });
  try {
    check_cell(cell.settings);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{} (cell {}: {})", error.what(), index, describe_cell(*this, index)));
  }
  cell.id = cell_id(cell.settings);
  return cell;
}

std::size_t Sweep::max_hidden_layers() const {
  if (size() == 0 || base.network.family != Family::feedforward) return 0;
  CellSettings cell = settings_at(*this, 0);
  const NetworkSettings& network = cell.network;
  std::size_t listed = 0, blocks = 0, joint = 0;
  bool free = false, named = false;
  const auto look = [&] {
    listed = std::max(listed, network.hidden.size());
    blocks = std::max<std::size_t>(blocks, network.block_depth);
    joint = std::max<std::size_t>(joint, network.joint_depth);
    (network.architecture == Architecture::layers ? free : named) = true;
  };
  look();
  for (const Axis& axis : axes) {
    for (std::size_t k = 0; k < axis.keys.size(); ++k) {
      if (!axis.keys[k].starts_with("network.")) continue;
      for (const auto& point : axis.values) {
        set_value(cell, axis.keys[k], point[k]);
        look();
      }
    }
  }
  return std::max(free ? listed : 0, named ? blocks + 1 + joint : 0);
}

std::string Sweep::id() const {
  if (size() == 0) return hash_text("");
  // The first cell replaces the base, so that values that the axes replace play no part. Its values of the
  // varied keys are left out, because the order of points must play no part either.
  std::set<std::string_view> varied;
  std::vector<std::string> parts;
  for (const Axis& axis : axes) {
    parts.push_back(canonical_axis(axis));
    for (const std::string& key : axis.keys) varied.insert({key, schedule_partner(key)});
  }
  std::ranges::sort(parts);
  std::string text = "base\n" + canonical_text(settings_at(*this, 0), varied);
  for (const std::string& part : parts) text += part;
  return hash_text(text);
}

std::vector<SettingValue> canonical_settings(const CellSettings& settings) {
  std::vector<SettingValue> values;
  for (const KeyInfo& key : setting_keys()) {
    SettingValue& value = values.emplace_back();
    value.key = key.name;
    key.write(settings, value.json);
  }
  return values;
}

std::string cell_id(const CellSettings& settings) {
  // A named architecture is the same network as its layers listed one by one, and has the same id.
  CellSettings own = settings;
  own.network = spelled_out(settings.network, settings.task.inputs);
  return hash_text(canonical_text(std::move(own)));
}

}  // namespace modsweep
