// Common base of the engines on a CUDA device.
#pragma once

#include "device/cuda_check.h"

#include <string>

#include "modsweep/gpu.h"

namespace modsweep::device {

class DeviceEngine : public Engine {
 public:
  explicit DeviceEngine(const GpuDevice& device) : device_(device) {}

  [[nodiscard]] std::string device() const override {
    return device_.name + ", device " + std::to_string(device_.index) + ", driver " + device_.driver;
  }

  /// A tenth of the free memory is reserved for datasets, spectra and libraries. Throws IoError where the
  /// device does not answer.
  [[nodiscard]] std::size_t memory() const override {
    std::size_t free = 0;
    std::size_t total = 0;
    MODSWEEP_CHECK(cudaSetDevice(device_.index));
    MODSWEEP_CHECK(cudaMemGetInfo(&free, &total));
    return free / 10 * 9;
  }

  /// While one pack is measured and copied, the other trains.
  [[nodiscard]] std::size_t workers() const override { return 2; }

  [[nodiscard]] std::size_t preferred_pack(const Shape&, std::uint32_t, Precision) const override {
    return max_networks;
  }

 protected:
  [[nodiscard]] int index() const { return device_.index; }

 private:
  /// Far more than fill a device: larger packs would only delay results.
  static constexpr std::size_t max_networks = 4096;

  GpuDevice device_;
};

}  // namespace modsweep::device
