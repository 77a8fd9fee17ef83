#include "engine/naive_step.h"

#include <cmath>

#include "modsweep/math/rng.h"

namespace modsweep::test {
namespace {

using Layers = std::vector<std::vector<double>>;  ///< [layer][unit]

/// One sample's way through the network and back.
class Sample {
 public:
  Sample(const CellSettings& cell, const ParameterLayout& layout, const std::vector<double>& parameters)
      : cell_(cell), layers_(layout.layers()), w_(parameters) {}

  void forward(const double* x, std::uint32_t sample, std::uint32_t step) {
    g_.assign(1, std::vector<double>(x, x + layers_.front().inputs));
    a_.assign(1, {});
    factor_.assign(1, {});
    for (std::uint32_t l = 0; l < layers_.size(); ++l) {
      const LayerSlice& layer = layers_[l];
      std::vector<double> a(layer.outputs);
      std::vector<double> factor(layer.outputs, 1.0);
      for (std::uint32_t j = 0; j < layer.outputs; ++j) {
        double z = w_[layer.biases + j];
        for (std::uint32_t k = 0; k < layer.inputs; ++k) z += weight(l, j, k) * g_[l][k];
        a[j] = l + 1 == layers_.size() || z > 0.0 ? z : cell_.network.leaky_slope * z;
        if (l + 1 == layers_.size() || cell_.noise.strength == 0.0) continue;
        double normals[4];
        math::block_normals(
            math::random_block(cell_.training.seed, math::Stream::noise, step, l, sample, j / 4), normals);
        factor[j] = 1.0 + cell_.noise.strength * normals[j % 4] * (a[j] < 0.0 ? -1.0 : 1.0);
      }
      std::vector<double> g(layer.outputs);
      for (std::uint32_t j = 0; j < layer.outputs; ++j) g[j] = a[j] * factor[j];
      a_.push_back(a);
      factor_.push_back(factor);
      g_.push_back(g);
    }
  }

  /// Adds the sample's share of the gradient, and its squares of activations; `out_squares`: of the weights
  /// out of a unit.
  void backward(const double* y, double samples, const Layers& out_squares, std::vector<double>& gradient,
                Layers& squares) const {
    std::vector<double> delta(layers_.back().outputs);
    for (std::size_t o = 0; o < delta.size(); ++o)
      delta[o] = 2.0 * (g_.back()[o] - y[o]) / (samples * static_cast<double>(delta.size()));
    for (std::size_t l = layers_.size(); l-- > 0;) {
      std::vector<double> below(layers_[l].inputs, 0.0);
      for (std::uint32_t j = 0; j < layers_[l].outputs; ++j) {
        gradient[layers_[l].biases + j] += delta[j];
        for (std::uint32_t k = 0; k < layers_[l].inputs; ++k) {
          gradient[layers_[l].weights + j * layers_[l].inputs + k] += delta[j] * g_[l][k];
          below[k] += delta[j] * weight(l, j, k);
        }
      }
      if (l == 0) return;
      const double wa = cell_.regularizer.weighted_activity;
      for (std::uint32_t k = 0; k < layers_[l].inputs; ++k) {
        squares[l][k] += a_[l][k] * a_[l][k];
        below[k] = below[k] * factor_[l][k] + 2.0 * wa / samples * out_squares[l][k] * a_[l][k];
        if (a_[l][k] <= 0.0) below[k] *= cell_.network.leaky_slope;
      }
      delta = below;
    }
  }

  [[nodiscard]] double weight(std::size_t l, std::size_t j, std::size_t k) const {
    return w_[layers_[l].weights + j * layers_[l].inputs + k];
  }

 private:
  const CellSettings& cell_;
  const std::vector<LayerSlice>& layers_;
  const std::vector<double>& w_;
  Layers g_, a_, factor_;  ///< of the units of layer l, inputs first
};

}  // namespace

std::vector<double> naive_gradient(const CellSettings& cell, const Shape& shape,
                                   const std::vector<double>& parameters, const Samples& data,
                                   const std::vector<std::uint32_t>& rows, std::uint32_t step) {
  const ParameterLayout layout(shape);
  std::vector<double> gradient(layout.parameters(), 0.0);
  Layers out_squares;
  Layers squares;
  Sample sample(cell, layout, parameters);
  for (std::size_t l = 0; l < layout.layers().size(); ++l) {
    const LayerSlice& layer = layout.layers()[l];
    squares.emplace_back(layer.inputs, 0.0);
    out_squares.emplace_back(layer.inputs, 0.0);
    for (std::uint32_t j = 0; j < layer.outputs; ++j)
      for (std::uint32_t k = 0; k < layer.inputs; ++k)
        out_squares[l][k] += sample.weight(l, j, k) * sample.weight(l, j, k);
  }
  const auto count = static_cast<double>(rows.size());
  for (std::uint32_t b = 0; b < rows.size(); ++b) {
    sample.forward(data.x.data() + std::size_t{rows[b]} * data.inputs, b, step);
    sample.backward(data.y.data() + std::size_t{rows[b]} * data.outputs, count, out_squares, gradient,
                    squares);
  }
  for (std::size_t l = 0; l < layout.layers().size(); ++l) {
    const LayerSlice& layer = layout.layers()[l];
    for (std::uint32_t j = 0; j < layer.outputs; ++j)
      for (std::uint32_t k = 0; k < layer.inputs; ++k) {
        double factor = cell.regularizer.l2;
        if (l > 0) factor += cell.regularizer.weighted_activity * squares[l][k] / count;
        gradient[layer.weights + j * layer.inputs + k] += 2.0 * factor * sample.weight(l, j, k);
      }
  }
  return gradient;
}

}  // namespace modsweep::test
