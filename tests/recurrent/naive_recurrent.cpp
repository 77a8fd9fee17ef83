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

}  // namespace

NaiveStates naive_states(const Network<double>& network, const recurrent::StepSettings& settings,
                         const std::vector<double>& bits, const std::vector<std::vector<double>>& first) {
  const recurrent::TensorLayout layout(network.form, network.modules, network.heads);
  const std::size_t units = network.form.units;
  NaiveStates states = {first};
  for (const double bit : bits) {
    const auto before = states.back();
    auto after = before;
    for (std::uint32_t m = 0; m < network.modules; ++m)
      for (std::size_t i = 0; i < units; ++i) {
        const auto at = [&](RecurrentTensor kind, std::size_t j = 0) {
          return entry(network, layout, kind, m, i, j);
        };
        double drive = at(RecurrentTensor::input) * bit + at(RecurrentTensor::recurrent_bias) +
                       at(RecurrentTensor::feedforward_bias) + at(RecurrentTensor::input_bias);
        for (std::size_t j = 0; j < units; ++j) {
          if (j != i) drive += at(RecurrentTensor::recurrent, j) * before[m][j];
          if (m > 0) drive += at(RecurrentTensor::feedforward, j) * before[m - 1][j];
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
    const auto states = naive_states(network, settings, bits, first);
    for (const std::uint32_t head : heads) {
      const auto y = naive_logits(network, head, states.back());
      int ones = 0;
      for (std::size_t t = length - network.tasks[head]; t < length; ++t) ones += bits[t] > 0.5 ? 1 : 0;
      const double right = y[static_cast<std::size_t>(ones % 2)];
      loss += std::log(std::exp(y[0]) + std::exp(y[1])) - right;
    }
  }
  return loss / sequences.count;
}

}  // namespace modsweep::test
