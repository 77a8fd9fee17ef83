#include "config/check.h"

#include "config/check_recurrent.h"
#include "config/keys.h"

#include <algorithm>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/measure.h"
#include "modsweep/names.h"
#include "modsweep/network.h"
#include "modsweep/task.h"

namespace modsweep {
namespace {

constexpr std::uint64_t most_steps = 2147483648;  // the noise generator counts steps in 32 bits

/// A setting that means nothing for the family of the networks is a mistake.
void check_foreign_keys(const CellSettings& cell) {
  const Family family = cell.network.family;
  std::string given;
  for (const KeyInfo* key : foreign_keys(family)) {
    given.clear();
    key->write(cell, given);
    if (given != key->standard)
      throw InputError(fmt::format(
          "{} = {} means nothing with network.family = \"{}\": it is a setting of {}; leave it out",
          key->name, given, name_of(family), key->families_text()));
  }
}

void check_task_family(const CellSettings& cell) {
  const Family family = cell.network.family;
  const TaskKind& task = task_kind(cell.task.kind);
  if (task.family != family)
    throw InputError(
        fmt::format("task.kind = \"{}\" is learned by networks of network.family = \"{}\", not \"{}\"; "
                    "name that family or another task",
                    cell.task.kind, name_of(task.family), name_of(family)));
}

void check_length(const CellSettings& cell) {
  if (total_steps(cell) > most_steps)
    throw InputError(
        fmt::format("growth.epochs = {} of growth.epoch_steps = {} make {} steps, more than {}; "
                    "lower one of them",
                    cell.growth.epochs, cell.growth.epoch_steps, total_steps(cell), most_steps));
}

void check_schedule(const CellSettings& cell) {
  const TrainingSettings& t = cell.training;
  if (t.epochs > 0 && t.steps > 0)
    throw InputError(fmt::format(
        "training.steps = {} and training.epochs = {} are both given; keep one of them", t.steps, t.epochs));
  if (t.epochs == 0 && t.steps == 0)
    throw InputError("the length of the run is missing; set training.steps or training.epochs to at least 1");
  if (total_steps(cell) > most_steps)
    throw InputError(fmt::format(
        "training.epochs = {} makes {} steps with training.batch_size = {}, more than {}; lower the epochs",
        t.epochs, total_steps(cell), t.batch_size, most_steps));
}

// A setting without effect is a mistake: the user believes that it changed something.
void check_optimizer(const TrainingSettings& t) {
  constexpr const char* remedy =
      "set training.optimizer = \"sgd\" or leave it out (zip pairs the two in a grid)";
  if (t.optimizer != Optimizer::sgd && t.nesterov)
    throw InputError(
        fmt::format("training.nesterov = true has no effect with {}; {}", name_of(t.optimizer), remedy));
  if (t.optimizer != Optimizer::sgd && t.momentum > 0)
    throw InputError(fmt::format("training.momentum = {} has no effect with {}; {}", t.momentum,
                                 name_of(t.optimizer), remedy));
  if (t.nesterov && t.momentum == 0)
    throw InputError("training.nesterov = true needs momentum; set training.momentum above 0");
}

// Throws for the first setting of a table (`Part CellSettings::*table`) whose given value is not the value
// that is used. The reason is a text, or a function that makes it: a grid of many cells asks for each and
// needs none.
template <typename Part, typename Reason>
void refuse_unused(Part CellSettings::*table, const Part& given, const Part& used, const Reason& reason) {
  if (given == used) return;
  CellSettings own, standard;
  own.*table = given;
  standard.*table = used;
  for (const KeyInfo& key : setting_keys()) {
    std::string own_text, standard_text;
    key.write(own, own_text);
    key.write(standard, standard_text);
    if (own_text == standard_text) continue;
    if constexpr (std::is_invocable_v<Reason>)
      throw InputError(fmt::format("{} = {} {}", key.name, own_text, reason()));
    else
      throw InputError(fmt::format("{} = {} {}", key.name, own_text, reason));
  }
}

void check_learning_rate(const CellSettings& cell) {
  const TrainingSettings& t = cell.training;
  const TrainingSettings standard;
  TrainingSettings used = t;
  if (t.schedule != Schedule::cosine) used.schedule_minimum = standard.schedule_minimum;
  if (t.schedule != Schedule::step) {
    used.step_size = standard.step_size;
    used.gamma = standard.gamma;
  }
  refuse_unused(&CellSettings::training, t, used, [&] {
    return fmt::format(
        "has no effect with training.schedule = \"{}\"; leave it out or choose another schedule (zip pairs "
        "the two in a grid)",
        name_of(t.schedule));
  });
  if (t.warmup_steps == 0) used.warmup_start = standard.warmup_start;
  refuse_unused(&CellSettings::training, t, used,
                "has no effect without training.warmup_steps; set that, or leave this out (zip pairs the two "
                "in a grid)");
  if (t.schedule == Schedule::step && t.step_size == 0)
    throw InputError(
        "training.schedule = \"step\" needs training.step_size; set the steps between two decays");
  if (t.schedule_minimum > t.learning_rate)
    throw InputError(
        fmt::format("training.schedule_minimum = {} is above training.learning_rate = {}; lower it",
                    t.schedule_minimum, t.learning_rate));
  if (t.warmup_steps >= total_steps(cell))
    throw InputError(fmt::format("training.warmup_steps = {} leaves nothing of a run of {} steps; lower it",
                                 t.warmup_steps, total_steps(cell)));
}

void check_early_stopping(const CellSettings& cell) {
  const TrainingSettings& t = cell.training;
  if (t.patience == 0 && t.keep == Keep::last) return;
  const std::string setting =
      t.patience > 0 ? fmt::format("training.patience = {}", t.patience) : "training.keep = \"best\"";
  if (cell.task.validation_samples == 0)
    throw InputError(fmt::format("{} needs a validation set; set task.validation_samples above 0", setting));
  if (cell.measure.every_steps == 0 && cell.measure.points_per_decade == 0)
    throw InputError(
        fmt::format("{} needs measured steps; set measure.every_steps or "
                    "measure.points_per_decade above 0",
                    setting));
}

void check_pruning(const CellSettings& cell) {
  const PruningSettings& p = cell.pruning;
  if (p.keep && cell.start.from.empty())
    throw InputError(
        "pruning.keep = true has no effect without start.from; name the store whose networks have zeros");
  if (p.sparsity == 0.0) return;  // the others have no effect (inert.cpp): the sparsity is often an axis
  if (p.initial_sparsity > p.sparsity)
    throw InputError(fmt::format("pruning.initial_sparsity = {} is above pruning.sparsity = {}; lower it",
                                 p.initial_sparsity, p.sparsity));
  const std::uint64_t last = std::max(p.begin, p.end);
  if (last > total_steps(cell))
    throw InputError(fmt::format("pruning.{} = {} is past the run of {} steps; lower it",
                                 p.end > p.begin ? "end" : "begin", last, total_steps(cell)));
  if (p.end <= p.begin && p.initial_sparsity > 0.0)
    throw InputError(
        fmt::format("pruning.initial_sparsity = {} has no effect where pruning.end = {} is not above "
                    "pruning.begin = {}: weights are pruned once; leave it out or raise the end",
                    p.initial_sparsity, p.end, p.begin));
}

void check_task(const TaskSettings& task) {
  const TaskKind& kind = task_kind(task.kind);
  kind.check(task);
  if (!kind.goals.empty()) check_goals(task);
  refuse_unused(&CellSettings::task, task, kind.canonical(task), [&] {
    return fmt::format("has no effect with task.kind = \"{}\"; leave it out or choose another task",
                       task.kind);
  });
}

void check_start(const CellSettings& cell) {
  const StartSettings& s = cell.start;
  if (!s.from.empty()) return;
  for (const auto& [key, given] :
       {std::pair("where", !s.where.empty()), {"cell", !s.cell.empty()}, {"label", !s.label.empty()}})
    if (given)
      throw InputError(
          fmt::format("start.{} has no effect without start.from; name the store of the cells", key));
}

void check_swaps(const CellSettings& cell) {
  if (cell.regularizer.swap_every == 0 || cell.regularizer.connection_cost == 0.0) return;
  if (std::ranges::any_of(cell.network.groups, [](std::uint32_t groups) { return groups > 1; }) ||
      cell.network.architecture == Architecture::modular)
    throw InputError(fmt::format(
        "regularizer.swap_every = {} needs networks without groups, whose units cannot change places; "
        "leave one of the two out",
        cell.regularizer.swap_every));
}

void check_goal_steps(const CellSettings& cell) {
  if (cell.training.goal_steps > 0 && cell.task.goals.size() < 2)
    throw InputError(fmt::format(
        "training.goal_steps = {} has no effect with {} of task.goals; name the goals that are to "
        "be learned by turns",
        cell.training.goal_steps, cell.task.goals.size()));
}

void check_network(const CellSettings& cell) {
  constexpr std::uint64_t widest = 65536;
  const NetworkSettings standard;
  const NetworkSettings& own = cell.network;
  NetworkSettings used = own;
  if (own.architecture == Architecture::layers) {
    used.block_depth = standard.block_depth;
    used.block_width = standard.block_width;
    used.joint_depth = standard.joint_depth;
    used.joint_width = standard.joint_width;
    refuse_unused(&CellSettings::network, own, used,
                  "has no effect without network.architecture; name one, as \"modular\", or leave it out");
    return;
  }
  used.hidden = standard.hidden;
  used.groups = standard.groups;
  refuse_unused(&CellSettings::network, own, used, [&] {
    return fmt::format(
        "is given beside network.architecture = \"{}\", which says what the layers are; keep one of the two",
        name_of(own.architecture));
  });
  if (std::uint64_t{cell.task.inputs} * own.block_width > widest)
    throw InputError(fmt::format(
        "network.block_width = {} makes layers of {} units with task.inputs = {}, "
        "more than {}; lower it",
        own.block_width, std::uint64_t{cell.task.inputs} * own.block_width, cell.task.inputs, widest));
}

}  // namespace

void check_cell(const CellSettings& cell) {
  check_foreign_keys(cell);
  check_cell_of_family(cell);
}

void check_cell_of_family(const CellSettings& cell) {
  check_task_family(cell);
  check_measures(cell);
  if (cell.network.family == Family::recurrent) {
    check_length(cell);
    check_task(cell.task);
    check_recurrent(cell);
    return;
  }
  check_schedule(cell);
  check_optimizer(cell.training);
  check_learning_rate(cell);
  check_early_stopping(cell);
  check_pruning(cell);
  check_task(cell.task);
  check_goal_steps(cell);
  check_start(cell);
  check_swaps(cell);
  check_network(cell);
  (void)shape_of(cell, task_kind(cell.task.kind).outputs(cell.task));
}

}  // namespace modsweep
