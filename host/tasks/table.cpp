// kind = "table": a user's own data, from a CSV or .npy file.
//
// task.input_columns and task.target_columns name the columns. With task.split_column each row states its
// split, and the first train_samples, test_samples, ood_samples and validation_samples rows of each split are
// used, so that the size of the training set can be an axis. Without it, the file's first train_samples rows
// are the training set, the next test_samples the test set, the next ood_samples the out-of-distribution set,
// the next validation_samples the validation set.
//
// task.split = "random" puts the rows into an order drawn from task.data_seed first, and takes the test set
// from its end and the validation set from before the test set, so that both are the same for every size of
// the training set.
#include "tasks/table.h"

#include "core/text.h"
#include "tasks/data_seed.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "modsweep/error.h"
#include "modsweep/math/order.h"

namespace modsweep {
namespace {

constexpr std::uintmax_t largest_file = std::uintmax_t{1} << 30U;

constexpr Setting<std::string_view> split_rule{
    .key = "task.split",
    .standard = "first",
    .choices = {"first", "random"},
    .doc = "table: whether training and test rows are the first in the file or drawn at random"};
constexpr Setting<std::string_view> scale_rule{
    .key = "task.scale",
    .standard = "none",
    .choices = {"none", "standard"},
    .doc = "table: standard: inputs and targets have mean 0 and deviation 1 over the training rows"};
constexpr Setting<std::string_view> missing_rule{
    .key = "task.missing",
    .standard = "refuse",
    .choices = {"refuse", "drop"},
    .doc = "table: whether a missing value is an error, or its row is left out"};

bool is_random(const TaskSettings& task) {
  return split_rule.of(task) == "random";
}

// ---- Files.

std::string read_bytes(const std::string& path) {
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  if (status.type() == std::filesystem::file_type::not_found)
    throw InputError(
        fmt::format("{}: there is no such file; the path is taken from the folder of the sweep file", path));
  if (!std::filesystem::is_regular_file(status))
    throw InputError(fmt::format("{}: is not a regular file; name a .csv or .npy file", path));
  const auto size = std::filesystem::file_size(path, failed);
  if (!failed && size > largest_file)
    throw InputError(
        fmt::format("{}: has {} bytes, more than {}; give a smaller table", path, size, largest_file));
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string bytes(failed ? 0 : size, '\0');
  if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    throw InputError(
        fmt::format("{}: cannot be read ({}); check that you may read it", path, std::strerror(errno)));
  return bytes;
}

std::string hash_bytes(std::string_view bytes) {
  return fmt::format("{:016x}", std::uint64_t{XXH3_64bits(bytes.data(), bytes.size())});
}

/// Refuses files of other kinds by their first bytes: as CSV their errors would make no sense.
void check_kind_of_file(const std::string& path, std::string_view bytes) {
  constexpr std::array<std::pair<std::string_view, const char*>, 6> others = {
      {{"PK\x03\x04", "a ZIP archive, as .npz and .xlsx files are"},
       {"\x1f\x8b", "compressed by gzip"},
       {"PAR1", "a Parquet file"},
       {"\x89HDF", "an HDF5 file"},
       {"\xFF\xFE", "in UTF-16"},
       {"\xFE\xFF", "in UTF-16"}}};
  for (const auto& [magic, what] : others)
    if (bytes.starts_with(magic))
      throw InputError(fmt::format("{}: is {}; save the table as CSV in UTF-8, or as .npy", path, what));
}

TableRows read_rows(const TaskSettings& task) {
  const std::string bytes = read_bytes(task.file);
  if (!task.file_hash.empty() && task.file_hash != hash_bytes(bytes))
    throw InputError(
        fmt::format("{}: has changed since the sweep was read; run the command again", task.file));
  const WantedColumns wanted{number_columns(task), task.split_column};
  if (std::filesystem::path(task.file).extension() == ".npy" || bytes.starts_with(npy_magic))
    return read_npy(task.file, bytes, wanted);
  check_kind_of_file(task.file, bytes);
  return read_csv(task.file, bytes, wanted);
}

// ---- From rows to a dataset.

using SplitCounts = std::array<std::uint32_t, split_count>;
using SplitRows = std::array<std::span<const std::uint32_t>, split_count>;

constexpr std::size_t index_of(Split split) {
  return static_cast<std::size_t>(split);
}

SplitCounts counts_of(const TaskSettings& task) {
  return {task.train_samples, task.test_samples, task.ood_samples, task.validation_samples};
}

void check_rows(const TableRows& rows, const TaskSettings& task) {
  constexpr std::array<const char*, split_count> names = {"train", "test", "ood", "validation"};
  if (rows.missing > 0 && missing_rule.of(task) == "refuse")
    throw InputError(
        fmt::format("{}; fill the value in, leave the row out, or set task.missing = \"drop\" to "
                    "leave out all such rows",
                    rows.first_missing));
  const SplitCounts counts = counts_of(task);
  const std::string dropped =
      rows.missing == 0 ? "" : fmt::format(" ({} more have missing values)", rows.missing);
  if (task.split_column.empty()) {
    const std::uint64_t needed = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    if (rows.count < needed)
      throw InputError(fmt::format(
          "task.train_samples = {}, task.test_samples = {}{} and task.ood_samples = {} need {} rows but {} "
          "has {}{}; lower them",
          counts[0], counts[1], counts[3] > 0 ? fmt::format(", task.validation_samples = {}", counts[3]) : "",
          counts[2], needed, task.file, rows.count, dropped));
    return;
  }
  for (std::size_t s = 0; s < split_count; ++s)
    if (rows.marked[s] < counts[s])
      throw InputError(fmt::format("task.{0}_samples = {1} but {2} has {3} rows marked {0}{4}; set it to {3}",
                                   names[s], counts[s], task.file, rows.marked[s], dropped));
}

/// The order in which rows are taken: the file's, or a random one.
std::vector<std::uint32_t> row_order(const TableRows& rows, const TaskSettings& task) {
  std::vector<std::uint32_t> order(rows.count);
  if (is_random(task))
    math::shuffle_rows(data_seed.of(task), 0, static_cast<std::uint32_t>(rows.count), order.data(),
                       math::Stream::table_rows);
  else
    std::iota(order.begin(), order.end(), 0U);
  return order;
}

/// The rows of each split, as many as the settings state, within `order`, which is sorted by split where rows
/// are marked.
SplitRows choose_rows(const TableRows& rows, const TaskSettings& task, std::vector<std::uint32_t>& order) {
  const SplitCounts counts = counts_of(task);
  std::array<std::size_t, split_count> begin = {};
  if (rows.splits.empty()) {
    std::exclusive_scan(counts.begin(), counts.end(), begin.begin(), std::size_t{0});
  } else {
    std::ranges::stable_sort(order, {}, [&](std::uint32_t row) { return rows.splits[row]; });
    std::exclusive_scan(rows.marked.begin(), rows.marked.end(), begin.begin(), std::size_t{0});
  }
  if (rows.splits.empty() && is_random(task)) {
    begin[index_of(Split::test)] = rows.count - counts[index_of(Split::test)];
    begin[index_of(Split::validation)] = begin[index_of(Split::test)] - counts[index_of(Split::validation)];
  }
  SplitRows chosen;
  for (std::size_t s = 0; s < split_count; ++s)
    if (counts[s] > 0) chosen[s] = std::span(order).subspan(begin[s], counts[s]);
  return chosen;
}

Samples take(const TableRows& rows, std::span<const std::uint32_t> chosen, std::size_t inputs,
             std::size_t outputs) {
  Samples samples;
  samples.count = static_cast<std::uint32_t>(chosen.size());
  samples.inputs = static_cast<std::uint32_t>(inputs);
  samples.outputs = static_cast<std::uint32_t>(outputs);
  samples.x.reserve(chosen.size() * inputs);
  samples.y.reserve(chosen.size() * outputs);
  for (const std::size_t row : chosen) {
    const double* numbers = rows.numbers.data() + row * (inputs + outputs);
    samples.x.insert(samples.x.end(), numbers, numbers + inputs);
    samples.y.insert(samples.y.end(), numbers + inputs, numbers + inputs + outputs);
  }
  return samples;
}

/// The scales of columns, by their values in the training rows, [rows][names]. A column that does not vary
/// keeps its scale. Throws InputError where a deviation is not finite.
std::vector<ColumnScale> standard_scales(const std::string& file, const std::vector<std::string>& names,
                                         const std::vector<double>& values) {
  const std::size_t columns = names.size();
  const auto count = static_cast<double>(values.size() / columns);
  std::vector<ColumnScale> scales;
  for (std::size_t c = 0; c < columns; ++c) {
    ColumnScale& own = scales.emplace_back(ColumnScale{.column = names[c]});
    const double first = values[c];  // sums of differences from it are exact where large numbers vary little
    double sum = 0.0;
    double squares = 0.0;
    bool varies = false;
    for (std::size_t i = c; i < values.size(); i += columns) {
      sum += values[i] - first;
      varies = varies || values[i] != first;
    }
    own.mean = first + sum / count;
    for (std::size_t i = c; i < values.size(); i += columns)
      squares += (values[i] - own.mean) * (values[i] - own.mean);
    if (varies) own.scale = std::sqrt(squares / count);
    if (!std::isfinite(own.mean) || !std::isfinite(own.scale) || own.scale == 0.0)
      throw InputError(
          fmt::format("{}: the column {} cannot be scaled: its standard deviation is {}; give it in another "
                      "unit",
                      file, quoted_field(names[c]), own.scale));
  }
  return scales;
}

void apply_scales(const std::vector<ColumnScale>& scales, std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const ColumnScale& own = scales[i % scales.size()];
    values[i] = (values[i] - own.mean) / own.scale;
  }
}

Dataset cut_table(const TableRows& rows, const TaskSettings& task) {
  check_rows(rows, task);
  std::vector<std::uint32_t> order = row_order(rows, task);
  const SplitRows chosen = choose_rows(rows, task, order);
  const auto samples = [&](Split split) {
    return take(rows, chosen[index_of(split)], task.input_columns.size(), task.target_columns.size());
  };
  Dataset data{samples(Split::train), samples(Split::test), samples(Split::ood), samples(Split::validation)};
  if (scale_rule.of(task) == "none") return data;
  data.input_scales = standard_scales(task.file, task.input_columns, data.train.x);
  data.target_scales = standard_scales(task.file, task.target_columns, data.train.y);
  for (Samples* own : {&data.train, &data.test, &data.ood, &data.validation}) {
    apply_scales(data.input_scales, own->x);
    apply_scales(data.target_scales, own->y);
  }
  return data;
}

TaskSettings source_of(const TaskSettings& task) {
  TaskSettings source;
  source.kind = task.kind;
  source.file = task.file;
  source.file_hash = task.file_hash;
  source.input_columns = task.input_columns;
  source.target_columns = task.target_columns;
  source.split_column = task.split_column;
  return source;
}

constexpr UserData table_data = {
    .source = source_of, .read = read_rows, .check = check_rows, .cut = cut_table, .remarks = table_remarks};

// ---- Settings.

void check_columns(const TaskSettings& task) {
  if (task.input_columns.empty())
    throw InputError("task.input_columns is missing; name the columns that are inputs, as [\"a\", \"b\"]");
  if (task.target_columns.empty())
    throw InputError("task.target_columns is missing; name the columns to be learned, as [\"y\"]");
  std::set<std::string> seen;
  for (const auto* names : {&task.input_columns, &task.target_columns})
    for (const std::string& name : *names)
      if (!seen.insert(name).second || name == task.split_column)
        throw InputError(fmt::format("task.{} names the column {} that is named elsewhere too; name it once",
                                     names == &task.input_columns ? "input_columns" : "target_columns",
                                     quoted_field(name)));
  if (task.inputs != task.input_columns.size())
    throw InputError(fmt::format("task.inputs = {} but task.input_columns names {}; set task.inputs = {}",
                                 task.inputs, task.input_columns.size(), task.input_columns.size()));
}

void check_choices(const TaskSettings& task) {
  for (const auto& rule : {split_rule, scale_rule, missing_rule}) {
    const std::string_view value = rule.of(task);
    if (value != rule.choices[0] && value != rule.choices[1])
      throw InputError(fmt::format("{} = {}: use \"{}\" or \"{}\"", rule.key, quoted_field(value),
                                   rule.choices[0], rule.choices[1]));
  }
}

void check_split(const TaskSettings& task) {
  if (!is_random(task) && data_seed.of(task) != data_seed.standard)
    throw InputError(
        fmt::format("task.data_seed = {} has no effect with task.split = \"first\"; set "
                    "task.split = \"random\", or leave it out",
                    data_seed.of(task)));
  if (is_random(task) && task.split_column.empty() && task.ood_samples > 0)
    throw InputError(
        fmt::format("task.ood_samples = {}: rows drawn at random are like those of the training "
                    "set; mark rows in a column and name it as task.split_column",
                    task.ood_samples));
}

void check_table(const TaskSettings& task) {
  if (task.file.empty())
    throw InputError("task.file is missing; task.kind = \"table\" needs a .csv or .npy file");
  check_columns(task);
  check_choices(task);
  check_split(task);
  for (const auto& [name, count] :
       {std::pair("train_samples", task.train_samples), {"test_samples", task.test_samples}})
    if (count == 0) throw InputError(fmt::format("task.{} = 0: give at least 1", name));
}

}  // namespace

bool WantedColumns::all_in(const std::vector<std::string>& names) const {
  const auto there = [&](const std::string& name) { return std::ranges::find(names, name) != names.end(); };
  return std::ranges::all_of(numbers, there) && (split.empty() || there(split));
}

void TableRows::take_row(std::optional<Split> split) {
  ++count;
  if (!split) return;
  splits.push_back(*split);
  ++marked[index_of(*split)];
}

void TableRows::leave_row_out(std::size_t columns) {
  ++missing;
  numbers.resize(count * columns);
}

std::vector<std::string> number_columns(const TaskSettings& task) {
  std::vector<std::string> names = task.input_columns;
  names.insert(names.end(), task.target_columns.begin(), task.target_columns.end());
  return names;
}

std::string file_hash(const std::string& path) {
  return hash_bytes(read_bytes(path));
}

std::vector<std::size_t> find_columns(const std::string& place, const std::vector<std::string>& columns,
                                      const std::vector<std::string>& names) {
  std::vector<std::size_t> places;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(columns, name);
    if (found == columns.end()) {
      std::vector<std::string> shown;
      for (const std::string& column : columns) {
        shown.push_back(shown.size() < 8 ? quoted_field(column) : "...");
        if (shown.size() > 8) break;
      }
      const bool readable = std::ranges::all_of(columns, [](const auto& column) { return is_utf8(column); });
      throw InputError(fmt::format("{}: there is no column {}; there are {}{}", place, quoted_field(name),
                                   fmt::join(shown, ", "), readable ? "" : "; save the file as UTF-8"));
    }
    if (std::find(found + 1, columns.end(), name) != columns.end())
      throw InputError(fmt::format("{}: two columns are called {}; rename one", place, quoted_field(name)));
    places.push_back(static_cast<std::size_t>(found - columns.begin()));
  }
  return places;
}

std::string quoted_field(std::string_view text) {
  return fmt::format("\"{}\"", one_line(text, 40));
}

TaskKind table_task() {
  return {
      .name = "table",
      .settings = {split_rule, data_seed, scale_rule, missing_rule},
      .uses_seed = false,
      .uses_ood_samples = true,
      .outputs = [](const TaskSettings& t) { return static_cast<std::uint32_t>(t.target_columns.size()); },
      .check = check_table,
      .make = [](const TaskSettings& task) { return cut_table(read_rows(source_of(task)), task); },
      .user_data = &table_data};
}

}  // namespace modsweep
