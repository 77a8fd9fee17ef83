#include "figures/ticks.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace modsweep::figures {
namespace {

/// The smallest of 1, 2, 5 times a power of ten that divides `span` into at most `most` steps.
double nice_step(double span, std::size_t most) {
  const double rough = span / static_cast<double>(std::max<std::size_t>(most, 1));
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough * (1.0 - 1e-9)) return factor * power;
  return 10.0 * power;
}

/// A multiple of a step without the rounding of the product: 0.3 and not 0.30000000000000004.
double multiple(double count, double step) {
  const double inverse = std::round(1.0 / step);
  return (step < 1.0 && inverse < 1e15 ? count / inverse : count * step) + 0.0;  // no -0
}

void add_linear(DrawnAxis& axis, std::size_t most, bool widen_low, bool widen_high) {
  const double step = nice_step(axis.high - axis.low, most);
  const double first = widen_low ? std::floor(axis.low / step + 1e-9) : std::ceil(axis.low / step - 1e-9);
  const double last = widen_high ? std::ceil(axis.high / step - 1e-9) : std::floor(axis.high / step + 1e-9);
  if (widen_low) axis.low = multiple(first, step);
  if (widen_high) axis.high = multiple(last, step);
  for (double k = first; k <= last; k += 1.0) {
    const double at = multiple(k, step);
    axis.ticks.push_back({at, number_text(at)});
  }
}

/// Ticks at 1, 2 and 5 times powers of ten, and minor ones at the other digits.
void add_digits(DrawnAxis& axis) {
  for (double power = std::floor(std::log10(axis.low)); power <= std::log10(axis.high); power += 1.0)
    for (int digit = 1; digit <= 9; ++digit) {
      const double at = power < 0.0 ? digit / std::pow(10.0, -power) : digit * std::pow(10.0, power);
      if (at < axis.low * (1.0 - 1e-9) || at > axis.high * (1.0 + 1e-9)) continue;
      if (digit == 1 || digit == 2 || digit == 5)
        axis.ticks.push_back({at, number_text(at)});
      else
        axis.minor.push_back(at);
    }
}

void add_decades(DrawnAxis& axis, std::size_t most) {
  const double first = std::ceil(std::log10(axis.low) - 1e-9);
  const double last = std::floor(std::log10(axis.high) + 1e-9);
  const double every = std::max(1.0, std::ceil((last - first + 1.0) / static_cast<double>(most)));
  axis.decades = true;
  for (double power = first; power <= last; power += every)
    axis.ticks.push_back({power < 0.0 ? 1.0 / std::pow(10.0, -power) : std::pow(10.0, power), ""});
  if (every > 1.0) return;
  for (double power = first - 1.0; power <= last; power += 1.0)
    for (int digit = 2; digit <= 9; ++digit)
      if (const double at = digit * std::pow(10.0, power); at > axis.low && at < axis.high)
        axis.minor.push_back(at);
}

/// Gives an axis without extent one, around its only value; an end that is fixed stays.
void give_extent(DrawnAxis& axis, bool low_fixed, bool high_fixed) {
  if (axis.high > axis.low) return;
  const double value = axis.low;
  const double half = value == 0.0 ? 1.0 : std::fabs(value) * 0.5;
  if (!high_fixed) axis.high = axis.logarithmic ? value * 2.0 : value + half;
  if (!low_fixed) axis.low = axis.logarithmic ? value / 2.0 : value - half;
}

void widen(DrawnAxis& axis, bool low, bool high, double part) {
  if (axis.logarithmic) {
    const double factor = std::pow(axis.high / axis.low, part);
    if (low) axis.low /= factor;
    if (high) axis.high *= factor;
    return;
  }
  const double margin = (axis.high - axis.low) * part;
  if (low) axis.low -= margin;
  if (high) axis.high += margin;
}

}  // namespace

std::string number_text(double value) {
  return fmt::format("{:.6g}", value == 0.0 ? 0.0 : value);
}

std::size_t shown_length(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

DrawnAxis drawn_axis(const Axis& axis, double low, double high, std::size_t most) {
  DrawnAxis drawn;
  drawn.logarithmic = axis.logarithmic;
  const double first = axis.logarithmic ? 0.1 : 0.0;
  drawn.low = axis.low.value_or(std::isnan(low) ? first : low);
  drawn.high = axis.high.value_or(std::isnan(high) ? std::max(1.0, drawn.low) : high);
  // One end is given, and all data lie beyond it.
  if (drawn.high < drawn.low) (axis.low ? drawn.high : drawn.low) = axis.low ? drawn.low : drawn.high;
  give_extent(drawn, axis.low.has_value(), axis.high.has_value());
  const bool widen_low = !axis.low && !axis.tight;
  const bool widen_high = !axis.high && !axis.tight;
  if (!axis.ticks.empty()) {
    widen(drawn, widen_low, widen_high, 0.03);
    for (const Tick& tick : axis.ticks)
      if (tick.at >= drawn.low && tick.at <= drawn.high) drawn.ticks.push_back(tick);
    return drawn;
  }
  if (!axis.logarithmic) {
    add_linear(drawn, most, widen_low, widen_high);
    return drawn;
  }
  widen(drawn, widen_low, widen_high, 0.03);
  if (std::log10(drawn.high / drawn.low) >= 1.7)
    add_decades(drawn, most);
  else
    add_digits(drawn);
  if (drawn.ticks.size() < 2) {
    drawn.decades = false;
    drawn.minor.clear();
    drawn.ticks.clear();
    add_linear(drawn, most, false, false);
  }
  return drawn;
}

}  // namespace modsweep::figures
