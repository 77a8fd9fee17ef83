#include "recurrent/recurrent_engine.h"

#include "device/device_engine.h"
#include "recurrent/device_networks.h"

namespace modsweep {
namespace {

using bptt::Form;
using bptt::Method;
using bptt::Networks;

/// What the engine's packs start from: it shares the device with the engine, and may outlive it.
class DeviceStarter final : public bptt::Starter {
 public:
  DeviceStarter(const GpuDevice& device, Method method) : device_(device), method_(method) {}

  [[nodiscard]] std::unique_ptr<Networks<float>> start_fp32(
      const Form& form, const std::vector<bptt::NetworkPlan>& networks) const override {
    return bptt::start_networks<float>(device_, method_, form, networks);
  }
  [[nodiscard]] std::unique_ptr<Networks<double>> start_fp64(
      const Form& form, const std::vector<bptt::NetworkPlan>& networks) const override {
    return bptt::start_networks<double>(device_, method_, form, networks);
  }

 private:
  GpuDevice device_;
  Method method_;
};

class RecurrentEngine final : public device::DeviceEngine {
 public:
  RecurrentEngine(const GpuDevice& device, Method method, StartGrowing start)
      : DeviceEngine(device), of_(device), method_(method), start_(start) {
    of_.resources = resources();
  }

  [[nodiscard]] std::string_view name() const override { return method_ == Method::gemm ? "gemm" : "fused"; }
  [[nodiscard]] Family family() const override { return Family::recurrent; }
  /// Recurrent networks are not pruned.
  [[nodiscard]] bool prunes() const override { return false; }

  [[nodiscard]] std::string refuses(const Shape& shape, Precision precision) const override {
    if (precision == Precision::tf32) return "recurrent networks are not trained in TensorFloat-32";
    const Form form = form_of(shape, 1);
    return precision == Precision::fp64 ? bptt::refuses<double>(of_, method_, form)
                                        : bptt::refuses<float>(of_, method_, form);
  }

  [[nodiscard]] std::size_t bytes_per_network(const Shape& shape, std::uint32_t batch_size,
                                              Precision precision) const override {
    const Form form = form_of(shape, batch_size);
    return precision == Precision::fp64 ? bptt::bytes_per_network<double>(method_, form)
                                        : bptt::bytes_per_network<float>(method_, form);
  }

  [[nodiscard]] std::unique_ptr<Training> start(const Pack& pack) override {
    return start_(pack, DeviceStarter(of_, method_));
  }

 private:
  [[nodiscard]] static Form form_of(const Shape& shape, std::uint32_t batch) {
    return {.units = shape.form.units,
            .modular = shape.form.modular,
            .one_bias = shape.form.one_bias,
            .batch = batch,
            .max_heads = shape.heads};
  }

  GpuDevice of_;
  Method method_;
  StartGrowing start_;
};

}  // namespace

std::unique_ptr<Engine> make_recurrent_engine(const GpuDevice& device, bptt::Method method,
                                              StartGrowing start) {
  return std::make_unique<RecurrentEngine>(device, method, start);
}

}  // namespace modsweep
