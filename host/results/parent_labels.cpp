#include "results/parent_labels.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace modsweep {
namespace {

using nlohmann::json;

/// Whether a word begins with a dotted key and a sign: "noise.strength=0.1". Other words belong to the value
/// before them.
bool begins_setting(std::string_view word) {
  const auto sign = word.find('=');
  if (sign == std::string_view::npos) return false;
  const std::string_view key = word.substr(0, sign);
  return key.find('.') != std::string_view::npos &&
         key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string_view::npos;
}

}  // namespace

std::map<std::string, std::string> parent_labels(const std::map<std::string, json>& parents) {
  std::map<std::string, std::set<std::string>> values;
  for (const auto& [id, settings] : parents)
    for (const auto& [key, value] : settings.items()) values[key].insert(value.dump());
  std::map<std::string, std::string> labels;
  for (const auto& [id, settings] : parents) {
    std::vector<std::string> parts;
    for (const auto& [key, value] : settings.items()) {
      if (values.at(key).size() == 1 || key == "training.seed" || key.starts_with("measure.")) continue;
      std::string text = value.dump();
      std::erase(text, '"');
      parts.push_back(fmt::format("{}={}", key, text));
    }
    labels[id] = fmt::format("{}", fmt::join(parts, " "));
  }
  return labels;
}

std::map<std::string, json> settings_of_label(std::string_view label) {
  std::vector<std::pair<std::string, std::string>> texts;
  while (!label.empty()) {
    const std::size_t end = std::min(label.find(' '), label.size());
    const std::string_view word = label.substr(0, end);
    label.remove_prefix(std::min(end + 1, label.size()));
    if (begins_setting(word)) {
      const auto sign = word.find('=');
      texts.emplace_back(word.substr(0, sign), word.substr(sign + 1));
    } else if (!texts.empty()) {
      texts.back().second.append(" ").append(word);
    }
  }
  std::map<std::string, json> settings;
  for (auto& [key, text] : texts) {
    json value = json::parse(text, nullptr, false);
    settings[key] = value.is_discarded() ? json(std::move(text)) : std::move(value);
  }
  return settings;
}

void add_parent_settings(json& settings) {
  const auto label = settings.find("start.label");
  if (label == settings.end()) return;
  for (auto& [key, value] : settings_of_label(label->get<std::string>()))
    settings["start." + key] = std::move(value);
}

}  // namespace modsweep
