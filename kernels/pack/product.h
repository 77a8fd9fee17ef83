// Matrix products of a whole pack: what a backend must be able to multiply.
#pragma once

#include <cstddef>
#include <cstdint>

namespace modsweep::gemm {

/// A matrix of every network: row-major, rows `row` values apart, networks `network` values apart.
template <typename T>
struct Matrices {
  T* data = nullptr;
  std::size_t row = 0;
  std::size_t network = 0;
  bool transposed = false;  ///< its transpose is meant
};

/// C [rows][columns] = A [rows][inner] B [inner][columns] for each of `networks`, after transposition.
template <typename T>
struct BatchedProduct {
  Matrices<const T> a;
  Matrices<const T> b;
  Matrices<T> c;
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::uint32_t inner = 0;
  std::uint32_t networks = 0;
};

}  // namespace modsweep::gemm
