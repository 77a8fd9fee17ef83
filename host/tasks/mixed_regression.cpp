// Task 3 of science.md section 6: modular_regression with factors 2 and 3 (counted from 1) mixed by a
// rotation R of angle theta = task.mixing_angle: R (.., a, b, ..) = (.., a cos theta - b sin theta, a sin
// theta + b cos theta, ..). early: y = f(R x); late: y = R f(x). Functions and inputs are those of
// modular_regression.
#include "tasks/regression_stream.h"

#include <cmath>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr Setting<std::string_view> mixing{
    .key = "task.mixing",
    .standard = "early",
    .choices = {"early", "late"},
    .doc = "mixed_regression: inputs (early) or outputs (late) are rotated",
    .in_every_id = true};
constexpr Setting<double> mixing_angle{.key = "task.mixing_angle",
                                       .standard = 0.785398163397448,  // pi/4
                                       .limits = {-1000, 1000},
                                       .doc = "mixed_regression: angle of the rotation in radians",
                                       .in_every_id = true};

/// The two factors that are mixed, counted from 0.
constexpr std::size_t first = 1;
constexpr std::size_t second = 2;

/// R applied to one sample.
void rotate(double* values, double theta) {
  const double a = values[first];
  const double b = values[second];
  values[first] = std::cos(theta) * a - std::sin(theta) * b;
  values[second] = std::sin(theta) * a + std::cos(theta) * b;
}

void targets(const SineFunctions& f, Samples& samples, bool early, double theta) {
  samples.y = samples.x;
  for (std::size_t sample = 0; sample < samples.count; ++sample) {
    double* y = samples.y.data() + sample * samples.outputs;
    if (early) rotate(y, theta);
    for (std::size_t i = 0; i < samples.outputs; ++i) y[i] = f(i, y[i]);
    if (!early) rotate(y, theta);
  }
}

void check_mixed(const TaskSettings& task) {
  check_regression(task, 3);
  if (mixing.of(task) != "early" && mixing.of(task) != "late")
    throw InputError(fmt::format("task.mixing = \"{}\": use \"early\" or \"late\"", mixing.of(task)));
  if (!std::isfinite(mixing_angle.of(task)))
    throw InputError(
        fmt::format("task.mixing_angle = {}: give a finite angle in radians", mixing_angle.of(task)));
}

}  // namespace

TaskKind mixed_regression_task() {
  return {.name = "mixed_regression",
          .settings = {mixing, mixing_angle},
          .outputs = [](const TaskSettings& task) { return task.inputs; },
          .check = check_mixed,
          .make =
              [](const TaskSettings& task) {
                return make_regression(task, [&](const SineFunctions& f, Samples& samples, NumpyRandom&) {
                  targets(f, samples, mixing.of(task) == "early", mixing_angle.of(task));
                });
              }};
}

}  // namespace modsweep
