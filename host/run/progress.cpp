#include "run/progress.h"

#include "core/formats.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace modsweep {
namespace {

constexpr double redraw_interval = 0.1;
constexpr double line_interval = 10.0;
constexpr double rate_window = 15.0;

}  // namespace

Progress::Progress(std::ostream& out, Style style, Clock clock)
    : out_(out),
      style_(style),
      clock_(std::move(clock)),
      start_(clock_()),
      last_shown_(start_),
      mark_time_(start_),
      next_mark_time_(start_) {}

Progress::~Progress() {
  if (drawn_ > 0) out_ << '\n' << std::flush;
}

std::string Progress::line(const ProgressState& state) {
  const double now = clock_();
  if (now - next_mark_time_ >= rate_window) {
    mark_time_ = std::exchange(next_mark_time_, now);
    mark_steps_ = std::exchange(next_mark_steps_, state.steps);
    mark_work_ = std::exchange(next_mark_work_, state.work);
  }
  const double elapsed = now - mark_time_;
  const double work = state.work - mark_work_;
  std::string text = fmt::format("{}/{} cells", format_count(static_cast<double>(state.finished)),
                                 format_count(static_cast<double>(state.cells)));
  if (state.diverged > 0) text += fmt::format(" ({} diverged)", state.diverged);
  if (elapsed > 0.0) {
    text += fmt::format(", {} network-steps/s", format_short((state.steps - mark_steps_) / elapsed));
    if (work > 0.0) text += fmt::format(", {} left", format_duration(state.work_left * elapsed / work));
  }
  return text;
}

void Progress::draw(const std::string& text) {
  if (style_ == Style::redraw) {
    out_ << '\r' << text;
    for (std::size_t i = text.size(); i < drawn_; ++i) out_ << ' ';
    drawn_ = text.size();
  } else {
    out_ << text << '\n';
  }
  out_.flush();
}

void Progress::update(const ProgressState& state) {
  if (style_ == Style::quiet) return;
  const double now = clock_();
  if (now - last_shown_ < (style_ == Style::redraw ? redraw_interval : line_interval)) return;
  last_shown_ = now;
  draw(line(state));
}

void Progress::note(const std::string& text) {
  if (drawn_ > 0) out_ << '\r' << std::string(drawn_, ' ') << '\r';
  drawn_ = 0;
  out_ << "note: " << text << '\n' << std::flush;
}

void Progress::finish(const ProgressState& state) {
  if (style_ == Style::quiet) return;
  const double elapsed = clock_() - start_;
  draw(fmt::format("{}/{} cells, {} network-steps in {}{}", format_count(static_cast<double>(state.finished)),
                   format_count(static_cast<double>(state.cells)), format_count(state.steps),
                   format_duration(elapsed),
                   elapsed > 0.0 ? fmt::format(", {}/s", format_short(state.steps / elapsed)) : ""));
  if (style_ == Style::redraw) out_ << '\n';
  out_.flush();
  drawn_ = 0;
}

}  // namespace modsweep
