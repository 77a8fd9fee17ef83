// From a pack in training to rows of measurements.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "modsweep/engine.h"
#include "modsweep/measurement.h"
#include "modsweep/pack.h"

namespace modsweep {

/// A network to measure: its place in the pack, and what is asked for.
struct MeasureRequest {
  std::size_t network = 0;
  const CellSettings* settings = nullptr;
};

/// A measurement, and the weights it was made of.
struct Measured {
  Measurement measurement;
  Parameters weights;
  bool finite = true;  ///< the whole state, moments included
};

/// Measures networks of a pack as they are now, one result per request in order: by all measures
/// that its settings ask for, on `threads` threads. Those that need finite weights are left out where weights
/// are not. `pack` is what `training` was started with.
[[nodiscard]] std::vector<Measured> measure(Training& training, const Pack& pack,
                                            std::span<const MeasureRequest> requests, std::size_t threads);

}  // namespace modsweep
