#include "figures/scales.h"

#include "figures/joint_keys.h"
#include "figures/ticks.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "modsweep/names.h"

namespace modsweep::figures {
namespace {

using nlohmann::json;

/// How much the steps between values vary, relative to their mean.
double variation(std::span<const double> values) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < values.size(); ++i) steps.push_back(values[i] - values[i - 1]);
  const double middle = mean(steps);
  double squares = 0.0;
  for (const double step : steps) squares += (step - middle) * (step - middle);
  return std::sqrt(squares / static_cast<double>(steps.size())) / middle;
}

std::vector<double> logarithms(std::span<const double> values) {
  std::vector<double> logs;
  for (const double value : values) logs.push_back(std::log(value));
  return logs;
}

/// Whether few enough values stand far enough apart to be ticks.
bool are_ticks(std::span<const double> places) {
  if (places.size() > 8) return false;
  for (std::size_t i = 1; i < places.size(); ++i)
    if (places[i] - places[i - 1] < (places.back() - places.front()) / 11.0) return false;
  return true;
}

/// Three digits; without a power of ten where the number is short enough without.
std::string tick_text(double at) {
  const std::string text = fmt::format("{:.3g}", at);
  return std::fabs(at) >= 1e3 && std::fabs(at) < 1e6 ? number_text(std::stod(text)) : text;
}

/// Whether the numbers of a column, all positive, span so much that their axis is logarithmic. Losses and
/// errors are compared by their ratios; gaps, shares and counts by their differences.
bool spans_much(const std::string& column, double low, double high) {
  if (is_difference(column)) return false;
  const bool is_ratio = column.find("loss") != std::string::npos || column.find("error") != std::string::npos;
  return low > 0.0 && high > (is_ratio ? 20.0 : 10'000.0) * low;
}

}  // namespace

bool is_difference(const std::string& column) {
  return column.find("gap") != std::string::npos || column.find("modul") != std::string::npos;
}

bool is_geometric(std::span<const double> values) {
  constexpr double least_span = 8.0;
  if (values.size() < 3 || values.front() <= 0.0 || values.back() < least_span * values.front()) return false;
  return variation(logarithms(values)) < variation(values);
}

PlacedAxis placed_axis(const KeyValues& key, const std::optional<bool>& log,
                       const std::optional<Interval>& limits) {
  PlacedAxis placed;
  placed.axis.label = key.key;
  if (limits) {
    placed.axis.low = limits->low;
    placed.axis.high = limits->high;
  }
  if (!all_numbers(key.values)) {
    for (std::size_t i = 0; i < key.values.size(); ++i) {
      placed.at.push_back(static_cast<double>(i));
      placed.axis.ticks.push_back({static_cast<double>(i), key.key.empty() ? "" : value_name(key, i)});
    }
    if (limits) return placed;
    placed.axis.low = -0.5;
    placed.axis.high = static_cast<double>(key.values.size()) - 0.5;
    return placed;
  }
  for (const json& value : key.values) placed.at.push_back(value.get<double>());
  placed.axis.logarithmic = log.value_or(is_geometric(placed.at));
  std::vector<double> shown;
  for (const double at : placed.at)
    if (!placed.axis.logarithmic || at > 0.0) shown.push_back(at);
  if (!shown.empty() && are_ticks(placed.axis.logarithmic ? logarithms(shown) : shown))
    for (const double at : shown) placed.axis.ticks.push_back({at, tick_text(at)});
  return placed;
}

Estimator::Estimator(const Request& request) : request_(request), maker_(request.interval) {}

std::optional<Interval> Estimator::spread_of(std::vector<double> values, double y) {
  switch (request_.spread) {
    case Spread::interval: {
      const StatisticInterval found = maker_.of(values, request_.statistic);
      if (found.interval)
        made_by_ = found.made_by;
      else if (reason_.empty())
        reason_ = found.reason;
      return found.interval;
    }
    case Spread::quartiles:
      return percentile_interval(values, 0.5);
    case Spread::standard_deviation: {
      const auto deviation = standard_deviation(values);
      if (!deviation) return std::nullopt;
      return Interval{y - *deviation, y + *deviation};
    }
    case Spread::extremes: {
      const auto [low, high] = std::ranges::minmax_element(values);
      return Interval{*low, *high};
    }
    case Spread::nothing:
      break;
  }
  return std::nullopt;
}

Point Estimator::at(double x, std::vector<double> values) {
  if (values.empty()) return {x};
  fewest_ = most_ == 0 ? values.size() : std::min(fewest_, values.size());
  most_ = std::max(most_, values.size());
  Point point{x, statistic_of(request_.statistic, values)};
  if (const auto spread = spread_of(std::move(values), point.y)) {
    point.low = spread->low;
    point.high = spread->high;
    ++spreads_;
  }
  return point;
}

std::string Estimator::note(const char* mark) const {
  if (most_ == 0) return "";
  if (most_ == 1) return "one network a point";
  const std::string statistic = request_.statistic == Statistic::trimmed_mean
                                    ? "trimmed mean"
                                    : std::string(name_of(request_.statistic));
  std::string text =
      fmt::format("{} of {} networks", statistic,
                  fewest_ == most_ ? fmt::format("{}", most_) : fmt::format("{} to {}", fewest_, most_));
  if (spreads_ == 0) return reason_.empty() ? text : fmt::format("{}; {}", text, reason_);
  switch (request_.spread) {
    case Spread::interval:
      return fmt::format("{}; {}: {:g} % interval ({})", text, mark, 100.0 * request_.interval.confidence,
                         made_by_);
    case Spread::quartiles:
      return fmt::format("{}; {}: between the quartiles", text, mark);
    case Spread::standard_deviation:
      return fmt::format("{}; {}: one standard deviation either way", text, mark);
    case Spread::extremes:
      return fmt::format("{}; {}: from the smallest to the largest", text, mark);
    case Spread::nothing:
      break;
  }
  return text;
}

void share_y(const std::vector<Frame*>& frames, const std::string& column, const Request& request) {
  double low = none;
  double high = none;
  double positive = none;
  for (const Frame* frame : frames)
    for (const Series& series : frame->series)
      for (const Point& point : series.points)
        for (const double y : {point.y, point.low, point.high}) {
          if (std::isnan(y)) continue;
          low = std::isnan(low) ? y : std::min(low, y);
          high = std::isnan(high) ? y : std::max(high, y);
          if (y > 0.0) positive = std::isnan(positive) ? y : std::min(positive, y);
        }
  // A sigmoid is one in the values themselves.
  const bool log = request.log_y.value_or(!request.fits && spans_much(column, low, high));
  Axis axis;
  axis.logarithmic = log;
  if (request.y_limits) {
    axis.low = request.y_limits->low;
    axis.high = request.y_limits->high;
  }
  constexpr std::size_t ticks = 6;
  const DrawnAxis drawn =
      drawn_axis(axis, log ? positive : low, log && std::isnan(positive) ? none : high, ticks);
  for (Frame* frame : frames) {
    frame->y.logarithmic = log;
    if (std::isnan(low) && !request.y_limits) continue;
    frame->y.low = drawn.low;
    frame->y.high = drawn.high;
  }
}

void label_outside(Figure& figure) {
  const std::size_t columns = std::max<std::size_t>(figure.columns, 1);
  for (std::size_t i = 0; i < figure.frames.size(); ++i) {
    if (i % columns != 0) figure.frames[i].y.label.clear();
    if (i + columns >= figure.frames.size()) continue;
    figure.frames[i].x.label.clear();
    // Long names, which stand slanted, stand below the last frame alone.
    std::size_t letters = 0;
    for (const Tick& tick : figure.frames[i].x.ticks) letters += shown_length(tick.label);
    constexpr std::size_t most_letters = 40;
    if (letters > most_letters)
      for (Tick& tick : figure.frames[i].x.ticks) tick.label.clear();
  }
}

}  // namespace modsweep::figures
