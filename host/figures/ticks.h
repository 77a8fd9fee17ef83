// Where an axis begins and ends, and its ticks.
#pragma once

#include "figures/figure.h"

#include <cstddef>
#include <string>
#include <vector>

namespace modsweep::figures {

/// Longer labels of ticks are cut.
inline constexpr std::size_t most_tick_letters = 40;
inline constexpr std::size_t most_label_letters = 60;

/// An axis as it is drawn.
struct DrawnAxis {
  double low = 0.0;
  double high = 1.0;  ///< above `low`
  bool logarithmic = false;
  std::vector<Tick> ticks;  ///< of a logarithmic axis over decades: empty labels, which are powers of ten
  std::vector<double> minor;
  bool decades = false;  ///< ticks are powers of ten
};

/// `low` and `high`: of the data, NaN where there are none; on a logarithmic axis positive. At most about
/// `most` ticks.
[[nodiscard]] DrawnAxis drawn_axis(const Axis& axis, double low, double high, std::size_t most);

/// "0.05", "1e-06": as few digits as show the number to six of them.
[[nodiscard]] std::string number_text(double value);

/// The number of characters as they are shown: of UTF-8.
[[nodiscard]] std::size_t shown_length(std::string_view text);

}  // namespace modsweep::figures
