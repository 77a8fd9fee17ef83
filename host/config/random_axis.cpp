#include "config/random_axis.h"

#define XXH_INLINE_ALL
#include "config/toml_values.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include <fmt/format.h>
#include <xxhash.h>

#include "modsweep/math/rng.h"

namespace modsweep {

double RandomAxis::value(std::uint64_t i) const {
  const std::uint64_t name = XXH3_64bits(key->name.data(), key->name.size());
  const math::RandomBlock block =
      math::random_block(seed, math::Stream::axis_values, static_cast<std::uint32_t>(i),
                         static_cast<std::uint32_t>(name), static_cast<std::uint32_t>(name >> 32U), 0);
  const auto bits = (std::uint64_t{block.word[0]} << 21U) | (block.word[1] >> 11U);
  const double u = static_cast<double>(bits) * 0x1p-53;  // in [0, 1)
  const bool integer = key->kind == ValueKind::integer;
  const double margin = integer && logarithmic ? 0.5 : 0.0;
  const double from = low - margin;
  const double to = high + margin;
  if (integer && !logarithmic) return std::min(std::floor(from + u * (to - from + 1.0)), high);
  const double drawn =
      logarithmic ? std::exp(std::log(from) + u * (std::log(to) - std::log(from))) : from + u * (to - from);
  return std::clamp(integer ? std::round(drawn) : round_to_12_digits(drawn), low, high);
}

std::vector<std::string> RandomAxis::points(bool distinct) const {
  const std::uint64_t most_draws = 1000 * count + 100000;
  std::vector<std::string> points;
  std::unordered_set<std::string> seen;
  for (std::uint64_t i = 0; points.size() < count; ++i) {
    if (i == most_draws)
      fail(location,
           fmt::format("the random axis {} has only {} different values between {} and {}; lower the count "
                       "to that or zip the axis, as zipped axes may repeat values",
                       key->name, points.size(), low, high));
    std::string point;
    if (key->kind == ValueKind::integer)
      append_json(point, static_cast<std::uint64_t>(value(i)));
    else
      append_json(point, value(i));
    if (!distinct || seen.insert(point).second) points.push_back(std::move(point));
  }
  return points;
}

}  // namespace modsweep
