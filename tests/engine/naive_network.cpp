#include "engine/naive_network.h"

#include <cmath>
#include <type_traits>

#include "modsweep/math/penalties.h"
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
    default:  // one that is not written here: its own value, to check its derivative against
      return math::activate(kind, z, slope);
  }
}

double power(double x, double q) {
  return q == 0.0 ? 1.0 : std::pow(std::abs(x), q);
}

struct Matrix {
  std::size_t rows, columns;
  std::vector<double> w;
  [[nodiscard]] double at(std::size_t r, std::size_t c) const { return w[r * columns + c]; }
};

/// The sums over the weights of unit k between two layers.
math::UnitSums<double> unit_sums(const Matrix& in, const Matrix& out, std::size_t k) {
  math::UnitSums<double> sums;
  for (std::size_t i = 0; i < in.columns; ++i) {
    sums.in_absolute += std::abs(in.at(k, i));
    sums.in_square += in.at(k, i) * in.at(k, i);
  }
  for (std::size_t j = 0; j < out.rows; ++j) {
    sums.out_absolute += std::abs(out.at(j, k));
    sums.out_square += out.at(j, k) * out.at(j, k);
  }
  return sums;
}

/// Whether naive_loss() implements the penalty as science.md states it.
template <typename Penalty>
constexpr bool is_written_here =
    std::is_same_v<Penalty, math::L1> || std::is_same_v<Penalty, math::L2> ||
    std::is_same_v<Penalty, math::WeightedActivity> || std::is_same_v<Penalty, math::Activity> ||
    std::is_same_v<Penalty, math::L12> || std::is_same_v<Penalty, math::L21> ||
    std::is_same_v<Penalty, math::ConnectionCost>;

/// science.md section 9's sum over all weights of c phi(w).
double connection_cost(const RegularizerSettings& r, const std::vector<Matrix>& w) {
  double sum = 0.0;
  for (const Matrix& layer : w)
    for (std::size_t j = 0; j < layer.rows; ++j)
      for (std::size_t k = 0; k < layer.columns; ++k) {
        const double to = (static_cast<double>(j) + 0.5) / static_cast<double>(layer.rows);
        const double from = (static_cast<double>(k) + 0.5) / static_cast<double>(layer.columns);
        const double c =
            r.connection_base + r.connection_length * std::pow(std::abs(to - from), r.connection_exponent);
        const double v = layer.at(j, k);
        const double scale = r.connection_scale;
        if (r.connection_form == math::ConnectionForm::abs) sum += c * std::abs(v);
        if (r.connection_form == math::ConnectionForm::square) sum += c * v * v;
        if (r.connection_form == math::ConnectionForm::log) sum += c * std::log1p(std::abs(v) / scale);
        if (r.connection_form == math::ConnectionForm::elimination)
          sum += c * v * v / (scale * scale + v * v);
      }
  return sum;
}

/// Any other penalty: its own value, to check its gradient against. clean: [layer][sample * units + unit].
template <typename Penalty>
double other_penalty(const typename Penalty::template Rule<double>& rule, const std::vector<Matrix>& w,
                     const std::vector<std::vector<double>>& clean, double samples) {
  if (is_written_here<Penalty> || rule.coefficient == 0.0) return 0.0;
  double value = 0.0;
  for (std::size_t l = 0; l < w.size(); ++l) {
    for (std::size_t j = 0; j < w[l].rows; ++j)
      for (std::size_t k = 0; k < w[l].columns; ++k) {
        const double v = w[l].at(j, k);
        if constexpr (math::is_of_weights<Penalty>)
          value += Penalty::value(math::WeightNorms<double>{std::abs(v), v * v});
        if constexpr (math::is_of_ends<Penalty>)  // no weights between groups: no cost
          if (v != 0.0)
            value += Penalty::value(
                rule, v,
                math::WeightEnds<double>{static_cast<std::uint32_t>(l), static_cast<double>(k),
                                         static_cast<double>(j), static_cast<double>(w[l].columns),
                                         static_cast<double>(w[l].rows)});
      }
    if (l + 1 == w.size()) continue;
    for (std::size_t k = 0; k < w[l].rows; ++k) {
      [[maybe_unused]] const math::UnitSums<double> unit = unit_sums(w[l], w[l + 1], k);
      if constexpr (math::is_of_sums<Penalty>) value += Penalty::value(unit);
      if constexpr (math::is_of_activity<Penalty>)
        for (std::size_t at = k; at < clean[l].size(); at += w[l].rows)
          value += Penalty::unit_weight(unit) * Penalty::activity(rule, clean[l][at]) / samples;
    }
  }
  return rule.coefficient * value;
}

template <typename... Penalty>
double other_penalties(const math::PenaltySet<Penalty...>&, const RegularizerSettings& settings,
                       const std::vector<Matrix>& w, const std::vector<std::vector<double>>& clean,
                       double samples) {
  const auto rules = penalty_rules<double>(settings);
  return (other_penalty<Penalty>(rules.template of<Penalty>(), w, clean, samples) + ...);
}

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
  std::vector<std::vector<double>> clean(layers - 1);  // activations, [layer][sample * units + unit]
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
        clean[l].push_back(a);
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
      const math::UnitSums<double> unit = unit_sums(w[l], w[l + 1], k);
      l12 += unit.in_absolute * unit.out_square;
      l21 += unit.in_square * unit.out_absolute;
    }
  }
  const RegularizerSettings& r = cell.regularizer;
  result.mse = squares / (batch.count * batch.outputs);
  result.total = result.mse + r.l1 * l1 + r.l2 * l2 + r.l12 * l12 + r.l21 * l21 +
                 r.weighted_activity * weighted / batch.count + r.activity * activity / batch.count +
                 r.connection_cost * connection_cost(r, w) +
                 other_penalties(math::Penalties(), r, w, clean, batch.count);
  return result;
}

double NaiveOptimizer::learning_rate() const {
  const TrainingSettings& t = cell_.training;
  const auto warmup = static_cast<double>(t.warmup_steps);
  auto s = static_cast<double>(steps_);
  if (s < warmup) return t.learning_rate * (t.warmup_start + (1.0 - t.warmup_start) * s / warmup);
  s -= warmup;
  const double length = static_cast<double>(total_steps(cell_)) - warmup;
  if (t.schedule == Schedule::cosine)
    return t.schedule_minimum +
           0.5 * (t.learning_rate - t.schedule_minimum) * (1.0 + std::cos(std::acos(-1.0) * s / length));
  double rate = t.learning_rate;
  if (t.schedule == Schedule::step)
    for (double decay = t.step_size; decay <= s; decay += t.step_size) rate *= t.gamma;
  return rate;
}

void NaiveOptimizer::step(std::vector<double>& parameters, const std::vector<double>& gradient) {
  const TrainingSettings& t = cell_.training;
  const double rate = learning_rate();
  ++steps_;
  first_.resize(parameters.size());
  second_.resize(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    double& w = parameters[i];
    double g = gradient[i];
    if (t.optimizer == Optimizer::adamw)
      w -= rate * t.weight_decay * w;
    else
      g += t.weight_decay * w;
    if (t.optimizer == Optimizer::sgd) {
      first_[i] = t.momentum * first_[i] + g;
      w -= rate * (t.nesterov ? g + t.momentum * first_[i] : first_[i]);
      continue;
    }
    const auto n = static_cast<double>(steps_);
    first_[i] = t.beta1 * first_[i] + (1.0 - t.beta1) * g;
    second_[i] = t.beta2 * second_[i] + (1.0 - t.beta2) * g * g;
    w -= rate * (first_[i] / (1.0 - std::pow(t.beta1, n))) /
         (std::sqrt(second_[i] / (1.0 - std::pow(t.beta2, n))) + t.epsilon);
  }
}

}  // namespace modsweep::test
