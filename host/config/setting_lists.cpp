#include "config/setting_lists.h"

#include "core/text.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr const char* list_form =
    R"(write a list of tables, as [{ "noise.strength" = 0.1 }, { "regularizer.l1" = 1e-4 }])";

/// Reads the tables of one list.
class ListReader {
 public:
  ListReader(AxisDraft& axis, const Source& source) : axis_(axis), source_(source) {}

  void point(const toml::table& table) {
    axis_.lists.emplace_back();
    for (const auto& [key, value] : in_file_order(table)) {
      const std::string name(key->str());
      const auto* inner = value->as_table();
      if (inner == nullptr || find_key(name) != nullptr) {
        setting(name, *key, *value);
      } else {  // noise.strength without quotes
        for (const auto& [leaf, own] : in_file_order(*inner))
          setting(fmt::format("{}.{}", name, leaf->str()), *leaf, *own);
      }
    }
  }

 private:
  void setting(const std::string& name, const toml::key& key, const toml::node& value) {
    const KeyInfo* info = find_key(name);
    if (info == nullptr)
      fail(source_.at(key.source()), fmt::format("unknown key {} in the axis {}{}", one_line(name),
                                                 axis_.name, unknown_key_remedy(name)));
    auto& settings = axis_.lists.back();
    if (std::ranges::find(settings, name, &SettingValue::key) != settings.end())
      fail(source_.at(key.source()),
           fmt::format("{} is there twice in one table of the axis {}; keep one", name, axis_.name));
    settings.push_back({name, value_json(value, *info, source_)});
  }

  AxisDraft& axis_;
  const Source& source_;
};

/// The keys of all points, in the order in which they come first.
std::vector<std::string> keys_of(const AxisDraft& list) {
  std::vector<std::string> keys;
  for (const auto& point : list.lists)
    for (const SettingValue& setting : point)
      if (std::ranges::find(keys, setting.key) == keys.end()) keys.push_back(setting.key);
  return keys;
}

/// The value of a key that a point does not name.
std::string base_value(const std::string& key, const AxisDraft& list, const Draft& draft) {
  if (const auto fixed = draft.fixed.find(key); fixed != draft.fixed.end()) return fixed->second.json;
  if (draft.fixed.contains(schedule_partner(key)))
    fail(list.location,
         fmt::format("{} stands in some tables of the axis {}, but the base has {}; give it in each table",
                     key, list.name, schedule_partner(key)));
  return find_key(key)->standard_of(family_of(draft));
}

/// The axis of one key of a list.
AxisDraft axis_of(const std::string& key, const AxisDraft& list, const Draft& draft) {
  AxisDraft axis{.name = key, .key = find_key(key), .points = {}, .location = list.location};
  for (const auto& point : list.lists) {
    const auto own = std::ranges::find(point, key, &SettingValue::key);
    axis.points.push_back(own == point.end() ? base_value(key, list, draft) : own->json);
  }
  return axis;
}

/// Puts the keys of a list into the group in which it is zipped, or into a group of their own.
void zip_keys(const AxisDraft& list, const std::vector<std::string>& keys, Draft& draft) {
  for (Zip& zip : draft.zips) {
    const auto name = std::ranges::find(zip.keys, list.name);
    if (name == zip.keys.end()) continue;
    zip.keys.insert(zip.keys.erase(name), keys.begin(), keys.end());
    return;
  }
  if (keys.size() > 1) draft.zips.push_back({keys, list.location});
}

}  // namespace

bool is_setting_list_name(std::string_view name) {
  return is_plain_name(name) && name.find('.') == std::string_view::npos && name != "zip" && name != "axes" &&
         name != "name" && !std::ranges::binary_search(setting_sections(), name);
}

bool is_setting_list(const toml::node& node) {
  const auto* list = node.as_array();
  return list != nullptr && !list->empty() && list->front().is_table();
}

AxisDraft read_setting_list(const std::string& name, const toml::node& node, const Source& source,
                            const std::string& location) {
  AxisDraft axis{.name = name, .key = nullptr, .points = {}, .location = location};
  ListReader reader(axis, source);
  for (const toml::node& entry : *node.as_array()) {
    const auto* table = entry.as_table();
    if (table == nullptr)
      fail(source.at(entry.source()),
           fmt::format("the axis {} holds tables and something else; {}", name, list_form));
    reader.point(*table);
  }
  if (keys_of(axis).empty()) fail(location, fmt::format("the axis {} sets nothing; {}", name, list_form));
  return axis;
}

void expand_setting_lists(Draft& draft) {
  std::vector<AxisDraft> axes;
  for (const AxisDraft& axis : draft.axes) {
    if (axis.key != nullptr) {
      axes.push_back(axis);
      continue;
    }
    const std::vector<std::string> keys = keys_of(axis);
    for (const std::string& key : keys) {
      const auto also = [&](const AxisDraft& other) {
        if (&other == &axis) return false;
        return other.name == key || (other.key == nullptr && std::ranges::count(keys_of(other), key) > 0);
      };
      if (const auto other = std::ranges::find_if(draft.axes, also); other != draft.axes.end())
        fail(axis.location, fmt::format("{} is in the axis {} and {}; keep one", key, axis.name,
                                        other->key == nullptr ? "in the axis " + other->name
                                                              : std::string("an axis of its own")));
      axes.push_back(axis_of(key, axis, draft));
    }
    zip_keys(axis, keys, draft);
  }
  draft.axes = std::move(axes);
}

}  // namespace modsweep
