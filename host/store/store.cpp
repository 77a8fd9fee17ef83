#include "modsweep/store.h"

#include "core/text.h"
#include "store/cell_rows.h"
#include "store/commit.h"
#include "store/connection.h"
#include "store/reading.h"
#include "store/row_hash.h"
#include "store/row_writer.h"
#include "store/schema.h"
#include "store/stored_weights.h"
#include "store/sweep_rows.h"
#include "store/tables.h"
#include "store/writer_lock.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include <SQLiteCpp/VariadicBind.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr int moment_ms = 200;  // to wait for readers if the write can be done later
constexpr int end_of_run_ms =
    3'600'000;  // the results are stored already: a lock must not make the end of a run fail
constexpr int patient_ms = 20'000;  // to wait for other programs if nothing else can be done meanwhile

std::string column_text(const SQLite::Column& value) {
  if (value.isNull()) return "";
  return value.isFloat() ? fmt::format("{}", value.getDouble()) : value.getString();
}

// Some columns of a table, in the order asked for.
TableQuery narrowed(const TableQuery& table, const std::vector<std::string>& columns) {
  TableQuery query{{}, table.from, table.where, table.order, table.cell};
  for (const auto& name : columns) {
    const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                    [&](const TableColumn& column) { return column.name == name; });
    if (found == table.columns.end())
      throw LogicError(fmt::format("read_rows: there is no column '{}'", name));
    query.columns.push_back(*found);
  }
  return query;
}

/// The values of a row as JSON, without the first column, the number of its cell.
void read_values(SQLite::Statement& row, const TableQuery& table, std::vector<std::string>& values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = json_value(row.getColumn(static_cast<int>(i) + 1), table.columns[i]);
}

// Makes SQLite refuse statements that write, for the lifetime of this object.
class ReadOnly {
 public:
  ReadOnly(SQLite::Database& db, bool restore) : db_(db), restore_(restore) {
    db_.exec("PRAGMA query_only = ON");
  }
  ~ReadOnly() {
    if (restore_) db_.tryExec("PRAGMA query_only = OFF");
  }
  ReadOnly(const ReadOnly&) = delete;
  ReadOnly& operator=(const ReadOnly&) = delete;

 private:
  SQLite::Database& db_;
  bool restore_;
};

/// A file with two names would have two journals, and SQLite would miss one after a crash.
void refuse_hard_links(const std::string& path, const std::string& shown) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && status.st_nlink > 1)
    throw InputError(
        fmt::format("{}: has {} names (hard links), and a store that is written to may have one; copy it and "
                    "give the copy",
                    shown, status.st_nlink));
}

/// Whether a path has no file, or a file without a byte.
bool is_absent(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::exists(path, failed))
    return !failed || failed == std::errc::no_such_file_or_directory;
  return std::filesystem::is_regular_file(path, failed) && std::filesystem::file_size(path, failed) == 0 &&
         !failed;
}

}  // namespace

struct Store::Impl {
  // In this order: the lock is taken first and released last.
  std::string shown;
  std::unique_ptr<WriterLock> lock;
  StoreFile file;
  std::unique_ptr<CellWriter> writer;
  std::int64_t run = 0;  // runs.num; 0: none was begun

  Impl(const std::string& path, Access access) : shown(path) {
    if (access == Access::read_write) {
      const std::string resolved = resolve_store_path(path);
      if (!is_absent(resolved)) check_store_file(path);
      refuse_hard_links(resolved, path);
      lock = std::make_unique<WriterLock>(resolved, path);
      if (is_absent(resolved)) create_store(path);
    }
    file = open_store(path, access);
    translate_errors(file, [&] {
      check_sweeps(file);
      if (access == Access::read_write) writer = std::make_unique<CellWriter>(file);
    });
    if (access != Access::read_write) return;
    if (const std::string kind = file_system_of(file.path); is_network_file_system(kind))
      file.notes.push_back(
          fmt::format("{}: lies on a network file system ({}): only one machine may open it while it is "
                      "written; --deliver "
                      "trains on a disk of this machine and hands it over",
                      path, kind));
  }

  void require_writer(const char* what) const {
    if (!writer) throw LogicError(fmt::format("{}: {} in a store opened for reading", shown, what));
  }

  /// Runs `action` in a write transaction. `timeout_ms`: how long to wait for other programs.
  template <typename Action>
  void write(int timeout_ms, Action&& action) {
    file.db->setBusyTimeout(timeout_ms);
    lock->touch();
    WriteTransaction transaction(file);
    try {
      translate_errors(file, std::forward<Action>(action));
      transaction.commit();
    } catch (...) {
      transaction.undo();
      writer->forget_totals();
      throw;
    }
  }

  [[nodiscard]] TableQuery query_of(Table table) const {
    SQLite::Database* const stores[] = {file.db.get()};
    return table_query(read_varying(stores), table);
  }

  void read(Table table, const TableQuery& query, const RowSink& sink) const {
    translate_errors(file, [&] { read_table(file, table, query, {}, sink); });
  }
};

Store::Store(const std::string& path, Access access) : impl_(std::make_unique<Impl>(path, access)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

void Store::add_sweep(const Sweep& sweep, const Shard& shard) {
  impl_->require_writer("add_sweep");
  const bool unchanged = translate_errors(
      impl_->file, [&] { return has_sweep(impl_->file, sweep, shard) && views_fit(*impl_->file.db); });
  if (unchanged) return;  // writes nothing
  impl_->write(patient_ms, [&] {
    insert_sweep(impl_->file, sweep, shard);
    refresh_views(*impl_->file.db);
  });
}

bool Store::finished(const Sweep& sweep, const Shard& shard) const {
  return translate_errors(impl_->file, [&] { return sweep_finished(impl_->file, sweep, shard); });
}

void Store::mark_finished(const Sweep& sweep, const Shard& shard) {
  impl_->require_writer("mark_finished");
  impl_->write(end_of_run_ms, [&] { mark_sweep_finished(impl_->file, sweep, shard); });
}

std::unordered_set<std::uint64_t> Store::finished_cells() const {
  return translate_errors(impl_->file, [&] {
    std::unordered_set<std::uint64_t> ids;
    modsweep::read_heads(impl_->file, [&](const CellHead& cell) {
      if (!cell.running) ids.insert(cell.id);
    });
    return ids;
  });
}

std::unordered_set<std::uint64_t> Store::running_cells() const {
  return translate_errors(impl_->file, [&] {
    std::unordered_set<std::uint64_t> ids;
    SQLite::Statement running(*impl_->file.db, "SELECT id FROM cells WHERE status = 'running'");
    while (running.executeStep()) ids.insert(id_number(impl_->file, running.getColumn(0).getString()));
    return ids;
  });
}

void Store::read_heads(const std::function<void(const CellState&)>& cell) const {
  translate_errors(impl_->file, [&] {
    std::map<std::int64_t, std::string> sweeps;
    SQLite::Statement ids(*impl_->file.db, "SELECT num, id FROM sweeps");
    while (ids.executeStep()) sweeps[ids.getColumn(0).getInt64()] = ids.getColumn(1).getString();
    modsweep::read_heads(impl_->file, [&](const CellHead& head) {
      cell({head.id, sweeps[head.sweep],
            head.running ? CellStatus::running : (head.diverged ? CellStatus::diverged : CellStatus::done)});
    });
  });
}

std::optional<Checkpoint> Store::checkpoint(const std::string& cell_id) const {
  return translate_errors(impl_->file, [&] { return read_checkpoint(impl_->file, cell_id); });
}

std::optional<KeptNetwork> Store::kept_network(const std::string& cell_id) const {
  return translate_errors(impl_->file, [&]() -> std::optional<KeptNetwork> {
    SQLite::Statement find(*impl_->file.db,
                           "SELECT step, EXISTS (SELECT 1 FROM checkpoints WHERE cell = num),"
                           " EXISTS (SELECT 1 FROM weights WHERE cell = num)"
                           " FROM cells WHERE id = ? AND status = 'done'");
    find.bind(1, cell_id);
    if (!find.executeStep()) return std::nullopt;
    return KeptNetwork{static_cast<std::uint64_t>(find.getColumn(0).getInt64()),
                       find.getColumn(1).getInt() != 0, find.getColumn(2).getInt() != 0};
  });
}

void Store::copy_cells(const std::string& sweep_id, std::span<const CellCopy> copies) {
  impl_->require_writer("copy_cells");
  impl_->write(patient_ms, [&] {
    const auto sweep = sweep_number(impl_->file, sweep_id);
    for (const CellCopy& copy : copies) impl_->writer->copy(sweep, impl_->run, copy);
    impl_->writer->write_totals();
  });
}

void Store::begin_run(const RunRecord& run) {
  impl_->require_writer("begin_run");
  impl_->write(patient_ms, [&] { impl_->run = insert_run(*impl_->file.db, run); });
}

void Store::end_run(const std::string& outcome) {
  impl_->require_writer("end_run");
  if (impl_->run == 0) return;
  impl_->write(end_of_run_ms, [&] { modsweep::end_run(*impl_->file.db, impl_->run, outcome); });
  impl_->run = 0;
}

void Store::commit(const std::string& sweep_id, std::span<const CellProgress> progress,
                   std::string_view engine, std::string_view device) {
  CommitPart part{sweep_id, std::string(engine), std::string(device), {}};
  for (const CellProgress& cell : progress) part.progress.push_back(&cell);
  commit({&part, 1});
}

void Store::commit(std::span<const CommitPart> parts) {
  impl_->require_writer("commit");
  impl_->write(moment_ms, [&] {
    for (const CommitPart& part : parts) {
      const auto sweep = sweep_number(impl_->file, part.sweep_id);
      for (const CellProgress* cell : part.progress)
        impl_->writer->write(sweep, impl_->run, *cell, part.engine, part.device);
    }
    impl_->writer->write_totals();
  });
}

void Store::record_fits(const std::string& kind, const std::string& options,
                        std::span<const FitRecord> fits) {
  impl_->require_writer("record_fits");
  impl_->write(patient_ms, [&] {
    SQLite::Database& db = *impl_->file.db;
    db.exec(std::string(fits_sql()));
    SQLite::Statement forget(db, "DELETE FROM fits WHERE kind = ? AND options = ?");
    SQLite::bind(forget, kind, options);
    forget.exec();
    SQLite::Statement insert(
        db,
        "INSERT INTO fits (kind, group_key, parameters, intervals, note, options, created, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    const std::string now = db.execAndGet("SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 'now')").getString();
    for (const FitRecord& fit : fits) {
      HashedRow row(insert, 1);
      int column = 0;
      for (const std::string& text : {kind, fit.group, fit.parameters, fit.intervals, fit.note, options, now})
        row.text(column++, text);
      insert.bind(8, static_cast<std::int64_t>(row.digest()));
      insert.exec();
      insert.reset();
    }
    refresh_views(db);  // an earlier program may have made them
  });
}

const std::vector<std::string>& Store::notes() const {
  return impl_->file.notes;
}

std::string Store::id() const {
  return impl_->file.hashed() ? hex_text(impl_->file.link.id) : "";
}

std::uint64_t Store::steps() const {
  return translate_errors(impl_->file, [&] {
    return static_cast<std::uint64_t>(
        impl_->file.db->execAndGet("SELECT coalesce(sum(step), 0) FROM cells").getInt64());
  });
}

bool Store::any_diverged() const {
  return translate_errors(impl_->file, [&] {
    SQLite::Statement query(
        *impl_->file.db,
        "SELECT 1 FROM sweeps s WHERE EXISTS (SELECT 1 FROM cells WHERE sweep = s.num AND "
        "status = 'diverged')");
    return query.executeStep();
  });
}

StoreStatus Store::status() const {
  return translate_errors(impl_->file, [&] { return read_status(impl_->file); });
}

Store::StoredWeights Store::weights(const std::string& id) const {
  return translate_errors(impl_->file, [&] {
    const SQLite::Transaction snapshot(*impl_->file.db);
    return read_weights(impl_->file, only_cell(find_cells(impl_->file, id), id, impl_->shown));
  });
}

void Store::read_kept_weights(const std::function<void(const KeptWeights&)>& cell) const {
  translate_errors(impl_->file, [&] {
    const SQLite::Transaction snapshot(*impl_->file.db);
    SQLite::Statement kept(*impl_->file.db,
                           "SELECT c.id, w.dtype, w.shape FROM weights w JOIN cells c ON c.num = w.cell");
    while (kept.executeStep())
      cell({kept.getColumn(0), kept.getColumn(1), shape_from_json(kept.getColumn(2), impl_->shown)});
  });
}

void Store::export_table(Table table, ExportFormat format, std::ostream& out) const {
  const TableQuery query = translate_errors(impl_->file, [&] { return impl_->query_of(table); });
  RowWriter writer(query.columns, format, out);
  writer.begin();
  impl_->read(table, query, {[&](SQLite::Statement& row) { writer.row(row); }, [&] { writer.flush(); }});
  writer.end();
}

std::vector<std::string> Store::columns(Table table) const {
  return translate_errors(impl_->file, [&] {
    std::vector<std::string> names;
    for (const auto& column : impl_->query_of(table).columns) names.push_back(column.name);
    return names;
  });
}

std::vector<std::string> Store::column_docs(Table table) const {
  return translate_errors(impl_->file, [&] {
    std::vector<std::string> docs;
    for (const auto& column : impl_->query_of(table).columns)
      docs.emplace_back(column.doc.empty() ? fixed_doc(column.name) : column.doc);
    return docs;
  });
}

std::vector<std::string> Store::varied_keys() const {
  return translate_errors(impl_->file, [&] {
    SQLite::Database* const stores[] = {impl_->file.db.get()};
    return read_varying(stores).keys;
  });
}

void Store::read_rows(Table table, const std::vector<std::string>& columns, const RowReader& row) const {
  const TableQuery wanted =
      translate_errors(impl_->file, [&] { return narrowed(impl_->query_of(table), columns); });
  std::vector<std::string> values(columns.size());
  impl_->read(table, wanted,
              {[&](SQLite::Statement& query) {
                 read_values(query, wanted, values);
                 row(values);
               },
               [] {}});
}

void Store::read_cells(Table table, const std::vector<std::string>& ids,
                       const std::vector<std::string>& columns, const RowReader& row) const {
  translate_errors(impl_->file, [&] {
    const TableQuery wanted = narrowed(impl_->query_of(table), columns);
    SQLite::Statement query(*impl_->file.db, wanted.cells_sql());
    std::vector<std::string_view> bare;
    for (const std::string& id : ids) bare.push_back(bare_id(id));
    query.bind(1, fmt::format("[\"{}\"]", fmt::join(bare, "\",\"")));
    std::vector<std::string> values(columns.size());
    while (query.executeStep()) {
      read_values(query, wanted, values);
      row(values);
    }
  });
}

std::vector<StoredSweep> Store::sweeps() const {
  std::vector<StoredSweep> found;
  for (auto& row : query("SELECT name, base, axes FROM sweeps ORDER BY num").rows)
    found.push_back({std::move(row[0]), std::move(row[1]), std::move(row[2])});
  return found;
}

Store::TextTable Store::query(const std::string& sql) const {
  try {
    const ReadOnly guard(*impl_->file.db, impl_->writer != nullptr);
    SQLite::Statement statement(*impl_->file.db, sql);
    TextTable table;
    for (int i = 0; i < statement.getColumnCount(); ++i)
      table.columns.emplace_back(statement.getColumnName(i));
    while (statement.executeStep()) {
      auto& row = table.rows.emplace_back();
      for (int i = 0; i < statement.getColumnCount(); ++i) row.push_back(column_text(statement.getColumn(i)));
    }
    return table;
  } catch (const SQLite::Exception& failure) {
    if (failure.getErrorCode() == SQLITE_ERROR || failure.getErrorCode() == SQLITE_READONLY)
      throw InputError(fmt::format("{}: the query is wrong ({}); see the columns with: sqlite3 FILE .schema",
                                   impl_->shown, failure.what()));
    throw_store_error(impl_->shown, failure, system_error_of(*impl_->file.db));
  }
}

}  // namespace modsweep
