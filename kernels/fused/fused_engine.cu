// The `fused` engine on a CUDA device.
#include "device/device_engine.h"
#include "fused/block_machine.cuh"
#include "fused/fused_engine.h"
#include "fused/fused_training.h"

namespace modsweep {
namespace {

using fused::BlockBackend;
using fused::FusedTraining;
using fused::Multiplier;

class FusedEngine final : public device::DeviceEngine {
 public:
  FusedEngine(const GpuDevice& device, Multiplier multiplier)
      : DeviceEngine(device), multiplier_(multiplier), limits_(BlockBackend::limits_of(device.index)) {}

  [[nodiscard]] std::string_view name() const override {
    return multiplier_ == Multiplier::threads ? "fused" : "fused_3xtf32";
  }

  [[nodiscard]] std::string refuses(const Shape& shape, Precision precision) const override {
    return fused::refuses(shape, precision, limits_, multiplier_);
  }

  [[nodiscard]] std::size_t bytes_per_network(const Shape& shape, std::uint32_t,
                                              Precision precision) const override {
    return precision == Precision::fp64 ? fused::network_bytes<double>(shape)
                                        : fused::network_bytes<float>(shape);
  }

  [[nodiscard]] std::unique_ptr<Training> start(const Pack& pack) override {
    auto backend = std::make_unique<BlockBackend>(resources());
    if (multiplier_ == Multiplier::tensor_cores)
      return std::make_unique<FusedTraining<BlockBackend, float, Multiplier::tensor_cores>>(
          std::move(backend), pack, choices_);
    if (pack.precision == Precision::fp64)
      return std::make_unique<FusedTraining<BlockBackend, double>>(std::move(backend), pack, choices_);
    return std::make_unique<FusedTraining<BlockBackend, float>>(std::move(backend), pack, choices_);
  }

 private:
  Multiplier multiplier_;
  fused::BlockLimits limits_;
  std::shared_ptr<fused::RegisterChoices> choices_ = std::make_shared<fused::RegisterChoices>();
};

}  // namespace

std::unique_ptr<Engine> make_fused_engine(const GpuDevice& device) {
  return std::make_unique<FusedEngine>(device, Multiplier::threads);
}

std::unique_ptr<Engine> make_fused_3xtf32_engine(const GpuDevice& device) {
  return std::make_unique<FusedEngine>(device, Multiplier::tensor_cores);
}

}  // namespace modsweep
