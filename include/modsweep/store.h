// The store: one SQLite file with everything that a sweep produced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "modsweep/error.h"
#include "modsweep/measurement.h"
#include "modsweep/network.h"
#include "modsweep/shard.h"
#include "modsweep/sweep.h"

namespace modsweep {

enum class CellStatus : std::uint8_t { running, done, diverged };

/// One cell in a commit: new measurements together with the state that follows them, so that everything read
/// back after a crash is consistent.
struct CellProgress {
  const Cell* cell = nullptr;
  CellStatus status = CellStatus::running;
  std::uint64_t step = 0;  ///< steps taken
  std::optional<std::uint64_t> diverged_at;
  std::vector<Measurement> measurements;  ///< since the last commit; a row of the same step is replaced
  std::vector<std::byte> checkpoint;      ///< the engine's state; when finished, only where it is to be kept
  std::optional<Parameters> weights;      ///< final weights; only when finished and requested
  double seconds = 0.0;                   ///< training time attributed to this cell since the last commit
  /// Id of a finished cell of the store that is the same network: this cell gets all that the store has of
  /// that one, and of the values above only `cell` counts. Empty: none.
  std::string same_as = {};
};

/// A cell that gets what the store has of a finished one.
struct CellCopy {
  const Cell* cell = nullptr;
  std::string from;  ///< id of the finished cell: the same network after its last step
  /// Whether the rows of a step belong to this cell, too: it becomes a running cell, with a checkpoint after
  /// the last step of the other. Empty: the cells are the same network throughout, and it gets all results.
  std::function<bool(std::uint64_t step)> keeps = {};
};

/// What a store keeps of the network of a finished cell.
struct KeptNetwork {
  std::uint64_t step = 0;  ///< steps taken
  bool state = false;      ///< with the optimizer's state
  bool weights = false;
};

/// The arguments of one commit; several are written in one transaction.
struct CommitPart {
  std::string sweep_id;
  std::string engine;
  std::string device;
  std::vector<const CellProgress*> progress;
};

/// The state from which a running cell resumes.
struct Checkpoint {
  std::uint64_t step = 0;        ///< as recorded in the store, beside the state
  std::vector<std::byte> state;  ///< the engine's
  std::string engine;            ///< the engine that trained the cell last
  std::string device;            ///< the device that the cell was trained on last
  bool hashed = true;            ///< false: from before format 4, without a hash to check it against
  std::optional<std::uint64_t> first_step_below = {};  ///< as its last measurement has it
};

/// A run that writes into a store: a row of its table `runs`.
struct RunRecord {
  std::string version;   ///< of the program
  std::string revision;  ///< the commit that it was built from
  std::string command;   ///< the command line
  std::string engine;
  std::string device;
  Shard shard;
};

/// Another program has locked the store: nothing was written, and the same call may succeed later.
class StoreBusy : public IoError {
 public:
  using IoError::IoError;
};

/// Counts for `status`. A cell of several sweeps counts for the sweep that trained it until the others are
/// marked finished: a finished sweep has no remaining cells.
struct StoreStatus {
  struct SweepStatus {
    std::string id;
    std::string name;
    std::uint64_t cells = 0;  ///< of the grid
    std::uint64_t done = 0;
    std::uint64_t diverged = 0;
    std::uint64_t running = 0;  ///< with a checkpoint
    [[nodiscard]] std::uint64_t left() const { return cells - done - diverged; }
  };
  /// A shard that was trained into this store.
  struct ShardStatus {
    std::string sweep_id;
    Shard shard;
    bool finished = false;
  };
  std::vector<SweepStatus> sweeps;
  std::vector<ShardStatus> shards;
  std::vector<std::string> programs;  ///< "0.1.0 (32fcff9)": programs that wrote here, from format 4 on
  std::uint64_t checkpoints = 0;
  std::optional<std::string> writer;  ///< the process that holds it for writing now: "process 4711 on node7"
};

/// A sweep as recorded in a store. The texts are JSON.
struct StoredSweep {
  std::string name;
  std::string base;  ///< settings that no axis varies, by key
  std::string axes;  ///< [axis]: {"keys": [...], "values": [[...], ...]}
};

/// The result of a fit to one group of cells. The texts are JSON objects.
struct FitRecord {
  std::string group;       ///< the value of each grouping column
  std::string parameters;  ///< numbers by name; empty object: none were found
  std::string intervals;   ///< [low, high] by the name of the parameter
  std::string note;        ///< plain text: why there are no parameters, or what limits them; may be empty
};

/// A table that a store presents: a fixed one, or one that a measure declares.
struct Table {
  enum Kind : std::uint8_t { results, history, spectra, cells, fits, runs, measured };

  Kind kind = results;
  std::string_view name = {};  ///< of a measure's table

  // NOLINTNEXTLINE(google-explicit-constructor): Table::results is a table
  constexpr Table(Kind fixed) : kind(fixed) {}
  /// The table of a measure with this name, which must outlive this object.
  constexpr explicit Table(std::string_view own) : kind(measured), name(own) {}
  bool operator==(const Table&) const = default;
};

/// A table and its name for users.
struct NamedTable {
  std::string_view name;
  Table table;
  std::string_view doc;  ///< one line: what a row is
};
/// All tables, those of measures last.
[[nodiscard]] const std::vector<NamedTable>& store_tables();

/// The columns of `results` that hold measurements of a sweep's networks; all are numeric.
[[nodiscard]] std::vector<std::string> measured_columns(const Sweep& sweep);

enum class ExportFormat : std::uint8_t { csv, json, jsonl };

/// An open store. Throws InputError for a file that is not a store, is broken, from a newer version, or held
/// by another process; IoError where the disk or database fails, with nothing of the failed commit left
/// behind. For one thread at a time.
class Store {
 public:
  enum class Access : std::uint8_t { read_only, read_write };

  /// read_write creates the file if absent and locks out other writers until this object is destroyed or the
  /// process dies.
  Store(const std::string& path, Access access);
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  /// Records the sweep (again), or that a shard of it is trained here, and adapts the views to the keys that
  /// vary in this store.
  void add_sweep(const Sweep& sweep, const Shard& shard = {});
  /// Whether every cell of the sweep, or of a shard of it, is known to be finished. Fast for any number of
  /// cells. Always false for a shard of a sweep that was added with another order of axes, which determines
  /// how cells are distributed.
  [[nodiscard]] bool finished(const Sweep& sweep, const Shard& shard = {}) const;
  /// Call this when no cell of the sweep, or of the shard, remains: `finished` is fast from then on.
  void mark_finished(const Sweep& sweep, const Shard& shard = {});
  /// Ids (as numbers) of all cells that are done or diverged. Throws InputError where a cell does not match
  /// its hash.
  [[nodiscard]] std::unordered_set<std::uint64_t> finished_cells() const;
  /// Ids (as numbers) of all cells with a checkpoint to resume from.
  [[nodiscard]] std::unordered_set<std::uint64_t> running_cells() const;
  /// A cell without its measurements.
  struct CellState {
    std::uint64_t id = 0;
    std::string_view sweep_id;
    CellStatus status = CellStatus::running;
  };
  /// Passes all cells to `cell`, each checked against its hash. Throws as finished_cells.
  void read_heads(const std::function<void(const CellState&)>& cell) const;
  /// The last committed state of a running cell. Throws InputError where it does not match its hash.
  [[nodiscard]] std::optional<Checkpoint> checkpoint(const std::string& cell_id) const;

  /// What is kept of the network of a cell that is done; none for any other cell.
  [[nodiscard]] std::optional<KeptNetwork> kept_network(const std::string& cell_id) const;
  /// Copies all or none. A cell that becomes running gets the state of the other, or its weights alone where
  /// no state was kept: then it can only be measured. What the store has of a cell is replaced.
  void copy_cells(const std::string& sweep_id, std::span<const CellCopy> copies);

  /// Records a run; all later commits belong to it.
  void begin_run(const RunRecord& run);
  /// Records how the run ended: "done", "interrupted".
  void end_run(const std::string& outcome);

  /// Commits everything or nothing. `engine` and `device` are recorded with each cell. Throws StoreBusy,
  /// after a short wait, where another program has locked the store.
  void commit(const std::string& sweep_id, std::span<const CellProgress> progress, std::string_view engine,
              std::string_view device);
  void commit(std::span<const CommitPart> parts);

  /// Stores the fits of one kind ("transition") and options (a JSON object) in the table `fits`, which the
  /// first call creates; earlier fits with the same kind and options are replaced.
  void record_fits(const std::string& kind, const std::string& options, std::span<const FitRecord> fits);

  [[nodiscard]] StoreStatus status() const;
  /// Whether any cell diverged. Fast for any number of cells.
  [[nodiscard]] bool any_diverged() const;
  /// 32 hex digits, random; copies of a store have the same. Empty before format 4.
  [[nodiscard]] std::string id() const;
  /// Steps of all cells together, as a measure of progress.
  [[nodiscard]] std::uint64_t steps() const;
  /// Messages for the user from opening the store: that it was converted to a new format, that it lies on a
  /// network file system.
  [[nodiscard]] const std::vector<std::string>& notes() const;
  /// Final weights and the settings of a cell; `id` may be any unique prefix. Throws InputError if absent.
  struct StoredWeights {
    std::string cell_id;
    std::string settings_json;
    Parameters weights;
    std::string engine;
    std::string device;
    std::optional<RunRecord> run;  ///< the run that trained it last; none before format 4
    std::string host;              ///< of that run
    std::string began;             ///< UTC
    /// How the columns of a table were scaled, as JSON: {"inputs": [{"column": "a", "mean": 1.5, "scale":
    /// 2}], "targets": [...]}, in the order of the network's units; empty: numbers were used as they are.
    std::string scaling;
  };
  [[nodiscard]] StoredWeights weights(const std::string& id) const;
  /// What is told of weights without reading them.
  struct KeptWeights {
    std::string cell_id;
    std::string dtype;  ///< "F32" or "F64"
    Shape shape;
  };
  /// Passes those of all cells that have weights. Not checked against their hashes: `weights` does that.
  void read_kept_weights(const std::function<void(const KeptWeights&)>& cell) const;

  /// Writes a table. The rows stream: memory does not grow with the store.
  void export_table(Table table, ExportFormat format, std::ostream& out) const;

  /// The columns of a table, in order.
  [[nodiscard]] std::vector<std::string> columns(Table table) const;
  /// What the columns of a table hold, one line each, in the same order.
  [[nodiscard]] std::vector<std::string> column_docs(Table table) const;
  /// The settings that vary in this store: those with columns in `results` and `history`.
  [[nodiscard]] std::vector<std::string> varied_keys() const;
  /// Passes some columns of a table to `row`, row by row in the table's order: a JSON text for each, "null"
  /// where there is no value. Memory does not grow with the store. Throws LogicError for a column that the
  /// table lacks.
  using RowReader = std::function<void(std::span<const std::string> row)>;
  void read_rows(Table table, const std::vector<std::string>& columns, const RowReader& row) const;

  /// The same for only the cells with these ids, with or without their letter, in any order; the table must
  /// be one of cells. For a few cells: their hashes are not checked.
  void read_cells(Table table, const std::vector<std::string>& ids, const std::vector<std::string>& columns,
                  const RowReader& row) const;

  /// The sweeps that were trained into this store, oldest first.
  [[nodiscard]] std::vector<StoredSweep> sweeps() const;

  /// Executes an SQL query and returns its columns and rows as text.
  struct TextTable {
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;
  };
  [[nodiscard]] TextTable query(const std::string& sql) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace modsweep
