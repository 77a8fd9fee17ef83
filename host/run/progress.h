// What a run tells while it goes on: a line that redraws on a terminal, plain lines elsewhere, or nothing.
#pragma once

#include "core/clock.h"

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

namespace modsweep {

/// How far a run is. Work is counted in floating-point operations, because steps of different shapes differ.
struct ProgressState {
  std::uint64_t cells = 0;     ///< of the sweep
  std::uint64_t finished = 0;  ///< done or diverged, those of earlier runs included
  std::uint64_t diverged = 0;  ///< in this run
  double steps = 0.0;          ///< network-steps taken in this run
  double work = 0.0;           ///< done in this run
  double work_left = 0.0;
};

/// Writes progress. Errors of the stream are ignored: a closed terminal must not stop a run.
class Progress {
 public:
  enum class Style : std::uint8_t { quiet, lines, redraw };
  using Clock = std::function<double()>;  ///< seconds since some fixed point

  /// Keeps a reference to `out`.
  Progress(std::ostream& out, Style style, Clock clock = steady_seconds);

  /// Ends a line that was left open, so that an error message starts on its own.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Shows the state if it is time to: at most 10 times a second on a terminal, every 10 s elsewhere.
  void update(const ProgressState& state);
  /// Says something on a line of its own, in every style.
  void note(const std::string& text);
  /// Shows the last state and ends the line.
  void finish(const ProgressState& state);

  /// "120/600 cells, 12.3k network-steps/s, 3 min left".
  [[nodiscard]] std::string line(const ProgressState& state);

 private:
  void draw(const std::string& text);

  std::ostream& out_;
  Style style_;
  Clock clock_;
  double start_;
  double last_shown_;
  // The rate is that of the last half minute or so: two marks that move on together.
  double mark_time_, next_mark_time_;
  double mark_steps_ = 0.0, next_mark_steps_ = 0.0;
  double mark_work_ = 0.0, next_mark_work_ = 0.0;
  std::size_t drawn_ = 0;  // width of the line on the terminal
};

}  // namespace modsweep
