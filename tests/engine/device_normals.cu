// Normals as a device draws them: its approximations differ from those of the host. A module of its own, for
// normals_test.cpp.
#include "device/backend.cuh"

#include "modsweep/math/rng.h"

namespace modsweep::test {
namespace {

struct DrawNormals {
  std::uint32_t seed = 0;
  float* out = nullptr;
  MODSWEEP_HD void operator()(std::uint32_t, std::uint32_t item) const {
    math::block_normals(math::random_block(seed, math::Stream::noise, 0, 0, 0, item),
                        out + std::size_t{item} * 4);
  }
};

}  // namespace
}  // namespace modsweep::test

/// `normals`: [blocks][4], of random_block(seed, Stream::noise, 0, 0, 0, i). Throws IoError if the device
/// cannot be used.
extern "C" __attribute__((visibility("default"))) void modsweep_test_normals(int device, std::uint32_t seed,
                                                                             std::uint32_t blocks,
                                                                             float* normals) {
  modsweep::device::Backend backend(std::make_shared<modsweep::device::DeviceResources>(device));
  const std::size_t count = std::size_t{blocks} * 4;
  auto drawn = backend.allocate<float>(count);
  backend.for_each(1, blocks, modsweep::test::DrawNormals{seed, drawn.data()});
  backend.download(normals, drawn, count);
}
