#include "tasks/regression_stream.h"

#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// Limit on the numbers in the inputs of one split; 2 GiB. More is a typing error rather than a data set for
/// small networks.
constexpr std::uint64_t max_numbers = 1ULL << 28;

void check_samples(const char* key, std::uint32_t count, std::uint32_t least, std::uint32_t inputs) {
  if (count < least) throw InputError(fmt::format("task.{} = 0: give at least 1", key));
  if (std::uint64_t{count} * inputs > max_numbers)
    throw InputError(fmt::format("task.{} = {} with task.inputs = {}: more than {} numbers; give fewer", key,
                                 count, inputs, max_numbers));
}

SineFunctions draw_functions(std::uint32_t inputs, NumpyRandom& random) {
  SineFunctions f;
  for (std::uint32_t i = 0; i < inputs; ++i) f.amplitudes.push_back(0.7 + 0.3 * random.uniform());
  for (std::uint32_t i = 0; i < inputs; ++i) f.frequencies.push_back(0.4 + 1.4 * random.uniform());
  for (std::uint32_t i = 0; i < inputs; ++i) f.phases.push_back(2.0 * std::numbers::pi * random.uniform());
  return f;
}

Samples draw_inputs(std::uint32_t count, std::uint32_t inputs, NumpyRandom& random) {
  Samples samples;
  samples.count = count;
  samples.inputs = inputs;
  samples.outputs = inputs;
  samples.x.resize(std::size_t{count} * inputs);
  samples.y.resize(samples.x.size());
  for (double& x : samples.x) x = (random.uniform() - 0.5) * 4.0;
  return samples;
}

}  // namespace

double SineFunctions::operator()(std::size_t i, double x) const {
  return amplitudes[i] * std::sin(frequencies[i] * x + phases[i]);
}

SineFunctions functions_of_seed(std::uint32_t inputs, std::uint32_t seed) {
  NumpyRandom random(seed);
  return draw_functions(inputs, random);
}

Dataset make_regression(const TaskSettings& task, const MakeTargets& targets) {
  NumpyRandom random(task.seed);
  const SineFunctions f = draw_functions(task.inputs, random);
  Dataset data;
  data.train = draw_inputs(task.train_samples, task.inputs, random);
  targets(f, data.train, random);
  data.test = draw_inputs(task.test_samples, task.inputs, random);
  targets(f, data.test, random);
  data.validation = draw_inputs(task.validation_samples, task.inputs, random);
  targets(f, data.validation, random);
  return data;
}

Dataset make_regression_in(const TaskSettings& task, InRange in_range, const MakeTargets& targets) {
  NumpyRandom random(task.seed);
  const SineFunctions f = draw_functions(task.inputs, random);
  Dataset data;
  const std::array<std::pair<Samples*, std::uint32_t>, 3> learned = {
      {{&data.train, task.train_samples},
       {&data.test, task.test_samples},
       {&data.validation, task.validation_samples}}};
  const auto add = [](Samples& to, const std::vector<double>& x) {
    to.x.insert(to.x.end(), x.begin(), x.end());
    ++to.count;
  };
  std::vector<double> x(task.inputs);
  for (std::size_t set = 0; set < learned.size() || data.ood.count < task.ood_samples;) {
    if (set < learned.size() && learned[set].first->count == learned[set].second) {
      ++set;
      continue;
    }
    for (double& value : x) value = (random.uniform() - 0.5) * 4.0;
    if (!in_range(x)) {
      if (data.ood.count < task.ood_samples) add(data.ood, x);
    } else if (set < learned.size()) {
      add(*learned[set].first, x);
    }
  }
  for (Samples* samples : {&data.train, &data.test, &data.validation, &data.ood}) {
    samples->inputs = samples->outputs = task.inputs;
    samples->y.resize(samples->x.size());
    targets(f, *samples, random);
  }
  return data;
}

void check_regression(const TaskSettings& task, std::uint32_t least_inputs) {
  if (task.inputs < least_inputs)
    throw InputError(fmt::format("task.inputs = {}: task.kind = \"{}\" needs at least {}", task.inputs,
                                 task.kind, least_inputs));
  check_samples("train_samples", task.train_samples, 1, task.inputs);
  check_samples("test_samples", task.test_samples, 1, task.inputs);
  check_samples("validation_samples", task.validation_samples, 0, task.inputs);
}

}  // namespace modsweep
