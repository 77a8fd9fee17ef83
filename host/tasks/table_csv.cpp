// A strict reader of CSV. Packaged libraries either need the number of columns at compile time or do not
// report the line of an error, and that line is what a user needs.
#include "tasks/table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <deque>
#include <optional>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Without blanks around it, and without quotes that follow such blanks: those do not make a quoted field.
std::string_view bare(std::string_view field) {
  std::string_view text = trimmed(field);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = trimmed(text.substr(1, text.size() - 2));
  return text;
}

/// Records of a file, one after the other; lines without fields are skipped. A quoted field may hold
/// separators, doubled quotes and line ends.
class Records {
 public:
  /// `separator`: ' ' stands for any number of blanks and tabs.
  Records(std::string path, std::string_view bytes, char separator)
      : path_(std::move(path)), rest_(bytes), separator_(separator) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
    ends_of_field_ = separator == ' ' ? " \t\r\n" : std::string{separator, '\r', '\n'};
  }

  /// False at the end. The fields are valid until the next call.
  [[nodiscard]] bool next(std::vector<std::string_view>& fields) {
    fields.clear();
    unquoted_.clear();
    skip_blank_lines();
    if (rest_.empty()) return false;
    line_ = next_line_;
    if (separator_ == ' ') rest_.remove_prefix(rest_.find_first_not_of(" \t"));
    do fields.push_back(field());
    while (skip_separator());
    if (!skip_line_end())
      fail("a quote ends in the middle of a field; put the whole field in quotes and double those inside");
    return true;
  }

  /// Throws InputError about the current record.
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}: {}", place(), what));
  }
  [[nodiscard]] std::string place() const { return fmt::format("{}:{}", path_, line_); }

 private:
  [[nodiscard]] bool skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  [[nodiscard]] bool skip_separator() {
    if (separator_ != ' ') return skip(separator_);
    const std::size_t end = std::min(rest_.find_first_not_of(" \t"), rest_.size());
    rest_.remove_prefix(end);
    return end > 0 && !rest_.empty() && rest_.front() != '\r' && rest_.front() != '\n';
  }

  /// LF, CR LF, CR, or the end of the file.
  [[nodiscard]] bool skip_line_end() {
    const bool carriage_return = skip('\r');
    if (!skip('\n') && !carriage_return && !rest_.empty()) return false;
    ++next_line_;
    return true;
  }

  void skip_blank_lines() {
    for (;;) {
      const std::size_t end = rest_.find_first_not_of(separator_ == '\t' ? " " : " \t");
      if (end == std::string_view::npos)
        rest_ = {};
      else if (rest_[end] == '\r' || rest_[end] == '\n')
        rest_.remove_prefix(end);
      else
        return;
      if (rest_.empty()) return;
      (void)skip_line_end();
    }
  }

  [[nodiscard]] std::string_view field() {
    if (skip('"')) return quoted();
    const std::size_t end = std::min(rest_.find_first_of(ends_of_field_), rest_.size());
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return text;
  }

  [[nodiscard]] std::string_view quoted() {
    std::string* unquoted = nullptr;  // where the field has doubled quotes
    for (;;) {
      const std::size_t end = rest_.find('"');
      if (end == std::string_view::npos) fail("a quote is opened and never closed; close it");
      const std::string_view text = rest_.substr(0, end);
      for (std::size_t i = 0; i < end; ++i)
        if (text[i] == '\n' || (text[i] == '\r' && !text.substr(i + 1).starts_with('\n'))) ++next_line_;
      rest_.remove_prefix(end + 1);
      const bool doubled = skip('"');
      if (unquoted == nullptr && !doubled) return text;
      if (unquoted == nullptr) unquoted = &unquoted_.emplace_back();
      *unquoted += text;
      if (!doubled) return *unquoted;
      *unquoted += '"';
    }
  }

  std::string path_;
  std::string_view rest_;
  char separator_;
  std::string ends_of_field_;
  std::deque<std::string> unquoted_;
  std::size_t line_ = 1;
  std::size_t next_line_ = 1;
};

/// What R, pandas, spreadsheets and the UCI repository write in the place of a missing value.
bool is_missing(std::string_view text) {
  constexpr std::array<std::string_view, 10> marks = {"",     "?",   "na",   "n/a",  "#n/a",
                                                      "<na>", "nan", "-nan", "null", "none"};
  const auto equals = [&](std::string_view mark) {
    return std::ranges::equal(text, mark, [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
  };
  return std::ranges::any_of(marks, equals);
}

/// None: a missing value.
std::optional<double> number(const Records& records, const std::string& column, std::string_view field) {
  std::string_view text = bare(field);
  if (is_missing(text)) return std::nullopt;
  if (text.front() == '+') text.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error != std::errc{}) {
    const bool comma = text.find(',') != std::string_view::npos;
    records.fail(fmt::format("the column {} holds {}, which is no number; {}", quoted_field(column),
                             quoted_field(field),
                             comma ? "write decimals with a point, as 0.5, and thousands without a comma"
                                   : "write it as 0.5 or 1e-3"));
  }
  if (!std::isfinite(value))
    records.fail(fmt::format("the column {} holds {}, which no network can learn; leave the row out",
                             quoted_field(column), quoted_field(field)));
  return value;
}

std::string missing_text(const Records& records, const std::string& column, std::string_view field) {
  const std::string what = bare(field).empty() ? "is empty" : fmt::format("holds {}", quoted_field(field));
  return fmt::format("{}: the column {} {}: a missing value", records.place(), quoted_field(column), what);
}

Split split(const Records& records, const std::string& column, std::string_view field) {
  const std::string_view text = bare(field);
  if (text == "train" || text == "0") return Split::train;
  if (text == "test" || text == "1") return Split::test;
  if (text == "ood" || text == "2") return Split::ood;
  if (text == "validation" || text == "3") return Split::validation;
  records.fail(fmt::format("the column {} holds {}; write train, test, ood or validation (or 0, 1, 2, 3)",
                           quoted_field(column), quoted_field(field)));
}

std::vector<std::string> header(Records& records) {
  std::vector<std::string_view> fields;
  if (!records.next(fields)) records.fail("the file is empty; write the columns' names in the first line");
  std::vector<std::string> names;
  for (const std::string_view field : fields) names.emplace_back(bare(field));
  return names;
}

/// The separator that gives the header the requested columns; else, for the message, the one that gives it
/// most columns. Blanks come last: they are common within names.
char separator_of(const std::string& path, std::string_view bytes, const WantedColumns& wanted) {
  char best = ',';
  std::size_t most = 0;
  for (const char separator : {',', ';', '\t', ' '}) {
    Records records(path, bytes, separator);
    try {
      const std::vector<std::string> names = header(records);
      if (wanted.all_in(names)) return separator;
      if (names.size() <= most || (separator == ' ' && most > 1)) continue;
      best = separator;
      most = names.size();
    } catch (const InputError&) {
      continue;  // its quotes do not fit this separator
    }
  }
  return best;
}

}  // namespace

TableRows read_csv(const std::string& path, std::string_view bytes, const WantedColumns& wanted) {
  const char separator = separator_of(path, bytes, wanted);
  Records records(path, bytes, separator);
  const std::vector<std::string> names = header(records);
  const std::vector<std::size_t> places = find_columns(records.place(), names, wanted.numbers);
  std::optional<std::size_t> split_place;
  if (!wanted.split.empty()) split_place = find_columns(records.place(), names, {wanted.split}).front();

  TableRows rows;
  std::vector<std::string_view> fields;
  while (records.next(fields)) {
    if (fields.size() != names.size())
      records.fail(
          fmt::format("{} fields where the header has {}; give each row one field per column{}",
                      fields.size(), names.size(),
                      separator == ',' && fields.size() > names.size() ? ", and decimals with a point" : ""));
    bool complete = true;
    for (const std::size_t place : places) {
      const std::optional<double> value = number(records, names[place], fields[place]);
      if (value)
        rows.numbers.push_back(*value);
      else if (rows.first_missing.empty())
        rows.first_missing = missing_text(records, names[place], fields[place]);
      complete = complete && value;
    }
    std::optional<Split> mark;
    if (split_place) mark = split(records, names[*split_place], fields[*split_place]);
    if (complete)
      rows.take_row(mark);
    else
      rows.leave_row_out(places.size());
  }
  if (rows.count + rows.missing == 0) records.fail("there is no row below the header; add rows");
  return rows;
}

}  // namespace modsweep
