#include "figures/joint_keys.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"

namespace modsweep::figures {
namespace {

using nlohmann::json;

/// Keys on one axis, and lists of their values.
struct Joint {
  std::vector<std::string> keys;
  std::set<json> values;
};

std::vector<Joint> joined(const Store& store, const std::vector<std::string>& keys) {
  const ZippedKeys zipped(store);
  std::vector<Joint> joints;
  for (const std::string& key : keys) {
    const auto place = std::ranges::find_if(
        joints, [&](const Joint& joint) { return zipped.on_one_axis(joint.keys.front(), key); });
    if (place == joints.end())
      joints.push_back({{key}, {}});
    else
      place->keys.push_back(key);
  }
  return joints;
}

/// Without the settings that have one value.
KeyValues varied_part(const Joint& joint) {
  std::vector<std::size_t> parts;
  for (std::size_t k = 0; k < joint.keys.size(); ++k) {
    std::set<json> of_part;
    for (const json& value : joint.values) of_part.insert(value[k]);
    if (of_part.size() > 1) parts.push_back(k);
  }
  std::vector<std::string> names;
  for (const std::size_t k : parts) names.push_back(joint.keys[k]);
  std::set<json> values;
  for (const json& value : joint.values) {
    std::vector<json> kept;
    for (const std::size_t k : parts) kept.push_back(value[k]);
    values.insert(joint_value(kept));
  }
  return {fmt::format("{}", fmt::join(names, ", ")), {values.begin(), values.end()}};
}

/// The value that a part of the lists has most often; of several the first.
json usual_part(const KeyValues& key, std::size_t part) {
  std::map<json, std::size_t> times;
  for (const json& value : key.values) ++times[value[part]];
  return std::ranges::max_element(times, {}, [](const auto& entry) { return entry.second; })->first;
}

/// "l12" of "regularizer.l12".
std::string_view short_name(std::string_view setting) {
  return setting.substr(setting.rfind('.') + 1);
}

}  // namespace

std::vector<std::string> settings_of(std::string_view key) {
  std::vector<std::string> names;
  while (!key.empty()) {
    const std::size_t end = std::min(key.find(','), key.size());
    std::string_view name = key.substr(0, end);
    while (name.starts_with(' ')) name.remove_prefix(1);
    names.emplace_back(name);
    key.remove_prefix(std::min(end + 1, key.size()));
  }
  return names;
}

json joint_value(std::span<const json> parts) {
  if (parts.empty()) return {};
  return parts.size() == 1 ? parts.front() : json(std::vector<json>(parts.begin(), parts.end()));
}

std::vector<KeyValues> joint_values(const Source& source, const Request& request,
                                    const std::vector<std::string>& keys) {
  if (keys.empty()) return {};
  std::vector<Joint> joints = joined(source.store, keys);
  std::vector<std::string> columns;
  for (const Joint& joint : joints) columns.insert(columns.end(), joint.keys.begin(), joint.keys.end());
  const std::size_t settings = columns.size();
  if (request.cells) columns.emplace_back("cell");
  std::unordered_set<std::string> seen;  // the texts of settings: most rows are like one before
  std::string text;
  const auto read = [&](Table table) {
    source.store.read_rows(table, columns, [&](std::span<const std::string> row) {
      if (request.cells && !request.cells->contains(json::parse(row.back()).get<std::string>())) return;
      text.clear();
      for (const std::string& value : row.first(settings)) (text += value) += '\n';
      if (!seen.insert(text).second) return;
      std::size_t column = 0;
      for (Joint& joint : joints) {
        json value = json::array();
        for (std::size_t k = 0; k < joint.keys.size(); ++k) value.push_back(json::parse(row[column++]));
        joint.values.insert(std::move(value));
      }
    });
  };
  read(Table::results);
  if (joints.front().values.empty()) read(Table::history);  // no cell is finished
  std::vector<KeyValues> varied;
  for (const Joint& joint : joints)
    if (joint.values.size() > 1) varied.push_back(varied_part(joint));
  return varied;
}

std::string value_name(const KeyValues& key, std::size_t index) {
  const json& value = key.values[index];
  const std::vector<std::string> settings = settings_of(key.key);
  if (settings.size() < 2 || !value.is_array()) return value_text(value);
  // What differs from most values; where nothing does, what is not zero; else everything.
  for (const int choice : {0, 1, 2}) {
    std::string text;
    for (std::size_t part = 0; part < settings.size(); ++part)
      if (choice == 2 || (choice == 1 && value[part].is_number() && value[part] != 0.0) ||
          (choice == 0 && value[part] != usual_part(key, part)))
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", short_name(settings[part]),
                            value_text(value[part]));
    if (!text.empty()) return text;
  }
  return "";
}

}  // namespace modsweep::figures
