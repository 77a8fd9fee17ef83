#include "recurrent/network_step.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/math/optimizer.h"

namespace modsweep::recurrent {

namespace {

/// Bytes of the three arrays that the outer products of a block of time steps read: within a first-level
/// cache. Where even a few time steps do not fit, there are enough of them that reading and writing the
/// gradient's sums costs little beside the products.
constexpr std::size_t block_bytes = 24 * 1024;
constexpr std::size_t shortest_block = 12;

/// Makes room for at least `size` numbers; what is in it is of no interest.
template <typename Vector>
void ensure(Vector& vector, std::size_t size) {
  if (vector.size() < size) vector.resize(size);
}

/// Eight sums side by side, so that no addition waits for the one before.
template <typename T>
double sum_of_squares(const std::vector<T>& values) {
  double sums[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= values.size(); i += 8)
    for (std::size_t n = 0; n < 8; ++n) {
      const double value = values[i + n];
      sums[n] += value * value;
    }
  for (; i < values.size(); ++i) sums[0] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return std::accumulate(std::begin(sums), std::end(sums), 0.0);
}

/// Whether a module's own tensors are trained.
template <typename T>
bool trains_module(const Network<T>& network, const TensorLayout& layout, std::uint32_t module) {
  for (std::size_t n = 0; n < layout.tensors().size(); ++n) {
    const NamedTensor& tensor = layout.tensors()[n];
    if (tensor.index == module && tensor.group != Group::head && network.rates[n] > 0.0) return true;
  }
  return false;
}

}  // namespace

template <typename T>
auto NetworkStep<T>::begin(const Network<T>& network, const StepSettings& settings,
                           const Sequences<T>& sequences, std::span<const std::uint32_t> heads, bool learning,
                           bool keep_states) -> Pass {
  if (settings.slope < 0.0)
    throw LogicError(fmt::format("the slope must be at least 0, not {}", settings.slope));
  if (!layout_ || layout_form_ != network.form || layout_modules_ != network.modules ||
      layout_heads_ != network.heads) {
    layout_.emplace(network.layout());
    layout_form_ = network.form;
    layout_modules_ = network.modules;
    layout_heads_ = network.heads;
  }
  Pass pass{network,
            settings,
            sequences,
            heads,
            *layout_,
            network.modules,
            network.modules,
            0,
            learning,
            learning && settings.regularization.of_states(),
            {}};
  for (const std::uint32_t head : heads) pass.last = std::max(pass.last, network.module_of_head(head));
  const bool all_active = pass.regularized && settings.regularization.weighted_activity > 0.0;
  if (all_active) pass.last = network.modules - 1;  // the penalty sees all modules at all times
  for (const std::uint32_t head : heads)
    if (sequences.steps() < network.tasks[head])
      throw LogicError(fmt::format("sequences of {} steps are too short for N = {}", sequences.steps(),
                                   network.tasks[head]));
  pass.steps.assign(pass.last + 1, all_active ? sequences.steps() : 0);
  for (const std::uint32_t head : heads) pass.steps[network.module_of_head(head)] = sequences.steps();
  for (std::uint32_t module = pass.last; module > 0; --module)
    if (pass.steps[module] > 0)
      pass.steps[module - 1] = std::max(pass.steps[module - 1], pass.steps[module] - 1);
  for (std::uint32_t module = pass.last + 1; learning && module-- > 0;)
    if (trains_module(network, pass.layout, module)) pass.first_trained = module;
  if (pass.first_trained < network.modules)
    pass.first_kept = pass.first_trained == 0 ? 0 : pass.first_trained - 1;
  if (keep_states) pass.first_kept = 0;
  return pass;
}

template <typename T>
void NetworkStep<T>::prepare_memory(const Pass& pass) {
  const std::size_t units = pass.network.form.units;
  const std::size_t padded_units = (units + 3) / 4 * 4;  // random states come in fours
  const std::size_t chunk = kernels_.chunk;
  const std::size_t steps = pass.sequences.steps();
  const std::size_t padded_steps = (steps + 3) / 4 * 4;
  const std::size_t history = std::max(steps + 1, padded_units / units + 1) * plane(pass);
  states_.resize(std::max<std::size_t>(states_.size(), 2 + pass.last + 1));
  for (std::uint32_t module = 0; module <= pass.last; ++module)
    ensure(states_[module < pass.first_kept ? module % 2 : 2 + module], history);
  ensure(bits_, padded_steps * chunk);
  if (!pass.sequences.lengths().empty()) ensure(active_, steps * chunk);
  for (auto* one : {&mask_, &labels_, &margin_}) ensure(*one, chunk);
  margins_.assign(pass.heads.size(), std::vector<T>(pass.sequences.samples()));
  if (!pass.learning) return;
  for (auto* each : {&targets_, &lambdas_}) each->resize(std::max<std::size_t>(each->size(), pass.last + 1));
  time_block_ = std::clamp(block_bytes / (3 * plane(pass) * sizeof(T)), shortest_block,
                           std::max(steps, shortest_block));
  ensure(deltas_, (time_block_ + 1) * plane(pass));
  for (std::uint32_t module = 0; module <= pass.last; ++module) {
    ensure(lambdas_[module], plane(pass));
    if (module < pass.first_trained) continue;
    ensure(targets_[module], steps * plane(pass));
    if (module > pass.first_trained) ensure(passed_[module % 2], steps * plane(pass));
  }
  sums_.clear(units, pass.first_trained, pass.last, pass.heads.size());
}

template <typename T>
void NetworkStep<T>::prepare(const Pass& pass) {
  pack_modules(kernels_, pass.network, pass.layout, pass.last, pass.first_trained, weights_);
  prepare_memory(pass);
  if (pass.learning)
    passes_.begin(pass.settings.regularization, pass.network, pass.layout, pass.sequences, pass.first_trained,
                  pass.last);
}

template <typename T>
void NetworkStep<T>::load_chunk(const Pass& pass, std::size_t chunk) {
  const std::size_t samples = kernels_.chunk;
  const std::size_t first = chunk * samples;
  pass.sequences.bits(chunk, bits_.data());
  for (std::size_t b = 0; b < samples; ++b) mask_[b] = first + b < pass.sequences.samples() ? T(1) : T(0);
  const auto& lengths = pass.sequences.lengths();
  if (lengths.empty()) return;
  for (std::size_t t = 0; t < pass.sequences.steps(); ++t)
    for (std::size_t b = 0; b < samples; ++b)
      active_[t * samples + b] = first + b < lengths.size() && t < lengths[first + b] ? T(1) : T(0);
}

template <typename T>
void NetworkStep<T>::forward(const Pass& pass, std::size_t chunk, std::uint32_t module) {
  const ModuleWeights<T>& weights = weights_[module];
  T* states = states_of(pass, module);
  pass.sequences.states(chunk, module, states);
  const ForwardArguments<T> arguments = {
      .units = pass.network.form.units,
      .steps = pass.steps[module],
      .recurrent = weights.recurrent.data(),
      .feedforward = weights.feedforward.data(),
      .input = weights.input.data(),
      .bias = weights.bias.data(),
      .leak = weights.leak.data(),
      .slope = static_cast<T>(pass.settings.slope),
      .bits = bits_.data(),
      .active = pass.sequences.lengths().empty() ? nullptr : active_.data(),
      .below = module > 0 ? states_of(pass, module - 1) : nullptr,
      .states = states,
      .targets = module >= pass.first_trained ? targets_[module].data() : nullptr};
  if (pass.regularized) return passes_.forward(pass.settings.site, arguments, chunk, module);
  kernels_.forward(pass.settings.site, arguments);
}

template <typename T>
HeadArguments<T> NetworkStep<T>::reading(const Pass& pass, std::uint32_t head, std::size_t time) {
  HeadArguments<T> out;
  out.units = pass.network.form.units;
  const auto values_of = [&](math::RecurrentTensor kind) {
    return pass.network.values.data() + pass.layout.tensors()[pass.layout.position(kind, head)].offset;
  };
  out.weights = values_of(math::RecurrentTensor::head);
  out.bias = values_of(math::RecurrentTensor::head_bias);
  const std::uint32_t module = pass.network.module_of_head(head);
  out.states = (pass.regularized ? passes_.read(module) : states_of(pass, module)) + time * plane(pass);
  out.labels = labels_.data();
  out.mask = mask_.data();
  return out;
}

template <typename T>
void NetworkStep<T>::run_head(const Pass& pass, std::size_t chunk, std::size_t position,
                              BatchResult& result) {
  const std::uint32_t head = pass.heads[position];
  const std::size_t samples = kernels_.chunk;
  parity_labels(pass.sequences, chunk, samples, pass.network.tasks[head], bits_.data(), labels_.data());
  HeadArguments<T> arguments = reading(pass, head, pass.sequences.steps());
  arguments.margin = margin_.data();
  if (pass.learning) {
    arguments.scale = T(1) / static_cast<T>(pass.sequences.samples());
    arguments.lambda = lambdas_[pass.network.module_of_head(head)].data();
    arguments.weight_gradient = sums_.head(position).weights.data();
    arguments.bias_gradient = sums_.head(position).bias.data();
  }
  const HeadSums out = kernels_.head(arguments);
  result.losses[position] += out.loss;
  result.right[position] += out.right;
  const std::size_t first = chunk * samples;
  const std::size_t count = std::min(samples, margins_[position].size() - first);
  std::copy_n(margin_.begin(), count, margins_[position].begin() + static_cast<std::ptrdiff_t>(first));
}

template <typename T>
std::uint64_t NetworkStep<T>::read_head(const Pass& pass, std::uint32_t head, std::uint32_t warmup) {
  const std::size_t samples = kernels_.chunk;
  const std::size_t task = pass.network.tasks[head];
  std::fill_n(labels_.begin(), samples, T(0));
  const auto toggle = [&](std::size_t t) {
    for (std::size_t b = 0; b < samples; ++b) {
      const T bit = bits_[t * samples + b];
      labels_[b] = labels_[b] + bit - T(2) * labels_[b] * bit;
    }
  };
  for (std::size_t t = warmup - task; t < warmup; ++t) toggle(t);
  std::uint64_t right = 0;
  for (std::size_t t = warmup; t < pass.sequences.steps(); ++t) {
    toggle(t - task);
    toggle(t);
    right += kernels_.head(reading(pass, head, t + 1)).right;
  }
  return right;
}

template <typename T>
void NetworkStep<T>::backward(const Pass& pass, std::uint32_t module) {
  const ModuleWeights<T>& weights = weights_[module];
  typename GradientSums<T>::Module& sums = sums_.module(module);
  const std::size_t steps = pass.steps[module];
  const bool from_above = module < pass.last;
  if (from_above && steps < pass.sequences.steps())  // no head reads it: all comes from the module above
    std::copy_n(passed_[(module + 1) % 2].begin() + static_cast<std::ptrdiff_t>(steps * plane(pass)),
                plane(pass), lambdas_[module].begin());
  const BackwardArguments<T> arguments = {
      .units = pass.network.form.units,
      .steps = steps,
      .recurrent = weights.recurrent_back.data(),
      .feedforward = weights.feedforward_back.data(),
      .leak = weights.leak.data(),
      .slope = static_cast<T>(pass.settings.slope),
      .bits = bits_.data(),
      .active = pass.sequences.lengths().empty() ? nullptr : active_.data(),
      .below = module > 0 ? states_of(pass, module - 1) : nullptr,
      .states = states_of(pass, module),
      .targets = targets_[module].data(),
      .arriving = from_above ? passed_[(module + 1) % 2].data() : nullptr,
      .passed_down = module > pass.first_trained ? passed_[module % 2].data() : nullptr,
      .lambda = lambdas_[module].data(),
      .deltas = deltas_.data(),
      .time_block = time_block_,
      .recurrent_gradient = sums.recurrent.data(),
      .feedforward_gradient = sums.feedforward.data(),
      .input_gradient = sums.input.data(),
      .bias_gradient = sums.bias.data(),
      .leak_gradient = sums.leak.data()};
  if (pass.regularized) return passes_.backward(pass.settings.site, arguments, module);
  kernels_.backward(pass.settings.site, arguments);
}

template <typename T>
BatchResult NetworkStep<T>::run(const Pass& pass) {
  prepare(pass);
  BatchResult result;
  result.losses.assign(pass.heads.size(), 0.0);
  result.right.assign(pass.heads.size(), 0);
  const std::size_t samples = pass.sequences.samples();
  for (std::size_t chunk = 0; chunk * kernels_.chunk < samples; ++chunk) {
    load_chunk(pass, chunk);
    for (std::uint32_t module = 0; module <= pass.last; ++module) {
      if (pass.learning) std::fill_n(lambdas_[module].begin(), plane(pass), T(0));
      forward(pass, chunk, module);
      for (std::size_t h = 0; h < pass.heads.size(); ++h)
        if (pass.network.module_of_head(pass.heads[h]) == module) run_head(pass, chunk, h, result);
    }
    for (std::uint32_t module = pass.last + 1; module-- > pass.first_trained;) backward(pass, module);
  }
  for (double& loss : result.losses) result.loss += loss /= static_cast<double>(samples);
  if (!pass.learning) return result;
  sums_.collect(pass.network, pass.layout, pass.first_trained, pass.last, pass.heads, gradient_);
  if (pass.settings.regularization.of_weights()) result.penalty = passes_.add_penalties(gradient_);
  result.norm = std::sqrt(sum_of_squares(gradient_));
  return result;
}

template <typename T>
BatchResult NetworkStep<T>::gradient(const Network<T>& network, const StepSettings& settings,
                                     const Sequences<T>& sequences, std::span<const std::uint32_t> heads) {
  return run(begin(network, settings, sequences, heads, true, false));
}

template <typename T>
BatchResult NetworkStep<T>::test(const Network<T>& network, const StepSettings& settings,
                                 const Sequences<T>& sequences, std::span<const std::uint32_t> heads,
                                 bool keep_states) {
  return run(begin(network, settings, sequences, heads, false, keep_states));
}

template <typename T>
std::vector<std::uint64_t> NetworkStep<T>::read_continuously(const Network<T>& network,
                                                             const StepSettings& settings,
                                                             const Sequences<T>& sequences,
                                                             std::uint32_t warmup) {
  std::vector<std::uint32_t> heads(network.heads);
  std::iota(heads.begin(), heads.end(), 0U);
  const Pass pass = begin(network, settings, sequences, heads, false, false);
  if (warmup < std::ranges::max(network.tasks) || !sequences.lengths().empty())
    throw LogicError(fmt::format("{} steps are too few to warm up for N = {}, or sequences end early", warmup,
                                 std::ranges::max(network.tasks)));
  prepare(pass);
  std::vector<std::uint64_t> right(network.heads, 0);
  for (std::size_t chunk = 0; chunk * kernels_.chunk < sequences.samples(); ++chunk) {
    load_chunk(pass, chunk);
    for (std::uint32_t module = 0; module <= pass.last; ++module) {
      forward(pass, chunk, module);
      for (const std::uint32_t head : heads)
        if (network.module_of_head(head) == module) right[head] += read_head(pass, head, warmup);
    }
  }
  return right;
}

template <typename T>
BatchResult NetworkStep<T>::train(Network<T>& network, const StepSettings& settings,
                                  const Sequences<T>& sequences, std::span<const std::uint32_t> heads) {
  const Pass pass = begin(network, settings, sequences, heads, true, false);
  BatchResult result = run(pass);
  if (!std::isfinite(result.loss) || !std::isfinite(result.norm)) return result;
  const T factor =
      settings.clip_norm > 0.0 ? static_cast<T>(math::clip_factor(result.norm, settings.clip_norm)) : T(1);
  for (std::size_t n = 0; n < pass.layout.tensors().size(); ++n) {
    if (network.rates[n] == 0.0) continue;
    const math::SgdStep<T> step{static_cast<T>(settings.learning_rate * network.rates[n]),
                                static_cast<T>(settings.momentum), T(0), settings.nesterov};
    const NamedTensor& tensor = pass.layout.tensors()[n];
    kernels_.update({.count = tensor.size(),
                     .step = step,
                     .factor = factor,
                     .gradient = gradient_.data() + tensor.offset,
                     .values = network.values.data() + tensor.offset,
                     .velocity = network.velocity.data() + tensor.offset});
  }
  return result;
}

template class NetworkStep<float>;
template class NetworkStep<double>;

}  // namespace modsweep::recurrent
