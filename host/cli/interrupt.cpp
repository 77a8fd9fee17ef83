#include "cli/interrupt.h"

#include <array>
#include <atomic>

#include <signal.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep::cli {
namespace {

constexpr std::array<int, 3> signals = {SIGINT, SIGTERM, SIGHUP};

// A signal handler can reach nothing but what is global.
std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void handle(int) {
  if (interrupted.exchange(true)) ::_exit(static_cast<int>(ExitCode::interrupted));
}

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupted = false;
  for (const int number : signals) {
    struct sigaction now {};
    ::sigaction(number, nullptr, &now);
    if (now.sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(number, &action, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  for (const int number : signals) {
    struct sigaction now {};
    ::sigaction(number, nullptr, &now);
    if (now.sa_handler == handle) ::signal(number, SIG_DFL);
  }
}

bool InterruptGuard::requested() const noexcept {
  return interrupted.load();
}

}  // namespace modsweep::cli
