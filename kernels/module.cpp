// Entry points of libmodsweep_gpu.so for the program that loads it.
#include "bench/device_bench.h"
#include "device/cuda_check.h"
#include "device/resources.h"
#include "fused/fused_engine.h"
#include "gemm/gemm_engine.h"
#include "recurrent/recurrent_engine.h"

#include "modsweep/version.h"

namespace modsweep {
namespace {

std::string version_text(int version) {
  return std::to_string(version / 1000) + '.' + std::to_string(version % 1000 / 10);
}

/// The first architecture that the kernels are compiled for.
constexpr int oldest_architecture = 80;

GpuDevice describe(int index, const cudaDeviceProp& properties, int driver) {
  GpuDevice device;
  device.index = index;
  device.name = properties.name;
  device.architecture = "sm_" + std::to_string(properties.major) + std::to_string(properties.minor);
  device.driver = version_text(driver);
  device.multiprocessors = static_cast<std::size_t>(properties.multiProcessorCount);
  return device;
}

/// Why the engines cannot run on it; empty if they can: then its memory is known, and threads that wait for
/// it sleep, since others need their cores.
std::string try_to_use(GpuDevice& device, const cudaDeviceProp& properties) {
  if (10 * properties.major + properties.minor < oldest_architecture)
    return "its architecture is " + device.architecture + ", and the engines need sm_" +
           std::to_string(oldest_architecture) + " or newer";
  try {
    MODSWEEP_CHECK(cudaSetDevice(device.index));
    MODSWEEP_CHECK(cudaSetDeviceFlags(cudaDeviceScheduleBlockingSync));
    MODSWEEP_CHECK(cudaMemGetInfo(&device.free_memory, &device.memory));
    device.resources = std::make_shared<device::DeviceResources>(device.index);
  } catch (const IoError& error) {
    return error.what();
  } catch (const std::bad_alloc&) {
    return "its memory is full";
  }
  return {};
}

GpuDevices devices() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorNoDevice) return {};
  MODSWEEP_CHECK(status);
  int driver = 0;
  MODSWEEP_CHECK(cudaDriverGetVersion(&driver));
  GpuDevices found;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    MODSWEEP_CHECK(cudaGetDeviceProperties(&properties, i));
    GpuDevice device = describe(i, properties, driver);
    if (const std::string why = try_to_use(device, properties); why.empty())
      found.usable.push_back(std::move(device));
    else
      found.skipped.push_back(device.name + ", device " + std::to_string(i) + ": " + why);
  }
  return found;
}

constexpr GpuModule module = {
    devices,     make_gemm_engine, make_fused_engine, make_fused_3xtf32_engine, make_recurrent_engine,
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
