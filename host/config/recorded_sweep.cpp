// Sweeps as stores record them, and what their cells ask for.
#include "config/grid.h"
#include "config/keys.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"
#include "modsweep/names.h"
#include "modsweep/sweep.h"

namespace modsweep {
namespace {

using nlohmann::json;

constexpr std::uint64_t most_combinations = 4096;

bool is_of(const Axis& axis, std::initializer_list<std::string_view> tables) {
  return std::ranges::any_of(axis.keys, [&](const std::string& key) {
    return std::ranges::find(tables, std::string_view(key).substr(0, key.find('.'))) != tables.end() ||
           std::ranges::find(tables, std::string_view(key)) != tables.end();
  });
}

/// The family of recorded settings; those of before there were several do not name it.
Family family_named(const json& values) {
  const auto named = values.find("network.family");
  if (named == values.end() || !named->is_string()) return Family::feedforward;
  return value_of<Family>(named->get<std::string>()).value_or(Family::feedforward);
}

}  // namespace

bool is_real_setting(std::string_view key) {
  const KeyInfo* info = find_key(key);
  return info != nullptr && info->kind == ValueKind::number;
}

CellSettings recorded_settings(const std::string& object, const std::string& where) try {
  const json values = json::parse(object);
  CellSettings settings = standard_settings(family_named(values));
  for (const auto& [key, value] : values.items()) {
    const KeyInfo* info = find_key(key);
    if (info == nullptr || !info->read(settings, value.dump()))
      throw InputError(
          fmt::format("{}: has a setting {} = {} that this modsweep does not know; update modsweep", where,
                      key, value.dump()));
  }
  return settings;
} catch (const json::exception&) {
  throw InputError(
      fmt::format("{}: has settings in a form that this modsweep does not know; update modsweep", where));
}

Sweep recorded_sweep(const std::string& name, const std::string& base, const std::string& axes) try {
  Sweep sweep{.name = name, .base = recorded_settings(base, "sweep " + name), .axes = {}};
  for (const json& recorded : json::parse(axes)) {
    Axis& axis = sweep.axes.emplace_back();
    recorded.at("keys").get_to(axis.keys);
    for (const json& point : recorded.at("values")) {
      std::vector<std::string>& values = axis.values.emplace_back();
      for (const json& value : point) values.push_back(value.dump());
      if (values.size() != axis.keys.size())
        throw InputError(
            fmt::format("sweep {}: has an axis of {} keys with a point of {} values; restore a copy", name,
                        axis.keys.size(), values.size()));
    }
  }
  return sweep;
} catch (const json::exception&) {
  throw InputError(
      fmt::format("sweep {}: has axes in a form that this modsweep does not know; update modsweep", name));
}

bool visit_settings(const Sweep& sweep, std::initializer_list<std::string_view> tables,
                    const std::function<void(const CellSettings&)>& visit) {
  Sweep part{.name = sweep.name, .base = sweep.base, .axes = {}};
  std::uint64_t combinations = 1;
  for (const Axis& axis : sweep.axes) {
    if (axis.values.empty()) return true;
    Axis& kept = part.axes.emplace_back(Axis{axis.keys, {}});
    if (is_of(axis, tables)) {
      combinations *= axis.values.size();
      if (combinations > most_combinations) return false;
      kept.values = axis.values;
    } else {
      kept.values = {axis.values.front()};
    }
  }
  for (std::uint64_t i = 0; i < part.size(); ++i) visit(settings_at(part, i));
  return true;
}

}  // namespace modsweep
