// A backend (kernels/pack/backend.h) of plain loops in host memory: the engines' own source, tested
// without a device.
#pragma once

#include "pack/product.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include <Eigen/Dense>

namespace modsweep::test {

class HostBackend {
 public:
  /// Zeroed values with the alignment of device memory and exactly the requested length, so that a sanitizer
  /// finds accesses past their end.
  template <typename U>
  class Array {
   public:
    Array() = default;
    explicit Array(std::size_t count)
        : values_(static_cast<U*>(::operator new (count * sizeof(U), std::align_val_t{256}))), size_(count) {
      std::memset(static_cast<void*>(values_.get()), 0, count * sizeof(U));
    }
    [[nodiscard]] U* data() { return values_.get(); }
    [[nodiscard]] const U* data() const { return values_.get(); }
    [[nodiscard]] std::size_t size() const { return size_; }

   private:
    struct Free {
      void operator()(U* p) const { ::operator delete (p, std::align_val_t{256}); }
    };
    std::unique_ptr<U, Free> values_;
    std::size_t size_ = 0;
  };

  /// `backwards`: items run in the opposite order, which must not change any result.
  explicit HostBackend(bool backwards = false) : backwards_(backwards) {}

  template <typename U>
  [[nodiscard]] Array<U> allocate(std::size_t count) {
    return Array<U>(count);
  }
  template <typename U>
  void upload(Array<U>& to, const U* from, std::size_t count, std::size_t offset = 0) {
    check(offset + count, to.size());
    if (count == 0) return;  // of an empty array, whose address is null
    std::memcpy(static_cast<void*>(to.data() + offset), from, count * sizeof(U));
  }
  template <typename U>
  void download(U* to, const Array<U>& from, std::size_t count, std::size_t offset = 0) {
    check(offset + count, from.size());
    if (count == 0) return;
    std::memcpy(static_cast<void*>(to), from.data() + offset, count * sizeof(U));
  }

  template <typename F>
  void for_each(std::uint32_t networks, std::uint32_t items, const F& f) {
    for (std::uint32_t p = 0; p < networks; ++p)
      for (std::uint32_t i = 0; i < items; ++i) backwards_ ? f(networks - 1 - p, items - 1 - i) : f(p, i);
  }

  template <typename T>
  void gemm(const pack::BatchedProduct<T>& g) {
    std::vector<T> b(std::size_t{g.inner} * g.columns);
    for (std::size_t p = 0; p < g.networks; ++p) {
      for (std::size_t k = 0; k < g.inner; ++k)
        for (std::size_t c = 0; c < g.columns; ++c) b[k * g.columns + c] = at(g.b, p, k, c);
      for (std::size_t r = 0; r < g.rows; ++r) {
        T* row = g.c.data + p * g.c.network + r * g.c.row;
        std::fill(row, row + g.columns, T(0));
        for (std::size_t k = 0; k < g.inner; ++k) {
          const T a = at(g.a, p, r, k);
          for (std::size_t c = 0; c < g.columns; ++c) row[c] += a * b[k * g.columns + c];
        }
      }
    }
  }

  template <typename F, typename Operation>
  void reduce(std::size_t segments, std::size_t length, const F& f, const Operation& join, double* results) {
    for (std::size_t s = 0; s < segments; ++s) {
      results[s] = 0.0;
      for (std::size_t i = 0; i < length; ++i)
        results[s] = join(results[s], f(s, backwards_ ? length - 1 - i : i));
    }
  }

  void eigenvalues(double* matrices, double* values, std::uint32_t n, std::size_t count) {
    const auto size = static_cast<Eigen::Index>(n);
    for (std::size_t i = 0; i < count; ++i) {
      const Eigen::Map<const Eigen::MatrixXd> matrix(matrices + i * n * n, size, size);
      const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(matrix, Eigen::EigenvaluesOnly);
      Eigen::Map<Eigen::VectorXd>(values + i * n, size) = solver.eigenvalues();
    }
  }

 private:
  template <typename T>
  static T at(const pack::Matrices<const T>& m, std::size_t p, std::size_t r, std::size_t c) {
    return m.data[p * m.network + (m.transposed ? c * m.row + r : r * m.row + c)];
  }
  static void check(std::size_t end, std::size_t size) {
    if (end > size)
      throw std::logic_error("a copy of " + std::to_string(end) + " of " + std::to_string(size));
  }

  bool backwards_;
};

}  // namespace modsweep::test
