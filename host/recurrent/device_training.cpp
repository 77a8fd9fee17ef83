#include "recurrent/device_training.h"

#include "recurrent/pack_training.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::recurrent {

namespace {

bptt::BitProbability device_choice(ParitySettings::BitProbability choice) {
  switch (choice) {
    case ParitySettings::BitProbability::batch:
      return bptt::BitProbability::batch;
    case ParitySettings::BitProbability::even:
      return bptt::BitProbability::even;
    default:
      return bptt::BitProbability::sequence;
  }
}

bptt::Freeze device_choice(Freeze choice) {
  switch (choice) {
    case Freeze::recurrent:
      return bptt::Freeze::recurrent;
    case Freeze::feedforward:
      return bptt::Freeze::feedforward;
    default:
      return bptt::Freeze::none;
  }
}

}  // namespace

bptt::NetworkPlan device_plan(const RunSettings& run) {
  const auto copies = [&run](Group group) { return std::ranges::count(run.growth.duplicate, group) > 0; };
  return {.settings = {.slope = run.step.slope,
                       .learning_rate = run.step.learning_rate,
                       .momentum = run.step.momentum,
                       .clip_norm = run.step.clip_norm,
                       .length_factor = run.parity.length_factor,
                       .seed = run.seed,
                       .site = run.step.site,
                       .bit_probability = device_choice(run.parity.bit_probability),
                       .nesterov = run.step.nesterov,
                       .own_lengths = run.parity.length == ParitySettings::Length::sequence,
                       .zero_state = run.parity.zero_state},
          .growth = {.copy_recurrent = copies(Group::recurrent),
                     .copy_feedforward = copies(Group::feedforward),
                     .copy_input = copies(Group::input),
                     .copy_tau = copies(Group::tau),
                     .copy_head = copies(Group::head),
                     .from_untrained = run.growth.from_untrained,
                     .freeze = device_choice(run.growth.freeze),
                     .old_rate = run.growth.old_rate}};
}

bptt::Form device_form(const RunSettings& run, std::uint32_t max_heads) {
  return {.units = run.form.units,
          .modular = run.form.modular,
          .one_bias = run.form.one_bias,
          .batch = run.batch,
          .max_heads = max_heads};
}

namespace {

template <typename T>
std::unique_ptr<bptt::Networks<T>> start(const bptt::Starter& starter, const std::vector<RunSettings>& runs,
                                         std::uint32_t max_heads) {
  const RunSettings& first = runs.at(0);
  std::vector<bptt::NetworkPlan> plans;
  for (const RunSettings& run : runs) {
    if (run.form != first.form || run.batch != first.batch || run.epochs > max_heads)
      throw LogicError(fmt::format(
          "a run of {} units, batch {} and {} epochs in a pack of {} units, batch {} and {} heads",
          run.form.units, run.batch, run.epochs, first.form.units, first.batch, max_heads));
    plans.push_back(device_plan(run));
  }
  const bptt::Form form = device_form(first, max_heads);
  if constexpr (sizeof(T) == sizeof(double))
    return starter.start_fp64(form, plans);
  else
    return starter.start_fp32(form, plans);
}

}  // namespace

template <typename T>
DeviceTraining<T>::DeviceTraining(const bptt::Starter& starter, std::vector<RunSettings> runs,
                                  std::uint32_t max_heads)
    : Runs<T>(std::move(runs)),
      max_heads_(max_heads),
      networks_(start<T>(starter, runs_, max_heads)),
      stale_(runs_.size(), 0) {}

template <typename T>
std::uint64_t DeviceTraining<T>::next_stop(std::size_t network, std::uint64_t last) const {
  const RunState<T>& state = states_[network];
  const std::uint64_t each = runs_[network].steps_per_epoch;
  return state.diverged != 0 ? state.step : std::min(last, (state.step / each + 1) * each);
}

template <typename T>
void DeviceTraining<T>::advance(std::uint64_t steps) {
  std::vector<std::uint64_t> last;
  for (std::size_t n = 0; n < runs_.size(); ++n)
    last.push_back(std::max(states_[n].step, std::min(stops_[n], states_[n].step + steps)));
  for (;;) {
    std::vector<std::uint64_t> until;
    std::vector<std::size_t> moving;
    for (std::size_t n = 0; n < runs_.size(); ++n) {
      until.push_back(next_stop(n, last[n]));
      if (until[n] > states_[n].step) moving.push_back(n);
    }
    if (moving.empty()) return;
    networks_->train(until);
    std::vector<std::size_t> ended;
    for (const std::size_t n : moving) {
      const bptt::Progress& progress = networks_->progress(static_cast<std::uint32_t>(n));
      states_[n].step = progress.step;
      states_[n].diverged = progress.diverged;
      states_[n].loss_sum = progress.loss_sum;
      stale_[n] = 1;
      if (progress.diverged == 0 && progress.step % runs_[n].steps_per_epoch == 0) ended.push_back(n);
    }
    if (!ended.empty()) end_epochs(ended);
  }
}

template <typename T>
void DeviceTraining<T>::end_epochs(const std::vector<std::size_t>& ended) {
  std::vector<bptt::TestBatches> tests(runs_.size());
  for (const std::size_t n : ended) tests[n] = {this->first_test(n), runs_[n].test_batches};
  const auto right = networks_->test(tests);
  std::vector<std::uint32_t> grows(runs_.size(), 0);
  for (const std::size_t n : ended) {
    fetch(n);
    if (!this->end_epoch(n, right[n])) continue;
    grows[n] = 1;
    stale_[n] = 1;
  }
  networks_->clear_losses(ended);
  if (std::ranges::count(grows, 1U) > 0) networks_->grow(grows);
}

template <typename T>
void DeviceTraining<T>::fetch(std::size_t network) const {
  bptt::NetworkState<T> there = networks_->state(static_cast<std::uint32_t>(network));
  Network<T>& here = states_[network].network;
  here.modules = there.modules;
  here.heads = there.heads;
  here.tasks = std::move(there.tasks);
  here.values = std::move(there.values);
  here.velocity = std::move(there.velocity);
  here.rates = std::move(there.rates);
  stale_[network] = 0;
}

template <typename T>
const RunState<T>& DeviceTraining<T>::state(std::size_t network) const {
  const std::lock_guard lock(mutex_);
  if (stale_[network] != 0) fetch(network);
  return states_[network];
}

template <typename T>
StepInspection DeviceTraining<T>::inspect(std::size_t network) {
  const auto p = static_cast<std::uint32_t>(network);
  networks_->differentiate();
  const std::vector<T> gradient = networks_->gradient(p);
  StepInspection out;
  out.total = networks_->outcome(p).loss;
  out.gradient.assign(gradient.begin(), gradient.end());
  return out;
}

template <typename T>
void DeviceTraining<T>::restore(std::size_t network, std::span<const std::byte> bytes) {
  RunState<T> before = this->state(network);
  Runs<T>::restore(network, bytes);
  const RunState<T>& state = states_[network];
  if (state.network.heads > max_heads_) {
    const std::uint32_t heads = state.network.heads;
    states_[network] = std::move(before);
    throw InputError(
        fmt::format("a checkpoint of a network of {} heads; its run comes to {} at most", heads, max_heads_));
  }
  networks_->set_state(static_cast<std::uint32_t>(network), {.modules = state.network.modules,
                                                             .heads = state.network.heads,
                                                             .step = state.step,
                                                             .diverged = state.diverged,
                                                             .loss_sum = state.loss_sum,
                                                             .tasks = state.network.tasks,
                                                             .values = state.network.values,
                                                             .velocity = state.network.velocity,
                                                             .rates = state.network.rates});
  stale_[network] = 0;
}

template class DeviceTraining<float>;
template class DeviceTraining<double>;

}  // namespace modsweep::recurrent

namespace modsweep {

std::unique_ptr<Training> start_on_device(const Pack& pack, const bptt::Starter& starter) {
  const auto training = [&]<typename T>(T) -> std::unique_ptr<Training> {
    return std::make_unique<recurrent::PackTraining<T>>(
        std::make_unique<recurrent::DeviceTraining<T>>(starter, recurrent::runs_of(pack), pack.shape.heads),
        cpu::best_isa());
  };
  return pack.precision == Precision::fp64 ? training(double{}) : training(float{});
}

}  // namespace modsweep
