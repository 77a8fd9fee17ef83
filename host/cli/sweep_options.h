// Arguments that `run` and `plan` share: a sweep file and how it is to be trained.
#pragma once

#include "cli/console.h"
#include "plan/shard_cells.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <unordered_set>
#include <vector>

#include <CLI/CLI.hpp>

#include "modsweep/shard.h"
#include "modsweep/store.h"
#include "modsweep/sweep.h"
#include "modsweep/task.h"

namespace modsweep::cli {

struct SweepOptions {
  std::string sweep_path;      ///< "-": standard input
  std::string sweep_name;      ///< of a sweep from standard input, known once it is read
  std::string store_path;      ///< empty: default_name(), in the current folder
  std::optional<Shard> shard;  ///< from --shard; none: the whole sweep
  std::string engine = "auto";
  std::string precision;               ///< empty: the sweep's own
  std::vector<std::string> overrides;  ///< from --set
  std::size_t threads = 0;             ///< 0: all
  std::size_t max_pack = 0;            ///< 0: the engine's preference
  /// What was read for the sweep, so that its training does not read it again.
  std::shared_ptr<DatasetCache> datasets = std::make_shared<DatasetCache>();

  [[nodiscard]] std::string store() const;
  [[nodiscard]] bool from_standard_input() const { return sweep_path == "-"; }
  /// The sweep's file name with .db, "NAME.db", or "NAME.shard-2-of-8.db". For standard input: the sweep's
  /// name.
  [[nodiscard]] std::string default_name() const;
  [[nodiscard]] std::size_t thread_count() const;
};

void add_sweep_options(CLI::App& command, SweepOptions& options);

/// Adds --shard.
void add_shard_option(CLI::App& command, SweepOptions& options);

/// The cells of the shard; none without --shard. Throws as ShardCells.
[[nodiscard]] std::optional<ShardCells> shard_cells(const SweepOptions& options, const Sweep& sweep);

/// The sweep with all overrides applied; sets its name in the options and prints its notes. Also throws
/// InputError if the store's path is that of a file that the sweep is read from, or is not UTF-8.
[[nodiscard]] Sweep load_sweep(SweepOptions& options, std::ostream& err);

/// Throws InputError if a path is not UTF-8, as the texts of a store are; `option` is named in the message.
void check_utf8_path(std::string_view option, const std::string& path);

/// Whether anything exists at this path.
[[nodiscard]] bool path_exists(const std::string& path);

}  // namespace modsweep::cli
