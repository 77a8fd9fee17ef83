#include "figures/gnuplot.h"

#include "core/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep::figures {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* remedy = "take --script FILE.gp and draw it yourself";

[[noreturn]] void fail_system(const char* what) {
  throw IoError(fmt::format("gnuplot cannot be run: {} failed ({})", what, std::strerror(errno)));
}

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail_system("pipe2");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// A file without a name that holds the text. gnuplot reads it as its standard input, so that a gnuplot that
/// ends early or reads nothing blocks nobody.
Descriptor file_of(const std::string& text) {
  Descriptor file(::memfd_create("modsweep-gnuplot", MFD_CLOEXEC));
  if (!file.open()) fail_system("memfd_create");
  for (std::size_t done = 0; done < text.size();) {
    const ::ssize_t count = ::write(file.number(), text.data() + done, text.size() - done);
    if (count < 0 && errno != EINTR) fail_system("write");
    if (count > 0) done += static_cast<std::size_t>(count);
  }
  if (::lseek(file.number(), 0, SEEK_SET) != 0) fail_system("lseek");
  return file;
}

/// The running gnuplot; killed with this object unless it was waited for.
class Process {
 public:
  Process(int in, int out, int err) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    sigset_t all_default;
    ::sigemptyset(&all_default);
    ::posix_spawnattr_setsigmask(&attributes, &all_default);
    ::sigaddset(&all_default, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes, &all_default);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::string program = "gnuplot";
    std::string own_settings = "-d";    // not those of the user's ~/.gnuplot
    std::string script = "/dev/stdin";  // as a file: then gnuplot ends at an error instead of going on
    std::array<char*, 4> arguments = {program.data(), own_settings.data(), script.data(), nullptr};
    const int error = ::posix_spawnp(&id_, program.c_str(), &actions, &attributes, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (error == 0) return;
    id_ = -1;
    if (error == ENOENT)
      throw IoError("gnuplot is not installed: apt-get install gnuplot-nox, or take --script FILE.gp");
    throw IoError(fmt::format("gnuplot cannot be run ({}); {}", std::strerror(error), remedy));
  }
  ~Process() {
    if (id_ < 0) return;
    ::kill(id_, SIGKILL);
    (void)wait();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// As waitpid tells it.
  int wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) continue;
    id_ = -1;
    return status;
  }

  /// The same, but none where it still runs at `end`.
  std::optional<int> wait_until(Clock::time_point end) {
    for (;;) {
      int status = 0;
      const ::pid_t found = ::waitpid(id_, &status, WNOHANG);
      if (found == id_ || (found < 0 && errno != EINTR)) {
        id_ = -1;
        return status;
      }
      if (Clock::now() >= end) return std::nullopt;
      ::poll(nullptr, 0, 2);
    }
  }

 private:
  ::pid_t id_ = -1;
};

/// Appends what can be read; closes the descriptor at its end.
void read_some(Descriptor& from, std::string& to) {
  std::array<char, 1 << 16> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
  const ::ssize_t count = ::read(from.number(), buffer.data(), buffer.size());
  if (count > 0)
    to.append(buffer.data(), static_cast<std::size_t>(count));
  else if (count == 0 || errno != EINTR)
    from.close();
}

/// Reads both until both ended; false where that takes longer than `end`.
bool read_all(Descriptor& out, Descriptor& err, GnuplotOutput& output, Clock::time_point end) {
  while (out.open() || err.open()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return false;
    std::array<::pollfd, 2> waiting = {{{out.number(), POLLIN, 0}, {err.number(), POLLIN, 0}}};
    const int ready = ::poll(waiting.data(), waiting.size(), static_cast<int>(left));
    if (ready < 0 && errno != EINTR) fail_system("poll");
    if (ready <= 0) continue;
    if (waiting[0].revents != 0) read_some(out, output.bytes);
    if (waiting[1].revents != 0) read_some(err, output.messages);
  }
  return true;
}

/// The line of gnuplot's messages that says what is wrong: the last one that is not empty.
std::string complaint_of(const std::string& messages) {
  std::string line;
  for (std::size_t begin = 0; begin < messages.size();) {
    const std::size_t end = std::min(messages.find('\n', begin), messages.size());
    const std::string next = messages.substr(begin, end - begin);
    if (next.find_first_not_of(" \t\r^") != std::string::npos) line = next;
    begin = end + 1;
  }
  return line.empty() ? "it does not say why" : one_line(line, 200);
}

}  // namespace

GnuplotOutput run_gnuplot(const std::string& text, std::chrono::milliseconds limit) {
  const auto end = Clock::now() + limit;
  Descriptor in = file_of(text);
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Process process(in.number(), out.write.number(), err.write.number());
  out.write.close();
  err.write.close();
  GnuplotOutput output;
  const bool all = read_all(out.read, err.read, output, end);
  const std::optional<int> status = all ? process.wait_until(end) : std::nullopt;
  if (!status)
    throw IoError(fmt::format("gnuplot took longer than {:g} s and was ended; draw less, or {}",
                              std::chrono::duration<double>(limit).count(), remedy));
  if (WIFSIGNALED(*status))
    throw IoError(fmt::format("gnuplot was ended by signal {} ({}); {}", WTERMSIG(*status),
                              ::strsignal(WTERMSIG(*status)), remedy));
  if (WEXITSTATUS(*status) == 127 && output.bytes.empty())
    throw IoError("gnuplot is not installed: apt-get install gnuplot-nox, or take --script FILE.gp");
  if (WEXITSTATUS(*status) != 0)
    throw IoError(fmt::format("gnuplot failed (exit code {}): {}; {}", WEXITSTATUS(*status),
                              complaint_of(output.messages), remedy));
  return output;
}

}  // namespace modsweep::figures
