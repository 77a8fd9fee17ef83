// A device's normals, from its own approximations, against normals in double.
#include "engine/engines_under_test.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "modsweep/math/rng.h"

namespace modsweep::test {
namespace {

using DrawNormals = void (*)(int device, std::uint32_t seed, std::uint32_t blocks, float* normals);

/// The function of device_normals.cu, compiled like the GPU module under test. Throws if it is not available.
DrawNormals device_normals() {
  const char* other = std::getenv("MODSWEEP_TEST_GPU_MODULE");
  const auto path = other == nullptr
                        ? std::filesystem::path(MODSWEEP_TEST_KERNELS)
                        : std::filesystem::path(other).parent_path() / "libmodsweep_test_kernels.so";
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = library == nullptr ? nullptr : ::dlsym(library, "modsweep_test_normals");
  if (symbol == nullptr) throw std::runtime_error(::dlerror());
  return reinterpret_cast<DrawNormals>(symbol);
}

/// The parameter is the engine's name, as in the names of the other tests on devices.
class DeviceNormals : public testing::TestWithParam<const char*> {};

TEST_P(DeviceNormals, AreNearThoseInDouble) {
  const GpuAccess gpu = open_gpu_under_test();
  if (gpu.module == nullptr) GTEST_SKIP() << gpu.reason;
  constexpr std::uint32_t blocks = 1U << 20U;
  constexpr std::uint32_t seed = 7;
  std::vector<float> drawn(std::size_t{blocks} * 4);
  device_normals()(gpu.devices.front().index, seed, blocks, drawn.data());
  double squares = 0.0;
  for (std::uint32_t i = 0; i < blocks; ++i) {
    double exact[4];
    math::block_normals(math::random_block(seed, math::Stream::noise, 0, 0, 0, i), exact);
    for (std::size_t k = 0; k < 4; ++k) {
      const double error = std::abs(static_cast<double>(drawn[std::size_t{i} * 4 + k]) - exact[k]);
      // The error of the logarithm does not shrink near 0, nor does that of the squared radius.
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
