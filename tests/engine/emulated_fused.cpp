#include "engine/emulated_fused.h"

#include "fused/fused_training.h"
#include "support/host_block.h"

namespace modsweep::test {
namespace {

class EmulatedFusedEngine final : public Engine {
 public:
  explicit EmulatedFusedEngine(const EmulatedFusedOptions& options) : options_(options) {
    limits_.fewest_ranks = options.fewest_ranks;
  }
  [[nodiscard]] std::string_view name() const override {
    return options_.multiplier == fused::Multiplier::threads ? "fused" : "fused_3xtf32";
  }
  [[nodiscard]] std::string device() const override { return "host loops"; }
  [[nodiscard]] std::string refuses(const Shape& shape, Precision precision) const override {
    return fused::refuses(shape, precision, limits_, options_.multiplier);
  }
  [[nodiscard]] std::size_t bytes_per_network(const Shape& shape, std::uint32_t,
                                              Precision precision) const override {
    return precision == Precision::fp64 ? fused::network_bytes<double>(shape)
                                        : fused::network_bytes<float>(shape);
  }
  [[nodiscard]] bool prunes() const override { return true; }
  [[nodiscard]] std::size_t memory() const override { return std::size_t{1} << 30; }
  [[nodiscard]] std::size_t workers() const override { return 1; }
  [[nodiscard]] std::size_t preferred_pack(const Shape&, std::uint32_t, Precision) const override {
    return 64;
  }
  [[nodiscard]] std::unique_ptr<Training> start(const Pack& pack) override {
    if (options_.multiplier == fused::Multiplier::tensor_cores)
      return std::make_unique<fused::FusedTraining<BlockBackend, float, fused::Multiplier::tensor_cores>>(
          backend(), pack, choices_);
    if (pack.precision == Precision::fp64)
      return std::make_unique<fused::FusedTraining<BlockBackend, double>>(backend(), pack, choices_);
    return std::make_unique<fused::FusedTraining<BlockBackend, float>>(backend(), pack, choices_);
  }

 private:
  [[nodiscard]] std::unique_ptr<BlockBackend> backend() const {
    return std::make_unique<BlockBackend>(limits_, options_.backwards, options_.observer, options_.registers);
  }

  EmulatedFusedOptions options_;
  fused::BlockLimits limits_ = sm_90;
  std::shared_ptr<fused::RegisterChoices> choices_ = std::make_shared<fused::RegisterChoices>();
};

}  // namespace

std::unique_ptr<Engine> make_emulated_fused_engine(const EmulatedFusedOptions& options) {
  return std::make_unique<EmulatedFusedEngine>(options);
}

}  // namespace modsweep::test
