// Shared by the tests of tasks.
#pragma once

#include <string_view>
#include <variant>

#include "modsweep/error.h"
#include "modsweep/task.h"

namespace modsweep::test {

/// The data of a task with valid settings.
inline Dataset make(const TaskSettings& task) {
  const TaskKind& kind = task_kind(task.kind);
  kind.check(task);
  return kind.make(task);
}

/// Sets a setting that tasks declare themselves, by its key.
template <typename T>
void set(TaskSettings& task, std::string_view key, const T& value) {
  for (const TaskKind& kind : task_kinds())
    for (const AnySetting& setting : kind.settings)
      if (key_of(setting) == key) {
        std::get<Setting<T>>(setting).set(task, value);
        return;
      }
  throw LogicError("no task has this setting");
}

/// The declaration of a setting that a task has for itself.
inline const AnySetting& own_setting(std::string_view key) {
  for (const TaskKind& kind : task_kinds())
    for (const AnySetting& setting : kind.settings)
      if (key_of(setting) == key) return setting;
  throw LogicError("no task has this setting");
}

/// Sets a setting that a task has for itself.
template <typename T>
void set_own(TaskSettings& task, std::string_view key, const T& value) {
  std::visit(
      [&]<typename Own>(const Setting<Own>& setting) {
        if constexpr (std::is_convertible_v<T, Own> && std::is_arithmetic_v<T> == std::is_arithmetic_v<Own>)
          setting.set(task, static_cast<Own>(value));
        else
          throw LogicError("a value of another type");
      },
      own_setting(key));
}

}  // namespace modsweep::test
