// The points of tasks on the square [-1, 1]^2 with a known and an unknown region.
#pragma once

#include "tasks/numpy_random.h"

#include <cstdint>
#include <functional>

#include "modsweep/task.h"

namespace modsweep {

/// A point of the square.
struct Point {
  double x = 0.0;
  double y = 0.0;
};

/// Where a point lies: in the region that is learned, in the rest of the domain, or outside the domain.
enum class Region : std::uint8_t { id, ood, outside };

/// A task on the square: I = 2 (x and y), O = 1.
struct SquareTask {
  std::function<Region(const Point&)> region;
  std::function<double(const Point&)> target;
};

/// Draws points uniformly from the square, x before y, each 2u - 1 with a uniform number u. Draws as many
/// points of each split as the settings state: points in the wrong region are dropped and drawn again, so a
/// split's points are uniform in its region. First the training samples, then the test samples (both in the
/// learned region), then the out-of-distribution samples, none if `has_ood` is false, then the validation
/// samples (in the learned region).
[[nodiscard]] Dataset make_square(const TaskSettings& task, const SquareTask& square, NumpyRandom& random,
                                  bool has_ood);

/// Checks what all these tasks need: two inputs, and at least one training and one test sample.
void check_square(const TaskSettings& task);

}  // namespace modsweep
