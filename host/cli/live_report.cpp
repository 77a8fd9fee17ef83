#include "cli/live_report.h"

#include "cli/sweep_options.h"
#include "core/atomic_file.h"
#include "core/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace modsweep::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// The first page comes soon: there is something to open. Later ones take at most a tenth of the time.
constexpr std::chrono::seconds first_wait(2);
constexpr std::chrono::seconds usual_wait(30);
constexpr int busy_factor = 10;
constexpr std::chrono::minutes longest(10);

/// Both ends of a pipe, closed at the end.
class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) ends_ = {-1, -1};
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] bool open() const { return ends_[0] >= 0; }
  [[nodiscard]] int reading() const { return ends_[0]; }
  [[nodiscard]] int writing() const { return ends_[1]; }
  void close_writing() { close_end(1); }

 private:
  void close_end(std::size_t end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }
  std::array<int, 2> ends_{};
};

/// Starts this program with other arguments, in a process group of its own: Ctrl-C is for the training, which
/// asks for a last page. Its messages go into the pipe. Returns an error number.
int start(const std::vector<std::string>& arguments, const Pipe& messages, pid_t& pid) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  sigset_t no_signals;
  ::sigemptyset(&no_signals);
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, messages.writing(), STDERR_FILENO);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setsigmask(&attributes, &no_signals);
  const int error = ::posix_spawn(&pid, "/proc/self/exe", &files, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  return error;
}

/// Reads until the other end is closed; false: not in time, or nobody needs it any more.
bool read_messages(const Pipe& messages, Clock::time_point until, const std::function<bool()>& needed,
                   std::string& text) {
  std::array<char, 4096> buffer{};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0 || !needed()) return false;
    pollfd waiting{messages.reading(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<long>(left, 200)));
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    const ssize_t bytes = ::read(messages.reading(), buffer.data(), buffer.size());
    if (bytes == 0) return true;
    if (bytes > 0 && text.size() < buffer.size()) text.append(buffer.data(), static_cast<std::size_t>(bytes));
  }
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// The first line without the program's name.
std::string message_of(std::string text, int status) {
  text = text.substr(0, text.find('\n'));
  constexpr std::string_view head = "modsweep: error: ";
  if (text.starts_with(head)) text.erase(0, head.size());
  if (!text.empty()) return one_line(text, 1000);
  if (WIFSIGNALED(status)) return fmt::format("it was ended by signal {}", WTERMSIG(status));
  return fmt::format("it ended with exit code {}", WEXITSTATUS(status));
}

}  // namespace

LiveReport::LiveReport(std::string path, std::string store, const std::vector<std::string>& reads)
    : path_(std::move(path)), store_(std::move(store)) {
  const AtomicFile probe(path_, reads);  // without a commit nothing is left behind
}

LiveReport::~LiveReport() {
  stop();
}

void LiveReport::begin() {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void LiveReport::stop() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::string LiveReport::finish(std::chrono::milliseconds limit) {
  stop();
  return path_exists(store_) ? write(0.0, limit, [] { return true; }) : std::string();
}

std::optional<std::string> LiveReport::take_failure() {
  const std::lock_guard lock(mutex_);
  if (told_) return std::nullopt;
  told_ = true;
  return failure_;
}

void LiveReport::run() {
  Clock::duration pause = first_wait;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, pause, [this] { return ends_; })) {
    lock.unlock();
    const auto began = Clock::now();
    std::string failure;
    const auto needed = [this] {
      const std::lock_guard still(mutex_);
      return !ends_;
    };
    if (path_exists(store_))
      failure = write(std::chrono::duration<double>(usual_wait).count(), longest, needed);
    pause = std::max<Clock::duration>(usual_wait, busy_factor * (Clock::now() - began));
    lock.lock();
    if (failure == failure_) continue;
    failure_ = failure;
    told_ = failure.empty();
  }
}

std::string LiveReport::write(double reload, std::chrono::milliseconds limit,
                              const std::function<bool()>& needed) const {
  const auto until = Clock::now() + limit;
  Pipe messages;
  pid_t pid = -1;
  int error = messages.open() ? 0 : errno;
  if (error == 0)
    error = start({"modsweep", "report", "-o", path_, "--reload", fmt::format("{}", reload), "--", store_},
                  messages, pid);
  if (error != 0) return fmt::format("no process can be started for it ({})", std::strerror(error));
  messages.close_writing();
  std::string text;
  const bool in_time = read_messages(messages, until, needed, text);
  if (!in_time) ::kill(pid, SIGKILL);
  const int status = wait_for(pid);
  if (!in_time) return "it took too long";
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? std::string() : message_of(text, status);
}

}  // namespace modsweep::cli
