// The part of JSON Schema (draft 7) that the schema of sweep files uses; an unknown keyword fails.
#pragma once

#include <regex>
#include <set>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

namespace modsweep::testing_support {

class JsonSchema {
 public:
  using json = nlohmann::json;

  explicit JsonSchema(json schema) : root_(std::move(schema)) {}

  /// Why the value is refused; empty if it is accepted.
  [[nodiscard]] std::string refusal(const json& value) const { return check(root_, value, "#"); }
  [[nodiscard]] bool accepts(const json& value) const { return refusal(value).empty(); }

  /// Calls visit(schema) for the schema and all schemas inside it. Throws for an unknown keyword or
  /// reference.
  template <typename Visit>
  void walk(Visit&& visit) const {
    walk(root_, visit);
    for (const auto& [kind, group] : root_.at("definitions").items()) {
      if (group.contains("type"))
        walk(group, visit);
      else
        for (const auto& [name, schema] : group.items()) walk(schema, visit);
    }
  }

  /// The schema itself, or the one that it refers to.
  [[nodiscard]] const json& resolved(const json& schema) const {
    if (!schema.contains("$ref")) return schema;
    if (schema.size() != 1)
      throw std::logic_error("beside $ref draft 7 ignores everything: " + schema.dump());
    return root_.at(json::json_pointer(schema.at("$ref").get<std::string>().substr(1)));
  }

 private:
  template <typename Visit>
  void walk(const json& schema, Visit& visit) const {
    static const std::set<std::string> known = {"$ref",
                                                "$schema",
                                                "title",
                                                "description",
                                                "definitions",
                                                "default",
                                                "type",
                                                "enum",
                                                "const",
                                                "not",
                                                "anyOf",
                                                "pattern",
                                                "items",
                                                "minItems",
                                                "minimum",
                                                "maximum",
                                                "maxItems",
                                                "properties",
                                                "required",
                                                "additionalProperties",
                                                "exclusiveMinimum",
                                                "exclusiveMaximum"};
    for (const auto& [keyword, value] : schema.items())
      if (!known.contains(keyword)) throw std::logic_error("unknown keyword " + keyword);
    (void)resolved(schema);
    visit(schema);
    for (const char* one : {"items", "not"})
      if (schema.contains(one)) walk(schema.at(one), visit);
    for (const json& form : schema.value("anyOf", json::array())) walk(form, visit);
    if (const json others = schema.value("additionalProperties", json(true)); others.is_object())
      walk(others, visit);
    const json properties = schema.value("properties", json::object());
    for (const auto& [name, property] : properties.items()) walk(property, visit);
  }

  static bool has_type(const json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer")
      return value.is_number_integer() ||
             (value.is_number() && value.get<double>() == static_cast<double>(value.get<std::int64_t>()));
    if (type == "number") return value.is_number();
    throw std::logic_error("unknown type " + type);
  }

  std::string check(const json& given, const json& value, const std::string& place) const {
    const json& schema = resolved(given);
    const auto refuse = [&](const char* keyword) {
      return place + ": " + value.dump().substr(0, 100) + " against " + keyword + ' ' +
             schema.at(keyword).dump();
    };
    if (schema.contains("type") && !has_type(value, schema.at("type"))) return refuse("type");
    if (schema.contains("const") && value != schema.at("const")) return refuse("const");
    if (schema.contains("enum")) {
      bool found = false;
      for (const json& choice : schema.at("enum")) found = found || choice == value;
      if (!found) return refuse("enum");
    }
    if (schema.contains("not") && check(schema.at("not"), value, place).empty()) return refuse("not");
    if (schema.contains("anyOf")) {
      std::string why;
      bool found = false;
      for (const json& form : schema.at("anyOf")) {
        const std::string refused = check(form, value, place);
        found = found || refused.empty();
        why += "\n  " + refused;
      }
      if (!found) return place + ": no form fits" + why;
    }
    if (value.is_number()) {
      const double number = value.get<double>();
      if (schema.contains("minimum") && number < schema.at("minimum").get<double>()) return refuse("minimum");
      if (schema.contains("maximum") && number > schema.at("maximum").get<double>()) return refuse("maximum");
      if (schema.contains("exclusiveMinimum") && number <= schema.at("exclusiveMinimum").get<double>())
        return refuse("exclusiveMinimum");
      if (schema.contains("exclusiveMaximum") && number >= schema.at("exclusiveMaximum").get<double>())
        return refuse("exclusiveMaximum");
    }
    if (value.is_string() && schema.contains("pattern") &&
        !std::regex_search(value.get<std::string>(), std::regex(schema.at("pattern").get<std::string>())))
      return refuse("pattern");
    if (value.is_array()) return check_array(schema, value, place);
    return value.is_object() ? check_object(schema, value, place) : "";
  }

  std::string check_array(const json& schema, const json& value, const std::string& place) const {
    if (value.size() < schema.value("minItems", std::size_t{0})) return place + ": too few entries";
    if (value.size() > schema.value("maxItems", value.size())) return place + ": too many entries";
    for (std::size_t i = 0; schema.contains("items") && i < value.size(); ++i)
      if (std::string why = check(schema.at("items"), value[i], place + '/' + std::to_string(i));
          !why.empty())
        return why;
    return {};
  }

  std::string check_object(const json& schema, const json& value, const std::string& place) const {
    for (const json& name : schema.value("required", json::array()))
      if (!value.contains(name.get<std::string>())) return place + ": no " + name.get<std::string>();
    const json properties = schema.value("properties", json::object());
    for (const auto& [name, member] : value.items()) {
      if (properties.contains(name)) {
        if (std::string why = check(properties.at(name), member, place + '/' + name); !why.empty())
          return why;
      } else if (const json others = schema.value("additionalProperties", json(true)); others.is_object()) {
        if (std::string why = check(others, member, place + '/' + name); !why.empty()) return why;
      } else if (!others) {
        return place + ": unknown key " + name;
      }
    }
    return {};
  }

  json root_;
};

}  // namespace modsweep::testing_support
