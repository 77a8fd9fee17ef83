#include "core/text.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"
#include "modsweep/task.h"

namespace modsweep {

#define MODSWEEP_TASK(name) TaskKind name##_task();
#include "tasks/tasks.def"
#undef MODSWEEP_TASK

const std::vector<TaskKind>& task_kinds() {
  static const std::vector<TaskKind> kinds = {
#define MODSWEEP_TASK(name) name##_task(),
#include "tasks/tasks.def"
#undef MODSWEEP_TASK
  };
  return kinds;
}

TaskSettings TaskKind::canonical(const TaskSettings& task) const {
  TaskSettings used;
  used.kind = task.kind;
  used.inputs = task.inputs;
  used.train_samples = task.train_samples;
  used.test_samples = task.test_samples;
  used.validation_samples = task.validation_samples;
  if (!goals.empty()) used.goals = task.goals;
  if (uses_seed) used.seed = task.seed;
  if (uses_ood_samples) used.ood_samples = task.ood_samples;
  if (user_data != nullptr) {
    used.file = task.file;
    used.file_hash = task.file_hash;
    used.input_columns = task.input_columns;
    used.target_columns = task.target_columns;
    used.split_column = task.split_column;
  }
  for (const AnySetting& setting : settings)
    if (const OwnValue* value = task.own.find(key_of(setting))) used.own.set(key_of(setting), *value);
  return used;
}

const TaskKind& task_kind(std::string_view name) {
  const TaskKind* nearest = nullptr;
  std::size_t least = 0;
  for (const TaskKind& kind : task_kinds()) {
    if (kind.name == name) return kind;
    // The beginning of a long text is enough to decide.
    const std::size_t distance = edit_distance(name.substr(0, 100), kind.name);
    if (nearest == nullptr || distance < least) {
      nearest = &kind;
      least = distance;
    }
  }
  throw InputError(
      fmt::format("task.kind = \"{}\": no such task; the nearest is \"{}\"", one_line(name), nearest->name));
}

namespace {

std::string_view goal_named(const TaskKind& kind, const std::string& name) {
  const auto found = std::ranges::find(kind.goals, std::string_view(name));
  if (found == kind.goals.end())
    throw InputError(fmt::format("task.goals: \"{}\" is no goal of task.kind = \"{}\"; it has {}",
                                 one_line(name), kind.name, fmt::join(kind.goals, ", ")));
  return *found;
}

}  // namespace

std::string_view goal_of(const TaskSettings& task) {
  const TaskKind& kind = task_kind(task.kind);
  if (kind.goals.empty()) throw LogicError(fmt::format("goal_of: {} has no goals", kind.name));
  return task.goals.empty() ? kind.goals.front() : goal_named(kind, task.goals.front());
}

void check_goals(const TaskSettings& task) {
  const TaskKind& kind = task_kind(task.kind);
  TaskSettings alone = task;
  for (std::size_t g = 0; g < task.goals.size(); ++g) {
    const std::string& name = task.goals[g];
    (void)goal_named(kind, name);
    if (std::find(task.goals.begin(), task.goals.begin() + static_cast<std::ptrdiff_t>(g), name) !=
        task.goals.begin() + static_cast<std::ptrdiff_t>(g))
      throw InputError(fmt::format("task.goals has \"{}\" twice; name each goal once", name));
    alone.goals = {name};
    if (kind.outputs(alone) != kind.outputs(task))
      throw InputError(
          fmt::format("task.goals: \"{}\" has {} outputs, but \"{}\" has {}; a network learns goals of equal "
                      "numbers by turns",
                      name, kind.outputs(alone), task.goals.front(), kind.outputs(task)));
  }
}

std::size_t goal_of_step(const CellSettings& cell, std::uint64_t step) {
  const std::uint64_t each = cell.training.goal_steps;
  if (each == 0 || step == 0 || cell.task.goals.empty()) return 0;
  return static_cast<std::size_t>((step - 1) / each % cell.task.goals.size());
}

std::uint32_t modules_sought(const CellSettings& cell) {
  if (cell.measure.modules > 0) return cell.measure.modules;
  const TaskKind& kind = task_kind(cell.task.kind);
  return kind.modules == nullptr ? cell.task.inputs : kind.modules(cell.task);
}

std::vector<std::uint32_t> input_groups(const TaskSettings& task) {
  const TaskKind& kind = task_kind(task.kind);
  std::vector<std::uint32_t> groups;
  for (std::uint32_t input = 0; input < task.inputs; ++input)
    groups.push_back(kind.input_group == nullptr ? input : kind.input_group(task, input));
  return groups;
}

}  // namespace modsweep
