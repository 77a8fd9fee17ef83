// What `main` needs of the commands: where they write, and the function that runs one. Does not include
// CLI11, which takes seconds to compile.
#pragma once

#include "cli/output.h"

#include <ostream>
#include <string>

#include "modsweep/error.h"

namespace modsweep::cli {

/// Where a command writes: results to `out` (errors throw), messages to `err` (errors are ignored).
struct Console {
  DescriptorStream& out;
  std::ostream& err;
  bool err_is_terminal = false;
  bool out_is_terminal = false;
  std::string command_line = {};  ///< as the user typed it, for records
};

/// Parses the arguments and runs the command. Wrong usage is an InputError.
[[nodiscard]] ExitCode run_command_line(int argc, const char* const* argv, Console& console);

}  // namespace modsweep::cli
