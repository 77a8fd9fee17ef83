// The `gemm` engine on a CUDA device.
#include "device/backend.cuh"
#include "device/device_engine.h"
#include "gemm/gemm_engine.h"
#include "gemm/gemm_training.h"

namespace modsweep {
namespace {

/// Each training has a backend of its own: several packs may train on a device at once.
std::unique_ptr<Training> start_training(std::shared_ptr<device::DeviceResources> resources, const Pack& pack,
                                         device::KernelTimer* timer = nullptr) {
  auto backend = std::make_unique<device::Backend>(std::move(resources), timer);
  if (pack.precision == Precision::fp64)
    return std::make_unique<pack::GemmTraining<device::Backend, double>>(std::move(backend), pack);
  return std::make_unique<pack::GemmTraining<device::Backend, float>>(std::move(backend), pack);
}

class GemmEngine final : public device::DeviceEngine {
 public:
  using DeviceEngine::DeviceEngine;

  [[nodiscard]] std::string_view name() const override { return "gemm"; }

  [[nodiscard]] std::string refuses(const Shape&, Precision) const override { return {}; }

  [[nodiscard]] std::size_t bytes_per_network(const Shape& shape, std::uint32_t batch_size,
                                              Precision precision) const override {
    return pack::values_per_network(shape, batch_size) * scalar_bytes(precision);
  }

  [[nodiscard]] std::unique_ptr<Training> start(const Pack& pack) override {
    return start_training(resources(), pack);
  }
};

}  // namespace

std::unique_ptr<Engine> make_gemm_engine(const GpuDevice& device) {
  return std::make_unique<GemmEngine>(device);
}

std::unique_ptr<Training> start_timed_gemm(const GpuDevice& device, const Pack& pack,
                                           device::KernelTimer& timer) {
  return start_training(device::resources_of(device), pack, &timer);
}

}  // namespace modsweep
