// Draws with replacement that are the same on every platform: the standard fixes the numbers of its engines,
// but not the algorithms of its distributions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>

namespace modsweep {

/// The fraction of the resamples on which a fit may fail and still have an interval.
constexpr double most_failures = 0.05;

class Resampler {
 public:
  explicit Resampler(std::uint64_t seed) : bits_(seed) {}

  /// A number below `count`, all equally likely; 0 < count < 2^32 (Lemire 2019: multiply, and redraw the few
  /// draws that would favor some numbers).
  [[nodiscard]] std::size_t index(std::size_t count) {
    const std::uint64_t n = count;
    std::uint64_t product = (bits_() >> 32U) * n;
    if (low_half(product) < n) {
      const std::uint64_t unfair = ((std::uint64_t{1} << 32U) - n) % n;
      while (low_half(product) < unfair) product = (bits_() >> 32U) * n;
    }
    return static_cast<std::size_t>(product >> 32U);
  }

  /// Uniform in [0, 1), 53 bits.
  [[nodiscard]] double uniform() { return static_cast<double>(bits_() >> 11U) * 0x1p-53; }

  /// Fills `to` with draws from `from`.
  void draw(std::span<const double> from, std::span<double> to) {
    for (double& value : to) value = from[index(from.size())];
  }

 private:
  static std::uint64_t low_half(std::uint64_t word) { return word & 0xffff'ffffU; }

  std::mt19937_64 bits_;
};

}  // namespace modsweep
