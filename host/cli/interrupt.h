// Signals of users and schedulers: a request for an orderly end. Only a second Ctrl-C ends at once.
#pragma once

namespace modsweep::cli {

/// While a guard exists, the signals by which users and schedulers end a program (SIGINT, SIGTERM, SIGHUP,
/// SIGUSR1, SIGUSR2, SIGXCPU, SIGALRM and similar ones) count as one request to end, however often they come.
/// A second SIGINT ends the process at once: with exit code 131 and a message of how much is not saved, or
/// with 130 if everything is saved. Signals that the caller ignores (nohup) stay ignored. Only one guard may
/// exist at a time.
///
/// The guard must outlive all work that a signal must not cut short. After its end, any of these signals
/// still ends the process with exit code 130: schedulers send signals in pairs, and the second may come when
/// only the exit remains.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  [[nodiscard]] bool requested() const noexcept;

  /// Reports that everything trained until now is saved. Before the first call nothing counts as unsaved.
  /// Callable from any thread.
  void saved() noexcept;
  /// The same until a given moment, in seconds of std::chrono::steady_clock; infinity: there is nothing to
  /// lose.
  void saved(double until) noexcept;
};

}  // namespace modsweep::cli
