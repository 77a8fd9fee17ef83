// The `gemm` engine on a CUDA device.
#include "device/device_engine.h"
#include "device/machine.cuh"
#include "gemm/gemm_engine.h"
#include "gemm/gemm_training.h"

namespace modsweep {
namespace {

class GemmEngine final : public device::DeviceEngine {
 public:
  using DeviceEngine::DeviceEngine;

  [[nodiscard]] std::string_view name() const override { return "gemm"; }

  [[nodiscard]] std::string refuses(const Shape&, Precision) const override { return {}; }

  [[nodiscard]] std::size_t bytes_per_network(const Shape& shape, std::uint32_t batch_size,
                                              Precision precision) const override {
    return gemm::values_per_network(shape, batch_size) * scalar_bytes(precision);
  }

  [[nodiscard]] std::unique_ptr<Training> start(const Pack& pack) override {
    if (pack.precision == Precision::fp64)
      return std::make_unique<gemm::GemmTraining<device::Machine, double>>(machine(), pack);
    return std::make_unique<gemm::GemmTraining<device::Machine, float>>(machine(), pack);
  }

 private:
  /// Of a pack of its own: several may train on a device at once.
  [[nodiscard]] std::unique_ptr<device::Machine> machine() const {
    return std::make_unique<device::Machine>(index());
  }
};

}  // namespace

std::unique_ptr<Engine> make_gemm_engine(const GpuDevice& device) {
  return std::make_unique<GemmEngine>(device);
}

}  // namespace modsweep
