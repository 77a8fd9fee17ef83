// y_i = A_i sin(w_i x_i + p_i), each output from its own input (science.md section 6, task 1).
#include "tasks/regression_stream.h"

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

void modular_targets(const SineFunctions& f, Samples& samples, NumpyRandom&) {
  for (std::size_t k = 0; k < samples.y.size(); ++k) samples.y[k] = f(k % samples.inputs, samples.x[k]);
}

constexpr Setting<std::string_view> range{
    .key = "task.range",
    .standard = "all",
    .choices = {"all", "cut_corners"},
    .doc =
        "modular_regression: samples that are learned: all, or those where no pair of inputs x_1 x_2, x_3 "
        "x_4, ... is positive (the others are out of distribution)"};

/// Whether no pair of inputs lies in its positive corner.
bool outside_corners(std::span<const double> x) {
  for (std::size_t i = 0; i + 1 < x.size(); i += 2)
    if (x[i] > 0.0 && x[i + 1] > 0.0) return false;
  return true;
}

void check_modular(const TaskSettings& task) {
  const bool cut = range.of(task) == "cut_corners";
  check_regression(task, cut ? 2 : 1);
  if (!cut && task.ood_samples > 0)
    throw InputError(fmt::format(
        "task.ood_samples = {} with task.range = \"all\": no sample is left out; set task.range = "
        "\"cut_corners\" or leave the samples out",
        task.ood_samples));
  // Of k pairs the share (3/4)^k is in range: further pairs would take forever.
  constexpr std::uint32_t most_inputs = 64;
  if (cut && task.inputs > most_inputs)
    throw InputError(
        fmt::format("task.inputs = {} with task.range = \"cut_corners\": next to nothing is in "
                    "range; give at most {}",
                    task.inputs, most_inputs));
}

}  // namespace

TaskKind modular_regression_task() {
  return {.name = "modular_regression",
          .settings = {range},
          .uses_ood_samples = true,
          .outputs = [](const TaskSettings& task) { return task.inputs; },
          .check = check_modular,
          .make =
              [](const TaskSettings& task) {
                return range.of(task) == "cut_corners"
                           ? make_regression_in(task, outside_corners, modular_targets)
                           : make_regression(task, modular_targets);
              }};
}

}  // namespace modsweep
