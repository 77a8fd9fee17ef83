#include "recurrent/measures.h"

#include "recurrent/timescales.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::recurrent {

namespace {

using math::RecurrentTensor;
using math::SequenceDraw;
using math::SequencePurpose;

bool moves(Perturbed what, RecurrentTensor kind) {
  switch (what) {
    case Perturbed::weights:
      return kind == RecurrentTensor::recurrent || kind == RecurrentTensor::feedforward;
    case Perturbed::recurrent:
      return kind == RecurrentTensor::recurrent;
    case Perturbed::feedforward:
      return kind == RecurrentTensor::feedforward;
    case Perturbed::input:
      return kind == RecurrentTensor::input;
    case Perturbed::tau:
      break;
  }
  return kind == RecurrentTensor::timescale;
}

template <typename Values>
double norm(const Values& values) {
  double squares = 0.0;
  for (const auto value : values) squares += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(squares);
}

/// Bit t of a sample with a probability word, as DrawnSequences draws it.
bool drawn_bit(std::uint32_t seed, SequencePurpose purpose, std::uint32_t sample, std::uint32_t t,
               std::uint32_t probability) {
  const auto block =
      math::random_block(seed, math::sequence_stream(purpose, SequenceDraw::bits), 0, 0, sample, t / 4);
  return math::bit_of_word(block.word[t % 4], probability);
}

/// States before the first bit, [module][sample][unit].
std::vector<double> drawn_states(std::uint32_t seed, SequencePurpose purpose, std::uint32_t modules,
                                 std::uint32_t samples, std::uint32_t units) {
  std::vector<double> out;
  const auto stream = math::sequence_stream(purpose, SequenceDraw::state);
  for (std::uint32_t module = 0; module < modules; ++module)
    for (std::uint32_t sample = 0; sample < samples; ++sample)
      for (std::uint32_t unit = 0; unit < units; ++unit)
        out.push_back(
            math::initial_state_bound *
            math::uniform(math::random_block(seed, stream, 0, module, sample, unit / 4).word[unit % 4]));
  return out;
}

/// Entries minus their mean, divided by their standard deviation.
std::vector<double> normalized(std::vector<double> values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0.0;
  for (double& value : values) {
    value -= mean;
    squares += value * value;
  }
  for (double& value : values) value /= std::sqrt(squares / n);
  return values;
}

/// Windows in which a long sequence is run: as many as keep the states of a window in the cache.
constexpr std::uint32_t window_steps = 256;

/// Runs trials of a long sequence, window after window, each from where the last one ended.
template <typename T>
class LongRun {
 public:
  LongRun(const Network<T>& network, const Kernels<T>& kernels, const StepSettings& settings,
          std::uint32_t seed, std::uint32_t trials)
      : network_(network), settings_(settings), seed_(seed), step_(kernels), heads_(network.heads) {
    std::iota(heads_.begin(), heads_.end(), 0U);
    window_.chunk_size = kernels.chunk;
    window_.units = network.form.units;
    window_.count = trials;
    window_.state =
        drawn_states(seed, SequencePurpose::timescale, network.modules, trials, network.form.units);
    const auto stream = math::sequence_stream(SequencePurpose::timescale, SequenceDraw::probability);
    for (std::uint32_t trial = 0; trial < trials; ++trial)
      probabilities_.push_back(math::random_block(seed, stream, 0, 0, trial, 0).word[0]);
  }

  /// The next `steps` time steps; afterwards state() has them.
  void run(std::uint32_t steps) {
    window_.longest = steps;
    window_.bit.assign(std::size_t{steps} * window_.count, 0.0);
    for (std::uint32_t t = 0; t < steps; ++t)
      for (std::uint32_t trial = 0; trial < window_.count; ++trial)
        if (drawn_bit(seed_, SequencePurpose::timescale, trial, time_ + t, probabilities_[trial]))
          window_.bit[std::size_t{t} * window_.count + trial] = 1.0;
    step_.test(network_, settings_, window_, heads_, true);
    for (std::uint32_t module = 0; module < network_.modules; ++module)
      for (std::uint32_t trial = 0; trial < window_.count; ++trial)
        for (std::uint32_t unit = 0; unit < window_.units; ++unit)
          window_.state[(std::size_t{module} * window_.count + trial) * window_.units + unit] =
              state(module, steps, unit, trial);
    time_ += steps;
  }
  /// After step t = 1, 2, ... of the window.
  [[nodiscard]] double state(std::uint32_t module, std::uint32_t t, std::uint32_t unit,
                             std::uint32_t trial) const {
    return static_cast<double>(
        step_.states(module)[(std::size_t{t} * window_.units + unit) * window_.chunk_size + trial]);
  }

 private:
  const Network<T>& network_;
  StepSettings settings_;
  std::uint32_t seed_;
  std::uint32_t time_ = 0;
  NetworkStep<T> step_;
  std::vector<std::uint32_t> heads_;
  std::vector<std::uint32_t> probabilities_;
  GivenSequences<T> window_;
};

}  // namespace

std::vector<double> DrawnNormals::of(const NamedTensor& tensor) const {
  std::vector<double> out(tensor.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    double normals[4];
    math::block_normals(math::random_block(seed_, math::Stream::perturbation, draw_,
                                           16 * tensor.index + static_cast<std::uint32_t>(tensor.kind), 0,
                                           static_cast<std::uint32_t>(i / 4)),
                        normals);
    out[i] = normals[i % 4];
  }
  return out;
}

template <typename T>
Network<T> perturbed(const Network<T>& network, Perturbed what, double strength, const FreshValues& normals) {
  Network<T> out = network;
  const TensorLayout layout = network.layout();
  for (const NamedTensor& tensor : layout.tensors()) {
    if (!moves(what, tensor.kind)) continue;
    std::vector<double> xi = normals.of(tensor);
    if (!tensor.has_diagonal())
      for (std::size_t i = 0; i < tensor.rows; ++i) xi[i * tensor.columns + i] = 0.0;
    if (what == Perturbed::tau)
      for (double& x : xi) x = std::abs(x);
    const std::span<T> values = std::span<T>(out.values).subspan(tensor.offset, tensor.size());
    const double length = norm(xi);
    const double factor = length > 0.0 ? strength * norm(values) / length : 0.0;
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<T>(static_cast<double>(values[i]) + factor * xi[i]);
  }
  return out;
}

template <typename T>
GivenSequences<T> continuous_sequence(const Kernels<T>& kernels, const Network<T>& network,
                                      std::uint32_t seed, std::uint32_t steps) {
  GivenSequences<T> out;
  out.chunk_size = kernels.chunk;
  out.units = network.form.units;
  out.count = 1;
  out.longest = steps;
  for (std::uint32_t t = 0; t < steps; ++t)
    out.bit.push_back(drawn_bit(seed, SequencePurpose::continuous, 0, t, math::even_probability) ? 1.0 : 0.0);
  out.state = drawn_states(seed, SequencePurpose::continuous, network.modules, 1, network.form.units);
  return out;
}

std::uint32_t continuous_warmup(std::uint32_t task) {
  return std::max(100U, 2 * task);
}

template <typename T>
std::vector<double> continuous_accuracy(NetworkStep<T>& step, const Network<T>& network,
                                        const StepSettings& settings, const Sequences<T>& sequence,
                                        std::uint32_t warmup) {
  if (sequence.steps() <= warmup)
    throw LogicError(fmt::format("{} steps have nothing after {} to warm up", sequence.steps(), warmup));
  std::vector<double> out;
  for (const std::uint64_t right : step.read_continuously(network, settings, sequence, warmup))
    out.push_back(static_cast<double>(right) /
                  (static_cast<double>(sequence.steps() - warmup) * sequence.samples()));
  return out;
}

template <typename T>
std::vector<std::vector<double>> effective_timescales(const Network<T>& network, const Kernels<T>& kernels,
                                                      const StepSettings& settings, std::uint32_t seed,
                                                      const TimescaleSettings& timescales) {
  if (timescales.trials == 0 || timescales.trials > kernels.chunk)
    throw LogicError(fmt::format("{} trials, not 1 to {}", timescales.trials, kernels.chunk));
  const std::uint32_t units = network.form.units;
  LongRun<T> run(network, kernels, settings, seed, timescales.trials);
  run.run(timescales.dropped);
  std::vector<Autocovariances> covariances(
      network.modules, Autocovariances(std::size_t{units} * timescales.trials, timescales.lags));
  std::vector<double> values(std::size_t{units} * timescales.trials);
  const std::uint32_t windows = std::max(1U, timescales.steps / window_steps);
  for (std::uint32_t window = 0; window < windows; ++window) {
    const auto at = [&](std::uint32_t w) {
      return static_cast<std::uint32_t>(std::uint64_t{timescales.steps} * w / windows);
    };
    const std::uint32_t steps = at(window + 1) - at(window);
    run.run(steps);
    for (std::uint32_t module = 0; module < network.modules; ++module)
      for (std::uint32_t t = 1; t <= steps; ++t) {
        for (std::uint32_t unit = 0; unit < units; ++unit)
          for (std::uint32_t trial = 0; trial < timescales.trials; ++trial)
            values[std::size_t{unit} * timescales.trials + trial] = run.state(module, t, unit, trial);
        covariances[module].add(values);
      }
  }
  std::vector<std::vector<double>> out(network.modules);
  for (std::uint32_t module = 0; module < network.modules; ++module)
    for (std::uint32_t unit = 0; unit < units; ++unit) {
      std::vector<std::vector<double>> of_unit;
      for (std::uint32_t trial = 0; trial < timescales.trials; ++trial)
        of_unit.push_back(covariances[module].of(std::size_t{unit} * timescales.trials + trial));
      const auto correlation = autocorrelation(of_unit);
      out[module].push_back(correlation.empty() ? 0.0 : fit_decay(correlation).timescale());
    }
  return out;
}

double conservation(std::span<const double> before, std::span<const double> after, std::size_t columns,
                    bool with_diagonal) {
  if (before.size() != after.size() || columns == 0)
    throw LogicError(
        fmt::format("matrices of {} and {} entries in {} columns", before.size(), after.size(), columns));
  const auto entries = [&](std::span<const double> matrix) {
    std::vector<double> out;
    for (std::size_t i = 0; i < matrix.size(); ++i)
      if (with_diagonal || i / columns != i % columns) out.push_back(matrix[i]);
    return normalized(std::move(out));
  };
  const auto first = entries(before);
  const auto second = entries(after);
  double sum = 0.0;
  for (std::size_t i = 0; i < first.size(); ++i) sum += (second[i] - first[i]) * (second[i] - first[i]);
  return sum / static_cast<double>(first.size());  // the differences' mean is 0
}

template <typename T>
std::vector<double> conservations(const Network<T>& network, RecurrentTensor kind) {
  const TensorLayout layout = network.layout();
  const auto values = [&](const NamedTensor& tensor) {
    const auto begin = network.values.begin() + static_cast<std::ptrdiff_t>(tensor.offset);
    return std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(tensor.size()));
  };
  std::vector<double> out;
  for (std::uint32_t module = 1; module < network.modules; ++module) {
    if (!layout.has(kind, module - 1)) continue;
    const NamedTensor& before = layout.tensors()[layout.position(kind, module - 1)];
    const NamedTensor& after = layout.tensors()[layout.position(kind, module)];
    out.push_back(conservation(values(before), values(after), after.columns, after.has_diagonal()));
  }
  return out;
}

#define MODSWEEP_INSTANTIATE(T)                                                                             \
  template Network<T> perturbed(const Network<T>&, Perturbed, double, const FreshValues&);                  \
  template GivenSequences<T> continuous_sequence(const Kernels<T>&, const Network<T>&, std::uint32_t,       \
                                                 std::uint32_t);                                            \
  template std::vector<double> continuous_accuracy(NetworkStep<T>&, const Network<T>&, const StepSettings&, \
                                                   const Sequences<T>&, std::uint32_t);                     \
  template std::vector<std::vector<double>> effective_timescales(                                           \
      const Network<T>&, const Kernels<T>&, const StepSettings&, std::uint32_t, const TimescaleSettings&);  \
  template std::vector<double> conservations(const Network<T>&, RecurrentTensor);
MODSWEEP_INSTANTIATE(float)
MODSWEEP_INSTANTIATE(double)
#undef MODSWEEP_INSTANTIATE

}  // namespace modsweep::recurrent
