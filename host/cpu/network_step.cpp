#include "cpu/network_step.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace modsweep::cpu {

template <typename T>
NetworkStep<T>::NetworkStep(const Shape& shape, const Kernels<T>& kernels)
    : layout_(shape), kernels_(kernels) {
  std::size_t widest = shape.outputs();
  for (std::size_t l = 0; l < shape.hidden_layers(); ++l) {
    Layer layer;
    layer.units = shape.sizes[l + 1];
    widest = std::max(widest, layer.units);
    for (auto* buffer : {&layer.out, &layer.clean, &layer.clean_by_z})
      buffer->resize(layer.units * max_block);
    // Random numbers come four units at a time.
    for (auto* buffer : {&layer.out_by_z, &layer.uniform})
      buffer->resize((layer.units + 3) / 4 * 4 * max_block);
    if (shape.prelu)
      for (auto* buffer : {&layer.out_by_slope, &layer.clean_by_slope})
        buffer->resize(layer.units * max_block);
    for (auto* column : {&layer.in_absolute, &layer.in_square, &layer.out_absolute, &layer.out_square})
      column->resize(layer.units);
    for (auto* columns : {&layer.activity_factors, &layer.activity_sums})
      for (auto& column : *columns) column.resize(layer.units);
    hidden_.push_back(std::move(layer));
  }
  output_.resize(std::size_t{shape.outputs()} * max_block);
  for (auto& delta : delta_) delta.resize(widest * max_block);
  gradients_.resize(layout_.padded());
  widest = std::max<std::size_t>(widest, shape.inputs());
  for (auto* column : {&row_quadratic_, &column_quadratic_, &row_absolute_, &column_absolute_})
    column->resize(widest);
  numbers_.resize(widest);
  std::iota(numbers_.begin(), numbers_.end(), T(0));
}

template <typename T>
std::size_t NetworkStep<T>::bytes(const Shape& shape) {
  std::size_t rows = shape.outputs();
  std::size_t widest = shape.outputs();
  for (std::size_t l = 0; l < shape.hidden_layers(); ++l) {
    rows += std::size_t{shape.sizes[l + 1]} * (shape.prelu ? 7 : 5);
    widest = std::max<std::size_t>(widest, shape.sizes[l + 1]);
  }
  return sizeof(T) * ((rows + 2 * widest) * max_block + ParameterLayout(shape).padded());
}

template <typename T>
LayerHyperparameters<T> NetworkStep<T>::layer_hyperparameters(const T* parameters,
                                                              const Hyperparameters<T>& hyper,
                                                              std::size_t l) const {
  LayerHyperparameters<T> out = hyper.layer;
  if (out.prelu) out.unit.slope = parameters[layout_.layers()[l].slope];
  return out;
}

template <typename T>
void NetworkStep<T>::draw_random(const Pass& pass, const Block<T>& block, std::size_t l) {
  Layer& layer = hidden_[l];
  RandomArguments<T> random;
  random.seed = pass.hyper.seed;
  random.step = pass.draw ? pass.draw->step : 0;
  random.layer = static_cast<std::uint32_t>(l);
  random.first_sample = block.first;
  random.units = layer.units;
  random.stride = block.stride;
  if (pass.noise() && pass.draw->fixed) {
    const auto& eps = pass.draw->fixed->layers[l];
    for (std::size_t unit = 0; unit < layer.units; ++unit)
      for (std::size_t b = 0; b < block.count; ++b)
        layer.out_by_z[unit * block.stride + b] = static_cast<T>(eps[(block.first + b) * layer.units + unit]);
  } else if (pass.noise()) {
    random.values = layer.out_by_z.data();
    random.stream = pass.draw->stream;
    kernels_.normals(random);
  }
  if (pass.dropout) {
    random.values = layer.uniform.data();
    random.stream = math::Stream::dropout;
    kernels_.uniforms(random);
  }
}

template <typename T>
void NetworkStep<T>::forward_units(const Pass& pass, const Block<T>& block, std::size_t l) {
  Layer& layer = hidden_[l];
  const LayerHyperparameters<T>& hyper = pass.hyper.layer;
  ForwardUnitsArguments<T> arguments;
  arguments.out = layer.out.data();
  if (pass.stored()) arguments.out_by_z = layer.out_by_z.data();
  if (hyper.prelu) arguments.out_by_slope = layer.out_by_slope.data();
  if (pass.noisy() && hyper.any_activity()) {
    arguments.clean = layer.clean.data();
    arguments.clean_by_z = layer.clean_by_z.data();
    if (hyper.prelu) arguments.clean_by_slope = layer.clean_by_slope.data();
  }
  if (pass.noise()) arguments.eps = layer.out_by_z.data();
  if (pass.dropout) arguments.uniform = layer.uniform.data();
  arguments.sample_mask = block.sample_mask;
  for (std::size_t i = 0; i < math::activity_penalties; ++i)
    arguments.activity_sums[i] = layer.activity_sums[i].data();
  arguments.units = layer.units;
  arguments.stride = block.stride;
  kernels_.forward_units(layer_hyperparameters(pass.parameters, pass.hyper, l), arguments);
}

template <typename T>
void NetworkStep<T>::forward(const Pass& pass, const Block<T>& block) {
  const T* x = block.x;
  for (std::size_t l = 0; l < layout_.layers().size(); ++l) {
    const LayerSlice& slice = layout_.layers()[l];
    const bool last = l == hidden_.size();
    if (!last && pass.noisy()) draw_random(pass, block, l);
    T* out = last ? output_.data() : hidden_[l].out.data();
    const std::size_t rows = slice.group_outputs();
    const std::size_t inner = slice.group_inputs();
    for (std::size_t g = 0; g < slice.groups; ++g)
      kernels_.gemm({.a = pass.parameters + slice.weights + g * rows * inner,
                     .a_row = inner,
                     .a_column = 1,
                     .start = layout_.bias() ? pass.parameters + slice.biases + g * rows : nullptr,
                     .x = x + g * inner * block.stride,
                     .c = out + g * rows * block.stride,
                     .rows = rows,
                     .inner = inner,
                     .stride = block.stride});
    if (!last) forward_units(pass, block, l);
    x = out;
  }
}

template <typename T>
double NetworkStep<T>::output_error(const Block<T>& block, T scale) {
  const LayerSlice& last = layout_.layers().back();
  return kernels_.output_error(
      {.output = output_.data(),
       .target = block.y,
       .sample_mask = block.sample_mask,
       .scale = scale,
       .bias_gradient = scale != T(0) && layout_.bias() ? gradients_.data() + last.biases : nullptr,
       .units = last.outputs,
       .stride = block.stride});
}

template <typename T>
void NetworkStep<T>::backward_units(const Pass& pass, const Block<T>& block, std::size_t l, T* delta) {
  const Layer& layer = hidden_[l];
  const LayerSlice& feeding = layout_.layers()[l];
  const bool noisy = pass.noisy();
  BackwardUnitsArguments<T> arguments;
  arguments.delta = delta;
  if (pass.stored()) arguments.out_by_z = layer.out_by_z.data();
  arguments.clean = noisy ? layer.clean.data() : layer.out.data();
  arguments.clean_by_z = noisy ? layer.clean_by_z.data() : layer.out_by_z.data();
  if (pass.hyper.layer.prelu) {
    arguments.out_by_slope = layer.out_by_slope.data();
    arguments.clean_by_slope = noisy ? layer.clean_by_slope.data() : layer.out_by_slope.data();
    arguments.slope_gradient = gradients_.data() + feeding.slope;
  }
  arguments.sample_mask = block.sample_mask;
  for (std::size_t i = 0; i < math::activity_penalties; ++i)
    arguments.activity_factors[i] = layer.activity_factors[i].data();
  if (layout_.bias()) arguments.bias_gradient = gradients_.data() + feeding.biases;
  arguments.units = layer.units;
  arguments.stride = block.stride;
  kernels_.backward_units(layer_hyperparameters(pass.parameters, pass.hyper, l), arguments);
}

template <typename T>
void NetworkStep<T>::backward(const Pass& pass, const Block<T>& block, bool accumulate) {
  const T* delta = output_.data();
  for (std::size_t l = hidden_.size() + 1; l-- > 0;) {
    const LayerSlice& slice = layout_.layers()[l];
    const std::size_t rows = slice.group_outputs();
    const std::size_t columns = slice.group_inputs();
    const T* x = l == 0 ? block.x : hidden_[l - 1].out.data();
    T* below = delta_[l % 2].data();
    for (std::size_t g = 0; g < slice.groups; ++g) {
      kernels_.weight_gradient({.d = delta + g * rows * block.stride,
                                .x = x + g * columns * block.stride,
                                .g = gradients_.data() + slice.weights + g * rows * columns,
                                .g_row = columns,
                                .rows = rows,
                                .columns = columns,
                                .stride = block.stride,
                                .accumulate = accumulate});
      if (l > 0)
        kernels_.gemm({.a = pass.parameters + slice.weights + g * rows * columns,
                       .a_row = 1,
                       .a_column = columns,
                       .start = nullptr,
                       .x = delta + g * rows * block.stride,
                       .c = below + g * columns * block.stride,
                       .rows = columns,
                       .inner = rows,
                       .stride = block.stride});
    }
    if (l > 0) backward_units(pass, block, l - 1, below);
    delta = below;
  }
}

template <typename T>
void NetworkStep<T>::clear_activity() {
  for (Layer& layer : hidden_)
    for (auto& sums : layer.activity_sums) std::fill(sums.begin(), sums.end(), T(0));
}

template <typename T>
void NetworkStep<T>::sum_weights(const T* parameters, const Hyperparameters<T>& hyper, T inverse_batch) {
  const math::SumsWanted& wanted = hyper.sums;
  if (!wanted.any() && !hyper.layer.any_activity()) return;
  for (std::size_t h = 0; h < hidden_.size(); ++h) {
    Layer& layer = hidden_[h];
    for (auto* column : {&layer.in_absolute, &layer.in_square, &layer.out_absolute, &layer.out_square})
      std::fill(column->begin(), column->end(), T(0));
    const auto sum = [&](const LayerSlice& slice, bool incoming) {
      const std::size_t rows = slice.group_outputs();
      const std::size_t columns = slice.group_inputs();
      for (std::size_t g = 0; g < slice.groups; ++g) {
        WeightSumsArguments<T> arguments;
        arguments.w = parameters + slice.weights + g * rows * columns;
        arguments.rows = rows;
        arguments.columns = columns;
        if (incoming && wanted.in_absolute) arguments.row_absolute = layer.in_absolute.data() + g * rows;
        if (incoming && wanted.in_square) arguments.row_square = layer.in_square.data() + g * rows;
        if (!incoming && wanted.out_absolute)
          arguments.column_absolute = layer.out_absolute.data() + g * columns;
        if (!incoming && wanted.out_square) arguments.column_square = layer.out_square.data() + g * columns;
        kernels_.weight_sums(arguments);
      }
    };
    if (wanted.in()) sum(layout_.layers()[h], true);
    if (wanted.out()) sum(layout_.layers()[h + 1], false);
    for (std::size_t k = 0; k < layer.units; ++k) {
      T factors[math::activity_penalties];
      math::Penalties::activity_factors(hyper.layer.penalties, layer.unit_sums(k), inverse_batch, factors);
      for (std::size_t i = 0; i < math::activity_penalties; ++i) layer.activity_factors[i][k] = factors[i];
    }
  }
}

template <typename T>
void NetworkStep<T>::regularize(const T* parameters, const Hyperparameters<T>& hyper, T inverse_batch) {
  const math::PenaltyRules<T>& penalties = hyper.layer.penalties;
  const math::WeightFactors<T> own = penalties.weight_factors();
  const bool absolute = own.absolute != T(0) || hyper.sums.in_absolute || hyper.sums.out_absolute;
  if (own.quadratic == T(0) && !absolute && !hyper.sums.any() && !hyper.ends) return;
  const auto unit_gradient = [&](const Layer& layer, std::size_t k) {
    T means[math::activity_penalties];
    for (std::size_t i = 0; i < math::activity_penalties; ++i)
      means[i] = layer.activity_sums[i][k] * inverse_batch;
    return penalties.unit_gradient(layer.unit_sums(k), means);
  };
  for (std::size_t l = 0; l < layout_.layers().size(); ++l) {
    const LayerSlice& slice = layout_.layers()[l];
    for (std::size_t j = 0; j < slice.outputs; ++j) {
      const auto by =
          hyper.sums.in() && l < hidden_.size() ? unit_gradient(hidden_[l], j) : math::UnitSums<T>{};
      row_quadratic_[j] = own.quadratic + by.in_square;
      row_absolute_[j] = own.absolute + by.in_absolute;
    }
    for (std::size_t k = 0; k < slice.inputs; ++k) {
      const auto by = hyper.sums.out() && l > 0 ? unit_gradient(hidden_[l - 1], k) : math::UnitSums<T>{};
      column_quadratic_[k] = by.out_square;
      column_absolute_[k] = by.out_absolute;
    }
    const std::size_t rows = slice.group_outputs();
    const std::size_t columns = slice.group_inputs();
    for (std::size_t g = 0; g < slice.groups; ++g)
      kernels_.regularize(
          {.w = parameters + slice.weights + g * rows * columns,
           .g = gradients_.data() + slice.weights + g * rows * columns,
           .rows = rows,
           .columns = columns,
           .row_quadratic = row_quadratic_.data() + g * rows,
           .column_quadratic = column_quadratic_.data() + g * columns,
           .row_absolute = absolute ? row_absolute_.data() + g * rows : nullptr,
           .column_absolute = absolute ? column_absolute_.data() + g * columns : nullptr,
           .penalties = hyper.ends ? &penalties : nullptr,
           .first = {static_cast<std::uint32_t>(l), static_cast<T>(g * columns), static_cast<T>(g * rows),
                     static_cast<T>(slice.inputs), static_cast<T>(slice.outputs)},
           .numbers = numbers_.data()});
  }
}

template <typename T>
BatchSums NetworkStep<T>::activity_sums(const Hyperparameters<T>& hyper) const {
  BatchSums sums;
  for (const Layer& layer : hidden_)
    for (std::size_t k = 0; k < layer.units; ++k) {
      double of_unit[math::activity_penalties];
      for (std::size_t i = 0; i < math::activity_penalties; ++i)
        of_unit[i] = static_cast<double>(layer.activity_sums[i][k]);
      const math::UnitSums<double> unit{
          static_cast<double>(layer.in_absolute[k]), static_cast<double>(layer.in_square[k]),
          static_cast<double>(layer.out_absolute[k]), static_cast<double>(layer.out_square[k])};
      math::Penalties::add_activity_values(hyper.layer.activity, unit, of_unit, sums.activity);
    }
  return sums;
}

template <typename T>
BatchSums NetworkStep<T>::gradient(const T* parameters, const Hyperparameters<T>& hyper,
                                   const Batch<T>& batch, const Draw& draw) {
  const T inverse_batch = T(1) / static_cast<T>(batch.count);
  const T scale = T(2) * inverse_batch / static_cast<T>(layout_.layers().back().outputs);
  const Pass pass{parameters, hyper, hyper.dropout, draw};
  std::fill(gradients_.begin(), gradients_.end(), T(0));
  clear_activity();
  sum_weights(parameters, hyper, inverse_batch);
  double squares = 0.0;
  for (std::size_t i = 0; i < batch.blocks.size(); ++i) {
    const Block<T>& block = batch.blocks[i];
    forward(pass, block);
    squares += output_error(block, scale);
    backward(pass, block, i > 0);
  }
  regularize(parameters, hyper, inverse_batch);
  BatchSums sums = activity_sums(hyper);
  sums.squares = squares;
  return sums;
}

template <typename T>
void NetworkStep<T>::drop_gradients_of_zeros(const T* parameters) {
  for (const LayerSlice& slice : layout_.layers())
    for (std::size_t i = slice.weights; i < slice.weights + slice.weight_count(); ++i)
      gradients_[i] = parameters[i] == T(0) ? T(0) : gradients_[i];
}

template <typename T>
bool NetworkStep<T>::train(NetworkState<T>& state, const Hyperparameters<T>& hyper, const Batch<T>& batch,
                           const FixedNoise* fixed, bool zeros_stay) {
  const std::uint64_t step = state.step + 1;
  const Draw draw{math::Stream::noise, static_cast<std::uint32_t>(step), fixed};
  const BatchSums sums = gradient(state.parameters.data(), hyper, batch, draw);
  if (!std::isfinite(std::accumulate(std::begin(sums.activity), std::end(sums.activity), sums.squares))) {
    state.diverged = step;
    return false;
  }
  if (zeros_stay) {
    drop_gradients_of_zeros(state.parameters.data());
    for (const LayerSlice& slice : layout_.layers())
      for (std::size_t i = slice.weights; i < slice.weights + slice.weight_count(); ++i)
        state.moment1[i] = state.parameters[i] == T(0) ? T(0) : state.moment1[i];
  }
  const double rate = hyper.learning_rate.after(state.step);
  if (hyper.optimizer == Optimizer::sgd)
    kernels_.sgd(hyper.sgd_step(T(rate)), state.parameters.data(), gradients_.data(), state.moment1.data(),
                 layout_.padded());
  else
    kernels_.adam(hyper.adam_step(rate, step), state.parameters.data(), gradients_.data(),
                  state.moment1.data(), state.moment2.data(), layout_.padded());
  state.step = step;
  return true;
}

template <typename T>
BatchSums NetworkStep<T>::evaluate(const T* parameters, const Hyperparameters<T>& hyper,
                                   const Batch<T>& batch, std::optional<Draw> draw) {
  const Pass pass{parameters, hyper, false, draw};
  clear_activity();
  sum_weights(parameters, hyper, T(1));
  double squares = 0.0;
  for (const Block<T>& block : batch.blocks) {
    forward(pass, block);
    squares += output_error(block, T(0));
  }
  BatchSums sums = activity_sums(hyper);
  sums.squares = squares;
  return sums;
}

template class NetworkStep<float>;
template class NetworkStep<double>;

}  // namespace modsweep::cpu
