#include "cli/grouping.h"

#include "config/text.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"

namespace modsweep::cli {
namespace {

using nlohmann::json;

const char* name_of(Table table) {
  return table == Table::history ? "history" : "results";
}

void check_column(const std::string& name, const std::vector<std::string>& columns, const std::string& path,
                  Table table) {
  if (std::find(columns.begin(), columns.end(), name) != columns.end()) return;
  const std::vector<std::string_view> candidates(columns.begin(), columns.end());
  const auto close = nearest(name, candidates);
  throw InputError(fmt::format(
      "{}: {} has no column '{}'{}; {}", path, name_of(table), one_line(name),
      name.find('.') == std::string::npos ? "" : " (settings are columns where they vary)",
      close ? fmt::format("did you mean {}?", *close)
            : fmt::format("see them with: modsweep export {} --table {} | head -1", path, name_of(table))));
}

void check_columns(const Store& store, const std::string& path, Table table,
                   const std::vector<std::string>& keys, const std::vector<std::string>& columns) {
  const auto known = store.columns(table);
  for (const auto& names : {keys, columns})
    for (auto name = names.begin(); name != names.end(); ++name) {
      check_column(*name, known, path, table);
      if (std::find(names.begin(), name, *name) != name)
        throw InputError(fmt::format("column '{}' is named twice; name it once", *name));
    }
}

double number_in(const std::string& text, const std::string& column, const std::string& path) {
  if (text == "null") return std::numeric_limits<double>::quiet_NaN();
  const json value = json::parse(text);
  if (!value.is_number())
    throw InputError(fmt::format("{}: column '{}' holds {}, not numbers; choose a column of numbers", path,
                                 column, one_line(text)));
  return value.get<double>();
}

/// Groups in the order in which their first cells come.
class Grouping {
 public:
  explicit Grouping(std::size_t keys) : keys_(keys) {}

  CellGroup& of(std::span<const std::string> row) {
    const std::string name = fmt::format("{}", fmt::join(row.first(keys_), "\n"));
    const auto [entry, added] = places_.try_emplace(name, groups_.size());
    if (added) {
      auto& keys = groups_.emplace_back().keys;
      for (const auto& key : row.first(keys_)) keys.push_back(json::parse(key));
    }
    return groups_[entry->second];
  }

  /// In the order of their keys: JSON values compare by kind (none, truth, number, list, text), then by
  /// value.
  std::vector<CellGroup> sorted() && {
    std::stable_sort(groups_.begin(), groups_.end(),
                     [](const CellGroup& a, const CellGroup& b) { return a.keys < b.keys; });
    return std::move(groups_);
  }

 private:
  std::size_t keys_;
  std::unordered_map<std::string, std::size_t> places_;
  std::vector<CellGroup> groups_;
};

}  // namespace

std::vector<double> CellGroup::values(std::size_t column, std::size_t columns) const {
  std::vector<double> found;
  for (std::size_t i = column; i < numbers.size(); i += columns)
    if (!std::isnan(numbers[i])) found.push_back(numbers[i]);
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> default_keys(const Store& store, const std::vector<std::string>& but) {
  std::vector<std::string> keys;
  for (const auto& key : store.varied_keys())
    if (key != "training.seed" && std::find(but.begin(), but.end(), key) == but.end()) keys.push_back(key);
  return keys;
}

std::vector<CellGroup> read_groups(const Store& store, const std::string& path, Table table,
                                   const std::vector<std::string>& keys,
                                   const std::vector<std::string>& columns) {
  check_columns(store, path, table, keys, columns);
  std::vector<std::string> wanted = keys;
  wanted.insert(wanted.end(), columns.begin(), columns.end());
  wanted.emplace_back("status");
  Grouping grouping(keys.size());
  store.read_rows(table, wanted, [&](std::span<const std::string> row) {
    CellGroup& group = grouping.of(row);
    if (row.back() == "\"diverged\"") {
      ++group.diverged;
      return;
    }
    for (std::size_t i = 0; i < columns.size(); ++i)
      group.numbers.push_back(number_in(row[keys.size() + i], columns[i], path));
  });
  auto groups = std::move(grouping).sorted();
  if (groups.empty())
    throw InputError(fmt::format("{}: no cell is {} yet; see how far it is with: modsweep status {}", path,
                                 table == Table::history ? "measured" : "finished", path));
  return groups;
}

void add_bootstrap_options(CLI::App* command, BootstrapSettings& settings) {
  command->add_option("--confidence", settings.confidence, "Of the bootstrap interval [0.95]")
      ->check(CLI::Range(0.01, 0.9999))
      ->type_name("SHARE");
  command
      ->add_option("--resamples", settings.resamples,
                   fmt::format("Of the bootstrap [{}]", settings.resamples))
      ->check(CLI::Range(100, 1'000'000))
      ->type_name("COUNT");
  command->add_option("--seed", settings.seed, "Of the bootstrap: the same seed, the same interval [0]")
      ->type_name("NUMBER");
}

}  // namespace modsweep::cli
