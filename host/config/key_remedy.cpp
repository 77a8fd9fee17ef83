// Suggests the key, or the choice, that an unknown one may have been meant to be.
#include "config/keys.h"
#include "core/synonyms.h"
#include "core/text.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace modsweep {

std::string unknown_key_remedy(std::string_view name) {
  const std::size_t dot = std::min(name.find('.'), name.size());
  const std::string_view section = name.substr(0, dot);
  const std::string_view leaf = dot == name.size() ? name : name.substr(dot + 1);
  std::vector<std::string_view> names, own_leaves, leaves;
  std::string same_leaf;  // the right key in the wrong table, or in none
  for (const KeyInfo& info : setting_keys()) {
    names.push_back(info.name);
    leaves.push_back(info.leaf());
    if (info.section() == section) own_leaves.push_back(info.leaf());
    if (info.leaf() == leaf) same_leaf += fmt::format("{}{}", same_leaf.empty() ? "" : " or ", info.name);
  }
  if (!same_leaf.empty()) return fmt::format("; did you mean {}?", same_leaf);
  if (const auto meant = synonyms_of(leaf, setting_synonyms()); !meant.empty())
    return "; " + did_you_mean(meant);
  if (const auto best = nearest(leaf, own_leaves))
    return fmt::format("; did you mean {}.{}?", section, *best);
  if (const auto best = nearest(leaf, leaves)) {
    const auto found = std::ranges::find(setting_keys(), *best, &KeyInfo::leaf);
    return fmt::format("; did you mean {}?", found->name);
  }
  if (!own_leaves.empty()) return fmt::format("; [{}] has {}", section, fmt::join(own_leaves, ", "));
  if (const auto best = nearest(name, names)) return fmt::format("; did you mean {}?", *best);
  return fmt::format("; settings are in the tables [{}]", fmt::join(setting_sections(), "], ["));
}

std::string unknown_choice_remedy(std::string_view text, const KeyInfo& key) {
  std::vector<std::string_view> names = key.choices;
  for (const ChoiceAlias& alias : key.aliases) names.push_back(alias.name);
  const auto ask = [](std::string_view name) { return fmt::format("did you mean \"{}\"?", name); };
  for (const std::string_view name : synonyms_of(text, choice_synonyms()))
    if (std::ranges::find(names, name) != names.end()) return ask(name);
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (const auto best = nearest(lower, names)) return ask(*best);
  return "give " + key.type();
}

}  // namespace modsweep
