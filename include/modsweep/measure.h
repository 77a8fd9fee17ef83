// Measures: kinds of measurement. A new one is one file in host/measures and one line in the list there; the
// keys of sweep files, the store's tables, exports, checks and estimates follow from its Measure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "modsweep/early_stopping.h"
#include "modsweep/engine.h"
#include "modsweep/measurement.h"
#include "modsweep/network.h"
#include "modsweep/setting.h"
#include "modsweep/settings.h"
#include "modsweep/spectrum.h"
#include "modsweep/task.h"

namespace modsweep {

/// `json`: a text that is JSON.
enum class ColumnType : std::uint8_t { real, integer, text, json };

/// How `modsweep run` shows a column in its final table, as medians over seeds.
struct RunColumn {
  std::string_view heading = {};       ///< empty: not shown; "{n}" stands for n of gap_n
  std::string_view format = "{:.3g}";  ///< fmt's
  int order = 50;          ///< columns are shown in this order, equal ones in the order of the list
  bool always = false;     ///< false: shown only where a cell has a number
  std::size_t layers = 1;  ///< for a layer column: the number of layers shown
};

/// A column of the store's tables.
struct MeasureColumn {
  std::string_view name;
  std::string_view doc;        ///< one line: its meaning, and when it has no value
  std::string_view unit = {};  ///< empty: a ratio or a count
  /// The first store format with this column: for a new column, the format after that of the last release.
  std::int32_t since = 1;
  ColumnType type = ColumnType::real;
  bool shown = true;  ///< in exports
  RunColumn run = {};
};

/// A table that a measure declares. Cell, step and the key columns identify a row.
struct MeasureTable {
  std::string_view name;
  std::string_view doc;  ///< one line: what a row is
  std::vector<MeasureColumn> keys = {};
  std::vector<MeasureColumn> columns = {};
  std::int32_t since = 1;
  bool exported = true;  ///< as `modsweep export --table NAME`
  /// For rows longer than a few hundred bytes: they are stored apart from their keys, so that keys are found
  /// faster.
  bool long_rows = false;
};

class GrowingTraining;  // modsweep/growing_training.h

/// A network to be measured.
struct MeasuredNetwork {
  std::size_t index = 0;  ///< in its pack
  const CellSettings& settings;
  const Parameters& weights;
  const Dataset& data;
  const Evaluation& train;                             ///< clean, whole training set
  const Evaluation& test;                              ///< clean, whole test set
  const std::vector<LayerSpectra>& spectra;            ///< one per weight layer; for measures that need them
  std::uint64_t step = 0;                              ///< steps taken
  BestStep best = {};                                  ///< before this step
  std::optional<std::uint64_t> first_step_below = {};  ///< what an earlier measured step said of it
  /// Of recurrent networks: their training, in which this one is `index`. For them, what stands above between
  /// `data` and `spectra` is empty.
  const GrowingTraining* training = nullptr;
};

struct Measure;

/// Receives the results of one measure for one network.
class MeasureOutput {
 public:
  /// Stores references to both.
  MeasureOutput(const Measure& measure, Measurement& measurement);

  /// Values of the measure's network columns, in the measure's order. This function and the next two throw
  /// LogicError for a wrong number of values.
  void network(const std::vector<MeasuredValue>& values);
  /// Values of its layer columns for weight layer `layer`, from 0.
  void layer(std::size_t layer, const std::vector<MeasuredValue>& values);
  /// A row of a table that the measure declares; rows come in the order of their keys. Throws LogicError for
  /// any other table.
  void row(std::string_view table, const std::vector<MeasuredValue>& keys,
           const std::vector<MeasuredValue>& values);

 private:
  const Measure& measure_;
  Measurement& measurement_;
};

/// A kind of measurement.
struct Measure {
  std::string_view name;
  Family family = Family::feedforward;  ///< of the networks that have it
  std::vector<AnySetting> keys = {};
  /// Whether a cell requests the measure. Null: it does if the first of `keys`, a flag, is true, or if there
  /// are no keys.
  bool (*asked)(const CellSettings&) = nullptr;
  /// Throws InputError for settings that make no sense together; null: nothing to check.
  void (*check)(const CellSettings&) = nullptr;

  // What it needs.
  bool finite_weights = true;  ///< skipped where weights are not finite
  bool spectra = false;        ///< of all layers
  bool only_last = false;      ///< computed once, when a network's training ends

  // What it produces.
  std::vector<MeasureColumn> network = {};
  std::vector<MeasureColumn> layer = {};
  std::vector<MeasureTable> tables = {};

  /// Measures one network; several threads call it at once. May be null where `compute_pack` measures
  /// everything.
  void (*compute)(const MeasuredNetwork&, MeasureOutput&) = nullptr;
  /// Measures networks of one pack together, by evaluations of the pack or on the device; output i belongs to
  /// network i. Returns false if it did nothing; `compute` is then called. Null: not available.
  bool (*compute_pack)(Training&, std::span<const MeasuredNetwork>, std::span<MeasureOutput>) = nullptr;
  /// Bytes that one measurement of one network adds to a store, for the estimate of `modsweep plan`. Null: 8
  /// for each value of a network or layer; a measure with tables has to count their bytes.
  double (*bytes)(const Shape&, const CellSettings&) = nullptr;
};

/// All measures, in the order in which columns are shown.
[[nodiscard]] const std::vector<Measure>& measures();

/// Whether the cell requests the measure.
[[nodiscard]] bool asks_for(const CellSettings& cell, const Measure& measure);

/// Throws InputError where a setting of a measure has no effect or makes no sense.
void check_measures(const CellSettings& cell);

/// A list of numbers as JSON, in the shortest digits that read back exactly; null where one is not finite.
[[nodiscard]] std::string json_list(std::span<const double> values);

}  // namespace modsweep
