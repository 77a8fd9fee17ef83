// Tasks: where data come from (science.md section 6). A new task is one file in host/tasks and one line in
// host/tasks/tasks.def.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "modsweep/setting.h"
#include "modsweep/settings.h"

namespace modsweep {

/// Samples of one split, row-major, in file order.
struct Samples {
  std::uint32_t count = 0;    ///< N
  std::uint32_t inputs = 0;   ///< I
  std::uint32_t outputs = 0;  ///< O
  std::vector<double> x;      ///< [N][I]
  std::vector<double> y;      ///< [N][O]
};

/// What a sample is for: training, a test like it, a test unlike anything in training (out of distribution),
/// choosing when to stop and which weights to keep.
enum class Split : std::uint8_t { train, test, ood, validation };
inline constexpr std::size_t split_count = 4;
inline constexpr std::array<Split, split_count> all_splits = {Split::train, Split::test, Split::ood,
                                                              Split::validation};

/// Data of one task; immutable once made and shared by all cells that use it.
struct Dataset {
  Samples train;
  Samples test;
  Samples ood = {};         ///< empty where a task has none
  Samples validation = {};  ///< like the test set; empty where none are asked for

  [[nodiscard]] const Samples& split(Split which) const {
    switch (which) {
      case Split::train:
        return train;
      case Split::test:
        return test;
      case Split::ood:
        return ood;
      case Split::validation:
        break;
    }
    return validation;
  }
};

/// One kind of task.
struct TaskKind {
  std::string_view name;
  /// The settings that it declares for itself.
  std::vector<AnySetting> settings = {};
  // Which of the settings in TaskSettings it uses in addition to kind, inputs, train_samples, test_samples
  // and validation_samples:
  bool uses_seed = true;          ///< seed
  bool uses_ood_samples = false;  ///< ood_samples
  bool uses_file = false;         ///< file and the columns: the user supplies the data
  /// Outputs of the task, from its settings alone.
  std::uint32_t (*outputs)(const TaskSettings&);
  /// Checks constraints that the settings' types cannot express; throws InputError with the offending key,
  /// value and remedy.
  void (*check)(const TaskSettings&);
  /// Makes the data. Deterministic in the settings.
  Dataset (*make)(const TaskSettings&);
  /// Reads the user's data and throws InputError where they do not match the settings; null where the data
  /// are generated from the settings, which always succeeds.
  void (*check_data)(const TaskSettings&) = nullptr;

  /// The settings, with those that this task does not use at their defaults, so that they are equal where the
  /// data are equal. Settings that differ from their canonical form set something without effect.
  [[nodiscard]] TaskSettings canonical(const TaskSettings& task) const;
};

/// All tasks, in the order in which messages list them.
[[nodiscard]] const std::vector<TaskKind>& task_kinds();

/// The kind of that name; throws InputError naming the nearest one.
[[nodiscard]] const TaskKind& task_kind(std::string_view name);

/// Makes each distinct dataset once and returns shared references. Safe to call from several threads.
class DatasetCache {
 public:
  DatasetCache();
  ~DatasetCache();
  DatasetCache(const DatasetCache&) = delete;
  DatasetCache& operator=(const DatasetCache&) = delete;
  [[nodiscard]] std::shared_ptr<const Dataset> get(const TaskSettings& task);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace modsweep
