#include "recurrent_gpu/device_networks.h"

#include "recurrent/fused_pass.h"
#include "recurrent/gemm_pass.h"
#include "recurrent/trainer.h"
#include "support/host_block.h"

namespace modsweep::test {

namespace {

using recurrent::RunSettings;

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

template <typename T>
std::unique_ptr<bptt::Networks<T>> start(const bptt::Form& form, const std::vector<bptt::NetworkPlan>& plans,
                                         const DeviceOptions& options) {
  auto backend = std::make_unique<ToldBackend>(limits, options);
  if (options.pass == PassKind::gemm)
    return std::make_unique<bptt::Trainer<ToldBackend, T, bptt::GemmPass>>(std::move(backend), form, plans);
  return std::make_unique<bptt::Trainer<ToldBackend, T, bptt::FusedPass>>(std::move(backend), form, plans);
}

}  // namespace

template <typename T>
std::unique_ptr<bptt::Networks<T>> on_device(const std::vector<RunSettings>& runs, std::uint32_t max_heads,
                                             const DeviceOptions& options) {
  std::vector<bptt::NetworkPlan> plans;
  for (const RunSettings& run : runs) plans.push_back(recurrent::device_plan(run));
  return start<T>(recurrent::device_form(runs.front(), max_heads), plans, options);
}

std::unique_ptr<bptt::Networks<float>> EmulatedStarter::start_fp32(
    const bptt::Form& form, const std::vector<bptt::NetworkPlan>& networks) const {
  return start<float>(form, networks, options_);
}

std::unique_ptr<bptt::Networks<double>> EmulatedStarter::start_fp64(
    const bptt::Form& form, const std::vector<bptt::NetworkPlan>& networks) const {
  return start<double>(form, networks, options_);
}

template <typename T>
std::size_t emulated_bytes(PassKind pass, const bptt::Form& form,
                           const std::vector<bptt::NetworkPlan>& networks) {
  const bptt::Most most = bptt::most_of(form, networks);
  return pass == PassKind::gemm ? bptt::network_bytes<ToldBackend, T, bptt::GemmPass>(form, most)
                                : bptt::network_bytes<ToldBackend, T, bptt::FusedPass>(form, most);
}

template std::unique_ptr<bptt::Networks<float>> on_device(const std::vector<RunSettings>&, std::uint32_t,
                                                          const DeviceOptions&);
template std::unique_ptr<bptt::Networks<double>> on_device(const std::vector<RunSettings>&, std::uint32_t,
                                                           const DeviceOptions&);
template std::size_t emulated_bytes<float>(PassKind, const bptt::Form&,
                                           const std::vector<bptt::NetworkPlan>&);
template std::size_t emulated_bytes<double>(PassKind, const bptt::Form&,
                                            const std::vector<bptt::NetworkPlan>&);

}  // namespace modsweep::test
