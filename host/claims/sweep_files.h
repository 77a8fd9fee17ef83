// The sweep files of the claims, as they were when the program was built: a store is compared with them
// wherever the program runs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modsweep/sweep.h"

namespace modsweep::claims {

struct SweepFile {
  std::string_view name;  ///< "fig01"
  std::string_view path;  ///< "sweeps/fig01.toml", from the root of the sources
  std::string_view text;
};

/// All files of sweeps/ and sweeps/start/, by name.
[[nodiscard]] const std::vector<SweepFile>& sweep_files();

/// The sweep of a file. One that begins with the networks of another sweep ([start]) has an axis of those of
/// the other's file. Throws LogicError if there is no file of this name.
[[nodiscard]] Sweep shipped_sweep(std::string_view name);

/// "sweeps/fig01.toml" of "fig01".
[[nodiscard]] std::string_view shipped_path(std::string_view name);

/// The command in a sweep file's first comment that trains a shorter form of it: the indented lines, joined
/// into one.
[[nodiscard]] std::optional<std::string> quick_command(std::string_view text);
[[nodiscard]] std::optional<std::string> shipped_quick_command(std::string_view name);

}  // namespace modsweep::claims
