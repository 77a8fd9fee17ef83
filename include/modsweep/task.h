// Tasks: where data come from (science.md section 6). A new task is one file in host/tasks and one line in
// host/tasks/tasks.def.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
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

/// How a column of a table was scaled: networks see (value - mean) / scale.
struct ColumnScale {
  std::string column;
  double mean = 0.0;
  double scale = 1.0;
};

/// Data of one task; immutable once made and shared by all cells that use it.
struct Dataset {
  Samples train;
  Samples test;
  Samples ood = {};                             ///< empty where a task has none
  Samples validation = {};                      ///< like the test set; empty where none are asked for
  std::vector<ColumnScale> input_scales = {};   ///< [I]; empty where numbers are used as they are
  std::vector<ColumnScale> target_scales = {};  ///< [O]; the same
  /// The same samples with the targets of the second goal of task.goals, of the third, and so on.
  std::vector<std::shared_ptr<const Dataset>> other_goals = {};

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

/// Something about a user's data that the user should know before training.
struct DataRemark {
  std::string_view kind;             ///< one of each kind is told, whatever the number of tables
  std::string text;                  ///< "data.csv: what; remedy", on one line
  std::string_view settled_by = {};  ///< a setting; where the sweep names it, the user has decided this
};

struct TableRows;  // host/tasks/table.h

/// A task whose data come from a user's file: the file is read once, and every dataset is cut from its rows.
struct UserData {
  /// The settings that the rows depend on, with all others at their defaults.
  TaskSettings (*source)(const TaskSettings&);
  /// Reads the file. Throws InputError "path:line: what; remedy".
  TableRows (*read)(const TaskSettings& source);
  /// Throws InputError where the rows do not suffice for the settings.
  void (*check)(const TableRows&, const TaskSettings&);
  /// Makes the data. Deterministic in rows and settings.
  Dataset (*cut)(const TableRows&, const TaskSettings&);
  /// `single`: whether networks see the numbers in fp32.
  std::vector<DataRemark> (*remarks)(const TableRows&, const Dataset&, const TaskSettings&, bool single);
};

/// One kind of task.
struct TaskKind {
  std::string_view name;
  Family family = Family::feedforward;  ///< of the networks that learn it
  /// The settings that it declares for itself.
  std::vector<AnySetting> settings = {};
  /// Names for task.goals: the same inputs with other targets. Empty: the task has one goal, without a name.
  std::vector<std::string_view> goals = {};
  // Which of the settings in TaskSettings it uses in addition to kind, inputs, train_samples, test_samples
  // and validation_samples:
  bool uses_seed = true;           ///< seed
  bool uses_ood_samples = false;   ///< ood_samples
  bool targets_are_signs = false;  ///< +1 and -1, so that an output can have the wrong sign
  /// Modules that the task has. Null: as many as inputs.
  std::uint32_t (*modules)(const TaskSettings&) = nullptr;
  /// The group of an input, from 0, for measures of how separate groups are. Null: each input by itself.
  std::uint32_t (*input_group)(const TaskSettings&, std::uint32_t input) = nullptr;
  /// Outputs of the task, from its settings alone.
  std::uint32_t (*outputs)(const TaskSettings&);
  /// Checks constraints that the settings' types cannot express; throws InputError with the offending key,
  /// value and remedy.
  void (*check)(const TaskSettings&);
  /// Makes the data. Deterministic in the settings. Without samples where a training draws its own.
  Dataset (*make)(const TaskSettings&);
  /// Of a task that uses `file` and the columns; null: the data are generated from the settings, which always
  /// succeeds.
  const UserData* user_data = nullptr;

  /// The settings, with those that this task does not use at their defaults, so that they are equal where the
  /// data are equal. Settings that differ from their canonical form set something without effect.
  [[nodiscard]] TaskSettings canonical(const TaskSettings& task) const;
};

/// All tasks, in the order in which messages list them.
[[nodiscard]] const std::vector<TaskKind>& task_kinds();

/// The kind of that name; throws InputError naming the nearest one.
[[nodiscard]] const TaskKind& task_kind(std::string_view name);

/// The goal that is learned first: the first of task.goals or, without them, of the task's own. Throws
/// InputError for a name that the task does not have, LogicError for a task without goals.
[[nodiscard]] std::string_view goal_of(const TaskSettings& task);

/// Throws InputError where task.goals has a name that the task does not have, one twice, or goals with
/// different numbers of outputs.
void check_goals(const TaskSettings& task);

/// The position in task.goals of the goal that step t = 1, 2, ... learns (science.md section 9); of step 0,
/// as of the first step, it is 0.
[[nodiscard]] std::size_t goal_of_step(const CellSettings& cell, std::uint64_t step);

/// The dataset with the targets of the goal at that position of task.goals.
[[nodiscard]] std::shared_ptr<const Dataset> with_goal(const std::shared_ptr<const Dataset>& data,
                                                       std::size_t goal);

/// n of gap_n and k of partitions: measure.modules or, without it, those of the task.
[[nodiscard]] std::uint32_t modules_sought(const CellSettings& cell);

/// The group of each of the task's inputs, from 0 (TaskKind::input_group).
[[nodiscard]] std::vector<std::uint32_t> input_groups(const TaskSettings& task);

/// Makes each distinct dataset once and returns shared references. The rows of users' files are kept for
/// further datasets, up to a gigabyte of them: a file is read once, whatever the number of sizes and seeds.
/// Safe to call from several threads.
class DatasetCache {
 public:
  DatasetCache();
  ~DatasetCache();
  DatasetCache(const DatasetCache&) = delete;
  DatasetCache& operator=(const DatasetCache&) = delete;
  [[nodiscard]] std::shared_ptr<const Dataset> get(const TaskSettings& task);

  /// Reads the user's file, if the task has one. Throws InputError where it cannot be read or does not
  /// suffice for the settings.
  void check(const TaskSettings& task);
  /// What the user should know about the data; none where they are not the user's.
  [[nodiscard]] std::vector<DataRemark> remarks(const TaskSettings& task, Precision precision);
  /// How many times a user's file was read.
  [[nodiscard]] std::size_t files_read() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace modsweep
