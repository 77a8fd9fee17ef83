// What a user should know about a table before training: what would otherwise show as a bad loss and nothing
// else.
#include "tasks/table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace modsweep {
namespace {

/// The values of a column, inputs before targets.
class Column {
 public:
  Column(const Samples& samples, std::size_t index)
      : values_(index < samples.inputs ? samples.x : samples.y),
        width_(index < samples.inputs ? samples.inputs : samples.outputs),
        offset_(index < samples.inputs ? index : index - samples.inputs),
        count_(samples.count) {}

  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] double operator[](std::size_t row) const { return values_[row * width_ + offset_]; }

 private:
  const std::vector<double>& values_;
  std::size_t width_;
  std::size_t offset_;
  std::size_t count_;
};

std::size_t columns_of(const Samples& samples) {
  return std::size_t{samples.inputs} + samples.outputs;
}

/// The values in ascending order; of a long column, of evenly spaced rows: enough to see a difference.
std::vector<double> sorted_values(const Column& column) {
  constexpr std::size_t most = 10'000;
  std::vector<double> values(std::min(column.size(), most));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = column[i * column.size() / values.size()];
  std::ranges::sort(values);
  return values;
}

/// The largest distance of the distribution functions of two samples, each in ascending order.
double largest_distance(const std::vector<double>& a, const std::vector<double>& b) {
  double distance = 0.0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const double value = std::min(a[i], b[j]);
    while (i < a.size() && a[i] == value) ++i;
    while (j < b.size() && b[j] == value) ++j;
    distance = std::max(distance, std::abs(static_cast<double>(i) / static_cast<double>(a.size()) -
                                           static_cast<double>(j) / static_cast<double>(b.size())));
  }
  return distance;
}

/// "the column "a" does", "the columns "a", "b" and 7 more do".
std::string columns_text(const std::vector<std::string>& names, const std::vector<std::size_t>& columns,
                         const char* singular = "", const char* plural = "") {
  constexpr std::size_t most = 3;
  std::vector<std::string> shown;
  for (const std::size_t c : columns)
    if (shown.size() < most) shown.push_back(quoted_field(names[c]));
  const std::size_t more = columns.size() - shown.size();
  return fmt::format("the column{} {}{}{}", columns.size() > 1 ? "s" : "", fmt::join(shown, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "",
                     columns.size() > 1 ? plural : singular);
}

bool varies(const Column& column) {
  for (std::size_t row = 1; row < column.size(); ++row)
    if (column[row] != column[0]) return true;
  return false;
}

/// Columns with a number that fails in fp32, and the first such number.
struct Failing {
  std::vector<std::size_t> columns;
  double number = 0.0;

  void add(std::size_t column, double value) {
    if (columns.empty()) number = value;
    if (columns.empty() || columns.back() != column) columns.push_back(column);
  }
};

/// Numbers that are infinite in fp32, and integers that it rounds.
std::pair<Failing, Failing> failing_in_single(const Dataset& data) {
  Failing infinite;
  Failing rounded;
  for (std::size_t c = 0; c < columns_of(data.train); ++c)
    for (const Split split : all_splits) {
      if (data.split(split).count == 0) continue;
      const Column column(data.split(split), c);
      for (std::size_t row = 0; row < column.size(); ++row) {
        const double value = column[row];
        if (std::abs(value) < 0x1p24) continue;
        if (std::abs(value) > std::numeric_limits<float>::max())
          infinite.add(c, value);
        else if (value == std::trunc(value) && static_cast<double>(static_cast<float>(value)) != value)
          rounded.add(c, value);
      }
    }
  return {infinite, rounded};
}

std::optional<DataRemark> split_remark(const Dataset& data, const TaskSettings& task,
                                       const std::vector<std::string>& names) {
  const std::vector<std::size_t> columns = differing_columns(data.train, data.test);
  if (columns.empty()) return std::nullopt;
  return DataRemark{
      .kind = "split",
      .text = fmt::format("{}: the first {} rows (training) and the next {} (test) differ in {} more than in "
                          "all but 1 of 1,000 "
                          "shuffles; set task.split = \"random\", or \"first\" if that is meant",
                          task.file, data.train.count, data.test.count, columns_text(names, columns)),
      .settled_by = "task.split"};
}

std::optional<DataRemark> constant_remark(const Dataset& data, const TaskSettings& task,
                                          const std::vector<std::string>& names) {
  std::vector<std::size_t> columns;
  for (std::size_t c = 0; data.train.count > 1 && c < names.size(); ++c)
    if (!varies(Column(data.train, c))) columns.push_back(c);
  if (columns.empty()) return std::nullopt;
  return DataRemark{
      .kind = "constant",
      .text = fmt::format("{}: {} not vary in the training rows; leave {} out", task.file,
                          columns_text(names, columns, " does", " do"), columns.size() > 1 ? "them" : "it")};
}

void add_single_remarks(const Dataset& data, const TaskSettings& task, const std::vector<std::string>& names,
                        std::vector<DataRemark>& remarks) {
  const auto [infinite, rounded] = failing_in_single(data);
  constexpr const char* remedy =
      "set task.scale = \"standard\", subtract an offset, or train with training.precision = \"fp64\"";
  if (!infinite.columns.empty())
    remarks.push_back({.kind = "infinite",
                       .text = fmt::format("{}: {} {}, which is infinite in fp32; {}", task.file,
                                           columns_text(names, infinite.columns, " holds", " hold"),
                                           infinite.number, remedy)});
  if (!rounded.columns.empty())
    remarks.push_back(
        {.kind = "rounded",
         .text = fmt::format("{}: {} {:.0f}, which fp32 rounds to {:.0f}, as other integers beyond "
                             "2^24; {}",
                             task.file, columns_text(names, rounded.columns, " holds", " hold"),
                             rounded.number, static_cast<float>(rounded.number), remedy)});
}

}  // namespace

std::vector<std::size_t> differing_columns(const Samples& train, const Samples& test) {
  const std::size_t columns = columns_of(train);
  std::vector<std::size_t> found;
  for (std::size_t c = 0; c < columns; ++c) {
    const std::vector<double> a = sorted_values(Column(train, c));
    const std::vector<double> b = sorted_values(Column(test, c));
    if (a.empty() || b.empty()) continue;
    const double distance = largest_distance(a, b);
    const double m = static_cast<double>(a.size());
    const double n = static_cast<double>(b.size());
    // P(distance >= d) <= e exp(-2 m n d^2 / (m + n)): Dvoretzky, Kiefer and Wolfowitz's inequality for two
    // samples (Wei and Dudley 2012); ties make it smaller. 1 in 1,000 is shared by all columns.
    if (2.0 * m * n / (m + n) * distance * distance > 1.0 + std::log(1000.0 * static_cast<double>(columns)))
      found.push_back(c);
  }
  return found;
}

std::vector<DataRemark> table_remarks(const TableRows& rows, const Dataset& data, const TaskSettings& task,
                                      bool single) {
  const std::vector<std::string> names = number_columns(task);
  std::vector<DataRemark> remarks;
  if (rows.missing > 0)
    remarks.push_back({.kind = "missing",
                       .text = fmt::format("{}; {} of {} rows are left out for missing values",
                                           rows.first_missing, rows.missing, rows.count + rows.missing)});
  if (task.split_column.empty())
    if (auto remark = split_remark(data, task, names)) remarks.push_back(std::move(*remark));
  if (auto remark = constant_remark(data, task, names)) remarks.push_back(std::move(*remark));
  if (single) add_single_remarks(data, task, names, remarks);
  return remarks;
}

}  // namespace modsweep
