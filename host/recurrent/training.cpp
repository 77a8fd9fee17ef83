#include "recurrent/training.h"

#include "core/parallel.h"
#include "cpu/flush_denormals.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::recurrent {

namespace {

using math::SequencePurpose;

void check(const RunSettings& run) {
  const auto fail = [](const std::string& what) { throw LogicError("a recurrent run " + what); };
  if (run.batch == 0 || run.steps_per_epoch == 0 || run.test_batches == 0)
    fail(fmt::format("has batches of {} samples, {} steps an epoch and {} test batches; none may be 0",
                     run.batch, run.steps_per_epoch, run.test_batches));
  if (run.step.slope < 0.0) fail(fmt::format("has a slope of at least 0, not {}", run.step.slope));
  if (run.growth.freeze != Freeze::none && run.growth.old_rate > 0.0)
    fail("cannot freeze copies of modules that go on learning");
  // The second task is the shortest whose lengths must begin at N + 2.
  if (run.parity.length_factor < 2.0)
    fail(fmt::format("needs a length factor of at least 2, not {}", run.parity.length_factor));
}

}  // namespace

template <typename T>
std::vector<double> mean_timescales(const Network<T>& network) {
  const TensorLayout layout = network.layout();
  std::vector<double> out;
  for (const NamedTensor& tensor : layout.tensors()) {
    if (tensor.kind != math::RecurrentTensor::timescale) continue;
    double sum = 0.0;
    for (std::size_t i = 0; i < tensor.size(); ++i)
      sum += std::max(static_cast<double>(network.values[tensor.offset + i]), 1.0);
    out.push_back(sum / static_cast<double>(tensor.size()));
  }
  return out;
}

template <typename T>
Runs<T>::Runs(std::vector<RunSettings> runs) : runs_(std::move(runs)), records_(runs_.size()) {
  for (const RunSettings& run : runs_) {
    check(run);
    RunState<T> state;
    state.network = first_network<T>(run.form, DrawnValues(run.seed, run.form));
    states_.push_back(std::move(state));
    stops_.push_back(std::uint64_t{run.epochs} * run.steps_per_epoch);
  }
}

template <typename T>
std::uint64_t Runs<T>::total_steps(std::size_t network) const {
  return std::uint64_t{runs_[network].epochs} * runs_[network].steps_per_epoch;
}

template <typename T>
std::optional<std::uint64_t> Runs<T>::diverged(std::size_t network) const {
  if (states_[network].diverged == 0) return std::nullopt;
  return states_[network].diverged;
}

template <typename T>
std::vector<EpochRecord> Runs<T>::take_records(std::size_t network) {
  return std::exchange(records_[network], {});
}

template <typename T>
std::uint32_t Runs<T>::first_test(std::size_t network) const {
  const RunSettings& run = runs_[network];
  return static_cast<std::uint32_t>((states_[network].step / run.steps_per_epoch - 1) * run.test_batches);
}

template <typename T>
bool Runs<T>::end_epoch(std::size_t network, std::span<const std::uint64_t> right) {
  const RunSettings& run = runs_[network];
  RunState<T>& state = states_[network];
  EpochRecord record;
  record.epoch = static_cast<std::uint32_t>(state.step / run.steps_per_epoch);
  record.task = task_of(state.network);
  record.loss = std::exchange(state.loss_sum, 0.0) / run.steps_per_epoch;
  record.parameters = count_parameters(state.network, false);
  record.trained = count_parameters(state.network, true);
  record.timescale = mean_timescales(state.network);
  const double samples = static_cast<double>(run.test_batches) * run.batch;
  for (const std::uint64_t count : right) record.accuracy.push_back(static_cast<double>(count) / samples);
  const double mean = std::accumulate(record.accuracy.begin(), record.accuracy.end(), 0.0) /
                      static_cast<double>(record.accuracy.size());
  const bool passed = record.accuracy.back() > run.pass && mean > run.pass;
  if (passed) state.solved = state.network;
  record.solved = solved_task(state);
  const bool grows = passed && record.epoch < run.epochs;
  state.last = record;
  records_[network].push_back(std::move(record));
  return grows;
}

template <typename T>
std::vector<std::byte> Runs<T>::save(std::size_t network) const {
  return to_bytes(state(network));
}

template <typename T>
void Runs<T>::restore(std::size_t network, std::span<const std::byte> bytes) {
  const RunSettings& run = runs_[network];
  RunState<T>& state = states_[network];
  state = from_bytes<T>(bytes, run.form);
  records_[network].clear();
  // A shorter run does not grow after its last epoch; a longer one, which goes on there, does.
  const bool passed = state.solved.modules > 0 && task_of(state.solved) == task_of(state.network);
  if (passed && state.last.epoch < run.epochs && state.step % run.steps_per_epoch == 0)
    grow(state.network, run.growth, DrawnValues(run.seed, run.form));
}

template <typename T>
RecurrentTraining<T>::RecurrentTraining(std::vector<RunSettings> runs, cpu::Isa isa, std::size_t threads)
    : Runs<T>(std::move(runs)),
      kernels_(recurrent::kernels_for<T>(isa)),
      random_(cpu::kernels_for<T>(isa)),
      threads_(threads),
      workspaces_(threads) {}

template <typename T>
NetworkStep<T>& RecurrentTraining<T>::workspace(std::size_t worker) {
  if (!workspaces_[worker]) workspaces_[worker] = std::make_unique<NetworkStep<T>>(kernels_);
  return *workspaces_[worker];
}

template <typename T>
DrawnSequences<T> RecurrentTraining<T>::sequences(std::size_t network, SequencePurpose purpose,
                                                  std::uint64_t step) const {
  const RunSettings& run = runs_[network];
  return DrawnSequences<T>(kernels_, random_, run.parity, run.seed, purpose, static_cast<std::uint32_t>(step),
                           task_of(states_[network].network), run.form.units, run.batch);
}

template <typename T>
void RecurrentTraining<T>::take_step(std::size_t network, std::span<const std::uint32_t> heads,
                                     NetworkStep<T>& step) {
  RunState<T>& state = states_[network];
  const BatchResult result = step.train(state.network, runs_[network].step,
                                        sequences(network, SequencePurpose::training, state.step), heads);
  if (!std::isfinite(result.loss) || !std::isfinite(result.norm)) {
    state.diverged = state.step + 1;
    return;
  }
  ++state.step;
  state.loss_sum += result.loss;
}

template <typename T>
void RecurrentTraining<T>::test_and_grow(std::size_t network, NetworkStep<T>& step) {
  const RunSettings& run = runs_[network];
  RunState<T>& state = states_[network];
  std::vector<std::uint32_t> heads(state.network.heads);
  std::iota(heads.begin(), heads.end(), 0U);
  std::vector<std::uint64_t> right(heads.size(), 0);
  for (std::uint32_t batch = 0; batch < run.test_batches; ++batch) {
    const BatchResult result =
        step.test(state.network, run.step,
                  sequences(network, SequencePurpose::test, this->first_test(network) + batch), heads);
    for (std::size_t h = 0; h < heads.size(); ++h) right[h] += result.right[h];
  }
  if (this->end_epoch(network, right)) grow(state.network, run.growth, DrawnValues(run.seed, run.form));
}

template <typename T>
void RecurrentTraining<T>::advance(std::uint64_t steps) {
  parallel_for(threads_, runs_.size(), [&](std::size_t network, std::size_t worker) {
    const cpu::FlushDenormals flush;
    NetworkStep<T>& step = workspace(worker);
    RunState<T>& state = states_[network];
    const std::uint64_t last = std::min(stops_[network], state.step + steps);
    std::vector<std::uint32_t> heads = learning_heads(state.network);
    while (state.step < last && state.diverged == 0) {
      take_step(network, heads, step);
      if (state.diverged != 0 || state.step % runs_[network].steps_per_epoch != 0) continue;
      test_and_grow(network, step);
      heads = learning_heads(state.network);
    }
  });
}

template <typename T>
StepInspection RecurrentTraining<T>::inspect(std::size_t network) {
  const cpu::FlushDenormals flush;
  const RunState<T>& state = states_[network];
  NetworkStep<T>& step = workspace(0);
  const BatchResult result =
      step.gradient(state.network, runs_[network].step,
                    sequences(network, SequencePurpose::training, state.step), learning_heads(state.network));
  StepInspection out;
  out.total = result.loss;
  out.gradient.assign(step.gradient().begin(), step.gradient().end());
  return out;
}

template std::vector<double> mean_timescales<float>(const Network<float>&);
template std::vector<double> mean_timescales<double>(const Network<double>&);
template class Runs<float>;
template class Runs<double>;
template class RecurrentTraining<float>;
template class RecurrentTraining<double>;

}  // namespace modsweep::recurrent
