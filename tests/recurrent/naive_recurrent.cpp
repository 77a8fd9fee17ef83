#include "recurrent/naive_recurrent.h"

#include <algorithm>
#include <cmath>

namespace modsweep::test {

namespace {

using math::RecurrentTensor;
using recurrent::Network;

/// Entry (i, j) of a tensor; 0 where the network lacks it.
double entry(const Network<double>& network, const recurrent::TensorLayout& layout, RecurrentTensor kind,
             std::uint32_t index, std::size_t i, std::size_t j = 0) {
  for (const auto& one : layout.tensors())
    if (one.kind == kind && one.index == index) return network.values[one.offset + i * one.columns + j];
  return 0.0;
}

double leaky(double x, double slope) {
  return x > 0.0 ? x : slope * x;
}

/// What is read of states [module][unit].
std::vector<std::vector<double>> noisy(const recurrent::Regularization& settings,
                                       std::vector<std::vector<double>> states,
                                       const std::vector<std::vector<double>>& eps) {
  for (std::size_t m = 0; m < states.size(); ++m)
    for (std::size_t i = 0; i < states[m].size(); ++i)
      states[m][i] +=
          settings.noise * eps[m][i] * std::pow(std::abs(states[m][i]), settings.noise_exponent / 2.0);
  return states;
}

/// Normals of one sample, [time 0 .. longest][module][unit]; empty: none.
NaiveStates eps_of(const recurrent::GivenSequences<double>& sequences, std::uint32_t modules, std::size_t b) {
  NaiveStates out;
  for (std::size_t t = 0; !sequences.eps.empty() && t <= sequences.longest; ++t) {
    auto& now = out.emplace_back(modules, std::vector<double>(sequences.units));
    for (std::size_t m = 0; m < modules; ++m)
      for (std::size_t i = 0; i < sequences.units; ++i)
        now[m][i] =
            sequences.eps[((m * (sequences.longest + 1) + t) * sequences.count + b) * sequences.units + i];
  }
  return out;
}

/// Sum of squares of a unit's outgoing weights.
double rho(const Network<double>& network, const recurrent::TensorLayout& layout, std::uint32_t module,
           std::size_t unit) {
  double sum = 0.0;
  for (std::size_t i = 0; i < network.form.units; ++i) {
    sum += std::pow(entry(network, layout, RecurrentTensor::recurrent, module, i, unit), 2);
    sum += std::pow(entry(network, layout, RecurrentTensor::feedforward, module + 1, i, unit), 2);
  }
  for (std::uint32_t head = 0; head < network.heads; ++head)
    if ((network.form.modular ? std::min(head, network.modules - 1) : 0) == module)
      for (std::size_t o = 0; o < 2; ++o)
        sum += std::pow(entry(network, layout, RecurrentTensor::head, head, o, unit), 2);
  return sum;
}

/// L1 and L2 of all matrices.
double weight_penalty(const Network<double>& network, const recurrent::TensorLayout& layout,
                      const recurrent::Regularization& settings) {
  double sum = 0.0;
  for (const auto& one : layout.tensors()) {
    if (one.name[0] != 'W') continue;
    for (std::size_t i = 0; i < one.size(); ++i) {
      const double w = network.values[one.offset + i];
      sum += settings.l1 * std::abs(w) + settings.l2 * w * w;
    }
  }
  return sum;
}

/// One sample's mean over time of the sum over units of rho |r|^exponent.
double activity_penalty(const Network<double>& network, const recurrent::TensorLayout& layout,
                        double exponent, const NaiveStates& states) {
  double sum = 0.0;
  for (std::uint32_t m = 0; m < network.modules; ++m)
    for (std::size_t i = 0; i < network.form.units; ++i) {
      double mean = 0.0;
      for (std::size_t t = 1; t < states.size(); ++t)
        mean += std::pow(std::abs(states[t][m][i]), exponent) / static_cast<double>(states.size() - 1);
      sum += rho(network, layout, m, i) * mean;
    }
  return sum;
}

}  // namespace

NaiveStates naive_states(const Network<double>& network, const recurrent::StepSettings& settings,
                         const std::vector<double>& bits, const std::vector<std::vector<double>>& first,
                         const NaiveStates& eps) {
  const recurrent::TensorLayout layout(network.form, network.modules, network.heads);
  const std::size_t units = network.form.units;
  NaiveStates states = {first};
  for (const double bit : bits) {
    const auto before = states.back();
    const auto read = eps.empty() ? before : noisy(settings.regularization, before, eps[states.size() - 1]);
    auto after = before;
    for (std::uint32_t m = 0; m < network.modules; ++m)
      for (std::size_t i = 0; i < units; ++i) {
        const auto at = [&](RecurrentTensor kind, std::size_t j = 0) {
          return entry(network, layout, kind, m, i, j);
        };
        double drive = at(RecurrentTensor::input) * bit + at(RecurrentTensor::recurrent_bias) +
                       at(RecurrentTensor::feedforward_bias) + at(RecurrentTensor::input_bias);
        for (std::size_t j = 0; j < units; ++j) {
          if (j != i) drive += at(RecurrentTensor::recurrent, j) * read[m][j];
          if (m > 0) drive += at(RecurrentTensor::feedforward, j) * read[m - 1][j];
        }
        const double k = 1.0 / std::max(at(RecurrentTensor::timescale), 1.0);
        after[m][i] = settings.site == math::ActivationSite::drive
                          ? (1.0 - k) * before[m][i] + k * leaky(drive, settings.slope)
                          : leaky((1.0 - k) * before[m][i] + k * drive, settings.slope);
      }
    states.push_back(after);
  }
  return states;
}

std::vector<double> naive_logits(const Network<double>& network, std::uint32_t head,
                                 const std::vector<std::vector<double>>& states) {
  const recurrent::TensorLayout layout(network.form, network.modules, network.heads);
  const auto& r = states[network.form.modular ? std::min(head, network.modules - 1) : 0];
  std::vector<double> y(2);
  for (std::size_t o = 0; o < 2; ++o) {
    y[o] = entry(network, layout, RecurrentTensor::head_bias, head, o);
    for (std::size_t j = 0; j < r.size(); ++j)
      y[o] += entry(network, layout, RecurrentTensor::head, head, o, j) * r[j];
  }
  return y;
}

double naive_loss(const Network<double>& network, const recurrent::StepSettings& settings,
                  const recurrent::GivenSequences<double>& sequences,
                  const std::vector<std::uint32_t>& heads) {
  const recurrent::TensorLayout layout(network.form, network.modules, network.heads);
  const recurrent::Regularization& terms = settings.regularization;
  double loss = 0.0;
  for (std::size_t b = 0; b < sequences.count; ++b) {
    const std::size_t length =
        sequences.sample_lengths.empty() ? sequences.longest : sequences.sample_lengths[b];
    std::vector<double> bits(length);
    for (std::size_t t = 0; t < length; ++t) bits[t] = sequences.bit[t * sequences.count + b];
    std::vector<std::vector<double>> first(network.modules, std::vector<double>(network.form.units));
    for (std::size_t m = 0; m < network.modules; ++m)
      for (std::size_t i = 0; i < network.form.units; ++i)
        first[m][i] = sequences.state[(m * sequences.count + b) * network.form.units + i];
    const auto eps = eps_of(sequences, network.modules, b);
    const auto states = naive_states(network, settings, bits, first, eps);
    // A head reads a sample that ended early when the others end, too.
    const auto read = eps.empty() ? states.back() : noisy(terms, states.back(), eps.back());
    loss +=
        terms.weighted_activity * activity_penalty(network, layout, terms.weighted_activity_exponent, states);
    for (const std::uint32_t head : heads) {
      const auto y = naive_logits(network, head, read);
      int ones = 0;
      for (std::size_t t = length - network.tasks[head]; t < length; ++t) ones += bits[t] > 0.5 ? 1 : 0;
      const double right = y[static_cast<std::size_t>(ones % 2)];
      loss += std::log(std::exp(y[0]) + std::exp(y[1])) - right;
    }
  }
  return loss / sequences.count + weight_penalty(network, layout, terms);
}

}  // namespace modsweep::test
