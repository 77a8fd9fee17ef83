// A device's normals, made by its own approximations, against those in double.
#include "engine/engines_under_test.h"

#include <cmath>

#include <gtest/gtest.h>

#include "modsweep/math/rng.h"

namespace modsweep::test {
namespace {

/// The parameter is the engine that they are of, as in the names of the other tests on devices.
class DeviceNormals : public testing::TestWithParam<const char*> {};

TEST_P(DeviceNormals, AreNearThoseInDouble) {
  const GpuAccess gpu = open_gpu_under_test();
  if (gpu.module == nullptr) GTEST_SKIP() << gpu.reason;
  constexpr std::uint32_t blocks = 1U << 20U;
  constexpr std::uint32_t seed = 7;
  const std::vector<float> drawn = gpu.module->normals(gpu.devices.front(), seed, blocks);
  ASSERT_EQ(drawn.size(), std::size_t{blocks} * 4);
  double squares = 0.0;
  for (std::uint32_t i = 0; i < blocks; ++i) {
    double exact[4];
    math::block_normals(math::random_block(seed, math::Stream::noise, 0, 0, 0, i), exact);
    for (std::size_t k = 0; k < 4; ++k) {
      const double error = std::abs(static_cast<double>(drawn[std::size_t{i} * 4 + k]) - exact[k]);
      // The logarithm is off by the same amount however near 0 it is, and with it the square of the radius.
      const double radius = std::hypot(exact[k / 2 * 2], exact[k / 2 * 2 + 1]);
      ASSERT_LE(error, 4e-6 + 4e-7 / radius) << "block " << i << ", normal " << k << ", radius " << radius;
      squares += error * error;
    }
  }
  EXPECT_LE(std::sqrt(squares / (4.0 * blocks)), 2e-6);
}

INSTANTIATE_TEST_SUITE_P(Engines, DeviceNormals, testing::Values("gemm"),
                         [](const auto& test_info) { return test_info.param; });

}  // namespace
}  // namespace modsweep::test
