#include "page/store_data.h"

#include "page/setting_text.h"
#include "results/cells.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

namespace modsweep::page {
namespace {

/// From so many cells on only the columns that are shown are read: a page takes seconds and little memory.
constexpr std::uint64_t many_cells = 100'000;

std::uint64_t sum_of(const StoreStatus& status, std::uint64_t (*count)(const StoreStatus::SweepStatus&)) {
  std::uint64_t sum = 0;
  for (const auto& sweep : status.sweeps) sum += count(sweep);
  return sum;
}

/// "2026-01-31 12:00:00 UTC" of "2026-01-31T12:00:00Z".
std::string time_text(std::string time) {
  if (time.size() < 20 || time[10] != 'T') return time;
  return fmt::format("{} {} UTC", time.substr(0, 10), time.substr(11, 8));
}

std::vector<RunRow> read_runs(const Store& store) {
  std::vector<RunRow> runs;
  store.read_rows(Table::runs,
                  {"began", "ended", "outcome", "host", "version", "revision", "device", "shard", "command"},
                  [&](std::span<const std::string> row) {
                    std::vector<std::string> texts;
                    for (const std::string& text : row) {
                      const auto value = nlohmann::json::parse(text);
                      texts.push_back(value.is_null() ? "-" : value_text(value));
                    }
                    runs.push_back({.began = time_text(texts[0]),
                                    .ended = time_text(texts[1]),
                                    .outcome = texts[2],
                                    .host = texts[3],
                                    .program = fmt::format("{}, commit {}", texts[4], texts[5]),
                                    .device = texts[6],
                                    .command = texts[8]});
                    if (texts[7] != "1/1" && texts[7] != "-")
                      runs.back().outcome += fmt::format(", shard {}", texts[7]);
                  });
  return runs;
}

/// The columns to read: all, or of many cells those that are shown and those that warnings need.
std::vector<std::string> columns_to_read(const Store& store, const StoreData& data) {
  std::vector<std::string> columns = number_columns(store);
  if (!data.many) return columns;
  std::erase_if(columns, [&](const std::string& name) {
    return !name.starts_with("dead_layer") &&
           std::ranges::none_of(data.shown, [&](const ShownColumn& shown) { return shown.name == name; });
  });
  return columns;
}

}  // namespace

std::vector<double> StoreData::values(const CellGroup& group, const std::string& column) const {
  const auto found = std::ranges::find(columns, column);
  if (found == columns.end()) return {};
  return group.values(static_cast<std::size_t>(found - columns.begin()), columns.size());
}

std::vector<std::string> StoreData::shown_names() const {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < keys.size(); ++k)
    if (shown_keys[k]) names.push_back(keys[k]);
  return names;
}

std::vector<nlohmann::json> StoreData::shown_values(const CellGroup& group) const {
  std::vector<nlohmann::json> found;
  for (std::size_t k = 0; k < keys.size(); ++k)
    if (shown_keys[k]) found.push_back(group.keys[k]);
  return found;
}

std::string StoreData::text_of(const CellGroup& group) const {
  std::string text;
  for (std::size_t k = 0; k < keys.size(); ++k)
    if (shown_keys[k])
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", keys[k], value_text(group.keys[k]));
  return text.empty() ? "the only setting" : text;
}

std::uint64_t StoreData::grid_cells() const {
  return sum_of(status, [](const auto& sweep) { return sweep.cells; });
}
std::uint64_t StoreData::done() const {
  return sum_of(status, [](const auto& sweep) { return sweep.done; });
}
std::uint64_t StoreData::diverged() const {
  return sum_of(status, [](const auto& sweep) { return sweep.diverged; });
}
std::uint64_t StoreData::left() const {
  return sum_of(status, [](const auto& sweep) { return sweep.left(); });
}

StoreData read_store_data(const Store& store, const std::string& name,
                          const std::vector<std::string>& files) {
  StoreData data;
  data.name = name;
  for (const std::string& file : files) data.words += (data.words.empty() ? "" : " ") + shell_word(file);
  data.sweeps = store.sweeps();
  data.status = store.status();
  data.runs = read_runs(store);
  data.many = data.done() + data.diverged() > many_cells;
  data.keys = default_keys(store, {});
  data.shown = shown_columns(store);
  data.columns = columns_to_read(store, data);
  if (data.done() + data.diverged() > 0)
    data.groups = read_groups(store, name, Table::results, data.keys, data.columns);
  data.shown_keys = telling_keys(store, data.keys, data.groups);
  std::erase_if(data.shown, [&](const ShownColumn& column) {
    return std::ranges::all_of(
        data.groups, [&](const CellGroup& group) { return data.values(group, column.name).empty(); });
  });
  return data;
}

}  // namespace modsweep::page
