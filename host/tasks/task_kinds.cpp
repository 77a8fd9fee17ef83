#include <algorithm>
#include <numeric>
#include <string>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/task.h"

namespace modsweep {

#define MODSWEEP_TASK(name) TaskKind name##_task();
#include "tasks/tasks.def"
#undef MODSWEEP_TASK

namespace {

/// Insertions, deletions and replacements that turn one text into the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// A text that a user wrote, on one line of a message.
std::string shown(std::string_view text) {
  constexpr std::size_t limit = 60;
  std::string line(text.substr(0, limit));
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text.size() > limit ? line + "..." : line;
}

}  // namespace

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
  if (uses_seed) used.seed = task.seed;
  if (uses_ood_samples) used.ood_samples = task.ood_samples;
  if (uses_file) {
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
    // The part of a long text that can still decide is enough.
    const std::size_t distance = edit_distance(name.substr(0, 100), kind.name);
    if (nearest == nullptr || distance < least) {
      nearest = &kind;
      least = distance;
    }
  }
  throw InputError(
      fmt::format("task.kind = \"{}\": no such task; the nearest is \"{}\"", shown(name), nearest->name));
}

}  // namespace modsweep
