#include "results/values.h"

#include "core/synonyms.h"
#include "core/text.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"
#include "modsweep/results.h"

namespace modsweep {
namespace {

std::string_view name_of(Table table) {
  for (const NamedTable& named : store_tables())
    if (named.table == table) return named.name;
  return "the table";
}

}  // namespace

std::optional<double> json_number(std::string_view text) {
  if (text == "null") return std::numeric_limits<double>::quiet_NaN();
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

double number_in(const std::string& text, std::string_view column, std::string_view path) {
  if (const auto number = json_number(text)) return *number;
  throw InputError(fmt::format("{}: column '{}' holds {}, not numbers; choose a column of numbers", path,
                               column, one_line(text)));
}

void check_column(const std::string& name, const std::vector<std::string>& columns, std::string_view path,
                  Table table) {
  if (std::find(columns.begin(), columns.end(), name) != columns.end()) return;
  const std::vector<std::string_view> candidates(columns.begin(), columns.end());
  const auto is_there = [&](std::string_view one) { return std::ranges::count(candidates, one) > 0; };
  const auto settings = synonyms_of(name, setting_synonyms());
  // The name of a setting that does not vary: a column with a similar name is not meant.
  const bool varies_not = !settings.empty() && synonyms_of(name, column_synonyms()).empty() &&
                          std::ranges::none_of(settings, is_there);
  const auto close = varies_not ? std::vector<std::string_view>{} : meant(name, candidates);
  std::string remedy =
      fmt::format("see them with: modsweep export {} --table {} | head -1", path, name_of(table));
  if (varies_not)
    remedy = fmt::format("it is called {} here", fmt::join(settings, " or "));
  else if (!close.empty())
    remedy = did_you_mean(close);
  const bool of_settings = varies_not || name.find('.') != std::string::npos;
  throw InputError(fmt::format("{}: {} has no column '{}'{}; {}", path, name_of(table), one_line(name),
                               of_settings ? " (settings are columns where they vary)" : "", remedy));
}

ResultColumns::ResultColumns(std::vector<std::string> names, std::vector<std::vector<std::string>> texts)
    : names_(std::move(names)), texts_(std::move(texts)) {}

std::vector<double> ResultColumns::numbers(std::string_view column) const {
  std::vector<double> found;
  found.reserve(rows());
  for (const std::string& text : texts(column)) found.push_back(number_in(text, column, "the store"));
  return found;
}

const std::vector<std::string>& ResultColumns::texts(std::string_view column) const {
  const auto found = std::ranges::find(names_, column);
  if (found == names_.end()) throw LogicError(fmt::format("column '{}' was not read", column));
  return texts_[static_cast<std::size_t>(found - names_.begin())];
}

ResultColumns read_results(const Store& store, Table table, const std::vector<std::string>& columns) {
  const auto known = store.columns(table);
  for (const std::string& column : columns) check_column(column, known, "the store", table);
  std::vector<std::vector<std::string>> texts(columns.size());
  store.read_rows(table, columns, [&](std::span<const std::string> row) {
    for (std::size_t i = 0; i < row.size(); ++i) texts[i].push_back(row[i]);
  });
  return {columns, std::move(texts)};
}

}  // namespace modsweep
