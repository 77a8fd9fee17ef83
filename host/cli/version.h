// The version is set once, in the top-level CMakeLists.txt.
#pragma once

#include <string>

#ifndef MODSWEEP_VERSION
#define MODSWEEP_VERSION "unknown"
#endif

namespace modsweep::cli {

/// The commit that the program was built from, "32fcff9"; "32fcff9+" with changes; "unknown" outside of git.
[[nodiscard]] std::string program_revision();

}  // namespace modsweep::cli
