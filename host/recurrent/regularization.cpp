#include "recurrent/regularization.h"

#include <cmath>

#include "modsweep/math/penalties.h"

namespace modsweep::recurrent {

namespace {

using math::RecurrentTensor;

bool is_matrix(RecurrentTensor kind) {
  return kind == RecurrentTensor::recurrent || kind == RecurrentTensor::feedforward ||
         kind == RecurrentTensor::input || kind == RecurrentTensor::head;
}

/// The module whose units a matrix reads; W_I, which reads none, has no columns of units.
template <typename T>
std::uint32_t read_module(const Network<T>& network, const NamedTensor& tensor) {
  if (tensor.kind == RecurrentTensor::head) return network.module_of_head(tensor.index);
  return tensor.kind == RecurrentTensor::feedforward ? tensor.index - 1 : tensor.index;
}

}  // namespace

template <typename T>
std::vector<std::vector<double>> outgoing_squares(const Network<T>& network, const TensorLayout& layout) {
  std::vector<std::vector<double>> out(network.modules, std::vector<double>(network.form.units, 0.0));
  for (const NamedTensor& tensor : layout.tensors()) {
    if (!is_matrix(tensor.kind) || tensor.kind == RecurrentTensor::input) continue;
    std::vector<double>& own = out[read_module(network, tensor)];
    for (std::size_t i = 0; i < tensor.size(); ++i) {
      const auto w = static_cast<double>(network.values[tensor.offset + i]);
      own[i % tensor.columns] += w * w;
    }
  }
  return out;
}

template <typename T>
double add_penalties(const Regularization& settings, const Network<T>& network, const TensorLayout& layout,
                     const std::vector<std::vector<double>>& squares,
                     const std::vector<std::vector<double>>& activities, std::vector<T>& gradient) {
  double penalty = 0.0;
  for (std::size_t n = 0; n < layout.tensors().size(); ++n) {
    const NamedTensor& tensor = layout.tensors()[n];
    if (!is_matrix(tensor.kind)) continue;
    const bool reads_units = tensor.kind != RecurrentTensor::input && !activities.empty();
    for (std::size_t i = 0; i < tensor.size(); ++i) {
      const T w = network.values[tensor.offset + i];
      const auto value = static_cast<double>(w);
      penalty += settings.l1 * std::abs(value) + settings.l2 * value * value;
      if (network.rates[n] == 0.0) continue;
      double quadratic = settings.l2;
      if (reads_units)
        quadratic +=
            settings.weighted_activity * activities[read_module(network, tensor)][i % tensor.columns];
      gradient[tensor.offset + i] +=
          math::weight_gradient(w, static_cast<T>(quadratic), static_cast<T>(settings.l1));
    }
  }
  for (std::size_t module = 0; module < activities.size(); ++module)
    for (std::size_t unit = 0; unit < activities[module].size(); ++unit)
      penalty += settings.weighted_activity * squares[module][unit] * activities[module][unit];
  return penalty;
}

#define MODSWEEP_INSTANTIATE(T)                                                                       \
  template std::vector<std::vector<double>> outgoing_squares(const Network<T>&, const TensorLayout&); \
  template double add_penalties(const Regularization&, const Network<T>&, const TensorLayout&,        \
                                const std::vector<std::vector<double>>&,                              \
                                const std::vector<std::vector<double>>&, std::vector<T>&);
MODSWEEP_INSTANTIATE(float)
MODSWEEP_INSTANTIATE(double)
#undef MODSWEEP_INSTANTIATE

}  // namespace modsweep::recurrent
