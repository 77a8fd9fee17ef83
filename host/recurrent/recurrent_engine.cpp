// The CPU engine of recurrent networks: each is trained by one thread at a time.
#include "core/machine.h"
#include "core/parallel.h"
#include "cpu/isa_names.h"
#include "recurrent/pack_training.h"

#include <fmt/format.h>

#include "modsweep/cpu_engine.h"

namespace modsweep {

namespace {

using cpu::Isa;

class RecurrentCpuEngine final : public Engine {
 public:
  RecurrentCpuEngine(std::size_t threads, Isa isa) : threads_(threads), isa_(isa) {}

  [[nodiscard]] std::string_view name() const override { return "cpu"; }
  [[nodiscard]] Family family() const override { return Family::recurrent; }
  [[nodiscard]] bool regularizes_recurrent() const override { return true; }

  [[nodiscard]] std::string device() const override {
    return fmt::format("{}, {} thread{}", cpu::kernels_for<float>(isa_).name, threads_,
                       threads_ == 1 ? "" : "s");
  }

  [[nodiscard]] std::string refuses(const Shape&, Precision precision) const override {
    return precision == Precision::tf32 ? "products of TensorFloat-32 are a GPU's" : "";
  }

  /// The network and its snapshot, each with a velocity, at the most modules that it can get; and a
  /// workspace, of which there are no more than threads.
  [[nodiscard]] std::size_t bytes_per_network(const Shape& shape, std::uint32_t,
                                              Precision precision) const override {
    const std::size_t scalar = scalar_bytes(precision);
    const std::size_t chunk = precision == Precision::fp64 ? recurrent::kernels_for<double>(isa_).chunk
                                                           : recurrent::kernels_for<float>(isa_).chunk;
    const std::size_t steps =
        4 * (std::size_t{shape.heads} + 1);  // of the longest sequence, as they mostly are
    const std::size_t histories = 5;         // of states, targets, and what passes from module to module
    return (4 * ParameterLayout(shape).parameters() + histories * steps * shape.form.units * chunk) * scalar;
  }

  [[nodiscard]] std::size_t memory() const override {
    return static_cast<std::size_t>(machine_limits().memory.usable / 2);
  }

  [[nodiscard]] std::size_t workers() const override { return 1; }

  [[nodiscard]] std::size_t preferred_pack(const Shape&, std::uint32_t, Precision) const override {
    return threads_ * networks_per_thread;
  }

  [[nodiscard]] std::unique_ptr<Training> start(const Pack& pack) override {
    const auto training = [&]<typename T>(T) -> std::unique_ptr<Training> {
      return std::make_unique<recurrent::PackTraining<T>>(
          std::make_unique<recurrent::RecurrentTraining<T>>(recurrent::runs_of(pack), isa_, threads_), isa_);
    };
    return pack.precision == Precision::fp64 ? training(double{}) : training(float{});
  }

 private:
  /// Enough to even out networks at different tasks, whose steps differ much in cost.
  static constexpr std::size_t networks_per_thread = 8;

  std::size_t threads_;
  Isa isa_;
};

}  // namespace

std::unique_ptr<Engine> make_recurrent_cpu_engine(const CpuEngineOptions& options) {
  const std::size_t threads = options.threads == 0 ? hardware_threads() : options.threads;
  return std::make_unique<RecurrentCpuEngine>(threads, cpu::isa_from_name(options.instruction_set));
}

}  // namespace modsweep
