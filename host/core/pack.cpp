#include "modsweep/pack.h"

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/math/activations.h"
#include "modsweep/math/rng.h"
#include "modsweep/pruning.h"

namespace modsweep {

std::shared_ptr<const Dataset> with_goal(const std::shared_ptr<const Dataset>& data, std::size_t goal) {
  if (goal > data->other_goals.size())
    throw LogicError(
        fmt::format("with_goal: goal {} of a dataset with {}", goal, data->other_goals.size() + 1));
  return goal == 0 ? data : data->other_goals[goal - 1];
}

void Pack::add(const CellSettings& cell, std::shared_ptr<const Dataset> data) {
  const Shape own = shape_of(cell, data->train.outputs);
  if (size() == 0) {
    shape = own;
    batch_size = cell.training.batch_size;
    precision = cell.training.precision;
  } else if (own != shape || cell.training.batch_size != batch_size || cell.training.precision != precision) {
    throw LogicError(
        fmt::format("Pack::add: a network {} with batches of {} does not fit a pack of {} with batches of {}",
                    own.text(), cell.training.batch_size, shape.text(), batch_size));
  }
  seed.push_back(cell.training.seed);
  dataset.push_back(std::move(data));
  steps.push_back(total_steps(cell));
  if (shape.family != Family::feedforward) {
    settings.push_back(std::make_shared<const CellSettings>(cell));
    return;
  }
  shuffle.push_back(cell.training.shuffle ? 1 : 0);
  activation.push_back(cell.network.activation);
  leaky_slope.push_back(cell.network.leaky_slope);
  noise.push_back(cell.noise);
  regularizer.push_back(cell.regularizer);
  optimizer.push_back(cell.training.optimizer);
  learning_rate.push_back(learning_rate_of(cell));
  beta1.push_back(cell.training.beta1);
  beta2.push_back(cell.training.beta2);
  epsilon.push_back(cell.training.epsilon);
  momentum.push_back(cell.training.momentum);
  nesterov.push_back(cell.training.nesterov ? 1 : 0);
  weight_decay.push_back(cell.training.weight_decay);
  zeros_stay_from.push_back(modsweep::zeros_stay_from(cell.pruning));
}

std::vector<double> Pack::initial_parameters(std::size_t network) const {
  if (!initial.empty() && initial[network]) return initial[network]->values;
  const ParameterLayout layout(shape);
  std::vector<double> values(layout.parameters(), 0.0);
  for (std::uint32_t l = 0; l < layout.layers().size(); ++l) {
    const LayerSlice& slice = layout.layers()[l];
    const std::uint32_t fan_in = slice.group_inputs();
    for (std::uint32_t o = 0; o < slice.outputs; ++o) {
      for (std::uint32_t i = 0; i < fan_in; ++i)
        values[slice.weights + std::size_t{o} * fan_in + i] =
            math::initial_weight(seed[network], l, o, i, fan_in);
      if (layout.bias()) values[slice.biases + o] = math::initial_bias(seed[network], l, o, fan_in);
    }
    if (layout.prelu() && l + 1 < layout.layers().size()) values[slice.slope] = math::initial_prelu_slope;
  }
  return values;
}

void Pack::check() const {
  const std::size_t n = size();
  const auto column = [n](const char* name, std::size_t length, bool optional = false) {
    if (length != n && !(optional && length == 0))
      throw LogicError(fmt::format("Pack: column {} has {} entries for {} networks", name, length, n));
  };
  column("dataset", dataset.size());
  column("steps", steps.size());
  if (batch_size == 0) throw LogicError("Pack: batch size 0");
  if (shape.family != Family::feedforward) {
    column("settings", settings.size());
    return;
  }
  column("shuffle", shuffle.size());
  column("activation", activation.size());
  column("leaky_slope", leaky_slope.size());
  column("noise", noise.size());
  column("regularizer", regularizer.size());
  column("optimizer", optimizer.size());
  column("learning_rate", learning_rate.size());
  column("beta1", beta1.size());
  column("beta2", beta2.size());
  column("epsilon", epsilon.size());
  column("momentum", momentum.size());
  column("nesterov", nesterov.size());
  column("weight_decay", weight_decay.size());
  column("zeros_stay_from", zeros_stay_from.size());
  column("initial", initial.size(), true);
  column("fixed_noise", fixed_noise.size(), true);
  for (std::size_t p = 0; p < n; ++p) {
    if (!dataset[p] || dataset[p]->train.count == 0)
      throw LogicError(fmt::format("Pack: network {} has no training data", p));
    for (const auto& goal : dataset[p]->other_goals)
      if (goal->train.y.size() != dataset[p]->train.y.size())
        throw LogicError(fmt::format("Pack: network {} has goals with {} and {} targets", p,
                                     dataset[p]->train.y.size(), goal->train.y.size()));
    for (const Split split : all_splits) {
      const Samples& s = dataset[p]->split(split);
      if (split != Split::train && split != Split::test && s.count == 0) continue;
      if (s.inputs != shape.inputs() || s.outputs != shape.outputs())
        throw LogicError(
            fmt::format("Pack: dataset {} -> {} does not fit shape {}", s.inputs, s.outputs, shape.text()));
    }
    if (learning_rate[p].schedule != Schedule::constant && learning_rate[p].period == 0)
      throw LogicError(fmt::format("Pack: network {} has a learning-rate schedule of 0 steps", p));
    if (math::trains_slope(activation[p]) != shape.prelu)
      throw LogicError(fmt::format("Pack: network {} and its shape disagree on prelu", p));
    if (!initial.empty() && initial[p] && initial[p]->shape != shape)
      throw LogicError(fmt::format("Pack: initial parameters of shape {} for networks of shape {}",
                                   initial[p]->shape.text(), shape.text()));
  }
}

}  // namespace modsweep
