// Which program this is. The version is set once, in the top-level CMakeLists.txt; the commit is looked up by
// each build.
#pragma once

#include <string>

namespace modsweep {

/// "0.1.0".
[[nodiscard]] std::string program_version();

/// The commit that the program was built from, "32fcff9"; "32fcff9+" with changes; "unknown" outside of git.
[[nodiscard]] std::string program_revision();

/// Both, "0.1.0, commit 32fcff9": what the program and its GPU module must agree on.
[[nodiscard]] std::string build_text();

}  // namespace modsweep
