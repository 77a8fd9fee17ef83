// How far values are from those of a loop in double; what is not a number stays.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace modsweep::test {

[[nodiscard]] inline double worse(double a, double b) {
  return b <= a ? a : b;
}

/// The largest difference, relative to the largest value that is wanted.
[[nodiscard]] inline double farthest(const std::vector<double>& got, const std::vector<double>& want) {
  double most = 0.0;
  double difference = 0.0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    most = std::max(most, std::abs(want[i]));
    difference = worse(difference, std::abs(got[i] - want[i]));
  }
  return difference / most;
}

}  // namespace modsweep::test
