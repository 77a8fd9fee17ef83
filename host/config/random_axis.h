// Random axes: { uniform = [low, high], count = n, seed = s } and { loguniform = ... }. Their values are
// numbers of the sweep like any others: what was drawn is written into ids and stores, not how.
#pragma once

#include "config/keys.h"

#include <cstdint>
#include <string>
#include <vector>

namespace modsweep {

/// Value i is a function of the seed, the key's name and i alone (docs/sweeps.md), so that axes with one seed
/// are independent and a longer axis begins with the values of a shorter one. Numbers are uniform in [low,
/// high), or their logarithms are, and are rounded to 12 significant digits; integers are uniform in low,
/// ..., high, or are the rounded values whose logarithms are uniform between those of low - 1/2 and high +
/// 1/2.
struct RandomAxis {
  const KeyInfo* key = nullptr;  ///< an integer or a number
  bool logarithmic = false;      ///< low is above 0
  double low = 0.0;              ///< below high; both are within the key's limits
  double high = 0.0;
  std::uint64_t count = 0;
  std::uint32_t seed = 0;
  std::string location;  ///< of `count`, for messages

  /// The points as canonical JSON. `distinct`: values that were drawn before are left out, for an axis that
  /// is not zipped. Throws InputError where there are too few different ones.
  [[nodiscard]] std::vector<std::string> points(bool distinct) const;

 private:
  [[nodiscard]] double value(std::uint64_t i) const;
};

}  // namespace modsweep
