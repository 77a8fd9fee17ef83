// Shows the progress of a run: a line that redraws on a terminal, plain lines elsewhere, or nothing.
#pragma once

#include "core/clock.h"

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "modsweep/session.h"

namespace modsweep {

/// Writes progress. Errors of the stream are ignored: a closed terminal must not stop a run.
class Progress : public SessionWatcher {
 public:
  enum class Style : std::uint8_t { quiet, lines, redraw };
  using Clock = std::function<double()>;  ///< seconds since some fixed point

  /// Keeps a reference to `out`.
  Progress(std::ostream& out, Style style, Clock clock = steady_seconds);

  /// Ends an unfinished line, so that an error message starts on its own.
  ~Progress() override;

  /// Shows the state if it is time to: at most 10 times a second on a terminal, every 10 s elsewhere.
  void update(const ProgressState& state) override;
  /// Prints a message on a line of its own, in every style.
  void note(const std::string& text) override;
  /// Shows the last state and ends the line.
  void finish(const ProgressState& state) override;

  /// "120/600 cells, 12.3k network-steps/s, 3 min left".
  [[nodiscard]] std::string line(const ProgressState& state);

 private:
  void draw(const std::string& text);

  std::ostream& out_;
  Style style_;
  Clock clock_;
  double start_;
  double last_shown_;
  // The rate covers roughly the last half minute: two marks advance together.
  double mark_time_, next_mark_time_;
  double mark_steps_ = 0.0, next_mark_steps_ = 0.0;
  double mark_work_ = 0.0, next_mark_work_ = 0.0;
  std::size_t drawn_ = 0;  // width of the line on the terminal
};

}  // namespace modsweep
