#include "recurrent_gpu/device_networks.h"

#include "recurrent/fused_pass.h"
#include "recurrent/trainer.h"
#include "support/host_block.h"

#include <algorithm>

namespace modsweep::test {

namespace {

using recurrent::ParitySettings;
using recurrent::RunSettings;

bptt::NetworkPlan plan_of(const RunSettings& run) {
  bptt::NetworkPlan out;
  out.settings = {.slope = run.step.slope,
                  .learning_rate = run.step.learning_rate,
                  .momentum = run.step.momentum,
                  .clip_norm = run.step.clip_norm,
                  .length_factor = run.parity.length_factor,
                  .seed = run.seed,
                  .site = run.step.site,
                  .bit_probability = static_cast<bptt::BitProbability>(run.parity.bit_probability),
                  .nesterov = run.step.nesterov,
                  .own_lengths = run.parity.length == ParitySettings::Length::sequence,
                  .zero_state = run.parity.zero_state};
  const auto copies = [&](recurrent::Group group) {
    return std::ranges::count(run.growth.duplicate, group) > 0;
  };
  out.growth = {.copy_recurrent = copies(recurrent::Group::recurrent),
                .copy_feedforward = copies(recurrent::Group::feedforward),
                .copy_input = copies(recurrent::Group::input),
                .copy_tau = copies(recurrent::Group::tau),
                .copy_head = copies(recurrent::Group::head),
                .from_untrained = run.growth.from_untrained,
                .freeze = static_cast<bptt::Freeze>(run.growth.freeze),
                .old_rate = run.growth.old_rate};
  return out;
}

template <typename T, template <typename, typename> class Pass>
class Emulated final : public DeviceNetworks<T> {
 public:
  Emulated(const std::vector<RunSettings>& runs, std::uint32_t max_heads, const DeviceOptions& options)
      : trainer_(std::make_unique<BlockBackend>(limits, options.backwards, options.observer),
                 form_of(runs.front(), max_heads), plans_of(runs)) {}

  void set_state(std::uint32_t p, const bptt::NetworkState<T>& state) override { trainer_.set_state(p, state); }
  bptt::NetworkState<T> state(std::uint32_t p) const override { return trainer_.state(p); }
  void train(const std::vector<std::uint64_t>& until) override { trainer_.train(until); }
  std::vector<std::vector<std::uint64_t>> test(std::uint32_t batches,
                                               const std::vector<std::uint32_t>& first) override {
    return trainer_.test(batches, first);
  }
  void grow(const std::vector<std::uint32_t>& grows) override { trainer_.grow(grows); }
  void give(std::uint32_t p, const bptt::GivenBatch& batch) override { trainer_.give(p, batch); }
  void differentiate() override { trainer_.differentiate(); }
  bptt::Outcome outcome(std::uint32_t p) const override { return trainer_.outcome(p); }
  std::vector<T> gradient(std::uint32_t p) const override { return trainer_.gradient(p); }
  std::vector<T> margins(std::uint32_t p, std::uint32_t head) const override {
    return trainer_.margins(p, head);
  }
  double loss(std::uint32_t p, std::uint32_t head) const override { return trainer_.loss(p, head); }

 private:
  static constexpr fused::BlockLimits limits = {.block = 232448, .multiprocessor = 233472, .reserved = 1024};

  static bptt::Form form_of(const RunSettings& run, std::uint32_t max_heads) {
    return {.units = run.form.units,
            .modular = run.form.modular,
            .one_bias = run.form.one_bias,
            .batch = run.batch,
            .max_heads = max_heads};
  }
  static std::vector<bptt::NetworkPlan> plans_of(const std::vector<RunSettings>& runs) {
    std::vector<bptt::NetworkPlan> out;
    for (const RunSettings& run : runs) out.push_back(plan_of(run));
    return out;
  }

  bptt::Trainer<BlockBackend, T, Pass> trainer_;
};

}  // namespace

template <typename T>
std::unique_ptr<DeviceNetworks<T>> on_device(const std::vector<RunSettings>& runs, std::uint32_t max_heads,
                                             const DeviceOptions& options) {
  return std::make_unique<Emulated<T, bptt::FusedPass>>(runs, max_heads, options);
}

template std::unique_ptr<DeviceNetworks<float>> on_device(const std::vector<RunSettings>&, std::uint32_t,
                                                          const DeviceOptions&);
template std::unique_ptr<DeviceNetworks<double>> on_device(const std::vector<RunSettings>&, std::uint32_t,
                                                           const DeviceOptions&);

}  // namespace modsweep::test
