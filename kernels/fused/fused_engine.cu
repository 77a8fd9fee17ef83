// The `fused` engine on a CUDA device.
#include "device/device_engine.h"
#include "fused/block_machine.cuh"
#include "fused/fused_engine.h"
#include "fused/fused_training.h"

namespace modsweep {
namespace {

class FusedEngine final : public device::DeviceEngine {
 public:
  explicit FusedEngine(const GpuDevice& device)
      : DeviceEngine(device), limits_(fused::BlockMachine::limits_of(device.index)) {}

  [[nodiscard]] std::string_view name() const override { return "fused"; }

  [[nodiscard]] std::string refuses(const Shape& shape, Precision precision) const override {
    return fused::refuses(shape, precision, limits_);
  }

  [[nodiscard]] std::size_t bytes_per_network(const Shape& shape, std::uint32_t,
                                              Precision precision) const override {
    return precision == Precision::fp64 ? fused::network_bytes<double>(shape)
                                        : fused::network_bytes<float>(shape);
  }

  [[nodiscard]] std::unique_ptr<Training> start(const Pack& pack) override {
    auto machine = std::make_unique<fused::BlockMachine>(index());
    if (pack.precision == Precision::fp64)
      return std::make_unique<fused::FusedTraining<fused::BlockMachine, double>>(std::move(machine), pack);
    return std::make_unique<fused::FusedTraining<fused::BlockMachine, float>>(std::move(machine), pack);
  }

 private:
  fused::BlockLimits limits_;
};

}  // namespace

std::unique_ptr<Engine> make_fused_engine(const GpuDevice& device) {
  return std::make_unique<FusedEngine>(device);
}

}  // namespace modsweep
