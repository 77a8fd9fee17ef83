// The settings of one training run: plain values, defaults as in the paper's standard experiment (science.md
// sections 1-6). host/config lists their keys by their names in a sweep file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modsweep/math/activations.h"
#include "modsweep/math/learning_rate.h"
#include "modsweep/math/noise.h"
#include "modsweep/math/penalties.h"
#include "modsweep/math/recurrent_kinds.h"
#include "modsweep/setting.h"

namespace modsweep {

/// A family of networks: what they are made of, how they are trained and what is measured of them. A sweep
/// has networks of one family.
enum class Family : std::uint8_t { feedforward, recurrent };
inline constexpr std::size_t family_count = 2;

/// Recurrent networks: one module a task, or one module that all heads read (science.md section 8).
enum class Topology : std::uint8_t { modular, flat };
/// Recurrent networks: a bias for each matrix of a unit, or one for each unit.
enum class Biases : std::uint8_t { each_matrix, one };
/// Recurrent networks: states before the first bit, uniform in [0, 0.1) or 0.
enum class InitialState : std::uint8_t { uniform, zero };
/// What of a new module is a copy for good and is not trained (science.md section 8.5).
enum class Freeze : std::uint8_t { none, recurrent, feedforward };
/// Whether a new module copies the last one as it was trained, or as it started.
enum class DuplicateFrom : std::uint8_t { trained, untrained };

/// Whether the layers of a network are given one by one (`layers`) or follow from a named form.
enum class Architecture : std::uint8_t { layers, modular, full, bottleneck };
/// Whether the noise term takes part in the gradient (science.md section 2).
enum class NoiseGradient : std::uint8_t { reparameterized, detached };
enum class Optimizer : std::uint8_t { adam, adamw, sgd };
/// Precision of a training. `tf32` is fp32 with matrix products that use only 10 fraction bits of each
/// factor, as a GPU's tensor cores do; it is never chosen unless requested.
enum class Precision : std::uint8_t { fp32, fp64, tf32 };
/// Which neurons of a weight matrix are clustered: the receiving ones (rows, the paper's) or the sending
/// ones.
enum class ClusterBy : std::uint8_t { incoming, outgoing };

/// How the sparsity grows from one pruning to the next (science.md section 9).
enum class PruningShape : std::uint8_t { cubic, geometric };
/// Among which weights the smallest are pruned.
enum class PruningScope : std::uint8_t { layer, network };

/// Which weights of a network are kept: those after its last step, or those with the least validation loss.
enum class Keep : std::uint8_t { last, best };

/// [task]: what is to be learned (science.md section 6).
struct TaskSettings {
  std::string kind = "modular_regression";
  std::uint32_t inputs = 4;
  std::uint32_t seed = 145;
  std::uint32_t train_samples = 1000;
  std::uint32_t test_samples = 1000;
  std::uint32_t ood_samples = 0;            ///< out-of-distribution samples; 0: none
  std::uint32_t validation_samples = 0;     ///< for early stopping; 0: none
  std::string file;                         ///< table: a CSV or .npy file
  std::string file_hash;                    ///< table: 16 hex digits, XXH3-64 of the file's bytes
  std::vector<std::string> input_columns;   ///< table: a network's inputs, by name
  std::vector<std::string> target_columns;  ///< table: a network's targets, by name
  std::string split_column;                 ///< table: train, test, ood (or 0, 1, 2); empty: in file order
  std::vector<std::string> goals;  ///< tasks with goals: those that are learned by turns; empty: the first
  OwnValues own;                   ///< settings that one task declares for itself (TaskKind::settings)

  bool operator==(const TaskSettings&) const = default;
};

/// [network]: architecture (science.md section 1).
struct NetworkSettings {
  std::vector<std::uint32_t> hidden = {32, 32, 32};  ///< units of each hidden layer
  std::vector<std::uint32_t> groups;  ///< groups of each weight layer (hidden + 1 values); empty: all 1
  Activation activation = Activation::leaky_relu;
  double leaky_slope = 0.1;
  bool bias = true;
  Architecture architecture = Architecture::layers;
  // Dimensions of a named architecture; with `layers` these have no effect.
  std::uint32_t block_depth = 1;    ///< hidden layers of each input's block, without its output
  std::uint32_t block_width = 64;   ///< units of each of them
  std::uint32_t joint_depth = 1;    ///< hidden layers behind the blocks
  std::uint32_t joint_width = 128;  ///< units of each of them
  Family family = Family::feedforward;
  // Of recurrent networks alone.
  Topology topology = Topology::modular;
  std::uint32_t units = 10;  ///< of each module
  Biases biases = Biases::each_matrix;
  math::ActivationSite activation_site = math::ActivationSite::drive;
  InitialState initial_state = InitialState::uniform;

  bool operator==(const NetworkSettings&) const = default;
};

/// [noise]: g = a + strength * eps * |a|^(exponent/2) (science.md section 2).
struct NoiseSettings {
  double strength = 0.0;
  double exponent = 2.0;
  NoiseSite site = NoiseSite::post;
  NoiseGradient gradient = NoiseGradient::reparameterized;

  bool operator==(const NoiseSettings&) const = default;
};

/// [regularizer]: for each penalty (math/penalties.h) its coefficient, `double l2 = 0.0`, and its other
/// settings; and the dropout rate.
struct RegularizerSettings {
#define MODSWEEP_COEFFICIENT(name, Penalty) double name = 0.0;
#define MODSWEEP_SETTING(Penalty, name, standard) decltype(standard) name = standard;  // NOLINT
  MODSWEEP_PENALTIES(MODSWEEP_COEFFICIENT, MODSWEEP_SETTING)
#undef MODSWEEP_COEFFICIENT
#undef MODSWEEP_SETTING
  double dropout = 0.0;          ///< probability that a unit is dropped, in [0, 1)
  std::uint64_t swap_every = 0;  ///< connection_cost: steps between two passes of swaps; 0: none

  bool operator==(const RegularizerSettings&) const = default;
};

/// The settings of all penalties in the scalar type of a computation.
template <typename T>
[[nodiscard]] math::PenaltyRules<T> penalty_rules(const RegularizerSettings& settings) {
  math::PenaltyRules<T> rules;
#define MODSWEEP_RULE(name, Penalty)                                 \
  rules.template of<math::Penalty>().coefficient = T(settings.name); \
  math::Penalty::set(rules.template of<math::Penalty>(), settings);
  MODSWEEP_PENALTIES(MODSWEEP_RULE, MODSWEEP_NOTHING)
#undef MODSWEEP_RULE
  return rules;
}

/// [training]: optimizer and schedule (science.md section 4). Exactly one of `epochs` and `steps` is
/// positive.
struct TrainingSettings {
  Optimizer optimizer = Optimizer::adam;
  double learning_rate = 1e-3;
  double beta1 = 0.9;         ///< adam, adamw
  double beta2 = 0.999;       ///< adam, adamw
  double epsilon = 1e-8;      ///< adam, adamw
  double momentum = 0.0;      ///< sgd
  bool nesterov = false;      ///< sgd
  double clip_norm = 2.0;     ///< recurrent networks: largest norm of a gradient; 0: any
  double weight_decay = 0.0;  ///< of every parameter, as PyTorch's weight_decay of the same optimizer
  Schedule schedule = Schedule::constant;
  double schedule_minimum = 0.0;   ///< cosine: the rate at its end, eta_min
  std::uint32_t step_size = 0;     ///< step: steps between two decays
  double gamma = 0.1;              ///< step: factor of each decay
  std::uint32_t warmup_steps = 0;  ///< steps in which the rate rises linearly, before the schedule
  double warmup_start = 1.0 / 3;   ///< fraction of the rate at the first of them
  std::uint64_t patience = 0;      ///< steps without a lower validation loss before a network stops; 0: never
  Keep keep = Keep::last;
  std::uint32_t batch_size = 200;
  std::uint64_t epochs = 0;      ///< passes over the training set
  std::uint64_t steps = 0;       ///< optimizer steps
  bool shuffle = false;          ///< a new order every epoch; false: fixed order, as the paper
  std::uint64_t goal_steps = 0;  ///< steps until the next of task.goals is learned; 0: the first alone
  std::uint32_t seed = 0;        ///< initial weights, noise, dropout, order
  Precision precision = Precision::fp32;

  bool operator==(const TrainingSettings&) const = default;
};

/// [pruning]: which weights become 0 and stay 0 (science.md section 9).
struct PruningSettings {
  double sparsity = 0.0;          ///< share of the weights that are 0 in the end; 0: no pruning
  double initial_sparsity = 0.0;  ///< after the first pruning, where more follow
  std::uint64_t begin = 0;        ///< step after which the first pruning comes; 0: before the first step
  std::uint64_t end = 0;          ///< step of the last one; not above begin: one pruning alone
  std::uint64_t every = 100;      ///< steps between two
  PruningShape shape = PruningShape::cubic;
  PruningScope scope = PruningScope::layer;
  bool keep = false;  ///< weights that are 0 in the parent network stay 0 from the first step on

  bool operator==(const PruningSettings&) const = default;
};

/// [growth]: the curriculum of recurrent networks (science.md section 8.5).
struct GrowthSettings {
  double threshold = 0.98;    ///< accuracy above which a task is solved
  std::uint64_t epochs = 60;  ///< length of the run
  std::uint64_t epoch_steps = 600;
  std::uint32_t test_batches = 50;                                    ///< after each epoch
  std::vector<std::string> duplicate = {"recurrent", "feedforward"};  ///< groups of tensors
  DuplicateFrom duplicate_from = DuplicateFrom::trained;
  Freeze freeze = Freeze::none;
  double old_rate = 0.0;  ///< factor of the learning rate of old modules at every growth

  bool operator==(const GrowthSettings&) const = default;
};

/// [start]: a network begins with the final weights of another cell, its parent (science.md section 9).
struct StartSettings {
  std::string from;                ///< the parent's store; empty: weights are drawn
  std::vector<std::string> where;  ///< KEY=VALUE: which cells of that store are parents
  std::string cell;                ///< the parent's id, with its letter
  std::string label;               ///< the parent's settings that vary among parents, without the seed

  bool operator==(const StartSettings&) const = default;
};

/// [measure]: what is recorded, and when. The last step is always measured.
struct MeasureSettings {
  std::uint64_t every_steps = 0;        ///< every k-th step; 0: not by this rule
  std::uint32_t points_per_decade = 0;  ///< log-spaced steps round(10^(i/points)); 0: not by this rule
  bool initial = false;                 ///< also before the first step
  bool spectrum = true;                 ///< Laplacian spectra of every layer (science.md section 5)
  ClusterBy cluster_by = ClusterBy::incoming;
  std::uint32_t modules = 0;    ///< n of gap_n; 0: the task's number of modules
  bool leaks = true;            ///< path leak and Jacobian leak
  double noisy_strength = 0.0;  ///< strength of the noise of `noisy_test_loss`; 0: not measured
  double noisy_exponent = 2.0;
  std::uint32_t noisy_draws = 1;  ///< independent draws of that noise, whose losses are averaged
  bool partition = false;         ///< modularity, normalized cut and block share of every layer
  bool weights = true;            ///< store the final weights
  bool state = false;             ///< store the final state, from which a longer run goes on
  OwnValues own;                  ///< settings that one measure declares for itself (Measure::keys)

  bool operator==(const MeasureSettings&) const = default;
};

/// Everything that determines one training run. Two cells with equal settings have equal results.
struct CellSettings {
  TaskSettings task;
  NetworkSettings network;
  NoiseSettings noise;
  RegularizerSettings regularizer;
  TrainingSettings training;
  PruningSettings pruning;
  GrowthSettings growth;
  StartSettings start;
  MeasureSettings measure;

  bool operator==(const CellSettings&) const = default;
};

/// Bytes of a parameter.
[[nodiscard]] constexpr std::size_t scalar_bytes(Precision precision) {
  return precision == Precision::fp64 ? sizeof(double) : sizeof(float);
}

/// Optimizer steps of a run: of recurrent networks epochs times their steps; else `steps`, or epochs times
/// the batches of an epoch (the last may be smaller).
[[nodiscard]] inline std::uint64_t total_steps(const CellSettings& cell) {
  if (cell.network.family == Family::recurrent) return cell.growth.epochs * cell.growth.epoch_steps;
  const auto& t = cell.training;
  if (t.steps > 0) return t.steps;
  const std::uint64_t batches = (std::uint64_t{cell.task.train_samples} + t.batch_size - 1) / t.batch_size;
  return t.epochs * batches;
}

/// Whether a recurrent network's training has noise or penalties (science.md section 8.8).
[[nodiscard]] inline bool is_regularized_recurrent(const CellSettings& cell) {
  return cell.network.family == Family::recurrent &&
         (cell.noise.strength > 0.0 || cell.regularizer.l1 > 0.0 || cell.regularizer.l2 > 0.0 ||
          cell.regularizer.weighted_activity > 0.0);
}

/// The learning rates of a run; they depend on its length where the schedule is a cosine.
[[nodiscard]] inline math::LearningRate learning_rate_of(const CellSettings& cell) {
  const auto& t = cell.training;
  const std::uint64_t total = total_steps(cell);
  const std::uint64_t after_warmup = total > t.warmup_steps ? total - t.warmup_steps : 0;
  return {.base = t.learning_rate,
          .minimum = t.schedule_minimum,
          .factor = t.gamma,
          .start = t.warmup_start,
          .warmup = t.warmup_steps,
          .period = t.schedule == Schedule::cosine ? static_cast<std::uint32_t>(after_warmup) : t.step_size,
          .schedule = t.schedule};
}

}  // namespace modsweep
