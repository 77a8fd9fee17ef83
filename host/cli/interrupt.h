// Ctrl-C and its relatives: the first asks for an orderly end, the second ends at once.
#pragma once

namespace modsweep::cli {

/// While it lives, SIGINT, SIGTERM and SIGHUP set a flag; a second one ends the process with exit code 130.
/// Signals that the caller has ignored (nohup) stay ignored. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  [[nodiscard]] bool requested() const noexcept;
};

}  // namespace modsweep::cli
