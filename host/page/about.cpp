#include "page/about.h"

#include "config/keys.h"
#include "config/sweep_text.h"
#include "core/formats.h"
#include "page/html.h"
#include "page/setting_text.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/sweep.h"

namespace modsweep::page {
namespace {

using nlohmann::json;

constexpr std::size_t most_runs = 30;

/// The values of an axis: of zipped keys those of each.
std::string axis_values(const json& axis) {
  std::string text;
  const json& keys = axis.at("keys");
  for (std::size_t k = 0; k < keys.size(); ++k) {
    json values = json::array();
    for (const json& point : axis.at("values")) values.push_back(point.at(k));
    text += fmt::format("{}{}", k == 0 ? "" : "; ", values_text(values));
  }
  return text;
}

/// The setting's values in all sweeps; those of an axis as a list.
struct SettingRow {
  std::set<std::string> texts;
  bool varies = false;
  bool differs = false;  ///< from the default
};

void add_value(SettingRow& row, const KeyInfo* key, const json& value) {
  row.texts.insert(value_text(value));
  if (key == nullptr || json::parse(key->standard) != value) row.differs = true;
}

std::map<std::string, SettingRow> setting_rows(const StoreData& data) {
  std::map<std::string, SettingRow> rows;
  for (const StoredSweep& sweep : data.sweeps) {
    std::set<std::string> varied;
    for (const json& axis : json::parse(sweep.axes))
      for (std::size_t k = 0; k < axis.at("keys").size(); ++k) {
        const std::string name = axis.at("keys")[k];
        varied.insert(name);
        json values = json::array();
        for (const json& point : axis.at("values")) values.push_back(point.at(k));
        rows[name].texts.insert(values_text(values));
        rows[name].varies = true;
      }
    const json base = json::parse(sweep.base);
    for (const auto& [name, value] : base.items())
      if (!varied.contains(name)) add_value(rows[name], find_key(name), value);
  }
  return rows;
}

SortableTable settings_table(const std::vector<std::pair<std::string, SettingRow>>& rows) {
  SortableTable table{{{"setting"}, {"value"}, {"default"}, {"meaning"}}, {}};
  for (const auto& [name, row] : rows) {
    const KeyInfo* key = find_key(name);
    table.rows.push_back({{name},
                          {fmt::format("{}{}", fmt::join(row.texts, " or "), row.varies ? " (axis)" : "")},
                          {key == nullptr ? "not of this program" : value_text(json::parse(key->standard))},
                          {key == nullptr ? "" : std::string(key->doc)}});
  }
  return table;
}

}  // namespace

Section axes_section(const StoreData& data) {
  Section section{"Axes", {}};
  for (const StoredSweep& sweep : data.sweeps) {
    Facts facts;
    for (const json& axis : json::parse(sweep.axes)) {
      std::vector<std::string> keys = axis.at("keys");
      facts.facts.push_back(
          {fmt::format("{}", fmt::join(keys, ", ")),
           fmt::format("{}: {}", format_plural(static_cast<double>(axis.at("values").size()), "value"),
                       axis_values(axis))});
    }
    if (data.sweeps.size() > 1) section.blocks.push_back({Paragraph{sweep.name + ":"}});
    if (facts.facts.empty())
      section.blocks.push_back({Paragraph{"None: a single network."}});
    else
      section.blocks.push_back({std::move(facts)});
  }
  if (data.sweeps.empty()) section.blocks.push_back({Paragraph{"No sweep is in this store."}});
  return section;
}

Section again_section(const StoreData& data) {
  Section section{"To get it again", {}};
  std::set<std::string> names;
  for (const StoredSweep& sweep : data.sweeps) {
    std::string file = plain_word(sweep.name);
    for (int n = 2; !names.insert(file).second; ++n) file = fmt::format("{}-{}", plain_word(sweep.name), n);
    file += ".toml";
    section.blocks.push_back({Code{fmt::format("modsweep run {}\n", file)}});
    const std::string text = sweep_file_text(recorded_sweep(sweep.name, sweep.base, sweep.axes), "");
    section.blocks.push_back({Disclosure{"The sweep file " + file, {{Code{text, file}}}}});
  }
  return section;
}

Section runs_section(const StoreData& data) {
  Section section{"Where and when", {}};
  if (data.runs.empty()) {
    section.blocks.push_back({Paragraph{"The store has no record of its runs."}});
    return section;
  }
  if (data.runs.size() == 1) {
    const RunRow& run = data.runs.front();
    section.blocks.push_back({Facts{
        {{"trained", run.ended == "-" ? fmt::format("since {}", run.began)
                                      : fmt::format("{} to {}, {}", run.began, run.ended, run.outcome)},
         {"on", run.host},
         {"device", run.device},
         {"by", run.program},
         {"command", run.command}}}});
    return section;
  }
  const std::size_t first = data.runs.size() - std::min(data.runs.size(), most_runs);
  if (first > 0)
    section.blocks.push_back(
        {Paragraph{fmt::format("The last {} of {} runs; all of them: modsweep export {} --table runs",
                               most_runs, data.runs.size(), data.words)}});
  SortableTable table{{{"began"}, {"ended"}, {"outcome"}, {"host"}, {"program"}, {"device"}, {"command"}},
                      {}};
  for (const RunRow& run : std::span(data.runs).subspan(first))
    table.rows.push_back(
        {{run.began}, {run.ended}, {run.outcome}, {run.host}, {run.program}, {run.device}, {run.command}});
  section.blocks.push_back({std::move(table)});
  return section;
}

Section settings_section(const StoreData& data) {
  Section section{"Settings", {}};
  std::vector<std::pair<std::string, SettingRow>> changed, standard;
  for (auto& entry : setting_rows(data))
    (entry.second.varies || entry.second.differs ? changed : standard).emplace_back(entry);
  section.blocks.push_back(
      {Paragraph{changed.empty() ? "Every setting has its default."
                                 : "Settings that vary or differ from their defaults:"}});
  if (!changed.empty()) section.blocks.push_back({settings_table(changed)});
  if (!standard.empty())
    section.blocks.push_back({Disclosure{fmt::format("{} settings at their defaults", standard.size()),
                                         {{settings_table(standard)}}}});
  return section;
}

}  // namespace modsweep::page
