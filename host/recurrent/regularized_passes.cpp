#include "recurrent/regularized_passes.h"

#include <algorithm>

namespace modsweep::recurrent {

namespace {

template <typename Vector>
void make_room(Vector& vector, std::size_t size) {
  if (vector.size() < size) vector.resize(size);
}

}  // namespace

template <typename T>
void RegularizedPasses<T>::begin(const Regularization& settings, const Network<T>& network,
                                 const TensorLayout& layout, const Sequences<T>& sequences,
                                 std::uint32_t first_trained, std::uint32_t last) {
  settings_ = &settings;
  network_ = &network;
  layout_ = &layout;
  sequences_ = &sequences;
  first_trained_ = first_trained;
  squares_.clear();
  activities_.clear();
  if (!settings.of_states()) return;
  const std::size_t units = network.form.units;
  const std::size_t times = sequences.steps() + 1;
  const std::size_t plane = units * kernels_.chunk;
  const std::size_t padding = 3 * kernels_.chunk;  // normals come in fours of units
  if (modules_.size() <= last) modules_.resize(last + 1);
  make_room(deltas_, sequences.steps() * plane);
  for (std::uint32_t m = 0; m <= last; ++m) {
    Module& own = modules_[m];
    if (settings.noise > 0.0) make_room(own.noisy, times * plane + padding);
    if (settings.noise > 0.0 && m >= first_trained) make_room(own.slopes, times * plane);
    if (settings.weighted_activity > 0.0) make_room(own.injected, times * plane);
  }
  if (settings.weighted_activity == 0.0) return;
  make_room(sample_weights_, sequences.steps() * kernels_.chunk);
  squares_ = outgoing_squares(network, layout);
  activities_.assign(network.modules, std::vector<double>(units, 0.0));
  for (std::uint32_t m = 0; m <= last; ++m) {
    modules_[m].factors.resize(units);
    for (std::size_t i = 0; i < units; ++i)
      modules_[m].factors[i] = static_cast<T>(settings.weighted_activity * squares_[m][i]);
  }
}

template <typename T>
const T* RegularizedPasses<T>::matrix(math::RecurrentTensor kind, std::uint32_t module) const {
  if (!layout_->has(kind, module)) return nullptr;
  return network_->values.data() + layout_->tensors()[layout_->position(kind, module)].offset;
}

template <typename T>
void RegularizedPasses<T>::draw_noise(std::size_t chunk, std::uint32_t module, std::size_t steps) {
  const std::size_t plane = network_->form.units * kernels_.chunk;
  // In ascending order: the padding of each time's units is where the next one's begin.
  for (std::size_t t = 0; t <= steps; ++t)
    sequences_->noise(chunk, module, t, modules_[module].noisy.data() + t * plane);
}

template <typename T>
void RegularizedPasses<T>::weigh_samples(std::size_t chunk) {
  const std::size_t samples = kernels_.chunk;
  const auto& lengths = sequences_->lengths();
  for (std::size_t b = 0; b < samples; ++b) {
    const std::size_t sample = chunk * samples + b;
    const bool is_sample = sample < sequences_->samples();
    const std::size_t length = !is_sample ? 0 : lengths.empty() ? sequences_->steps() : lengths[sample];
    for (std::size_t t = 0; t < sequences_->steps(); ++t)
      sample_weights_[t * samples + b] =
          t < length ? T(1) / (static_cast<T>(sequences_->samples()) * static_cast<T>(length)) : T(0);
  }
}

template <typename T>
void RegularizedPasses<T>::forward(math::ActivationSite site, ForwardArguments<T> arguments,
                                   std::size_t chunk, std::uint32_t module) {
  Module& own = modules_[module];
  const bool noisy = settings_->noise > 0.0;
  arguments.recurrent = matrix(math::RecurrentTensor::recurrent, module);
  arguments.feedforward = matrix(math::RecurrentTensor::feedforward, module);
  if (module > 0) arguments.below = read(module - 1);
  if (noisy) draw_noise(chunk, module, arguments.steps);
  own.read = noisy ? own.noisy.data() : arguments.states;
  kernels_.regularized_forward(site,
                               {.module = arguments,
                                .read = noisy ? own.noisy.data() : nullptr,
                                .slopes = noisy && module >= first_trained_ ? own.slopes.data() : nullptr,
                                .strength = static_cast<T>(settings_->noise),
                                .power = math::power_kind(settings_->noise_exponent / 2.0),
                                .exponent = static_cast<T>(settings_->noise_exponent / 2.0),
                                .detached = settings_->detached});
  if (settings_->weighted_activity == 0.0) return;
  if (module == 0) weigh_samples(chunk);
  kernels_.activity({.units = arguments.units,
                     .steps = arguments.steps,
                     .states = arguments.states,
                     .weights = sample_weights_.data(),
                     .factors = own.factors.data(),
                     .power = math::power_kind(settings_->weighted_activity_exponent),
                     .exponent = static_cast<T>(settings_->weighted_activity_exponent),
                     .injected = module >= first_trained_ ? own.injected.data() : nullptr,
                     .sums = activities_[module].data()});
}

template <typename T>
void RegularizedPasses<T>::backward(math::ActivationSite site, BackwardArguments<T> arguments,
                                    std::uint32_t module) {
  Module& own = modules_[module];
  const bool noisy = settings_->noise > 0.0;
  arguments.recurrent = matrix(math::RecurrentTensor::recurrent, module);
  arguments.feedforward = matrix(math::RecurrentTensor::feedforward, module);
  if (module > 0) arguments.below = read(module - 1);
  arguments.deltas = deltas_.data();
  kernels_.regularized_backward(
      site, {.module = arguments,
             .read = noisy ? own.noisy.data() : nullptr,
             .slopes = noisy ? own.slopes.data() : nullptr,
             .injected = settings_->weighted_activity > 0.0 ? own.injected.data() : nullptr});
}

template <typename T>
double RegularizedPasses<T>::add_penalties(std::vector<T>& gradient) const {
  return recurrent::add_penalties(*settings_, *network_, *layout_, squares_, activities_, gradient);
}

template class RegularizedPasses<float>;
template class RegularizedPasses<double>;

}  // namespace modsweep::recurrent
