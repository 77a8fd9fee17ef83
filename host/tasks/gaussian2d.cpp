// Task 4 of science.md section 6: z = exp(-(x^2 + y^2) / (2 s^2)), s = 1/2, in the unit disc. The network
// learns the fan atan(|(y - x) / (y + x)|) < (pi/2) phi, phi = task.fan_fraction: two wedges around the
// diagonal y = x that cover the fraction phi of the disc; phi = 1/2 is xy > 0. The rest of the disc is out of
// distribution; there is none at phi = 1. The seed is that of the points.
//
// The paper draws 5000 points from the square and keeps those in the disc, about 3927; a fraction phi of them
// is learned. So train_samples = 3927 phi is its training set.
#include "tasks/square_points.h"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr Setting<double> fan_fraction{.key = "task.fan_fraction",
                                       .standard = 0.5,
                                       .limits = {0, 1},
                                       .doc = "gaussian2d: phi, the share of the disc that is learned"};

constexpr double width = 0.5;  // s

// Points are drawn until one lies in the required region; a region that is nearly empty would take forever.
constexpr double least_fraction = 1e-3;

Region region(const Point& p, double phi) {
  if (p.x * p.x + p.y * p.y > 1.0) return Region::outside;
  if (phi == 1.0) return Region::id;
  // atan2 of both absolute values equals the formula's atan, without a division by zero on y = -x.
  const double angle = std::atan2(std::abs(p.y - p.x), std::abs(p.y + p.x));
  return angle < std::numbers::pi / 2.0 * phi ? Region::id : Region::ood;
}

double target(const Point& p) {
  return std::exp(-(p.x * p.x + p.y * p.y) / (2.0 * width * width));
}

void check_gaussian(const TaskSettings& task) {
  check_square(task);
  const double phi = fan_fraction.of(task);
  const bool possible = phi >= least_fraction && (phi <= 1.0 - least_fraction || phi == 1.0);
  if (!possible)
    throw InputError(fmt::format(
        "task.fan_fraction = {}: leaves next to nothing on one side; give {} to {}, or 1 for the whole disc",
        phi, least_fraction, 1.0 - least_fraction));
}

Dataset make_gaussian(const TaskSettings& task) {
  const double phi = fan_fraction.of(task);
  const SquareTask square{[phi](const Point& p) { return region(p, phi); }, target};
  NumpyRandom random(task.seed);
  return make_square(task, square, random, phi < 1.0);
}

}  // namespace

TaskKind gaussian2d_task() {
  return {.name = "gaussian2d",
          .settings = {fan_fraction},
          .uses_ood_samples = true,
          .outputs = [](const TaskSettings&) { return 1U; },
          .check = check_gaussian,
          .make = make_gaussian};
}

}  // namespace modsweep
