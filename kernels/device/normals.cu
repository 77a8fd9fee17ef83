// Normals as a device draws them, for tests: its approximations are not those of the host.
#include "device/machine.cuh"
#include "device/normals.h"

#include "modsweep/math/rng.h"

namespace modsweep {
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

std::vector<float> device_normals(const GpuDevice& device, std::uint32_t seed, std::uint32_t blocks) {
  device::Machine machine(device.index);
  std::vector<float> normals(std::size_t{blocks} * 4);
  auto drawn = machine.allocate<float>(normals.size());
  machine.for_each(1, blocks, DrawNormals{seed, drawn.data()});
  machine.download(normals.data(), drawn, normals.size());
  return normals;
}

}  // namespace modsweep
