#include "cpu/cpu_training.h"

#include "core/parallel.h"
#include "cpu/flush_denormals.h"

#include <algorithm>

#include "modsweep/math/order.h"
#include "modsweep/state.h"

namespace modsweep::cpu {

template <typename T>
CpuTraining<T>::CpuTraining(const Pack& pack, const Kernels<T>& kernels, std::size_t threads)
    : pack_(pack),
      first_goals_(pack.dataset),
      layout_(pack.shape),
      kernels_(kernels),
      threads_(threads),
      states_(pack.size()),
      workspaces_(threads) {
  pack_.check();
  for (std::size_t n = 0; n < pack_.size(); ++n) {
    hyperparameters_.push_back(hyperparameters_of<T>(pack_, n));
    const std::shared_ptr<const Dataset>& data = pack_.dataset[n];
    for (std::size_t goal = 0; goal <= data->other_goals.size(); ++goal) {
      const Dataset* const own = with_goal(data, goal).get();
      blocks_.try_emplace(own, *own, pack_.batch_size);
    }
    initialize(n);
  }
}

template <typename T>
void CpuTraining<T>::initialize(std::size_t network) {
  NetworkState<T>& state = states_[network];
  for (auto* array : {&state.parameters, &state.moment1, &state.moment2})
    array->assign(layout_.padded(), T(0));
  const std::vector<double> values = pack_.initial_parameters(network);
  std::transform(values.begin(), values.end(), state.parameters.begin(),
                 [](double v) { return static_cast<T>(v); });
}

template <typename T>
const FixedNoise* CpuTraining<T>::fixed_noise(std::size_t network) const {
  return pack_.fixed_noise.empty() ? nullptr : pack_.fixed_noise[network].get();
}

template <typename T>
NetworkStep<T>& CpuTraining<T>::workspace(std::size_t worker) {
  if (!workspaces_[worker]) workspaces_[worker] = std::make_unique<NetworkStep<T>>(pack_.shape, kernels_);
  return *workspaces_[worker];
}

template <typename T>
const Batch<T>& CpuTraining<T>::batch_of_next_step(std::size_t network, Order& order) const {
  const Samples& samples = pack_.dataset[network]->train;
  const auto& batches = blocks_.at(pack_.dataset[network].get()).batches;
  const std::uint64_t step = states_[network].step;
  const std::uint64_t index = step % batches.batches();
  if (pack_.shuffle[network] == 0) return batches.batch(index);
  const std::uint64_t epoch = step / batches.batches();
  if (order.epoch != epoch) {
    order.rows.resize(samples.count);
    math::shuffle_rows(pack_.seed[network], static_cast<std::uint32_t>(epoch), samples.count,
                       order.rows.data());
    order.epoch = epoch;
  }
  const std::span<const std::uint32_t> rows(order.rows);
  order.batch =
      BlockedSamples<T>(samples, rows.subspan(index * pack_.batch_size, batches.batch(index).count));
  return order.batch.batch(0);
}

template <typename T>
void CpuTraining<T>::advance(std::uint64_t steps) {
  parallel_for(threads_, pack_.size(), [&](std::size_t network, std::size_t worker) {
    const FlushDenormals flush;
    NetworkState<T>& state = states_[network];
    NetworkStep<T>& step = workspace(worker);
    Order order;
    const std::uint64_t last = std::min(pack_.steps[network], state.step + steps);
    while (state.step < last && state.diverged == 0)
      step.train(state, hyperparameters_[network], batch_of_next_step(network, order), fixed_noise(network),
                 state.step >= pack_.zeros_stay_from[network]);
  });
}

template <typename T>
std::vector<Evaluation> CpuTraining<T>::evaluate(Split split, const EvaluationNoise& noise) {
  std::vector<Evaluation> out(pack_.size());
  parallel_for(threads_, pack_.size(), [&](std::size_t network, std::size_t worker) {
    const FlushDenormals flush;
    const BlockedSamples<T>& samples =
        blocks_.at(pack_.dataset[network].get()).whole[static_cast<std::size_t>(split)];
    if (samples.batches() == 0) return;
    Hyperparameters<T> hyper = hyperparameters_[network];
    std::optional<Draw> draw;
    hyper.set_noise(noise.strength, noise.exponent, noise.draw);
    if (hyper.noise) draw = Draw{hyper.test_stream, static_cast<std::uint32_t>(states_[network].step)};
    const Batch<T>& batch = samples.batch(0);
    const BatchSums sums = workspace(worker).evaluate(states_[network].parameters.data(), hyper, batch, draw);
    const auto count = static_cast<double>(batch.count);
    out[network] = {sums.squares / (count * pack_.shape.outputs()),
                    activity_regularizers(sums.activity, count)};
  });
  return out;
}

template <typename T>
StepInspection CpuTraining<T>::inspect(std::size_t network) {
  const FlushDenormals flush;
  const NetworkState<T>& state = states_[network];
  const Hyperparameters<T>& hyper = hyperparameters_[network];
  NetworkStep<T>& step = workspace(0);
  Order order;
  const Batch<T>& batch = batch_of_next_step(network, order);
  const Draw draw{math::Stream::noise, static_cast<std::uint32_t>(state.step + 1), fixed_noise(network)};
  const BatchSums sums = step.gradient(state.parameters.data(), hyper, batch, draw);
  if (state.step >= pack_.zeros_stay_from[network]) step.drop_gradients_of_zeros(state.parameters.data());
  StepInspection out;
  const auto count = static_cast<double>(batch.count);
  out.mse = sums.squares / (count * pack_.shape.outputs());
  out.regularizers = weight_regularizers(weights(network), pack_.regularizer[network]) +
                     activity_regularizers(sums.activity, count);
  out.total = out.mse + weighted_sum(pack_.regularizer[network], out.regularizers);
  out.gradient.assign(step.gradients().begin(),
                      step.gradients().begin() + static_cast<std::ptrdiff_t>(layout_.parameters()));
  return out;
}

template <typename T>
std::uint64_t CpuTraining<T>::step(std::size_t network) const {
  return states_[network].step;
}

template <typename T>
std::optional<std::uint64_t> CpuTraining<T>::diverged(std::size_t network) const {
  if (states_[network].diverged == 0) return std::nullopt;
  return states_[network].diverged;
}

template <typename T>
Parameters CpuTraining<T>::weights(std::size_t network) const {
  const auto& values = states_[network].parameters;
  return {pack_.shape, std::vector<double>(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(
                                                                                layout_.parameters()))};
}

template <typename T>
std::vector<std::byte> CpuTraining<T>::save(std::size_t network) const {
  const NetworkState<T>& state = states_[network];
  const auto values = [&](const AlignedVector<T>& array) {
    return std::vector<T>(array.begin(), array.begin() + static_cast<std::ptrdiff_t>(layout_.parameters()));
  };
  return to_bytes(SavedState<T>{state.step, state.diverged, values(state.parameters), values(state.moment1),
                                values(state.moment2)});
}

template <typename T>
void CpuTraining<T>::restore(std::size_t network, std::span<const std::byte> bytes) {
  const SavedState<T> saved = from_bytes<T>(bytes, pack_.shape);
  NetworkState<T>& state = states_[network];
  state.step = saved.step;
  state.diverged = saved.diverged;
  std::ranges::copy(saved.parameters, state.parameters.begin());
  std::ranges::copy(saved.moment1, state.moment1.begin());
  std::ranges::copy(saved.moment2, state.moment2.begin());
}

template class CpuTraining<float>;
template class CpuTraining<double>;

}  // namespace modsweep::cpu
