#include "modsweep/cpu_engine.h"

#include "core/machine.h"
#include "core/parallel.h"
#include "cpu/cpu_training.h"
#include "cpu/isa_names.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {

namespace {

using cpu::Isa;

class CpuEngine final : public Engine {
 public:
  CpuEngine(std::size_t threads, Isa isa) : threads_(threads), isa_(isa) {}

  [[nodiscard]] std::string_view name() const override { return "cpu"; }

  [[nodiscard]] std::string device() const override {
    return fmt::format("{}, {} thread{}", cpu::kernels_for<float>(isa_).name, threads_,
                       threads_ == 1 ? "" : "s");
  }

  [[nodiscard]] std::string refuses(const Shape&, Precision precision) const override {
    return precision == Precision::tf32 ? "products of TensorFloat-32 are a GPU's" : "";
  }

  [[nodiscard]] bool prunes() const override { return true; }

  [[nodiscard]] std::size_t bytes_per_network(const Shape& shape, std::uint32_t,
                                              Precision precision) const override {
    return 3 * ParameterLayout(shape).padded() * scalar_bytes(precision);
  }

  /// Half of the memory that this process may use: datasets and other programs need some, too.
  [[nodiscard]] std::size_t memory() const override {
    return static_cast<std::size_t>(machine_limits().memory.usable / 2);
  }

  /// One pack occupies all threads, which also measure it.
  [[nodiscard]] std::size_t workers() const override { return 1; }

  [[nodiscard]] std::size_t preferred_pack(const Shape&, std::uint32_t, Precision) const override {
    return threads_ * networks_per_thread;
  }

  [[nodiscard]] std::unique_ptr<Training> start(const Pack& pack) override {
    if (pack.precision == Precision::fp64)
      return std::make_unique<cpu::CpuTraining<double>>(pack, cpu::kernels_for<double>(isa_), threads_);
    return std::make_unique<cpu::CpuTraining<float>>(pack, cpu::kernels_for<float>(isa_), threads_);
  }

 private:
  /// Enough to even out networks of unequal cost at the end of an advance.
  static constexpr std::size_t networks_per_thread = 32;

  std::size_t threads_;
  Isa isa_;
};

}  // namespace

std::unique_ptr<Engine> make_cpu_engine(const CpuEngineOptions& options) {
  const std::size_t threads = options.threads == 0 ? hardware_threads() : options.threads;
  return std::make_unique<CpuEngine>(threads, cpu::isa_from_name(options.instruction_set));
}

}  // namespace modsweep
