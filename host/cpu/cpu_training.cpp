#include "cpu/cpu_training.h"

#include "core/parallel.h"
#include "cpu/flush_denormals.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::cpu {

namespace {

/// What a saved state starts with; three arrays of `parameters` scalars follow.
struct StateHeader {
  char magic[4] = {'M', 'S', 'N', '1'};
  std::uint32_t scalar_bytes = 0;
  std::uint64_t parameters = 0;
  std::uint64_t step = 0;
  std::uint64_t diverged = 0;
};

/// Fisher and Yates' shuffle of [0, count), drawn from the network's own stream for this epoch.
std::vector<std::uint32_t> epoch_order(std::uint32_t seed, std::uint64_t epoch, std::uint32_t count) {
  std::vector<std::uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0U);
  for (std::uint32_t i = count; i > 1; --i) {
    const auto block =
        math::random_block(seed, math::Stream::order, static_cast<std::uint32_t>(epoch), 0, i, 0);
    const auto j = static_cast<std::uint32_t>((std::uint64_t{block.word[0]} * i) >> 32);
    std::swap(rows[i - 1], rows[j]);
  }
  return rows;
}

}  // namespace

template <typename T>
CpuTraining<T>::CpuTraining(const Pack& pack, const Kernels<T>& kernels, std::size_t threads)
    : pack_(pack),
      layout_(pack.shape),
      kernels_(kernels),
      threads_(threads),
      states_(pack.size()),
      workspaces_(threads) {
  pack_.check();
  for (std::size_t n = 0; n < pack_.size(); ++n) {
    rules_.emplace_back(pack_, n);
    blocks_.try_emplace(pack_.dataset[n].get(), *pack_.dataset[n], pack_.batch_size);
    initialize(n);
  }
}

template <typename T>
void CpuTraining<T>::initialize(std::size_t network) {
  NetworkState<T>& state = states_[network];
  for (auto* array : {&state.parameters, &state.moment1, &state.moment2})
    array->assign(layout_.padded(), T(0));
  if (!pack_.initial.empty() && pack_.initial[network]) {
    const auto& values = pack_.initial[network]->values;
    std::transform(values.begin(), values.end(), state.parameters.begin(),
                   [](double v) { return static_cast<T>(v); });
    return;
  }
  const std::uint32_t seed = pack_.seed[network];
  for (std::uint32_t l = 0; l < layout_.layers().size(); ++l) {
    const LayerSlice& slice = layout_.layers()[l];
    const std::uint32_t fan_in = slice.group_inputs();
    for (std::uint32_t o = 0; o < slice.outputs; ++o) {
      for (std::uint32_t i = 0; i < fan_in; ++i)
        state.parameters[slice.weights + std::size_t{o} * fan_in + i] =
            static_cast<T>(math::initial_weight(seed, l, o, i, fan_in));
      if (layout_.bias())
        state.parameters[slice.biases + o] = static_cast<T>(math::initial_bias(seed, l, o, fan_in));
    }
    if (layout_.prelu() && l + 1 < layout_.layers().size())
      state.parameters[slice.slope] = T(math::initial_prelu_slope);
  }
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
    order.rows = epoch_order(pack_.seed[network], epoch, samples.count);
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
      step.train(state, rules_[network], batch_of_next_step(network, order));
  });
}

template <typename T>
std::vector<Evaluation> CpuTraining<T>::evaluate(Split split, const EvaluationNoise& noise) {
  std::vector<Evaluation> out(pack_.size());
  parallel_for(threads_, pack_.size(), [&](std::size_t network, std::size_t worker) {
    const FlushDenormals flush;
    const DatasetBlocks<T>& data = blocks_.at(pack_.dataset[network].get());
    const BlockedSamples<T>& samples = split == Split::train ? data.train : data.test;
    if (samples.batches() == 0) return;
    NetworkRule<T> rule = rules_[network];
    std::optional<Draw> draw;
    rule.noise = noise.strength != 0.0;
    rule.fixed_noise = nullptr;
    if (rule.noise) {
      draw = Draw{math::Stream::test_noise, static_cast<std::uint32_t>(states_[network].step)};
      rule.layer.sigma = T(noise.strength);
      rule.layer.unit.noise_power = math::power_kind(noise.exponent / 2.0);
      rule.layer.unit.noise_exponent = T(noise.exponent / 2.0);
    }
    const Batch<T>& batch = samples.batch(0);
    const BatchSums sums = workspace(worker).evaluate(states_[network].parameters.data(), rule, batch, draw);
    const auto count = static_cast<double>(batch.count);
    out[network] = {sums.squares / (count * pack_.shape.outputs()), sums.weighted_activity / count,
                    sums.activity / count};
  });
  return out;
}

template <typename T>
StepInspection CpuTraining<T>::inspect(std::size_t network) {
  const FlushDenormals flush;
  const NetworkState<T>& state = states_[network];
  const NetworkRule<T>& rule = rules_[network];
  NetworkStep<T>& step = workspace(0);
  Order order;
  const Batch<T>& batch = batch_of_next_step(network, order);
  const BatchSums sums =
      step.gradient(state.parameters.data(), rule, batch, static_cast<std::uint32_t>(state.step + 1));
  StepInspection out;
  const auto count = static_cast<double>(batch.count);
  out.mse = sums.squares / (count * pack_.shape.outputs());
  out.regularizers = weight_regularizers(weights(network));
  out.regularizers.weighted_activity = sums.weighted_activity / count;
  out.regularizers.activity = sums.activity / count;
  const RegularizerSettings& c = pack_.regularizer[network];
  const RegularizerValues& v = out.regularizers;
  out.total = out.mse + c.l1 * v.l1 + c.l2 * v.l2 + c.weighted_activity * v.weighted_activity +
              c.activity * v.activity + c.l12 * v.l12 + c.l21 * v.l21;
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
  StateHeader header;
  header.scalar_bytes = sizeof(T);
  header.parameters = layout_.parameters();
  header.step = state.step;
  header.diverged = state.diverged;
  const std::size_t array = layout_.parameters() * sizeof(T);
  std::vector<std::byte> bytes(sizeof header + 3 * array);
  std::memcpy(bytes.data(), &header, sizeof header);
  std::byte* next = bytes.data() + sizeof header;
  for (const auto* values : {&state.parameters, &state.moment1, &state.moment2}) {
    std::memcpy(next, values->data(), array);
    next += array;
  }
  return bytes;
}

template <typename T>
void CpuTraining<T>::restore(std::size_t network, std::span<const std::byte> bytes) {
  StateHeader header;
  const StateHeader expected;
  const std::size_t array = layout_.parameters() * sizeof(T);
  if (bytes.size() >= sizeof header) std::memcpy(&header, bytes.data(), sizeof header);
  if (bytes.size() != sizeof header + 3 * array ||
      std::memcmp(header.magic, expected.magic, sizeof header.magic) != 0 ||
      header.scalar_bytes != sizeof(T) || header.parameters != layout_.parameters())
    throw InputError(
        fmt::format("a checkpoint of {} bytes is not the state of a network {} in {}-byte scalars ({} bytes)",
                    bytes.size(), pack_.shape.text(), sizeof(T), sizeof header + 3 * array));
  NetworkState<T>& state = states_[network];
  state.step = header.step;
  state.diverged = header.diverged;
  const std::byte* next = bytes.data() + sizeof header;
  for (auto* values : {&state.parameters, &state.moment1, &state.moment2}) {
    std::memcpy(values->data(), next, array);
    next += array;
  }
}

template class CpuTraining<float>;
template class CpuTraining<double>;

}  // namespace modsweep::cpu
