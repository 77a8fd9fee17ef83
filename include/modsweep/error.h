// Errors that a user can act on. Only `main` turns them into exit codes (architecture, contract 6).
#pragma once

#include <stdexcept>
#include <string>

namespace modsweep {

/// Exit codes of the process.
enum class ExitCode : int {
  done = 0,           ///< everything requested is complete
  cells_failed = 1,   ///< it finished, but some cells diverged or a refinement fell short
  bad_input = 2,      ///< a wrong sweep file, option, store or tensor file; nothing was run or written
  io_failure = 3,     ///< a device, disk or database failed; earlier commits are intact
  interrupted = 130,  ///< stopped by a signal or a time limit; the state is saved, the same command resumes
  not_saved = 131     ///< stopped by a second Ctrl-C; all training since the last save is lost
};

/// Base of all errors with an exit code. The message is one line: what, where, remedy.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// The user's input is wrong: exit code 2.
class InputError : public Error {
 public:
  explicit InputError(const std::string& message) : Error(ExitCode::bad_input, message) {}
};

/// A device, a disk or the database failed: exit code 3.
class IoError : public Error {
 public:
  explicit IoError(const std::string& message) : Error(ExitCode::io_failure, message) {}
};

/// A precondition between components of modsweep was violated: a bug, not bad input. Messages carry both
/// values.
class LogicError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace modsweep
