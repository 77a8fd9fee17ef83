#include "recurrent_gpu/device_networks.h"

#include "recurrent/fused_pass.h"
#include "recurrent/gemm_pass.h"
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

/// Says what it allocates.
class ToldBackend : public BlockBackend {
 public:
  ToldBackend(const fused::BlockLimits& limits, const DeviceOptions& options)
      : BlockBackend(limits, options.backwards, options.observer), allocated_(options.allocated) {}

  template <typename U>
  [[nodiscard]] Array<U> allocate(std::size_t count) {
    Array<U> array = BlockBackend::allocate<U>(count);
    if (allocated_) allocated_(reinterpret_cast<std::byte*>(array.data()), count * sizeof(U));
    return array;
  }

 private:
  std::function<void(std::byte*, std::size_t)> allocated_;
};

constexpr fused::BlockLimits limits = {.block = 232448, .multiprocessor = 233472, .reserved = 1024};

}  // namespace

template <typename T>
std::unique_ptr<bptt::Networks<T>> on_device(const std::vector<RunSettings>& runs, std::uint32_t max_heads,
                                             const DeviceOptions& options) {
  const RunSettings& run = runs.front();
  const bptt::Form form = {.units = run.form.units,
                           .modular = run.form.modular,
                           .one_bias = run.form.one_bias,
                           .batch = run.batch,
                           .max_heads = max_heads};
  std::vector<bptt::NetworkPlan> plans;
  for (const RunSettings& one : runs) plans.push_back(plan_of(one));
  auto backend = std::make_unique<ToldBackend>(limits, options);
  if (options.pass == PassKind::gemm)
    return std::make_unique<bptt::Trainer<ToldBackend, T, bptt::GemmPass>>(std::move(backend), form, plans);
  return std::make_unique<bptt::Trainer<ToldBackend, T, bptt::FusedPass>>(std::move(backend), form, plans);
}

template std::unique_ptr<bptt::Networks<float>> on_device(const std::vector<RunSettings>&, std::uint32_t,
                                                          const DeviceOptions&);
template std::unique_ptr<bptt::Networks<double>> on_device(const std::vector<RunSettings>&, std::uint32_t,
                                                           const DeviceOptions&);

}  // namespace modsweep::test
