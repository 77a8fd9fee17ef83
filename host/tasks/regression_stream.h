// What all tasks on [-2, 2]^n draw, in this order, from NumPy's legacy generator seeded with task.seed:
// amplitudes, frequencies and phases (n each), then the training inputs, the test inputs and the validation
// inputs. Tasks that do not use the functions draw them all the same, so that every task of one seed sees the
// same training inputs.
#pragma once

#include "tasks/numpy_random.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "modsweep/task.h"

namespace modsweep {

/// f_i(x) = amplitude_i sin(frequency_i x + phase_i), i = 0 ... n-1.
struct SineFunctions {
  std::vector<double> amplitudes;   ///< in [0.7, 1)
  std::vector<double> frequencies;  ///< in [0.4, 1.8)
  std::vector<double> phases;       ///< in [0, 2 pi)

  [[nodiscard]] double operator()(std::size_t i, double x) const;
};

/// The functions of the tasks of another seed.
[[nodiscard]] SineFunctions functions_of_seed(std::uint32_t inputs, std::uint32_t seed);

/// Computes `y` (n entries) from `x` (n entries); may change x; may draw from the generator.
using MakeTargets = std::function<void(const SineFunctions& f, Samples& samples, NumpyRandom& random)>;

/// Draws the functions and the inputs of each split in turn, and calls `targets` for a split right after its
/// inputs were drawn. The samples have y of the same size as x.
[[nodiscard]] Dataset make_regression(const TaskSettings& task, const MakeTargets& targets);

/// Whether a sample (n entries) is learned.
using InRange = bool (*)(std::span<const double> x);

/// The same where only samples in range are learned: inputs are drawn sample by sample; training, test and
/// validation samples in turn take those in range, and out-of-distribution samples the others, from the first
/// one on.
[[nodiscard]] Dataset make_regression_in(const TaskSettings& task, InRange in_range,
                                         const MakeTargets& targets);

/// Checks what all these tasks need: at least one input and one sample of each split, and data of a size that
/// fits in memory.
void check_regression(const TaskSettings& task, std::uint32_t least_inputs);

}  // namespace modsweep
