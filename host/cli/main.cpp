// Turns an exception of a command into an exit code and one line on standard error.
#include "cli/console.h"
#include "core/text.h"

#include <csignal>
#include <exception>
#include <iostream>
#include <new>
#include <string>

#include <unistd.h>

#include "modsweep/error.h"

namespace {

using modsweep::ExitCode;

ExitCode report(ExitCode code, const std::string& message) {
  // Messages quote names from files, which may hold what a terminal would obey.
  std::cerr << "modsweep: error: " << modsweep::one_line(message, std::string::npos) << '\n' << std::flush;
  return code;
}

ExitCode run(int argc, char** argv, modsweep::cli::DescriptorStream& out) {
  try {
    modsweep::cli::Console console{out, std::cerr, ::isatty(STDERR_FILENO) == 1,
                                   ::isatty(STDOUT_FILENO) == 1};
    const ExitCode code = modsweep::cli::run_command_line(argc, argv, console);
    out.finish();
    return code;
  } catch (const modsweep::cli::ReaderGone&) {
    return ExitCode::done;
  } catch (const modsweep::Error& error) {
    return report(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return report(ExitCode::io_failure, "out of memory");
  } catch (const std::exception& error) {
    return report(ExitCode::io_failure, error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  modsweep::cli::secure_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone shows as a failed write
  std::signal(SIGXFSZ, SIG_IGN);  // so does a limit on file size
  modsweep::cli::DescriptorStream out(STDOUT_FILENO, "standard output");
  return static_cast<int>(run(argc, argv, out));
}
