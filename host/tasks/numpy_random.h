// NumPy's legacy generator (numpy.random.seed, numpy.random.rand).
#pragma once

#include <cstdint>
#include <random>

namespace modsweep {

class NumpyRandom {
 public:
  /// numpy.random.seed(seed)
  explicit NumpyRandom(std::uint32_t seed) : bits_(seed) {}

  /// The next value of numpy.random.rand(): uniform in [0, 1), 53 bits from two draws of 32.
  [[nodiscard]] double uniform();

  /// Uniform in 0 ... count - 1, from one `uniform()`.
  [[nodiscard]] std::uint32_t index(std::uint32_t count);

 private:
  std::mt19937 bits_;
};

}  // namespace modsweep
