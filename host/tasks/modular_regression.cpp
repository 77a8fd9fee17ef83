// y_i = A_i sin(w_i x_i + p_i), each output from its own input (science.md section 6, task 1).
#include "tasks/regression_stream.h"

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr Setting<std::uint32_t> other_seed{
    .key = "task.other_seed",
    .limits = {0, 4294967295.0},
    .doc = "modular_regression: the second function is that of another seed; 0: of task.seed"};

MakeTargets modular_targets(const TaskSettings& task) {
  const std::uint32_t seed = other_seed.of(task);
  if (seed == 0)
    return [](const SineFunctions& f, Samples& samples, NumpyRandom&) {
      for (std::size_t k = 0; k < samples.y.size(); ++k) samples.y[k] = f(k % samples.inputs, samples.x[k]);
    };
  return
      [other = functions_of_seed(task.inputs, seed)](const SineFunctions& f, Samples& samples, NumpyRandom&) {
        for (std::size_t k = 0; k < samples.y.size(); ++k) {
          const std::size_t i = k % samples.inputs;
          samples.y[k] = i == 1 ? other(i, samples.x[k]) : f(i, samples.x[k]);
        }
      };
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
  check_regression(task, cut || other_seed.of(task) != 0 ? 2 : 1);
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
          .settings = {range, other_seed},
          .uses_ood_samples = true,
          .outputs = [](const TaskSettings& task) { return task.inputs; },
          .check = check_modular,
          .make =
              [](const TaskSettings& task) {
                return range.of(task) == "cut_corners"
                           ? make_regression_in(task, outside_corners, modular_targets(task))
                           : make_regression(task, modular_targets(task));
              }};
}

}  // namespace modsweep
