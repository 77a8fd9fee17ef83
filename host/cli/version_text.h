// What `modsweep --version` prints.
#pragma once

#include <string>

namespace modsweep::cli {

/// "modsweep 0.1.0" on the first line; then commit, compiler, instruction sets, CUDA, SQLite and store
/// format.
[[nodiscard]] std::string version_text();

}  // namespace modsweep::cli
