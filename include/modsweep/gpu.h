// The GPU engines. They live in a module of their own, libmodsweep_gpu.so, which is loaded where the machine
// has a device: CUDA's libraries take a second to load, and a machine without them runs the same program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "modsweep/device_networks.h"
#include "modsweep/engine.h"

namespace modsweep {

namespace device {
class DeviceResources;  // of the module
}

/// One device of this machine.
struct GpuDevice {
  int index = 0;
  std::string name;             ///< "NVIDIA H200"
  std::string architecture;     ///< "sm_90"
  std::string driver;           ///< CUDA version of the driver, "13.0"
  std::size_t memory = 0;       ///< bytes
  std::size_t free_memory = 0;  ///< bytes, at present
  std::size_t multiprocessors = 0;
  /// What all engines made from this value share of the device; it lives as long as one of them. Null: each
  /// has its own.
  std::shared_ptr<device::DeviceResources> resources;
};

/// Selection of what is timed on a device.
struct GpuBenchOptions {
  std::vector<std::string> settings;               ///< of whole steps, by name; empty: all
  std::vector<std::vector<std::uint32_t>> shapes;  ///< sizes of all layers
  std::vector<std::uint32_t> batches;
  std::vector<std::size_t> networks;  ///< of a pack
  Precision precision = Precision::fp32;
  std::vector<std::uint32_t> orders;  ///< of the matrices whose spectra are timed
  std::string engine = "gemm";        ///< or "fused", "fused_3xtf32", which have whole steps only
  bool train = true;                  ///< whole steps
  bool kernels = true;                ///< every kernel of a step
  bool spectra = true;
  bool quick = false;
};

/// One measurement; times are per step of a network, per launch of a kernel, or per matrix.
struct GpuBenchRow {
  std::string bench;    ///< "train", "kernel" or "spectra"
  std::string setting;  ///< "wa2", or the kernel's name
  std::string shape;
  std::uint32_t batch = 0;
  std::size_t networks = 0;  ///< of the pack; matrices at once
  std::uint32_t n = 0;       ///< order of a matrix
  Precision precision = Precision::fp32;
  double median_us = 0.0;
  double min_us = 0.0;
  double max_us = 0.0;
  double gflops = 0.0;  ///< at the median; a step counts 6 operations per weight and sample; 0: not counted
  double gbytes = 0.0;  ///< necessary reads and writes in GB/s, at the median; 0: not counted
  double peak_gflops = 0.0;  ///< fused multiply-adds, measured in the same run
  double peak_gbytes = 0.0;  ///< of a copy, measured in the same run
};

/// Receives measurements one by one: a device that fails later takes none of them away.
struct GpuBenchWatcher {
  std::function<void(const GpuBenchRow& row)> row;
  /// What could not be timed, and why; the others follow.
  std::function<void(const std::string& what, const std::string& why)> failed;
};

/// The devices of this machine.
struct GpuDevices {
  std::vector<GpuDevice> usable;     ///< that the engines run on
  std::vector<std::string> skipped;  ///< one line for each other one: which, and why
};

/// Makes a training of a pack of recurrent networks: the program's function, which knows epochs and
/// measurements, and calls the starter before it returns.
using StartGrowing = std::unique_ptr<Training> (*)(const Pack& pack, const bptt::Starter& starter);

/// The functions of the module. They throw IoError where CUDA fails.
struct GpuModule {
  GpuDevices (*devices)();
  /// Batched matrix products with fused kernels around them, for networks of any shape.
  std::unique_ptr<Engine> (*make_gemm_engine)(const GpuDevice& device);
  /// One thread block, or one cluster, per network, whose kernel takes many steps; for networks that fit its
  /// shared memory.
  std::unique_ptr<Engine> (*make_fused_engine)(const GpuDevice& device);
  /// The same with tensor cores for the products of wide layers, in single precision only: each operand is
  /// split into a TF32 value and a remainder (3xTF32).
  std::unique_ptr<Engine> (*make_fused_3xtf32_engine)(const GpuDevice& device);
  /// Engines of recurrent networks.
  std::unique_ptr<Engine> (*make_recurrent_engine)(const GpuDevice& device, bptt::Method method,
                                                   StartGrowing start);
  /// Times an engine, the kernels of gemm, and spectra.
  void (*bench)(const GpuDevice& device, const GpuBenchOptions& options, const GpuBenchWatcher& watcher);
};

/// Symbols of the module's two functions: one returns its GpuModule; the other returns the build_text() of
/// its build as `const char*`. Only a program of the same build may call anything else, since interfaces
/// change.
inline constexpr const char* gpu_module_symbol = "modsweep_gpu_module";
inline constexpr const char* gpu_build_symbol = "modsweep_gpu_build";

}  // namespace modsweep
