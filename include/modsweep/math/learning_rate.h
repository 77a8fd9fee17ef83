// The learning rate of each step (science.md section 4): PyTorch's schedulers in closed form. It is a
// function of the step's number alone, so a network that resumes needs no further state.
#pragma once

#include <cstdint>
#include <numbers>

#include "modsweep/math/scalar.h"

namespace modsweep {

/// How the learning rate changes after the warm-up: not at all, as PyTorch's CosineAnnealingLR, or as its
/// StepLR.
enum class Schedule : std::uint8_t { constant, cosine, step };

}  // namespace modsweep

namespace modsweep::math {

/// The learning rates of one training run.
struct LearningRate {
  double base = 0.0;         ///< the rate without schedule and warm-up
  double minimum = 0.0;      ///< cosine: the rate at its end, eta_min
  double factor = 1.0;       ///< step: of each decay, gamma
  double start = 1.0;        ///< fraction of `base` at the first step of the warm-up
  std::uint32_t warmup = 0;  ///< steps in which the rate rises linearly to `base`; the schedule follows
  std::uint32_t period = 1;  ///< cosine: steps from `base` to `minimum`, T_max; step: steps between decays
  Schedule schedule = Schedule::constant;

  /// The rate of the step that follows `step` steps.
  [[nodiscard]] MODSWEEP_HD double after(std::uint64_t step) const {
    if (step < warmup)
      return base * (start + (1.0 - start) * static_cast<double>(step) / static_cast<double>(warmup));
    const std::uint64_t t = step - warmup;
    switch (schedule) {
      case Schedule::constant:
        break;
      case Schedule::cosine: {
        const double angle = std::numbers::pi * static_cast<double>(t) / static_cast<double>(period);
        return minimum + (base - minimum) * (1.0 + cosine(angle)) / 2.0;
      }
      case Schedule::step:
        return base * power(factor, static_cast<double>(t / period));
    }
    return base;
  }
};

}  // namespace modsweep::math
