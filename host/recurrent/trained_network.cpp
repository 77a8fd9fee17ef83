#include "recurrent/trained_network.h"

#include "cpu/flush_denormals.h"

#include <algorithm>
#include <cmath>

namespace modsweep::recurrent {

namespace {

using math::SequencePurpose;

/// The network with the fresh head alone, or with what was trained before.
template <typename T>
Network<T> with_fresh_head(const Network<T>& network, const RunSettings& run, std::uint32_t task,
                           Generalization learns) {
  Network<T> out = network;
  const TensorLayout layout = network.layout();
  for (std::size_t n = 0; n < layout.tensors().size(); ++n)
    if (learns == Generalization::head || layout.tensors()[n].group == Group::head) out.rates[n] = 0.0;
  std::ranges::fill(out.velocity, T(0));
  add_head(out, task, DrawnValues(run.seed, run.form));
  return out;
}

}  // namespace

template <typename T>
double generalization(const Network<T>& network, const RunSettings& run, cpu::Isa isa, std::uint32_t extra,
                      Generalization learns, std::uint32_t epochs) {
  const cpu::FlushDenormals flush;
  const std::uint32_t task = task_of(network) + extra;
  const auto& kernels = recurrent::kernels_for<T>(isa);
  const auto& random = cpu::kernels_for<T>(isa);
  Network<T> learner = with_fresh_head(network, run, task, learns);
  const std::vector<std::uint32_t> head = {learner.heads - 1};
  NetworkStep<T> step(kernels);
  const auto sequences = [&](SequencePurpose purpose, std::uint32_t counter) {
    return DrawnSequences<T>(kernels, random, run.parity, run.seed, purpose, counter, task, run.form.units,
                             run.batch);
  };
  // Every `extra` has draws of its own.
  const std::uint32_t steps = epochs * run.steps_per_epoch;
  for (std::uint32_t s = 0; s < steps; ++s) {
    const BatchResult result =
        step.train(learner, run.step, sequences(SequencePurpose::generalization, extra * steps + s), head);
    if (!std::isfinite(result.loss) || !std::isfinite(result.norm)) break;
  }
  std::uint64_t right = 0;
  for (std::uint32_t b = 0; b < run.test_batches; ++b)
    right += step.test(learner, run.step,
                       sequences(SequencePurpose::generalization_test, extra * run.test_batches + b), head)
                 .right[0];
  return static_cast<double>(right) / (static_cast<double>(run.test_batches) * run.batch);
}

template <typename T>
std::vector<std::vector<std::vector<double>>> robustness(const Network<T>& network, const RunSettings& run,
                                                         cpu::Isa isa, const RobustnessSettings& settings) {
  const cpu::FlushDenormals flush;
  const auto& kernels = recurrent::kernels_for<T>(isa);
  NetworkStep<T> step(kernels);
  const std::uint32_t warmup = continuous_warmup(task_of(network));
  const auto sequence = continuous_sequence(kernels, network, run.seed, warmup + settings.steps);
  std::vector<std::vector<std::vector<double>>> out;
  for (const double strength : settings.strengths) {
    auto& of_strength = out.emplace_back();
    for (std::uint32_t draw = 0; draw < settings.draws; ++draw) {
      const Network<T> moved = perturbed(network, settings.what, strength, DrawnNormals(run.seed, draw));
      of_strength.push_back(continuous_accuracy(step, moved, run.step, sequence, warmup));
    }
  }
  return out;
}

std::vector<double> log_spaced(double first, double last, std::uint32_t count) {
  std::vector<double> out;
  for (std::uint32_t i = 0; i < count; ++i)
    out.push_back(count == 1 ? first : first * std::pow(last / first, static_cast<double>(i) / (count - 1)));
  return out;
}

template double generalization(const Network<float>&, const RunSettings&, cpu::Isa, std::uint32_t,
                               Generalization, std::uint32_t);
template double generalization(const Network<double>&, const RunSettings&, cpu::Isa, std::uint32_t,
                               Generalization, std::uint32_t);
template std::vector<std::vector<std::vector<double>>> robustness(const Network<float>&, const RunSettings&,
                                                                  cpu::Isa, const RobustnessSettings&);
template std::vector<std::vector<std::vector<double>>> robustness(const Network<double>&, const RunSettings&,
                                                                  cpu::Isa, const RobustnessSettings&);

}  // namespace modsweep::recurrent
