// Scalar types and passes for typed tests.
#pragma once

#include "recurrent_gpu/device_networks.h"

#include <gtest/gtest.h>

namespace modsweep::test {

template <typename Scalar, PassKind kind>
struct OnDevice {
  using T = Scalar;
  static constexpr PassKind pass = kind;
};
using EveryPass = testing::Types<OnDevice<double, PassKind::fused>, OnDevice<float, PassKind::fused>,
                                 OnDevice<double, PassKind::gemm>, OnDevice<float, PassKind::gemm>>;
using DoublePasses = testing::Types<OnDevice<double, PassKind::fused>, OnDevice<double, PassKind::gemm>>;

class PassName {
 public:
  template <typename Case>
  static std::string GetName(int) {
    return std::string(Case::pass == PassKind::fused ? "fused" : "gemm") +
           (sizeof(typename Case::T) == 8 ? "_fp64" : "_fp32");
  }
};

/// Of tests that run with each.
template <typename Case>
class OnEveryPass : public testing::Test {
 public:
  using T = typename Case::T;
  static constexpr bool fp64 = sizeof(T) == 8;

 protected:
  static std::unique_ptr<bptt::Networks<T>> device(const std::vector<recurrent::RunSettings>& runs,
                                                   std::uint32_t max_heads, DeviceOptions options = {}) {
    options.pass = Case::pass;
    return on_device<T>(runs, max_heads, options);
  }
  /// Relative tolerance of losses and gradients against vectors in double.
  static constexpr double tolerance = fp64 ? 1e-10 : 1e-4;
};

}  // namespace modsweep::test
