// Early stopping: the best step of a network so far, by its validation loss (science.md section 4).
#pragma once

#include <cstdint>
#include <limits>

#include "modsweep/settings.h"

namespace modsweep {

/// The measured step with the lowest validation loss, the first of equal ones.
struct BestStep {
  std::uint64_t step = 0;
  double loss = std::numeric_limits<double>::infinity();

  /// Takes a later step into account. Returns whether it is the best; one whose loss is NaN never is.
  bool update(std::uint64_t later, double validation_loss) {
    if (!(validation_loss < loss)) return false;
    *this = {later, validation_loss};
    return true;
  }
  /// Whether a network must stop at the measured step `now`.
  [[nodiscard]] bool exhausts(std::uint64_t patience, std::uint64_t now) const {
    return patience > 0 && now - step >= patience;
  }
};

/// Whether a run of the cell needs the best step.
[[nodiscard]] inline bool wants_best_step(const CellSettings& cell) {
  return cell.training.patience > 0 || cell.training.keep == Keep::best;
}

}  // namespace modsweep
