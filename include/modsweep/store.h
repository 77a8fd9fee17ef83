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

#include "modsweep/measurement.h"
#include "modsweep/network.h"
#include "modsweep/sweep.h"

namespace modsweep {

enum class CellStatus : std::uint8_t { running, done, diverged };

/// What is committed of one cell at once: new measurements together with the state that follows them, so that
/// whatever is read back after a crash belongs together.
struct CellProgress {
  const Cell* cell = nullptr;
  CellStatus status = CellStatus::running;
  std::uint64_t step = 0;  ///< steps taken
  std::optional<std::uint64_t> diverged_at;
  std::vector<Measurement> measurements;  ///< since the last commit; a row of the same step is replaced
  std::vector<std::byte> checkpoint;      ///< the engine's state; only while running
  std::optional<Parameters> weights;      ///< final weights; only when finished and asked for
  double seconds = 0.0;                   ///< this cell's share of the training time since the last commit
};

/// Counts for `status`. A cell that several sweeps share counts with the one that trained it, until the
/// others are marked finished: a finished sweep has nothing left.
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
  std::vector<SweepStatus> sweeps;
  std::uint64_t checkpoints = 0;
  std::optional<std::string> writer;  ///< who holds it for writing now: "process 4711"
};

/// What a fit found in one group of cells. The texts are JSON objects.
struct FitRecord {
  std::string group;       ///< the value of each column that was grouped by
  std::string parameters;  ///< numbers by name; empty object: none were found
  std::string intervals;   ///< [low, high] by the name of the parameter
  std::string note;        ///< plain text: why there are no parameters, or what limits them; may be empty
};

enum class Table : std::uint8_t { results, history, spectra, cells, fits };

/// The columns of `results` that hold what is measured of a sweep's networks: numbers, all of them.
[[nodiscard]] std::vector<std::string> measured_columns(const Sweep& sweep);

enum class ExportFormat : std::uint8_t { csv, json, jsonl };

/// An open store. Throws InputError for a file that is not a store, is broken, from a newer version, or held
/// by another process; IoError where the disk or database fails, with nothing of the failed commit left
/// behind. For one thread at a time.
class Store {
 public:
  enum class Access : std::uint8_t { read_only, read_write };

  /// read_write creates the file if absent and holds it against other writers until destroyed, or until the
  /// process dies in any way.
  Store(const std::string& path, Access access);
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  /// Records the sweep (again) and makes the views fit the keys that vary in this store.
  void add_sweep(const Sweep& sweep);
  /// Whether every cell of the sweep with this id is finished. Fast for any number of cells.
  [[nodiscard]] bool finished(const std::string& sweep_id) const;
  /// To be called when no cell of the sweep is left: `finished` is fast from then on.
  void mark_finished(const std::string& sweep_id);
  /// Ids (as numbers) of all cells that are done or diverged.
  [[nodiscard]] std::unordered_set<std::uint64_t> finished_cells() const;
  /// The last committed state of a running cell.
  [[nodiscard]] std::optional<std::vector<std::byte>> checkpoint(const std::string& cell_id) const;

  /// Commits all of it or nothing. `engine` and `device` are recorded with each cell.
  void commit(const std::string& sweep_id, std::span<const CellProgress> progress, std::string_view engine,
              std::string_view device);

  /// Keeps the fits of one kind ("transition") and options (a JSON object) in the table `fits`, which is made
  /// with the first of them; those that were made before with the same kind and options are replaced.
  void record_fits(const std::string& kind, const std::string& options, std::span<const FitRecord> fits);

  [[nodiscard]] StoreStatus status() const;
  /// Final weights and the settings of a cell; `id` may be any unique prefix. Throws InputError if absent.
  struct StoredWeights {
    std::string cell_id;
    std::string settings_json;
    Parameters weights;
  };
  [[nodiscard]] StoredWeights weights(const std::string& id) const;

  /// Writes a table. The rows stream: memory does not grow with the store.
  void export_table(Table table, ExportFormat format, std::ostream& out) const;

  /// The columns of a table, in order.
  [[nodiscard]] std::vector<std::string> columns(Table table) const;
  /// The settings that vary in this store: those that `results` and `history` have columns of.
  [[nodiscard]] std::vector<std::string> varied_keys() const;
  /// Hands some columns of a table to `row`, row by row in the table's order: a JSON text for each, "null"
  /// where there is no value. Memory does not grow with the store. Throws LogicError for a column that the
  /// table lacks.
  using RowReader = std::function<void(std::span<const std::string> row)>;
  void read_rows(Table table, const std::vector<std::string>& columns, const RowReader& row) const;

  /// Runs `query` and hands out its column names and rows as text: for the short tables that `run` prints.
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
