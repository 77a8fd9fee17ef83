#include "engine/naive_network.h"

#include <cmath>

#include "modsweep/math/rng.h"

namespace modsweep::test {

namespace {

double activation(Activation kind, double z, double slope) {
  switch (kind) {
    case Activation::linear:
      return z;
    case Activation::tanh:
      return std::tanh(z);
    case Activation::sigmoid:
      return 1.0 / (1.0 + std::exp(-z));
    case Activation::leaky_relu:
    case Activation::prelu:
      return z > 0 ? z : slope * z;
  }
  return 0.0;
}

double power(double x, double q) {
  return q == 0.0 ? 1.0 : std::pow(std::abs(x), q);
}

struct Matrix {
  std::size_t rows, columns;
  std::vector<double> w;
  [[nodiscard]] double at(std::size_t r, std::size_t c) const { return w[r * columns + c]; }
};

}  // namespace

NaiveResult naive_loss(const CellSettings& cell, const Parameters& network, const Samples& batch,
                       std::uint32_t step, const FrozenNoise* frozen) {
  const ParameterLayout layout(network.shape);
  const std::size_t layers = layout.layers().size();
  std::vector<Matrix> w;
  for (std::size_t l = 0; l < layers; ++l)
    w.push_back({layout.layers()[l].outputs, layout.layers()[l].inputs, network.dense_weights(l)});
  const std::uint32_t seed = cell.training.seed;
  NaiveResult result;
  result.noise.resize(layers - 1);
  double squares = 0.0, weighted = 0.0, activity = 0.0;
  for (std::uint32_t b = 0; b < batch.count; ++b) {
    std::vector<double> g(batch.x.begin() + b * batch.inputs, batch.x.begin() + (b + 1) * batch.inputs);
    for (std::size_t l = 0; l < layers; ++l) {
      std::vector<double> next(w[l].rows);
      for (std::uint32_t k = 0; k < w[l].rows; ++k) {
        double z = layout.bias() ? network.values[layout.layers()[l].biases + k] : 0.0;
        for (std::size_t i = 0; i < w[l].columns; ++i) z += w[l].at(k, i) * g[i];
        next[k] = z;
        if (l + 1 == layers) continue;
        const double slope =
            layout.prelu() ? network.values[layout.layers()[l].slope] : cell.network.leaky_slope;
        const double a = activation(cell.network.activation, z, slope);
        const bool pre = cell.noise.site == NoiseSite::pre;
        double v = pre ? z : a;
        const auto layer = static_cast<std::uint32_t>(l);
        if (cell.regularizer.dropout > 0.0) {
          const auto words = math::random_block(seed, math::Stream::dropout, step, layer, b, k / 4);
          const double p = cell.regularizer.dropout;
          v = math::uniform(words.word[k % 4]) < p ? 0.0 : v / (1.0 - p);
        }
        double term = 0.0;
        if (cell.noise.strength > 0.0) {
          double normals[4];
          math::block_normals(math::random_block(seed, math::Stream::noise, step, layer, b, k / 4), normals);
          term = cell.noise.strength * normals[k % 4] * power(v, cell.noise.exponent / 2.0);
        }
        if (frozen) term = (*frozen)[l][b * w[l].rows + k];
        result.noise[l].push_back(term);
        next[k] = pre ? activation(cell.network.activation, v + term, slope) : v + term;
        double out_square = 0.0;
        for (std::size_t j = 0; j < w[l + 1].rows; ++j) out_square += w[l + 1].at(j, k) * w[l + 1].at(j, k);
        weighted += out_square * power(a, cell.regularizer.weighted_activity_exponent);
        activity += power(a, cell.regularizer.activity_exponent);
      }
      g = next;
    }
    for (std::uint32_t o = 0; o < batch.outputs; ++o) {
      const double error = g[o] - batch.y[b * batch.outputs + o];
      squares += error * error;
    }
  }
  double l1 = 0.0, l2 = 0.0, l12 = 0.0, l21 = 0.0;
  for (std::size_t l = 0; l < layers; ++l) {
    for (const double v : w[l].w) {
      l1 += std::abs(v);
      l2 += v * v;
    }
    if (l + 1 == layers) continue;
    for (std::size_t k = 0; k < w[l].rows; ++k) {
      double in1 = 0.0, in2 = 0.0, out1 = 0.0, out2 = 0.0;
      for (std::size_t i = 0; i < w[l].columns; ++i) {
        in1 += std::abs(w[l].at(k, i));
        in2 += w[l].at(k, i) * w[l].at(k, i);
      }
      for (std::size_t j = 0; j < w[l + 1].rows; ++j) {
        out1 += std::abs(w[l + 1].at(j, k));
        out2 += w[l + 1].at(j, k) * w[l + 1].at(j, k);
      }
      l12 += in1 * out2;
      l21 += in2 * out1;
    }
  }
  const RegularizerSettings& r = cell.regularizer;
  result.mse = squares / (batch.count * batch.outputs);
  result.total = result.mse + r.l1 * l1 + r.l2 * l2 + r.l12 * l12 + r.l21 * l21 +
                 r.weighted_activity * weighted / batch.count + r.activity * activity / batch.count;
  return result;
}

}  // namespace modsweep::test
