// Signals of users and schedulers: a request for an orderly end. Only a second Ctrl-C ends at once.
#pragma once

namespace modsweep::cli {

/// While it lives, the signals by which users and schedulers end a program (SIGINT, SIGTERM, SIGHUP, SIGUSR1,
/// SIGUSR2, SIGXCPU, SIGALRM and their like) are one request, however often they come. A second SIGINT ends
/// the process at once: with exit code 131, and word of how much is not saved, or 130 where all is. Signals
/// that the caller ignores (nohup) stay ignored. One at a time.
///
/// It is to outlive whatever a signal must not cut short. After it any of these signals still ends the
/// process with exit code 130: schedulers send theirs in pairs, and the second may come when all is done but
/// the exit.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  [[nodiscard]] bool requested() const noexcept;

  /// Tells that what was trained until now is saved. Before the first time nothing counts as unsaved. From
  /// any thread.
  void saved() noexcept;
  /// The same until a moment, in seconds of std::chrono::steady_clock; infinity: there is nothing to lose.
  void saved(double until) noexcept;
};

}  // namespace modsweep::cli
