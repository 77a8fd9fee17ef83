#include "cli/settings_schema.h"

#include "config/toml_values.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace modsweep::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* plain_name = "^[A-Za-z0-9._-]{1,100}$";
constexpr const char* list_name = "^[A-Za-z0-9_-]{1,100}$";  // of an axis that is a list of settings
constexpr const char* plain_line = "^[^\"\\\\\\u0000-\\u001f\\u007f]{1,1000}$";
constexpr std::size_t most_points = 1000000;  // of one axis

std::string copy_of(std::string_view text) {
  return std::string(text);
}

/// A whole number without a decimal point, any other number as it is.
ordered_json whole_or_not(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return static_cast<std::int64_t>(value);
  return value;
}

ordered_json number_form(const char* type, const Limits& limits) {
  return {{"type", type},
          {limits.above_low ? "exclusiveMinimum" : "minimum", whole_or_not(limits.low)},
          {limits.below_high ? "exclusiveMaximum" : "maximum", whole_or_not(limits.high)}};
}

ordered_json list_form(ordered_json items, std::size_t shortest, std::size_t longest) {
  return {{"type", "array"}, {"items", std::move(items)}, {"minItems", shortest}, {"maxItems", longest}};
}

ordered_json object_form(ordered_json properties, ordered_json required = ordered_json::array()) {
  ordered_json schema = {
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

ordered_json form_schema(const KeyInfo& key) {
  switch (key.kind) {
    case ValueKind::boolean:
      return ordered_json::object({{"type", "boolean"}});
    case ValueKind::integer:
      return number_form("integer", key.limits);
    case ValueKind::number:
      return number_form("number", key.limits);
    case ValueKind::text:
      return {{"type", "string"}, {"pattern", plain_name}};
    case ValueKind::choice: {
      ordered_json choices = ordered_json::array();
      for (const std::string_view choice : key.choices) choices.push_back(copy_of(choice));
      for (const ChoiceAlias& alias : key.aliases) choices.push_back(copy_of(alias.name));
      return {{"type", "string"}, {"enum", std::move(choices)}};
    }
    case ValueKind::line:
      return {{"type", "string"}, {"pattern", plain_line}};
    case ValueKind::integer_list:
      return list_form(number_form("integer", key.limits), key.shortest, key.longest);
    case ValueKind::line_list:
      return list_form({{"type", "string"}, {"pattern", plain_line}}, key.shortest, key.longest);
  }
  return {};
}

/// The schema of a setting's value. An editor shows the description and completes with the default.
ordered_json value_schema(const KeyInfo& key) {
  ordered_json schema;
  schema["description"] = fmt::format("{}: {}; default {}", key.name, key.doc, key.standard);
  for (const auto& [family, name] : EnumNames<Family>::table)
    if (key.standard_of(family) != key.standard)
      schema["description"] = fmt::format("{}; of {} networks {}", schema["description"].get<std::string>(),
                                          name, key.standard_of(family));
  schema.update(form_schema(key));
  schema["default"] = ordered_json::parse(key.standard);
  return schema;
}

ordered_json reference_to(std::string_view definition) {
  return ordered_json::object({{"$ref", fmt::format("#/definitions/{}", definition)}});
}

/// An evenly spaced axis: its two ends, and either the number of points or their spacing.
ordered_json spaced(const char* name, ordered_json end, const char* extra, ordered_json extra_form,
                    bool required) {
  ordered_json properties = {{name, list_form(std::move(end), 2, 2)}, {extra, std::move(extra_form)}};
  return object_form(std::move(properties),
                     required ? ordered_json::array({name, extra}) : ordered_json::array({name}));
}

/// An axis that is drawn at random between two ends.
ordered_json random(const char* name, ordered_json end) {
  const ordered_json count = {{"type", "integer"}, {"minimum", 1}, {"maximum", most_points}};
  ordered_json form = spaced(name, std::move(end), "count", count, true);
  form["properties"]["seed"] = {{"type", "integer"}, {"minimum", 0}, {"maximum", UINT32_MAX}};
  return form;
}

ordered_json spaced_forms() {
  const ordered_json integer = ordered_json::object({{"type", "integer"}});
  const ordered_json count = {{"type", "integer"}, {"minimum", 2}, {"maximum", most_points}};
  ordered_json step = integer;
  step["not"]["const"] = 0;
  const ordered_json positive = {{"type", "number"}, {"exclusiveMinimum", 0}};
  return {{"range", spaced("range", integer, "step", step, false)},
          {"linspace", spaced("linspace", ordered_json::object({{"type", "number"}}), "count", count, true)},
          {"logspace", spaced("logspace", positive, "count", count, true)},
          {"uniform", random("uniform", ordered_json::object({{"type", "number"}}))},
          {"loguniform", random("loguniform", positive)}};
}

/// The points of an axis along a setting: a list, or spaced evenly or drawn where the setting is a number.
ordered_json axis_schema(const KeyInfo& key) {
  ordered_json forms =
      ordered_json::array({list_form(reference_to(fmt::format("values/{}", key.name)), 1, most_points)});
  if (key.kind == ValueKind::integer || key.kind == ValueKind::number)
    for (const std::string_view form : axis_forms)
      forms.push_back(reference_to(fmt::format("spaced/{}", form)));
  return {
      {"description", fmt::format("An axis along {}: {}. Each value is {}", key.name, key.doc, key.type())},
      {"anyOf", std::move(forms)}};
}

ordered_json zip_schema(std::span<const KeyInfo* const> keys) {
  ordered_json names = ordered_json::array();
  for (const KeyInfo* key : keys) names.push_back(copy_of(key->name));
  ordered_json axis = ordered_json::object();
  axis["anyOf"] = ordered_json::array({ordered_json::object({{"enum", std::move(names)}}),
                                       ordered_json{{"type", "string"}, {"pattern", list_name}}});
  ordered_json group = list_form(std::move(axis), 2, keys.size());
  ordered_json zip = {
      {"description", "Axes that move together instead of multiplying each other: groups of keys"},
      {"type", "array"},
      {"items", std::move(group)},
      {"minItems", 1}};
  return zip;
}

}  // namespace

std::string sweep_schema(std::span<const KeyInfo* const> keys) {
  ordered_json values = ordered_json::object(), axes = ordered_json::object();
  ordered_json tables = ordered_json::object(), along = ordered_json::object();
  ordered_json nested = ordered_json::object();  // axes without quotes: noise.strength = [...]
  for (const KeyInfo* key : keys) {
    const std::string name = copy_of(key->name), section = copy_of(key->section()),
                      leaf = copy_of(key->leaf());
    values[name] = value_schema(*key);
    axes[name] = axis_schema(*key);
    tables[section][leaf] = reference_to("values/" + name);
    along[name] = reference_to("axes/" + name);
    nested[section][leaf] = reference_to("axes/" + name);
  }
  for (auto& [section, leaves] : nested.items()) along[section] = object_form(std::move(leaves));
  ordered_json point = ordered_json::object();  // of a list of settings
  for (const KeyInfo* key : keys)
    point[copy_of(key->name)] = reference_to(fmt::format("values/{}", key->name));
  for (const auto& [section, leaves] : tables.items()) point[section] = object_form(leaves);
  ordered_json settings = {
      {"description",
       "An axis of tables of settings: each point sets those of its table, the others are as in "
       "the base"}};
  settings.update(list_form(object_form(std::move(point)), 1, most_points));
  const ordered_json zip = reference_to("zip");
  along["zip"] = zip;

  ordered_json properties = {{"name",
                              {{"description", "The name of the sweep. Default: that of the file"},
                               {"type", "string"},
                               {"pattern", plain_name}}},
                             {"zip", zip}};
  for (auto& [section, leaves] : tables.items()) properties[section] = object_form(std::move(leaves));
  properties["axes"] = object_form(std::move(along));
  properties["axes"]["additionalProperties"] = reference_to("settings");
  properties["axes"]["description"] = "The axes of the grid: each is a setting and its values; axes multiply";

  ordered_json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                         {"title", "modsweep sweep file"},
                         {"description", "Made by: modsweep settings --format json"}};
  schema.update(object_form(std::move(properties)));
  schema["definitions"] = {{"values", std::move(values)},
                           {"axes", std::move(axes)},
                           {"spaced", spaced_forms()},
                           {"settings", std::move(settings)},
                           {"zip", zip_schema(keys)}};
  return schema.dump(1) + '\n';
}

}  // namespace modsweep::cli
