// kind = "table": a user's own data, from a CSV or .npy file.
//
// task.input_columns and task.target_columns name the columns. With task.split_column each row states its
// split, and the first train_samples, test_samples, ood_samples and validation_samples rows of each split are
// used, so that the size of the training set can be an axis. Without it, the file's first train_samples rows
// are the training set, the next test_samples the test set, the next ood_samples the out-of-distribution set,
// the next validation_samples the validation set.
#include "tasks/table.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr std::uintmax_t largest_file = std::uintmax_t{1} << 30U;

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

TableRows read_rows(const TaskSettings& task) {
  const std::string bytes = read_bytes(task.file);
  if (!task.file_hash.empty() && task.file_hash != hash_bytes(bytes))
    throw InputError(
        fmt::format("{}: has changed since the sweep was read; run the command again", task.file));
  WantedColumns wanted{task.input_columns, task.split_column};
  wanted.numbers.insert(wanted.numbers.end(), task.target_columns.begin(), task.target_columns.end());
  const bool npy = std::filesystem::path(task.file).extension() == ".npy";
  return npy ? read_npy(task.file, bytes, wanted) : read_csv(task.file, bytes, wanted);
}

/// The rows of each split, in file order, as many as the settings state.
std::array<std::vector<std::size_t>, split_count> choose_rows(const TaskSettings& task,
                                                              const TableRows& rows) {
  constexpr std::array<const char*, split_count> names = {"train", "test", "ood", "validation"};
  const std::array<std::uint32_t, split_count> counts = {task.train_samples, task.test_samples,
                                                         task.ood_samples, task.validation_samples};
  std::array<std::vector<std::size_t>, split_count> chosen;
  if (rows.splits.empty()) {
    const std::uint64_t needed = std::uint64_t{counts[0]} + counts[1] + counts[2] + counts[3];
    if (rows.count < needed)
      throw InputError(fmt::format(
          "task.train_samples = {}, task.test_samples = {}{} and task.ood_samples = {} need {} rows but {} "
          "has "
          "{}; lower them",
          counts[0], counts[1], counts[3] > 0 ? fmt::format(", task.validation_samples = {}", counts[3]) : "",
          counts[2], needed, task.file, rows.count));
    std::size_t next = 0;
    for (std::size_t s = 0; s < split_count; ++s)
      while (chosen[s].size() < counts[s]) chosen[s].push_back(next++);
    return chosen;
  }
  for (std::size_t row = 0; row < rows.count; ++row)
    chosen[static_cast<std::size_t>(rows.splits[row])].push_back(row);
  for (std::size_t s = 0; s < split_count; ++s) {
    if (chosen[s].size() < counts[s])
      throw InputError(fmt::format("task.{0}_samples = {1} but {2} has {3} rows marked {0}; set it to {3}",
                                   names[s], counts[s], task.file, chosen[s].size()));
    chosen[s].resize(counts[s]);
  }
  return chosen;
}

Samples take(const TableRows& rows, const std::vector<std::size_t>& chosen, std::size_t inputs,
             std::size_t outputs) {
  Samples samples;
  samples.count = static_cast<std::uint32_t>(chosen.size());
  samples.inputs = static_cast<std::uint32_t>(inputs);
  samples.outputs = static_cast<std::uint32_t>(outputs);
  for (const std::size_t row : chosen) {
    const double* numbers = rows.numbers.data() + row * (inputs + outputs);
    samples.x.insert(samples.x.end(), numbers, numbers + inputs);
    samples.y.insert(samples.y.end(), numbers + inputs, numbers + inputs + outputs);
  }
  return samples;
}

Dataset make_table(const TaskSettings& task) {
  const TableRows rows = read_rows(task);
  const auto chosen = choose_rows(task, rows);
  const auto samples = [&](Split split) {
    return take(rows, chosen[static_cast<std::size_t>(split)], task.input_columns.size(),
                task.target_columns.size());
  };
  return {samples(Split::train), samples(Split::test), samples(Split::ood), samples(Split::validation)};
}

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

void check_table(const TaskSettings& task) {
  if (task.file.empty())
    throw InputError("task.file is missing; task.kind = \"table\" needs a .csv or .npy file");
  check_columns(task);
  for (const auto& [name, count] :
       {std::pair("train_samples", task.train_samples), {"test_samples", task.test_samples}})
    if (count == 0) throw InputError(fmt::format("task.{} = 0: give at least 1", name));
}

}  // namespace

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
      throw InputError(fmt::format("{}: there is no column {}; there are {}", place, quoted_field(name),
                                   fmt::join(shown, ", ")));
    }
    if (std::find(found + 1, columns.end(), name) != columns.end())
      throw InputError(fmt::format("{}: two columns are called {}; rename one", place, quoted_field(name)));
    places.push_back(static_cast<std::size_t>(found - columns.begin()));
  }
  return places;
}

std::string quoted_field(std::string_view text) {
  constexpr std::size_t limit = 40;
  std::string shown(text.substr(0, limit));
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return fmt::format("\"{}{}\"", shown, text.size() > limit ? "..." : "");
}

TaskKind table_task() {
  return {
      .name = "table",
      .uses_seed = false,
      .uses_ood_samples = true,
      .uses_file = true,
      .outputs = [](const TaskSettings& t) { return static_cast<std::uint32_t>(t.target_columns.size()); },
      .check = check_table,
      .make = make_table,
      .check_data = [](const TaskSettings& task) { static_cast<void>(make_table(task)); }};
}

}  // namespace modsweep
