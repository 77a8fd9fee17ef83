// Turns the state of a pack in training into rows of measurements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "modsweep/early_stopping.h"
#include "modsweep/engine.h"
#include "modsweep/measurement.h"
#include "modsweep/pack.h"

namespace modsweep {

/// A network to measure: its position in the pack, the settings that choose the measures, and its best step
/// before this one.
struct MeasureRequest {
  std::size_t network = 0;
  const CellSettings* settings = nullptr;
  BestStep best = {};
  bool last = false;                                   ///< its training has ended
  std::optional<std::uint64_t> first_step_below = {};  ///< as an earlier measurement has it
};

/// A measurement, and the weights that it was computed from.
struct Measured {
  Measurement measurement;
  Parameters weights;
  bool finite = true;  ///< the whole state, moments included
};

/// Measures networks of a pack in their present state, one result per request, in order: with all measures
/// that its settings ask for, on `threads` threads. Measures that require finite weights are skipped if the
/// weights are not finite. `pack` is what `training` was started with.
[[nodiscard]] std::vector<Measured> measure(Training& training, const Pack& pack,
                                            std::span<const MeasureRequest> requests, std::size_t threads);

}  // namespace modsweep
