// Arguments that `run` and `plan` share: a sweep file and how it is to be trained.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_set>
#include <vector>

#include <CLI/CLI.hpp>

#include "modsweep/store.h"
#include "modsweep/sweep.h"

namespace modsweep::cli {

struct SweepOptions {
  std::string sweep_path;
  std::string store_path;  ///< empty: the sweep's file name with .db, in the current folder
  std::string engine = "auto";
  std::string precision;               ///< empty: as the sweep says
  std::vector<std::string> overrides;  ///< of --set
  std::size_t threads = 0;             ///< 0: all
  std::size_t max_pack = 0;            ///< 0: as the engine prefers

  [[nodiscard]] std::string store() const;
  [[nodiscard]] std::size_t thread_count() const;
};

void add_sweep_options(CLI::App& command, SweepOptions& options);

/// The sweep with all overrides applied. Throws InputError also where the store would be a file that the
/// sweep is read from.
[[nodiscard]] Sweep load_sweep(const SweepOptions& options);

/// Whether there is anything at this path.
[[nodiscard]] bool path_exists(const std::string& path);

}  // namespace modsweep::cli
