// Common base of the engines on a CUDA device.
#pragma once

#include "device/cuda_check.h"
#include "device/resources.h"

#include <algorithm>
#include <memory>
#include <string>

#include "modsweep/gpu.h"

namespace modsweep::device {

class DeviceEngine : public Engine {
 public:
  explicit DeviceEngine(const GpuDevice& device)
      : device_(device), resources_(device::resources_of(device)) {}

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
    return (free + resources_->memory().idle_bytes()) / 10 * 9;
  }

  [[nodiscard]] bool prunes() const override { return true; }

  /// While one pack is measured and copied, the other trains.
  [[nodiscard]] std::size_t workers() const override { return 2; }

  /// A multiple of what the device holds at once, whether a multiprocessor holds one, two, three, four, six
  /// or twelve networks: no last round that leaves most of it idle.
  [[nodiscard]] std::size_t preferred_pack(const Shape&, std::uint32_t, Precision) const override {
    constexpr std::size_t held = 12;
    const std::size_t round = held * std::max<std::size_t>(device_.multiprocessors, 1);
    return round > max_networks ? round : max_networks / round * round;
  }

  /// Short launches, between which the other worker's measurement gets in.
  [[nodiscard]] double advance_seconds() const override { return 0.15; }

 protected:
  [[nodiscard]] const std::shared_ptr<DeviceResources>& resources() const { return resources_; }

 private:
  /// Far more than fill a device: larger packs would only delay results.
  static constexpr std::size_t max_networks = 4096;

  GpuDevice device_;
  std::shared_ptr<DeviceResources> resources_;
};

}  // namespace modsweep::device
