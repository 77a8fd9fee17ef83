// Entry points of libmodsweep_gpu.so for the program that loads it.
#include "bench/device_bench.h"
#include "device/cuda_check.h"
#include "fused/fused_engine.h"
#include "gemm/gemm_engine.h"

#include "modsweep/version.h"

namespace modsweep {
namespace {

std::string version_text(int version) {
  return std::to_string(version / 1000) + '.' + std::to_string(version % 1000 / 10);
}

std::vector<GpuDevice> devices() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorNoDevice) return {};
  MODSWEEP_CHECK(status);
  int driver = 0;
  MODSWEEP_CHECK(cudaDriverGetVersion(&driver));
  std::vector<GpuDevice> found;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    GpuDevice device;
    MODSWEEP_CHECK(cudaGetDeviceProperties(&properties, i));
    MODSWEEP_CHECK(cudaSetDevice(i));
    MODSWEEP_CHECK(cudaMemGetInfo(&device.free_memory, &device.memory));
    device.index = i;
    device.name = properties.name;
    device.architecture = "sm_" + std::to_string(properties.major) + std::to_string(properties.minor);
    device.driver = version_text(driver);
    device.multiprocessors = static_cast<std::size_t>(properties.multiProcessorCount);
    found.push_back(device);
  }
  return found;
}

constexpr GpuModule module = {devices, make_gemm_engine, make_fused_engine, make_fused_3xtf32_engine,
                              bench_device};

}  // namespace
}  // namespace modsweep

extern "C" __attribute__((visibility("default"))) const char* modsweep_gpu_build() {
  static const std::string build = modsweep::build_text();
  return build.c_str();
}

extern "C" __attribute__((visibility("default"))) const modsweep::GpuModule* modsweep_gpu_module() {
  return &modsweep::module;
}
