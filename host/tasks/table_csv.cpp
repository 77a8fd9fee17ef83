// A strict reader of CSV. Packaged libraries either need the number of columns at compile time or do not
// report the line of an error, and that line is what a user needs.
#include "tasks/table.h"

#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// Records of a file, one after the other. A quoted field may hold commas, doubled quotes and line ends.
class Records {
 public:
  Records(std::string path, std::string_view bytes) : path_(std::move(path)), rest_(bytes) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
  }

  /// False at the end.
  [[nodiscard]] bool next(std::vector<std::string>& fields) {
    fields.clear();
    if (rest_.empty()) return false;
    line_ = next_line_;
    do fields.push_back(field());
    while (skip(','));
    if (!rest_.empty() && !skip('\n') && !(skip('\r') && skip('\n')))
      fail("a quote ends in the middle of a field; put the whole field in quotes and double those inside");
    ++next_line_;
    return true;
  }

  /// Throws InputError about the current record.
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}:{}: {}", path_, line_, what));
  }
  [[nodiscard]] std::string place() const { return fmt::format("{}:{}", path_, line_); }

 private:
  [[nodiscard]] bool skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  [[nodiscard]] std::string field() {
    if (skip('"')) return quoted();
    const std::size_t end = std::min(rest_.find_first_of(",\r\n"), rest_.size());
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return text;
  }

  [[nodiscard]] std::string quoted() {
    std::string text;
    for (;;) {
      const std::size_t end = rest_.find('"');
      if (end == std::string_view::npos) fail("a quote is opened and never closed; close it");
      for (const char c : rest_.substr(0, end))
        if (c == '\n') ++next_line_;
      text += rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
      if (!skip('"')) return text;
      text += '"';
    }
  }

  std::string path_;
  std::string_view rest_;
  std::size_t line_ = 1;
  std::size_t next_line_ = 1;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

double number(const Records& records, const std::string& column, std::string_view field) {
  std::string_view text = trimmed(field);
  if (text.empty())
    records.fail(
        fmt::format("the column {} is empty; fill the value in or leave the row out", quoted_field(column)));
  if (text.front() == '+') text.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error != std::errc{})
    records.fail(fmt::format("the column {} holds {}, which is no number; write it as 0.5 or 1e-3",
                             quoted_field(column), quoted_field(field)));
  if (!std::isfinite(value))
    records.fail(fmt::format("the column {} holds {}, which no network can learn; leave the row out",
                             quoted_field(column), quoted_field(field)));
  return value;
}

Split split(const Records& records, const std::string& column, std::string_view field) {
  const std::string_view text = trimmed(field);
  if (text == "train" || text == "0") return Split::train;
  if (text == "test" || text == "1") return Split::test;
  if (text == "ood" || text == "2") return Split::ood;
  if (text == "validation" || text == "3") return Split::validation;
  records.fail(fmt::format("the column {} holds {}; write train, test, ood or validation (or 0, 1, 2, 3)",
                           quoted_field(column), quoted_field(field)));
}

std::vector<std::string> header(Records& records) {
  std::vector<std::string> names;
  if (!records.next(names)) records.fail("the file is empty; write the columns' names in the first line");
  for (std::string& name : names) name = std::string(trimmed(name));
  if (names.size() == 1 && names.front().find_first_of(";\t") != std::string::npos)
    records.fail("the columns are not separated by commas; save the file with commas");
  return names;
}

}  // namespace

TableRows read_csv(const std::string& path, std::string_view bytes, const WantedColumns& wanted) {
  Records records(path, bytes);
  const std::vector<std::string> names = header(records);
  const std::vector<std::size_t> places = find_columns(records.place(), names, wanted.numbers);
  std::optional<std::size_t> split_place;
  if (!wanted.split.empty()) split_place = find_columns(records.place(), names, {wanted.split}).front();

  TableRows rows;
  std::vector<std::string> fields;
  while (records.next(fields)) {
    if (fields.size() != names.size())
      records.fail(fmt::format("{} fields where the header has {}; give each row one field per column",
                               fields.size(), names.size()));
    for (const std::size_t place : places)
      rows.numbers.push_back(number(records, names[place], fields[place]));
    if (split_place) rows.splits.push_back(split(records, names[*split_place], fields[*split_place]));
    ++rows.count;
  }
  if (rows.count == 0) records.fail("there is no row below the header; add rows");
  return rows;
}

}  // namespace modsweep
