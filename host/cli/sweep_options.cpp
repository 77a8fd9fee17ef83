#include "cli/sweep_options.h"

#include "cli/number_options.h"
#include "cli/output.h"
#include "cli/parent_cells.h"
#include "core/parallel.h"
#include "core/text.h"
#include "engines/registry.h"
#include "plan/shard_environment.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "modsweep/error.h"
#include "modsweep/names.h"

namespace modsweep::cli {
namespace {

/// The files that a sweep is read from: the sweep file and its tables.
std::vector<std::string> files_of(const std::string& sweep_path, const Sweep& sweep) {
  std::vector<std::string> files = {sweep_path};
  if (!sweep.base.task.file.empty()) files.push_back(sweep.base.task.file);
  if (!sweep.base.start.from.empty()) files.push_back(sweep.base.start.from);
  for (const Axis& axis : sweep.axes) {
    const auto key = std::ranges::find(axis.keys, "task.file") - axis.keys.begin();
    if (key == std::ssize(axis.keys)) continue;
    for (const auto& point : axis.values) {
      const std::string& quoted = point[static_cast<std::size_t>(key)];
      files.push_back(quoted.substr(1, quoted.size() - 2));  // a plain line is its own JSON
    }
  }
  return files;
}

/// The sweep that is piped into the program.
Sweep sweep_of_standard_input(const std::vector<std::string>& overrides, DatasetCache* datasets) {
  std::cin.peek();  // a directory, or a closed descriptor: std::cin itself takes it for an empty input
  if (std::ferror(stdin) != 0)
    throw InputError(
        "standard input: cannot be read; pipe a sweep into it, as in modsweep run - < sweep.toml");
  return read_sweep(std::cin, overrides, datasets);
}

/// Refuses a store if its file, or a side file of it, is one that the sweep is read from.
void check_store_path(const std::string& store, const std::vector<std::string>& reads) {
  for (const char* ending : {"", "-wal", "-shm", "-journal", "-lock", "-new"})
    for (const std::string& read : reads) {
      std::error_code ignored;
      if (std::filesystem::equivalent(store + ending, read, ignored))
        throw InputError(
            fmt::format("{}{}: the sweep is read from that file, so the store cannot be {}; give another -o "
                        "FILE.db",
                        store, ending, store));
    }
}

}  // namespace

std::string SweepOptions::store() const {
  return store_path.empty() ? default_name() : store_path;
}

std::string SweepOptions::default_name() const {
  const std::string name =
      from_standard_input() ? sweep_name : std::filesystem::path(sweep_path).stem().string();
  if (!shard) return name + ".db";
  return fmt::format("{}.shard-{}-of-{}.db", name, shard->index, shard->count);
}

std::size_t SweepOptions::thread_count() const {
  return threads == 0 ? hardware_threads() : threads;
}

void add_sweep_options(CLI::App& command, SweepOptions& options) {
  command.add_option("sweep", options.sweep_path, "The sweep file; -: standard input")
      ->required()
      ->type_name("SWEEP.toml");
  command
      .add_option(
          "-o,--output", options.store_path,
          "The store [the sweep file's name with .db, in this folder; of standard input, the sweep's name]")
      ->type_name("FILE.db");
  command.add_option("--engine", options.engine, "What trains; modsweep devices lists them [auto]")
      ->check(CLI::IsMember(engine_names()))
      ->type_name("NAME");
  command
      .add_option("--precision", options.precision,
                  "fp32, fp64 or, on a GPU, tf32; the same as --set training.precision=...")
      ->check(CLI::IsMember(names_of<Precision>()))
      ->type_name("NAME");
  whole_number(command.add_option("--threads", options.threads,
                                  "Threads to use [all that this process may]; results do not depend on it"),
               1, 4096)
      ->type_name("N");
  command
      .add_option("--set", options.overrides,
                  "Replace a setting or an axis of the sweep; may be given many times")
      ->type_name("KEY=VALUE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  // For tests: results do not depend on it.
  whole_number(command.add_option("--max-pack", options.max_pack, "Networks of a pack at most"), 1, 1U << 30U)
      ->group("");
}

void add_shard_option(CLI::App& command, SweepOptions& options) {
  command
      .add_option_function<std::string>(
          "--shard",
          [&options](const std::string& text) {
            options.shard = text == "auto" ? shard_of_environment(process_environment) : Shard::parse(text);
          },
          "Only this part of the sweep, from 1, of so many; auto: as a job array, srun, MPI or Kubernetes "
          "says")
      ->type_name("I/N");
}

std::optional<ShardCells> shard_cells(const SweepOptions& options, const Sweep& sweep) {
  if (!options.shard) return std::nullopt;
  return ShardCells(sweep, *options.shard, options.thread_count());
}

void check_utf8_path(std::string_view option, const std::string& path) {
  if (!is_utf8(path))
    throw InputError(fmt::format("{} {}: the path is not UTF-8; rename the file or its folder", option,
                                 one_line(path, 1000)));
}

Sweep load_sweep(SweepOptions& options, std::ostream& err) {
  check_utf8_path("-o", options.store_path);
  std::vector<std::string> overrides = options.overrides;
  if (!options.precision.empty())
    overrides.push_back(fmt::format("training.precision=\"{}\"", options.precision));
  const bool piped = options.from_standard_input();
  DatasetCache* datasets = options.datasets.get();
  Sweep sweep = piped ? sweep_of_standard_input(overrides, datasets)
                      : read_sweep(options.sweep_path, overrides, datasets);
  options.sweep_name = sweep.name;
  auto files = files_of(piped ? "/dev/stdin" : options.sweep_path, sweep);
  check_store_path(options.store(), files);
  files.push_back(options.store());
  check_standard_output(files);
  name_parents(sweep, options.store());
  for (const std::string& note : sweep.notes) fmt::print(err, "note: {}\n", note);
  return sweep;
}

bool path_exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

}  // namespace modsweep::cli
