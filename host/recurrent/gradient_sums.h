// The gradient of a batch while it is added up: each entry is a vector of lanes, so that no kernel adds
// across a vector's lanes.
#pragma once

#include "cpu/aligned.h"
#include "recurrent/kernels.h"
#include "recurrent/network.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace modsweep::recurrent {

template <typename T>
class GradientSums {
 public:
  struct Module {
    cpu::AlignedVector<T> recurrent, feedforward;  ///< [units][units][lanes]
    cpu::AlignedVector<T> input, bias, leak;       ///< [units][lanes]
  };
  struct Head {
    cpu::AlignedVector<T> weights, bias;  ///< [units][lanes], [lanes], of output 1
  };

  explicit GradientSums(const Kernels<T>& kernels) : kernels_(kernels) {}

  /// Sets the sums of modules first .. last, and those of `heads` heads, to 0.
  void clear(std::size_t units, std::uint32_t first, std::uint32_t last, std::size_t heads);
  [[nodiscard]] Module& module(std::uint32_t module) { return modules_[module]; }
  /// The one at that place in the list of heads.
  [[nodiscard]] Head& head(std::size_t position) { return heads_[position]; }

  /// The sums over lanes, in TensorLayout's order; 0 where nothing is trained or asked for. `heads` are those
  /// of head(0), head(1), ...
  void collect(const Network<T>& network, const TensorLayout& layout, std::uint32_t first, std::uint32_t last,
               std::span<const std::uint32_t> heads, std::vector<T>& gradient);

 private:
  void collect_tensor(const NamedTensor& tensor, const T* values, T* out);
  /// Output 1's gradient; that of output 0 is its negative.
  void collect_head(const cpu::AlignedVector<T>& sums, T* out);
  void reduce(const cpu::AlignedVector<T>& sums, T* out) const {
    kernels_.reduce(sums.data(), sums.size() / kernels_.lanes, out);
  }

  const Kernels<T>& kernels_;
  std::vector<Module> modules_;
  std::vector<Head> heads_;
};

}  // namespace modsweep::recurrent
