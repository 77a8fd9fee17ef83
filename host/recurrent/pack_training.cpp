#include "recurrent/pack_training.h"

#include "cpu/flush_denormals.h"
#include "recurrent/measures.h"
#include "recurrent/run_settings.h"
#include "recurrent/trained_network.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace modsweep::recurrent {

std::vector<RunSettings> runs_of(const Pack& pack) {
  std::vector<RunSettings> runs;
  for (const auto& settings : pack.settings) runs.push_back(run_settings(*settings));
  return runs;
}

namespace {

template <typename T>
bool all_finite(const std::vector<T>& values) {
  return std::ranges::all_of(values, [](T value) { return std::isfinite(value); });
}

}  // namespace

template <typename T>
PackTraining<T>::PackTraining(std::unique_ptr<Runs<T>> training, cpu::Isa isa)
    : isa_(isa), kernels_(recurrent::kernels_for<T>(isa)), training_(std::move(training)) {}

template <typename T>
const Network<T>& PackTraining<T>::trained(std::size_t network) const {
  const RunState<T>& state = training_->state(network);
  return state.solved.modules > 0 ? state.solved : state.network;
}

template <typename T>
Parameters PackTraining<T>::weights(std::size_t network) const {
  const Network<T>& own = trained(network);
  Parameters out;
  out.shape.family = Family::recurrent;
  out.shape.form = own.form;
  out.shape.modules = own.modules;
  out.shape.heads = own.heads;
  out.values.assign(own.values.begin(), own.values.end());
  return out;
}

template <typename T>
bool PackTraining<T>::finite(std::size_t network) const {
  const Network<T>& own = training_->state(network).network;
  return all_finite(own.values) && all_finite(own.velocity);
}

template <typename T>
std::vector<double> PackTraining<T>::continuous_accuracy(std::size_t network, std::uint32_t steps) const {
  const cpu::FlushDenormals flush;
  const Network<T>& own = trained(network);
  const RunSettings& run = training_->settings(network);
  NetworkStep<T> step(kernels_);
  const std::uint32_t warmup = continuous_warmup(task_of(own));
  return recurrent::continuous_accuracy(step, own, run.step,
                                        continuous_sequence(kernels_, own, run.seed, warmup + steps), warmup);
}

template <typename T>
std::vector<std::vector<std::vector<double>>> PackTraining<T>::robustness(
    std::size_t network, const RobustnessSettings& settings) const {
  return recurrent::robustness(trained(network), training_->settings(network), isa_, settings);
}

template <typename T>
std::vector<std::vector<double>> PackTraining<T>::effective_timescales(
    std::size_t network, const TimescaleSettings& settings) const {
  const cpu::FlushDenormals flush;
  const RunSettings& run = training_->settings(network);
  return recurrent::effective_timescales(trained(network), kernels_, run.step, run.seed, settings);
}

template <typename T>
double PackTraining<T>::generalization(std::size_t network, std::uint32_t extra, Generalization learns,
                                       std::uint32_t epochs) const {
  return recurrent::generalization(trained(network), training_->settings(network), isa_, extra, learns,
                                   epochs);
}

template <typename T>
std::vector<double> PackTraining<T>::conservations(std::size_t network, math::RecurrentTensor kind) const {
  return recurrent::conservations(trained(network), kind);
}

template class PackTraining<float>;
template class PackTraining<double>;

}  // namespace modsweep::recurrent
