#include "config/keys.h"

#include "config/key_builders.h"
#include "config/recurrent_keys.h"
#include "core/text.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <type_traits>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/measure.h"
#include "modsweep/names.h"
#include "modsweep/task.h"

namespace modsweep {

void append_json(std::string& out, double value) {
  if (value == 0.0) value = 0.0;  // -0
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
}

void append_json(std::string& out, std::uint64_t value) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
}

namespace {

std::vector<std::string_view> names_of_tasks() {
  std::vector<std::string_view> names;
  for (const TaskKind& task : task_kinds()) names.push_back(task.name);
  return names;
}

using keys::add_own_keys;
using keys::counter;
using keys::depth;
using keys::exponent;
using keys::fraction;
using keys::key;
using keys::later;
using keys::line;
using keys::lines;
using keys::list;
using keys::MemberOf;
using keys::not_negative;
using keys::of;
using keys::of_all;
using keys::positive;
using keys::positive_fraction;
using keys::samples;
using keys::seed;
using keys::width;
using keys::with_alias;

using Task = TaskSettings;
using Network = NetworkSettings;
using Noise = NoiseSettings;
using Regularizer = RegularizerSettings;
using Train = TrainingSettings;
using Measure = MeasureSettings;
using Pruning = PruningSettings;
using Start = StartSettings;

// clang-format off: a table, one setting a line
std::vector<KeyInfo> table() {
  return {
      of_all(key<&Task::kind>("task.kind", names_of_tasks(), "what is learned"), "\"parity\""),
      key<&Task::inputs>("task.inputs", width, "inputs of the network, n"),
      key<&Task::seed>("task.seed", seed, "seed of the task's functions and data"),
      key<&Task::train_samples>("task.train_samples", samples, "samples of the training set"),
      key<&Task::test_samples>("task.test_samples", samples, "samples of the test set"),
      later(key<&Task::ood_samples>("task.ood_samples", Limits{0, 1e8},
                                    "out-of-distribution samples of tasks that have them; 0: none")),
      later(key<&Task::validation_samples>("task.validation_samples", Limits{0, 1e8},
                                           "samples of the validation set; 0: none")),
      later(line<&Task::file>("task.file", "table: a .csv or .npy file, beside the sweep file")),
      later(key<&Task::file_hash>("task.file_hash", "table: hash of the file's bytes; found by itself")),
      later(
          lines<&Task::input_columns>("task.input_columns", 1, 65536, "table: the columns that are inputs")),
      later(
          lines<&Task::target_columns>("task.target_columns", 1, 65536, "table: the columns to be learned")),
      later(line<&Task::split_column>(
          "task.split_column",
          "table: the column that says train, test, ood or validation; none: in file order")),
      later(lines<&Task::goals>("task.goals", 1, 64,
                                "retina, mixed_goals: the goals that are learned by turns "
                                "(training.goal_steps); none: the task's first")),

      list<&Network::hidden>("network.hidden", 1, 64, width, "units of each hidden layer"),
      list<&Network::groups>("network.groups", 0, 65, width,
                             "groups without connections in each weight layer; [] for none"),
      with_alias(key<&Network::activation>("network.activation", "activation function of the hidden layers"),
                 {"relu", "leaky_relu", "network.leaky_slope", "0"}),
      of_all(key<&Network::leaky_slope>("network.leaky_slope", Limits{-1000, 1000},
                                        "leaky_relu, recurrent networks: slope below 0"),
             "0.01"),
      key<&Network::bias>("network.bias", "whether layers have biases"),
      later(key<&Network::architecture>(
          "network.architecture",
          "layers: as hidden and groups say; the others: the paper's forms, of the "
          "sizes below")),
      later(key<&Network::block_depth>("network.block_depth", depth,
                                       "named architectures: hidden layers of a block, its output aside")),
      later(key<&Network::block_width>("network.block_width", width,
                                       "named architectures: units of each layer of a block")),
      later(key<&Network::joint_depth>("network.joint_depth", depth,
                                       "named architectures: hidden layers behind the blocks")),
      later(key<&Network::joint_width>("network.joint_width", width,
                                       "named architectures: units of each of these")),

      of_all(
          key<&Noise::strength>("noise.strength", not_negative, "strength sigma of the noise in training")),
      of_all(key<&Noise::exponent>("noise.exponent", exponent,
                                   "alpha: noise grows as |a|^(alpha/2): 0 additive, 1 Poisson-like, "
                                   "2 multiplicative")),
      key<&Noise::site>("noise.site",
                        "whether noise and dropout enter after or before the activation function"),
      of_all(key<&Noise::gradient>("noise.gradient", "whether the noise term takes part in the gradient")),

      key<&Regularizer::dropout>("regularizer.dropout", fraction,
                                 "probability that a hidden unit is dropped"),
      later(key<&Regularizer::swap_every>(
          "regularizer.swap_every", counter,
          "connection_cost: optimizer steps between two passes of swaps that shorten connections; 0: none")),

      of_all(key<&Train::optimizer>("training.optimizer", "adam, adamw, or sgd with or without momentum"),
             "\"sgd\""),
      of_all(key<&Train::learning_rate>("training.learning_rate", positive, "learning rate"), "0.2"),
      key<&Train::beta1>("training.beta1", fraction, "adam, adamw: decay of the mean of gradients"),
      key<&Train::beta2>("training.beta2", fraction, "adam, adamw: decay of the mean of squared gradients"),
      key<&Train::epsilon>("training.epsilon", Limits{0, 1, true},
                           "adam, adamw: added to the root of the second moment"),
      of_all(key<&Train::momentum>("training.momentum", fraction, "sgd: momentum"), "0.1"),
      of_all(key<&Train::nesterov>("training.nesterov", "sgd: Nesterov's form of momentum"), "true"),
      key<&Train::weight_decay>("training.weight_decay", not_negative,
                                "adam, sgd: times a parameter, is added to its gradient; adamw: times the "
                                "learning rate, is the fraction of a parameter removed; as PyTorch does"),
      later(key<&Train::schedule>("training.schedule",
                                  "how the learning rate falls: not; to schedule_minimum at the end of the "
                                  "run, as a cosine; or by gamma every step_size steps")),
      later(key<&Train::schedule_minimum>("training.schedule_minimum", not_negative,
                                          "cosine: the learning rate at its end")),
      later(key<&Train::step_size>("training.step_size", counter,
                                   "schedule step: optimizer steps between two decays")),
      later(key<&Train::gamma>("training.gamma", positive_fraction, "schedule step: factor of each decay")),
      later(key<&Train::warmup_steps>("training.warmup_steps", counter,
                                      "optimizer steps in which the learning rate rises linearly, before "
                                      "the schedule; 0: none")),
      later(key<&Train::warmup_start>("training.warmup_start", positive_fraction,
                                      "fraction of the learning rate at the first step of the warm-up")),
      later(key<&Train::patience>("training.patience", counter,
                                  "a network stops at the first measured step that comes this many steps "
                                  "after its lowest validation_loss; 0: never")),
      later(key<&Train::keep>("training.keep",
                              "which weights and results are kept: the last ones, or those of the measured "
                              "step with the lowest validation_loss")),
      of_all(key<&Train::batch_size>("training.batch_size", samples, "samples of a batch"), "256"),
      key<&Train::epochs>("training.epochs", counter,
                          "length of the run in passes over the training set; give this or steps"),
      key<&Train::steps>("training.steps", counter,
                         "length of the run in optimizer steps; give this or epochs"),
      key<&Train::shuffle>("training.shuffle", "a new order of samples every epoch; false: in file order"),
      later(key<&Train::goal_steps>("training.goal_steps", counter,
                                    "optimizer steps until the next of task.goals is learned; 0: the first "
                                    "alone")),
      of_all(key<&Train::seed>("training.seed", seed, "seed of initial weights, noise, dropout and order")),
      of_all(key<&Train::precision>(
          "training.precision",
          "scalar type of the training; tf32, on a GPU: fp32 whose matrix products see "
          "10 bits of each factor's fraction")),

      later(key<&Pruning::sparsity>("pruning.sparsity", fraction,
                                    "share of the weights that are 0 after the last pruning; 0: none")),
      later(key<&Pruning::initial_sparsity>("pruning.initial_sparsity", fraction,
                                            "share of the weights that are 0 after the first one")),
      later(
          key<&Pruning::begin>("pruning.begin", counter,
                               "step after which weights are pruned for the first time; 0: before training")),
      later(key<&Pruning::end>("pruning.end", counter,
                               "step of the last pruning; not above pruning.begin: one alone, at once")),
      later(key<&Pruning::every>("pruning.every", Limits{1, 2147483648.0},
                                 "optimizer steps between two prunings")),
      later(key<&Pruning::shape>("pruning.shape", "how the sparsity grows from the first to the last one")),
      later(key<&Pruning::scope>(
          "pruning.scope", "among which weights the smallest are pruned: of each layer, or of the network")),
      later(key<&Pruning::keep>("pruning.keep",
                                "with start.from: weights that are 0 there stay 0 from the first step on")),

      later(line<&Start::from>("start.from",
                               "a store, beside the sweep file: networks begin with the final weights of its "
                               "cells")),
      later(lines<&Start::where>("start.where", 1, 64,
                                 "start.from: only cells with these settings, as 'regularizer.l1=0.0001'; "
                                 "one of the values of each key")),
      later(key<&Start::cell>("start.cell", "start.from: the id of the cell; found by itself")),
      later(line<&Start::label>("start.label",
                                "start.from: the cell's settings that vary among those, but for its seed; "
                                "found by itself")),

      key<&Measure::every_steps>(
          "measure.every_steps", counter,
          "measure every k-th step; 0: not by this rule. The last step is always measured"),
      key<&Measure::points_per_decade>("measure.points_per_decade", Limits{0, 1000},
                                       "measure at log-spaced steps; 0: not by this rule"),
      key<&Measure::initial>("measure.initial", "measure before the first step too"),
      key<&Measure::spectrum>("measure.spectrum", "Laplacian spectra and gaps of every layer"),
      key<&Measure::cluster_by>("measure.cluster_by", "which neurons of a weight matrix are clustered"),
      key<&Measure::modules>("measure.modules", Limits{0, 65536},
                             "n of the reported gap_n; 0: the task's, most often its number of inputs"),
      key<&Measure::leaks>("measure.leaks", "path leak and Jacobian leak"),
      key<&Measure::noisy_strength>("measure.noisy_strength", not_negative,
                                    "strength of the noise of noisy_test_loss; 0: not measured"),
      key<&Measure::noisy_exponent>("measure.noisy_exponent", exponent,
                                    "exponent of the noise of noisy_test_loss"),
      later(key<&Measure::noisy_draws>("measure.noisy_draws", Limits{1, 100000},
                                       "draws of that noise whose losses are averaged")),
      later(key<&Measure::partition>("measure.partition",
                                     "modularity, normalized cut and block share of every layer")),
      of_all(key<&Measure::weights>("measure.weights", "keep the final weights in the store")),
      of_all(later(key<&Measure::state>(
          "measure.state", "keep the optimizer's final state in the store: a longer run goes on there"))),
  };
}
// clang-format on

/// Recurrent networks have some of the penalties (science.md section 8.8).
template <typename Penalty>
KeyInfo of_families_of(KeyInfo info) {
  constexpr bool recurrent = std::is_same_v<Penalty, math::L1> || std::is_same_v<Penalty, math::L2> ||
                             std::is_same_v<Penalty, math::WeightedActivity>;
  return recurrent ? of_all(std::move(info)) : info;
}

/// The coefficient of a penalty.
template <auto Member, typename Penalty>
KeyInfo coefficient(std::string_view name) {
  KeyInfo info = key<Member>(name, not_negative, Penalty::doc);
  info.later = Penalty::since > 1;
  return of_families_of<Penalty>(std::move(info));
}

/// Another setting of a penalty.
template <auto Member, typename Penalty>
KeyInfo setting_of(std::string_view name) {
  KeyInfo info;
  for (const math::PenaltySetting& setting : Penalty::settings) {
    if (fmt::format("regularizer.{}", setting.name) != name) continue;
    if constexpr (Enumeration<typename MemberOf<decltype(Member)>::Type>)
      info = key<Member>(name, setting.doc);
    else
      info = key<Member>(name, Limits{setting.low, setting.high}, setting.doc);
  }
  if (info.name.empty()) throw LogicError(fmt::format("{} is not in settings[] of its penalty", name));
  info.later = Penalty::since > 1;
  return of_families_of<Penalty>(std::move(info));
}

/// The settings of all penalties, from their list (math/penalties.h).
std::vector<KeyInfo> penalty_keys() {
  std::vector<KeyInfo> keys;
#define MODSWEEP_COEFFICIENT(name, Penalty) \
  keys.push_back(coefficient<&Regularizer::name, math::Penalty>("regularizer." #name));
#define MODSWEEP_SETTING(Penalty, name, standard) \
  keys.push_back(setting_of<&Regularizer::name, math::Penalty>("regularizer." #name));
  MODSWEEP_PENALTIES(MODSWEEP_COEFFICIENT, MODSWEEP_SETTING)
#undef MODSWEEP_COEFFICIENT
#undef MODSWEEP_SETTING
  return keys;
}

std::string plain(double value) {
  std::string out;
  if (value == static_cast<double>(static_cast<std::int64_t>(value < 1e15 && value > -1e15 ? value : 0)))
    return std::to_string(static_cast<std::int64_t>(value));  // 100000000, not 1e+08
  append_json(out, value);
  return out;
}

}  // namespace

std::string Limits::text() const {
  if (!above_low && !below_high) return fmt::format("from {} to {}", plain(low), plain(high));
  std::string out = fmt::format("{} {}", above_low ? "above" : "at least", plain(low));
  return out + fmt::format(" and {} {}", below_high ? "below" : "at most", plain(high));
}

std::string ChoiceAlias::meaning() const {
  return fmt::format("\"{}\" with {} = {}", choice, other_key, other_json);
}

std::string KeyInfo::type() const {
  switch (kind) {
    case ValueKind::boolean:
      return "true or false";
    case ValueKind::integer:
      return "an integer " + limits.text();
    case ValueKind::number:
      return "a number " + limits.text();
    case ValueKind::text:
      return "a string of letters, digits, '.', '_' and '-'";
    case ValueKind::choice: {
      std::string text = fmt::format("one of \"{}\"", fmt::join(choices, "\", \""));
      for (const ChoiceAlias& alias : aliases)
        text += fmt::format(", or \"{}\" for {}", alias.name, alias.meaning());
      return text;
    }
    case ValueKind::line:
      return "a string on one line, without quotes and backslashes";
    case ValueKind::line_list:
      return fmt::format("a list of {} to {} strings on one line, without quotes and backslashes", shortest,
                         longest);
    case ValueKind::integer_list:
      return fmt::format("a list of {} to {} integers {}", shortest, longest, limits.text());
  }
  return {};
}

std::string KeyInfo::families_text() const {
  std::string text;
  for (const auto& [family, own] : EnumNames<Family>::table)
    if (is_of(family)) text += fmt::format("{}{}", text.empty() ? "" : ", ", own);
  return text;
}

const CellSettings& standard_settings(Family family) {
  static const auto all = [] {
    std::array<CellSettings, family_count> settings;
    for (const auto& [one, name] : EnumNames<Family>::table) {
      CellSettings& own = settings[static_cast<std::size_t>(one)];
      for (const KeyInfo& key : setting_keys())
        if (key.standard_of(one) != key.standard && !key.read(own, key.standard_of(one)))
          throw LogicError(fmt::format("{}: {} is no default of it", key.name, key.standard_of(one)));
      own.network.family = one;
    }
    return settings;
  }();
  return all[static_cast<std::size_t>(family)];
}

const std::vector<const KeyInfo*>& foreign_keys(Family family) {
  static const auto all = [] {
    std::array<std::vector<const KeyInfo*>, family_count> keys;
    for (const auto& [one, name] : EnumNames<Family>::table)
      for (const KeyInfo& key : setting_keys())
        if (!key.is_of(one)) keys[static_cast<std::size_t>(one)].push_back(&key);
    return keys;
  }();
  return all[static_cast<std::size_t>(family)];
}

const std::vector<KeyInfo>& setting_keys() {
  static const std::vector<KeyInfo> keys = [] {
    auto all = table();
    for (const TaskKind& kind : task_kinds())
      add_own_keys<&CellSettings::task>(kind.settings, kind.family, all);
    for (const auto& measure : measures())
      add_own_keys<&CellSettings::measure>(measure.keys, measure.family, all);
    std::ranges::move(penalty_keys(), std::back_inserter(all));
    std::ranges::move(recurrent_keys(), std::back_inserter(all));
    for (KeyInfo& key : all) {
      key.write(CellSettings{}, key.standard);
      for (std::string& standard : key.standards)
        if (standard.empty()) standard = key.standard;
    }
    std::ranges::sort(all, {}, &KeyInfo::name);
    return all;
  }();
  return keys;
}

const std::vector<std::string_view>& setting_sections() {
  static const std::vector<std::string_view> sections = [] {
    std::vector<std::string_view> names;
    for (const KeyInfo& info : setting_keys())
      if (names.empty() || names.back() != info.section()) names.push_back(info.section());
    return names;
  }();
  return sections;
}

const KeyInfo* find_key(std::string_view name) {
  const auto& keys = setting_keys();
  const auto found = std::ranges::lower_bound(keys, name, {}, &KeyInfo::name);
  return found != keys.end() && found->name == name ? &*found : nullptr;
}

std::string_view schedule_partner(std::string_view name) {
  if (name == "training.steps") return "training.epochs";
  if (name == "training.epochs") return "training.steps";
  return {};
}

}  // namespace modsweep
