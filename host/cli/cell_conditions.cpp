#include "cli/cell_conditions.h"

#include "config/keys.h"
#include "core/text.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"

namespace modsweep::cli {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> other_keys = {"cell", "sweep", "status", "engine", "device"};

bool is_other(std::string_view key) {
  return std::ranges::find(other_keys, key) != other_keys.end();
}

/// Whether an id, with its letter, begins with `text`, with or without the letter.
bool begins_with(std::string_view id, std::string_view text) {
  return !text.empty() && (id.starts_with(text) || bare_id(id).starts_with(text));
}

bool equals(const std::string& key, const json& found, const json& wanted) {
  if (key == "cell") return begins_with(found.get<std::string>(), wanted.get<std::string>());
  return found == wanted;
}

}  // namespace

CellConditions::CellConditions(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    const auto sign = text.find('=');
    if (sign == std::string::npos || sign == 0)
      throw InputError(fmt::format(
          "--where '{}': is not KEY=VALUE; give for example --where noise.strength=0.1", one_line(text)));
    const std::string key = text.substr(0, sign);
    const std::string value = text.substr(sign + 1);
    if (!is_other(key) && find_key(key) == nullptr)
      throw InputError(
          fmt::format("--where {}: there is no such setting{}", one_line(key), unknown_key_remedy(key)));
    // A bare word is a text, as for --set.
    json wanted = is_other(key) ? json() : json::parse(value, nullptr, false);
    if (is_other(key) || wanted.is_discarded()) wanted = value;
    const auto same = std::ranges::find(conditions_, key, &Condition::key);
    if (same == conditions_.end())
      conditions_.push_back({key, {std::move(wanted)}});
    else
      same->values.push_back(std::move(wanted));
  }
}

bool CellConditions::has(std::string_view key) const {
  return std::ranges::find(conditions_, key, &Condition::key) != conditions_.end();
}

bool CellConditions::met_by(const json& cell) {
  constexpr std::size_t most_present = 8;
  bool all = true;
  for (Condition& condition : conditions_) {
    const auto found = cell.find(condition.key);
    const bool met = found != cell.end() && std::ranges::any_of(condition.values, [&](const json& wanted) {
                       return equals(condition.key, *found, wanted);
                     });
    condition.met = condition.met || met;
    all = all && met;
    if (met || found == cell.end() || condition.present.size() > most_present) continue;
    if (const std::string value = found->dump();
        std::ranges::find(condition.present, value) == condition.present.end())
      condition.present.push_back(value);
  }
  return all;
}

std::string CellConditions::unmet() const {
  for (const Condition& condition : conditions_)
    if (!condition.met)
      return fmt::format("{} is none of those that were given; there {} {}{}", condition.key,
                         condition.present.size() == 1 ? "is" : "are",
                         one_line(fmt::format("{}", fmt::join(condition.present, ", ")), 200),
                         condition.present.empty() ? "no networks" : "");
  return "";
}

void add_where(CLI::App* command, std::vector<std::string>& conditions) {
  command
      ->add_option(
          "--where", conditions,
          "Only networks with this value of a setting, or of cell, sweep, status, engine, device; may be "
          "given many times: one of the values of each KEY")
      ->type_name("KEY=VALUE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

}  // namespace modsweep::cli
