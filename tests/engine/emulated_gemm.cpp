#include "engine/emulated_gemm.h"

#include "gemm/gemm_training.h"
#include "support/host_machine.h"

namespace modsweep::test {
namespace {

class EmulatedGemmEngine final : public Engine {
 public:
  explicit EmulatedGemmEngine(bool backwards) : backwards_(backwards) {}
  [[nodiscard]] std::string_view name() const override { return "gemm"; }
  [[nodiscard]] std::string device() const override { return "host loops"; }
  [[nodiscard]] std::string refuses(const Shape&, Precision) const override { return {}; }
  [[nodiscard]] std::size_t bytes_per_network(const Shape& shape, std::uint32_t batch_size,
                                              Precision precision) const override {
    return gemm::values_per_network(shape, batch_size) * scalar_bytes(precision);
  }
  [[nodiscard]] std::size_t memory() const override { return std::size_t{1} << 30; }
  [[nodiscard]] std::size_t lanes() const override { return 1; }
  [[nodiscard]] std::size_t preferred_pack(const Shape&, std::uint32_t, Precision) const override {
    return 64;
  }
  [[nodiscard]] std::unique_ptr<Training> start(const Pack& pack) override {
    if (pack.precision == Precision::fp64)
      return std::make_unique<gemm::GemmTraining<HostMachine, double>>(machine(), pack);
    return std::make_unique<gemm::GemmTraining<HostMachine, float>>(machine(), pack);
  }

 private:
  [[nodiscard]] std::unique_ptr<HostMachine> machine() const {
    return std::make_unique<HostMachine>(backwards_);
  }

  bool backwards_;
};

}  // namespace

std::unique_ptr<Engine> make_emulated_gemm_engine(bool backwards) {
  return std::make_unique<EmulatedGemmEngine>(backwards);
}

}  // namespace modsweep::test
