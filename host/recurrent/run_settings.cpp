#include "recurrent/run_settings.h"

#include "tasks/parity.h"

#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::recurrent {

namespace {

/// The value of a choice by its name.
template <typename Value, std::size_t count>
Value chosen(std::string_view name, const std::array<std::pair<std::string_view, Value>, count>& choices) {
  for (const auto& [own, value] : choices)
    if (own == name) return value;
  throw LogicError(fmt::format("a recurrent run has no choice '{}'", name));
}

constexpr std::array<std::pair<std::string_view, Group>, 5> groups = {{{"recurrent", Group::recurrent},
                                                                       {"feedforward", Group::feedforward},
                                                                       {"input", Group::input},
                                                                       {"tau", Group::tau},
                                                                       {"head", Group::head}}};

using Length = ParitySettings::Length;
using BitProbability = ParitySettings::BitProbability;

constexpr std::array<std::pair<std::string_view, Length>, 2> lengths = {
    {{"batch", Length::batch}, {"sequence", Length::sequence}}};

constexpr std::array<std::pair<std::string_view, BitProbability>, 3> probabilities = {
    {{"sequence", BitProbability::sequence},
     {"batch", BitProbability::batch},
     {"even", BitProbability::even}}};

}  // namespace

RunSettings run_settings(const CellSettings& cell) {
  RunSettings run;
  run.form = {cell.network.units, cell.network.topology == Topology::modular,
              cell.network.biases == Biases::one};
  run.step = {.slope = cell.network.leaky_slope,
              .site = cell.network.activation_site,
              .learning_rate = cell.training.learning_rate,
              .momentum = cell.training.momentum,
              .nesterov = cell.training.nesterov,
              .clip_norm = cell.training.clip_norm,
              .regularization = {.noise = cell.noise.strength,
                                 .noise_exponent = cell.noise.exponent,
                                 .detached = cell.noise.gradient == NoiseGradient::detached,
                                 .l1 = cell.regularizer.l1,
                                 .l2 = cell.regularizer.l2,
                                 .weighted_activity = cell.regularizer.weighted_activity,
                                 .weighted_activity_exponent = cell.regularizer.weighted_activity_exponent}};
  run.parity = {.length_factor = parity::length_factor.of(cell.task),
                .length = chosen(parity::lengths.of(cell.task), lengths),
                .bit_probability = chosen(parity::bit_probability.of(cell.task), probabilities),
                .zero_state = cell.network.initial_state == InitialState::zero};
  run.growth.duplicate.clear();
  for (const std::string& name : cell.growth.duplicate) run.growth.duplicate.push_back(chosen(name, groups));
  run.growth.from_untrained = cell.growth.duplicate_from == DuplicateFrom::untrained;
  run.growth.freeze = cell.growth.freeze;
  run.growth.old_rate = cell.growth.old_rate;
  run.batch = cell.training.batch_size;
  run.steps_per_epoch = static_cast<std::uint32_t>(cell.growth.epoch_steps);
  run.test_batches = cell.growth.test_batches;
  run.epochs = static_cast<std::uint32_t>(cell.growth.epochs);
  run.pass = cell.growth.threshold;
  run.seed = cell.training.seed;
  return run;
}

}  // namespace modsweep::recurrent
