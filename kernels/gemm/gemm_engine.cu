// The `gemm` engine on a CUDA device.
#include "device/machine.cuh"
#include "gemm/gemm_engine.h"
#include "gemm/gemm_training.h"

namespace modsweep {
namespace {

class GemmEngine final : public Engine {
 public:
  explicit GemmEngine(const GpuDevice& device) : device_(device) {}

  [[nodiscard]] std::string_view name() const override { return "gemm"; }

  [[nodiscard]] std::string device() const override {
    return device_.name + ", device " + std::to_string(device_.index) + ", driver " + device_.driver;
  }

  [[nodiscard]] std::string refuses(const Shape&, Precision) const override { return {}; }

  [[nodiscard]] std::size_t bytes_per_network(const Shape& shape, std::uint32_t batch_size,
                                              Precision precision) const override {
    return gemm::values_per_network(shape, batch_size) * scalar_bytes(precision);
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
  [[nodiscard]] std::size_t lanes() const override { return 2; }

  [[nodiscard]] std::size_t preferred_pack(const Shape&, std::uint32_t, Precision) const override {
    return most_networks;
  }

  [[nodiscard]] std::unique_ptr<Training> start(const Pack& pack) override {
    if (pack.precision == Precision::fp64)
      return std::make_unique<gemm::GemmTraining<device::Machine, double>>(machine(), pack);
    return std::make_unique<gemm::GemmTraining<device::Machine, float>>(machine(), pack);
  }

 private:
  /// Far beyond what fills a device: more would only make its results come later.
  static constexpr std::size_t most_networks = 4096;

  /// Of a pack of its own: several may train on a device at once.
  [[nodiscard]] std::unique_ptr<device::Machine> machine() const {
    return std::make_unique<device::Machine>(device_.index);
  }

  GpuDevice device_;
};

}  // namespace

std::unique_ptr<Engine> make_gemm_engine(const GpuDevice& device) {
  return std::make_unique<GemmEngine>(device);
}

}  // namespace modsweep
