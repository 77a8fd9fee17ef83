// Runs the program as a user does: in a folder of its own, from arguments to exit code and output.
#pragma once

#include "support/temporary_folder.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace modsweep::testing_support {

/// How a process ended and what it wrote.
struct Outcome {
  int code = -1;   ///< exit code, or -1 where a signal ended it
  int signal = 0;  ///< the signal that ended it
  std::string out;
  std::string err;
};

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// A started process; must be waited for, or killed, before destruction.
class Running {
 public:
  /// `prepare` runs in the new process before the program begins: limits, ignored signals, other descriptors.
  Running(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
          const std::string& out, const std::function<void()>& prepare = {}) {
    static int count = 0;
    out_ = out.empty() ? folder / (".out" + std::to_string(++count)) : std::filesystem::path(out);
    err_ = folder / (".err" + std::to_string(count));
    keep_out_ = !out.empty();
    std::vector<char*> argv = {const_cast<char*>(MODSWEEP_PROGRAM)};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::dup2(::open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
    ::dup2(::open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    if (::chdir(folder.c_str()) != 0) ::_exit(126);
    if (prepare) prepare();
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ~Running() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      (void)wait();
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void send(int signal) const { ::kill(pid_, signal); }

  [[nodiscard]] bool ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid_;
  }

  /// Waits until the program has written a line to standard error, or has ended; false after a minute.
  [[nodiscard]] bool spoke() const {
    return becomes([&] { return read_text(err_).find('\n') != std::string::npos; });
  }

  /// Waits until the program has used `seconds` more of processor time, whatever else the machine does, or
  /// has ended; false after a minute.
  [[nodiscard]] bool computed(double seconds) const {
    const double enough = processor_seconds() + seconds;
    return becomes([&] { return processor_seconds() >= enough; });
  }

  /// Whether a condition comes to hold, or the program to an end, within a minute.
  template <class Condition>
  [[nodiscard]] bool becomes(Condition&& condition) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition() && !ended()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  [[nodiscard]] Outcome wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    Outcome outcome;
    if (WIFEXITED(status)) outcome.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
    if (!keep_out_) {
      outcome.out = read_text(out_);
      std::filesystem::remove(out_);
    }
    outcome.err = read_text(err_);
    std::filesystem::remove(err_);
    return outcome;
  }

 private:
  [[nodiscard]] double processor_seconds() const {
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0.0;
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }

  pid_t pid_ = -1;
  std::filesystem::path out_;
  std::filesystem::path err_;
  bool keep_out_ = false;
};

/// A test with a temporary folder in which the program runs.
class ProgramTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) const { write_text(folder_ / name, text); }

  /// `out`: the destination of standard output, instead of the outcome.
  [[nodiscard]] Outcome modsweep(const std::vector<std::string>& arguments, const std::string& out = "",
                                 const std::function<void()>& prepare = {}) const {
    return Running(folder_, arguments, out, prepare).wait();
  }

  /// Names of all files in the folder, sorted.
  [[nodiscard]] std::vector<std::string> files() const { return temporary_.names(); }

  test::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

/// Expects an error as users see it: one line that names the program and contains all of `parts`.
inline void expect_error(const Outcome& outcome, int code, const std::vector<std::string>& parts = {}) {
  EXPECT_EQ(outcome.code, code) << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with("modsweep: error: ")) << outcome.err;
  EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
  for (const std::string& part : parts)
    EXPECT_NE(outcome.err.find(part), std::string::npos) << part << "\n" << outcome.err;
}

}  // namespace modsweep::testing_support
