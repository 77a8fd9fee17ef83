#include "cli/interrupt.h"

#include "core/clock.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep::cli {
namespace {

// All signals that end a process by default, except those that report a fault, and SIGQUIT, with which users
// request a core file.
constexpr std::array<int, 11> signals = {SIGINT,  SIGTERM,   SIGHUP,  SIGUSR1, SIGUSR2, SIGXCPU,
                                         SIGALRM, SIGVTALRM, SIGPROF, SIGPWR,  SIGIO};

constexpr std::int64_t nothing = std::numeric_limits<std::int64_t>::max();

// A signal handler can access global state only.
std::atomic<bool> interrupted{false};
std::atomic<bool> by_keyboard{false};
std::atomic<bool> over{false};                   // no guard exists any more
std::atomic<std::int64_t> saved_until{nothing};  // nanoseconds of the steady clock; or nothing to lose
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free);

/// A line of text that is built with async-signal-safe calls only.
class Line {
 public:
  void add(const char* text) {
    while (*text != '\0' && length_ < text_.size()) text_[length_++] = *text++;
  }
  void add(std::uint64_t number) {
    std::array<char, 21> digits{};
    std::size_t first = digits.size() - 1;  // the last digit stays 0
    do digits[--first] = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    add(digits.data() + first);
  }
  void print() const { (void)!::write(STDERR_FILENO, text_.data(), length_); }

 private:
  std::array<char, 160> text_{};
  std::size_t length_ = 0;
};

/// Rounded up: a second that has begun is not saved.
std::uint64_t seconds_since(std::int64_t moment) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);  // the clock of std::chrono::steady_clock
  const std::int64_t passed = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec - moment;
  return passed <= 0 ? 0 : static_cast<std::uint64_t>((passed + 999'999'999) / 1'000'000'000);
}

[[noreturn]] void end_at_once() {
  const std::int64_t moment = saved_until.load();
  Line line;
  line.add("\nmodsweep: interrupted again; ");
  if (moment == nothing) {
    line.add("nothing is lost: the same command goes on\n");
  } else {
    line.add("not saved: the last ");
    line.add(seconds_since(moment));
    line.add(" s; the same command goes on from what was saved before\n");
  }
  line.print();
  ::_exit(static_cast<int>(moment == nothing ? ExitCode::interrupted : ExitCode::not_saved));
}

void handle(int number) {
  const int error = errno;
  if (over.load()) ::_exit(static_cast<int>(ExitCode::interrupted));
  interrupted = true;
  if (number == SIGINT && by_keyboard.exchange(true)) end_at_once();
  errno = error;
}

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupted = false;
  by_keyboard = false;
  over = false;
  saved_until = nothing;
  for (const int number : signals) {
    struct sigaction now {};
    ::sigaction(number, nullptr, &now);
    if (now.sa_handler != SIG_DFL) continue;  // ignored by the caller, or handled by other code
    struct sigaction action {};
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(number, &action, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  over = true;
}

bool InterruptGuard::requested() const noexcept {
  return interrupted.load();
}

void InterruptGuard::saved() noexcept {
  saved(steady_seconds());
}

void InterruptGuard::saved(double until) noexcept {
  saved_until = std::isfinite(until) ? static_cast<std::int64_t>(until * 1e9) : nothing;
}

}  // namespace modsweep::cli
