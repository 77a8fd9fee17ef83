// The description of a batched matrix product, one matrix product per network of a pack. Backends compute it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace modsweep::pack {

/// One row-major matrix per network. `row` is the stride between rows and `network` that between networks,
/// both in values.
template <typename T>
struct Matrices {
  T* data = nullptr;
  std::size_t row = 0;
  std::size_t network = 0;
  bool transposed = false;  ///< the product uses the transpose of the stored matrix
};

/// C [rows][columns] = A [rows][inner] B [inner][columns] for each of the `networks` networks. The shapes of
/// A and B are those after transposition; C is never transposed.
template <typename T>
struct BatchedProduct {
  Matrices<const T> a;
  Matrices<const T> b;
  Matrices<T> c;
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::uint32_t inner = 0;
  std::uint32_t networks = 0;

  /// Of A, B and C, each once.
  [[nodiscard]] double bytes() const {
    const double r = rows, c = columns, i = inner;
    return static_cast<double>(sizeof(T)) * networks * (r * i + i * c + r * c);
  }
};

}  // namespace modsweep::pack
