// What kinds of things a recurrent network has (science.md section 8.1): apart from its formulas, which need
// the random generator's headers.
#pragma once

#include <cstdint>

namespace modsweep::math {

/// Where the activation function acts: on the drive C, r = (1 - k) r + k f(C), or on the new state,
/// r = f((1 - k) r + k C).
enum class ActivationSite : std::uint8_t { drive, state };

/// Which tensor an initial value belongs to.
enum class RecurrentTensor : std::uint8_t {
  recurrent,
  feedforward,
  input,
  recurrent_bias,
  feedforward_bias,
  input_bias,
  timescale,
  head,
  head_bias
};

}  // namespace modsweep::math
