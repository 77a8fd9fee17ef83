// The state of a network in training as bytes: what engines save and restore. One format for all engines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "modsweep/early_stopping.h"
#include "modsweep/network.h"

namespace modsweep {

/// The state that later steps depend on. The arrays have ParameterLayout::parameters() entries.
template <typename T>
struct SavedState {
  std::uint64_t step = 0;      ///< steps taken
  std::uint64_t diverged = 0;  ///< step whose loss was not finite; 0: none
  std::vector<T> parameters;
  std::vector<T> moment1;  ///< first moment of Adam and AdamW, or SGD's velocity
  std::vector<T> moment2;  ///< second moment of Adam and AdamW; unused by SGD
};

/// What a run keeps of a network's best step beside the engine's state.
struct SavedBest {
  BestStep best;
  std::vector<double> parameters;  ///< of that step, in ParameterLayout's order; empty: not kept
};

/// Appends the best step to an engine's state.
void append_best(std::vector<std::byte>& state, const SavedBest& best);

/// Takes off what append_best() appended. Throws InputError where that is not what follows the engine's
/// state.
[[nodiscard]] SavedBest split_best(std::vector<std::byte>& state);

/// Bytes of the state of a network with that many parameters.
[[nodiscard]] std::size_t state_bytes(std::size_t parameters, Precision precision);

/// Whether all parameters and moments of a state are finite: a network with other values never learns again,
/// even if its loss looks normal. Throws LogicError where the bytes are not a state.
[[nodiscard]] bool is_finite_state(std::span<const std::byte> bytes);

template <typename T>
[[nodiscard]] std::vector<std::byte> to_bytes(const SavedState<T>& state);

/// Throws InputError where the bytes are not the state of a network of this shape in T.
template <typename T>
[[nodiscard]] SavedState<T> from_bytes(std::span<const std::byte> bytes, const Shape& shape);

}  // namespace modsweep
