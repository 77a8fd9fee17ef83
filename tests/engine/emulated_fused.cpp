#include "engine/emulated_fused.h"

#include "fused/fused_training.h"
#include "support/host_block.h"

namespace modsweep::test {
namespace {

/// Shared memory of an sm_90 device.
constexpr fused::BlockLimits limits = {.block = 232448, .multiprocessor = 233472, .reserved = 1024};

class EmulatedFusedEngine final : public Engine {
 public:
  explicit EmulatedFusedEngine(bool backwards) : backwards_(backwards) {}
  [[nodiscard]] std::string_view name() const override { return "fused"; }
  [[nodiscard]] std::string device() const override { return "host loops"; }
  [[nodiscard]] std::string refuses(const Shape& shape, Precision precision) const override {
    return fused::refuses(shape, precision, limits);
  }
  [[nodiscard]] std::size_t bytes_per_network(const Shape& shape, std::uint32_t,
                                              Precision precision) const override {
    return precision == Precision::fp64 ? fused::network_bytes<double>(shape)
                                        : fused::network_bytes<float>(shape);
  }
  [[nodiscard]] std::size_t memory() const override { return std::size_t{1} << 30; }
  [[nodiscard]] std::size_t lanes() const override { return 1; }
  [[nodiscard]] std::size_t preferred_pack(const Shape&, std::uint32_t, Precision) const override {
    return 64;
  }
  [[nodiscard]] std::unique_ptr<Training> start(const Pack& pack) override {
    if (pack.precision == Precision::fp64)
      return std::make_unique<fused::FusedTraining<BlockMachine, double>>(machine(), pack);
    return std::make_unique<fused::FusedTraining<BlockMachine, float>>(machine(), pack);
  }

 private:
  [[nodiscard]] std::unique_ptr<BlockMachine> machine() const {
    return std::make_unique<BlockMachine>(limits, backwards_);
  }

  bool backwards_;
};

}  // namespace

std::unique_ptr<Engine> make_emulated_fused_engine(bool backwards) {
  return std::make_unique<EmulatedFusedEngine>(backwards);
}

}  // namespace modsweep::test
