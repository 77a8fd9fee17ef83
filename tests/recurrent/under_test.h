// The kernels of each instruction set and scalar type, for typed tests: tests of a set that the machine lacks
// are skipped.
#pragma once

#include "recurrent/kernels.h"

#include <gtest/gtest.h>

namespace modsweep::test {

template <typename Scalar, cpu::Isa set>
struct OnIsa {
  using T = Scalar;
  static constexpr cpu::Isa isa = set;
};

using EveryIsa = testing::Types<OnIsa<double, cpu::Isa::baseline>, OnIsa<double, cpu::Isa::avx2>,
                                OnIsa<double, cpu::Isa::avx512>, OnIsa<float, cpu::Isa::baseline>,
                                OnIsa<float, cpu::Isa::avx2>, OnIsa<float, cpu::Isa::avx512>>;

class IsaName {
 public:
  template <typename Case>
  static std::string GetName(int) {
    const char* set = Case::isa == cpu::Isa::avx512 ? "avx512"
                      : Case::isa == cpu::Isa::avx2 ? "avx2"
                                                    : "baseline";
    return std::string(set) + (sizeof(typename Case::T) == 8 ? "_fp64" : "_fp32");
  }
};

/// Of tests that run on each set.
template <typename Case>
class OnEveryIsa : public testing::Test {
 public:
  using T = typename Case::T;
  static constexpr bool fp64 = sizeof(T) == 8;

 protected:
  void SetUp() override {
    if (!cpu::has_isa(Case::isa)) GTEST_SKIP() << "this machine lacks the instruction set";
  }
  static const recurrent::Kernels<T>& kernels() { return recurrent::kernels_for<T>(Case::isa); }
  /// Relative tolerance of losses and gradients against vectors in double.
  static constexpr double tolerance = fp64 ? 1e-10 : 1e-4;
};

}  // namespace modsweep::test
