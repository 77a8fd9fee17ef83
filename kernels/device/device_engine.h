// What engines on a CUDA device have in common.
#pragma once

#include "device/check.h"

#include <string>

#include "modsweep/gpu.h"

namespace modsweep::device {

class DeviceEngine : public Engine {
 public:
  explicit DeviceEngine(const GpuDevice& device) : device_(device) {}

  [[nodiscard]] std::string device() const override {
    return device_.name + ", device " + std::to_string(device_.index) + ", driver " + device_.driver;
  }

  /// A tenth is left to datasets, spectra and libraries. Throws IoError where the device does not answer.
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
    return most_networks;
  }

 protected:
  [[nodiscard]] int index() const { return device_.index; }

 private:
  /// Far beyond what fills a device: more would only make its results come later.
  static constexpr std::size_t most_networks = 4096;

  GpuDevice device_;
};

}  // namespace modsweep::device
