#include "modsweep/store.h"

#include "store/commit.h"
#include "store/connection.h"
#include "store/row_writer.h"
#include "store/schema.h"
#include "store/tables.h"
#include "store/weights.h"
#include "store/writer_lock.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <SQLiteCpp/VariadicBind.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

std::string json_object(const std::vector<SettingValue>& settings) {
  std::vector<std::string> members;
  for (const auto& setting : settings) members.push_back(json_text(setting.key) + ":" + setting.json);
  return fmt::format("{{{}}}", fmt::join(members, ","));
}

std::string json_strings(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const auto& text : texts) items.push_back(json_text(text));
  return fmt::format("[{}]", fmt::join(items, ","));
}

std::string axes_json(const std::vector<Axis>& axes) {
  std::vector<std::string> items;
  for (const auto& axis : axes) {
    std::vector<std::string> points;
    for (const auto& point : axis.values) points.push_back(fmt::format("[{}]", fmt::join(point, ",")));
    items.push_back(
        fmt::format(R"({{"keys":{},"values":[{}]}})", json_strings(axis.keys), fmt::join(points, ",")));
  }
  return fmt::format("[{}]", fmt::join(items, ","));
}

std::vector<std::string> axis_keys(const Sweep& sweep) {
  std::vector<std::string> keys;
  for (const auto& axis : sweep.axes) keys.insert(keys.end(), axis.keys.begin(), axis.keys.end());
  return keys;
}

std::string column_text(const SQLite::Column& value) {
  if (value.isNull()) return "";
  return value.isFloat() ? fmt::format("{}", value.getDouble()) : value.getString();
}

// Some columns of a table, in the order asked for.
TableQuery narrowed(const TableQuery& table, const std::vector<std::string>& columns) {
  TableQuery query{{}, table.rows, table.order};
  for (const auto& name : columns) {
    const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                    [&](const TableColumn& column) { return column.name == name; });
    if (found == table.columns.end())
      throw LogicError(fmt::format("read_rows: there is no column '{}'", name));
    query.columns.push_back(*found);
  }
  return query;
}

// Refuses statements that write, while it lives.
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

}  // namespace

struct Store::Impl {
  // In this order: the lock is taken first and given back last.
  std::string path;
  std::unique_ptr<WriterLock> lock;
  std::unique_ptr<SQLite::Database> db;
  std::unique_ptr<CellWriter> writer;

  Impl(const std::string& file, Access access) : path(file) {
    if (access == Access::read_write) {
      std::error_code failed;
      const bool absent = !path.empty() && !std::filesystem::exists(path, failed) && !failed;
      if (!absent) check_store_file(path);
      lock = std::make_unique<WriterLock>(path);
      if (absent && !std::filesystem::exists(path)) create_store(path);
    }
    db = open_store(path, access);
    if (access == Access::read_write)
      writer = translate_errors(path, [&] { return std::make_unique<CellWriter>(*db); });
  }

  void require_writer(const char* what) const {
    if (!writer) throw LogicError(fmt::format("{}: {} in a store opened for reading", path, what));
  }

  std::int64_t sweep_number(const std::string& id) const {
    SQLite::Statement find(*db, "SELECT num FROM sweeps WHERE id = ?");
    find.bind(1, id);
    if (!find.executeStep()) throw LogicError(fmt::format("{}: sweep {} was not added", path, id));
    return find.getColumn(0).getInt64();
  }

  std::uint64_t id_number(const std::string& id) const {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number, 16);
    if (error != std::errc{} || end != id.data() + id.size())
      throw InputError(fmt::format("{}: is broken (a cell's id is '{}'); restore a copy", path, id));
    return number;
  }

  // The cell that a prefix of an id means, its number and id.
  std::pair<std::int64_t, std::string> find_cell(const std::string& prefix) const {
    std::string lower = prefix;
    for (char& c : lower)
      if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (lower.empty() || lower.size() > 16 ||
        lower.find_first_not_of("0123456789abcdef") != std::string::npos)
      throw InputError(
          fmt::format("{}: '{}' is not the id of a cell; give 1 to 16 hex digits from the column 'cell' of "
                      "'modsweep export'",
                      path, prefix));
    SQLite::Statement find(*db, "SELECT num, id FROM cells WHERE id >= ? AND id < ? ORDER BY id LIMIT 4");
    find.bind(1, lower);
    find.bind(2, lower + "g");  // just past the last hex digit
    std::vector<std::pair<std::int64_t, std::string>> matches;
    while (find.executeStep())
      matches.emplace_back(find.getColumn(0).getInt64(), find.getColumn(1).getString());
    if (matches.empty())
      throw InputError(fmt::format(
          "{}: no cell's id begins with '{}'; 'modsweep export' lists the ids in its column 'cell'", path,
          prefix));
    if (matches.size() == 1) return matches.front();
    std::vector<std::string> ids;
    for (const auto& match : matches) ids.push_back(match.second);
    if (ids.size() > 3) ids.back() = "...";
    throw InputError(fmt::format("{}: the ids of several cells begin with '{}' ({}); give more digits", path,
                                 prefix, fmt::join(ids, ", ")));
  }

  StoredWeights read_weights(const std::string& prefix) const {
    const auto [num, id] = find_cell(prefix);
    SQLite::Statement find(
        *db,
        "SELECT c.status, json_patch(s.base, c.settings), w.dtype, w.shape, w.parameters FROM cells c"
        " JOIN sweeps s ON s.num = c.sweep LEFT JOIN weights w ON w.cell = c.num WHERE c.num = ?");
    find.bind(1, num);
    if (!find.executeStep())
      throw InputError(fmt::format("{}: is broken (cell {} has no sweep); restore a copy", path, id));
    if (find.getColumn(2).isNull()) {
      if (find.getColumn(0).getString() == "running")
        throw InputError(fmt::format("{}: cell {} is not finished; finish it with 'modsweep run'", path, id));
      throw InputError(fmt::format(
          "{}: the weights of cell {} were not kept; run its sweep with measure.weights = true into "
          "another store",
          path, id));
    }
    StoredWeights found{id, find.getColumn(1).getString(), {}};
    found.weights.shape = shape_from_json(find.getColumn(3).getString(), path);
    const auto blob = find.getColumn(4);
    const std::span bytes(static_cast<const std::byte*>(blob.getBlob()),
                          static_cast<std::size_t>(blob.getBytes()));
    found.weights.values = unpack_weights(bytes, find.getColumn(2).getString(), found.weights.shape, path);
    return found;
  }

  void insert_sweep(const Sweep& sweep) const {
    const auto id = sweep.id();
    SQLite::Statement find(*db, "SELECT name FROM sweeps WHERE id = ?");
    find.bind(1, id);
    if (find.executeStep()) {
      if (find.getColumn(0).getString() == sweep.name) return;  // an unchanged sweep writes nothing
      SQLite::Statement rename(*db, "UPDATE sweeps SET name = ? WHERE id = ?");
      rename.bind(1, sweep.name);
      rename.bind(2, id);
      rename.exec();
      return;
    }
    SQLite::Statement insert(
        *db, "INSERT INTO sweeps (id, name, base, keys, axes, cells, layers) VALUES (?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, id);
    insert.bind(2, sweep.name);
    // Of the first cell, not of the file: an axis may also reset a key that excludes its own (steps, epochs).
    insert.bind(3, json_object(canonical_settings(sweep.cell(0).settings)));
    insert.bind(4, json_strings(axis_keys(sweep)));
    insert.bind(5, axes_json(sweep.axes));
    insert.bind(6, static_cast<std::int64_t>(sweep.size()));
    insert.bind(7, static_cast<std::int64_t>(sweep.most_hidden_layers() + 1));
    insert.exec();
  }
};

Store::Store(const std::string& path, Access access) : impl_(std::make_unique<Impl>(path, access)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

void Store::add_sweep(const Sweep& sweep) {
  impl_->require_writer("add_sweep");
  translate_errors(impl_->path, [&] {
    SQLite::Transaction transaction(*impl_->db, SQLite::TransactionBehavior::IMMEDIATE);
    impl_->insert_sweep(sweep);
    refresh_views(*impl_->db);
    transaction.commit();
  });
}

bool Store::finished(const std::string& sweep_id) const {
  return translate_errors(impl_->path, [&] {
    SQLite::Statement find(*impl_->db, "SELECT finished FROM sweeps WHERE id = ?");
    find.bind(1, sweep_id);
    return find.executeStep() && find.getColumn(0).getInt() != 0;
  });
}

void Store::mark_finished(const std::string& sweep_id) {
  impl_->require_writer("mark_finished");
  translate_errors(impl_->path, [&] {
    SQLite::Statement update(*impl_->db, "UPDATE sweeps SET finished = 1 WHERE num = ?");
    update.bind(1, impl_->sweep_number(sweep_id));
    update.exec();
  });
}

std::unordered_set<std::uint64_t> Store::finished_cells() const {
  return translate_errors(impl_->path, [&] {
    // All ids from their index, then without the few that are running: far less to read than the table.
    const SQLite::Transaction snapshot(*impl_->db);
    std::unordered_set<std::uint64_t> ids;
    ids.reserve(static_cast<std::size_t>(
        impl_->db->execAndGet("SELECT coalesce(max(num), 0) FROM cells").getInt64()));
    SQLite::Statement all(*impl_->db, "SELECT id FROM cells");
    while (all.executeStep()) ids.insert(impl_->id_number(all.getColumn(0).getString()));
    SQLite::Statement running(*impl_->db, "SELECT id FROM cells WHERE status = 'running'");
    while (running.executeStep()) ids.erase(impl_->id_number(running.getColumn(0).getString()));
    return ids;
  });
}

std::optional<std::vector<std::byte>> Store::checkpoint(const std::string& cell_id) const {
  return translate_errors(impl_->path, [&]() -> std::optional<std::vector<std::byte>> {
    SQLite::Statement find(*impl_->db,
                           "SELECT p.state FROM cells c JOIN checkpoints p ON p.cell = c.num WHERE c.id = ?");
    find.bind(1, cell_id);
    if (!find.executeStep()) return std::nullopt;
    const auto state = find.getColumn(0);
    const auto* bytes = static_cast<const std::byte*>(state.getBlob());
    return std::vector<std::byte>(bytes, bytes + state.getBytes());
  });
}

void Store::commit(const std::string& sweep_id, std::span<const CellProgress> progress,
                   std::string_view engine, std::string_view device) {
  impl_->require_writer("commit");
  translate_errors(impl_->path, [&] {
    SQLite::Transaction transaction(*impl_->db, SQLite::TransactionBehavior::IMMEDIATE);
    const auto sweep = impl_->sweep_number(sweep_id);
    for (const auto& cell : progress)
      impl_->writer->write(sweep, cell, std::string(engine), std::string(device));
    transaction.commit();
  });
}

void Store::record_fits(const std::string& kind, const std::string& options,
                        std::span<const FitRecord> fits) {
  impl_->require_writer("record_fits");
  translate_errors(impl_->path, [&] {
    SQLite::Transaction transaction(*impl_->db, SQLite::TransactionBehavior::IMMEDIATE);
    impl_->db->exec(std::string(fits_sql()));
    SQLite::Statement forget(*impl_->db, "DELETE FROM fits WHERE kind = ? AND options = ?");
    SQLite::bind(forget, kind, options);
    forget.exec();
    SQLite::Statement insert(
        *impl_->db,
        "INSERT INTO fits (kind, options, group_key, parameters, intervals, note, created)"
        " VALUES (?, ?, ?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))");
    for (const FitRecord& fit : fits) {
      SQLite::bind(insert, kind, options, fit.group, fit.parameters, fit.intervals, fit.note);
      insert.exec();
      insert.reset();
    }
    transaction.commit();
  });
}

StoreStatus Store::status() const {
  return translate_errors(impl_->path, [&] {
    StoreStatus status;
    SQLite::Statement counts(
        *impl_->db,
        "SELECT s.id, s.name, s.cells, s.finished, coalesce(n.done, 0), coalesce(n.diverged, 0),"
        " coalesce(n.running, 0) FROM sweeps s LEFT JOIN (SELECT sweep, sum(status = 'done') AS done,"
        " sum(status = 'diverged') AS diverged, sum(status = 'running') AS running FROM cells"
        " GROUP BY sweep) n ON n.sweep = s.num ORDER BY s.num");
    while (counts.executeStep()) {
      const auto count = [&](int column) {
        return static_cast<std::uint64_t>(counts.getColumn(column).getInt64());
      };
      StoreStatus::SweepStatus sweep{
          counts.getColumn(0), counts.getColumn(1), count(2), count(4), count(5), count(6)};
      // Cells shared with another sweep are counted there, but a finished sweep lacks none.
      if (count(3) != 0) sweep.done = sweep.cells - sweep.diverged;
      status.sweeps.push_back(sweep);
    }
    status.checkpoints =
        static_cast<std::uint64_t>(impl_->db->execAndGet("SELECT count(*) FROM checkpoints").getInt64());
    status.writer = WriterLock::holder(impl_->path);
    return status;
  });
}

Store::StoredWeights Store::weights(const std::string& id) const {
  return translate_errors(impl_->path, [&] { return impl_->read_weights(id); });
}

void Store::export_table(Table table, ExportFormat format, std::ostream& out) const {
  translate_errors(impl_->path, [&] {
    SQLite::Transaction snapshot(*impl_->db);  // columns and rows of one moment, while a run goes on writing
    const auto columns = table_query(*impl_->db, table);
    SQLite::Statement query(*impl_->db, columns.export_sql());
    write_rows(columns, query, format, out);
  });
}

std::vector<std::string> Store::columns(Table table) const {
  return translate_errors(impl_->path, [&] {
    std::vector<std::string> names;
    for (const auto& column : table_query(*impl_->db, table).columns) names.push_back(column.name);
    return names;
  });
}

std::vector<std::string> Store::varied_keys() const {
  return translate_errors(impl_->path, [&] { return modsweep::varied_keys(*impl_->db); });
}

void Store::read_rows(Table table, const std::vector<std::string>& columns, const RowReader& row) const {
  translate_errors(impl_->path, [&] {
    SQLite::Transaction snapshot(*impl_->db);  // as in export_table
    const TableQuery wanted = narrowed(table_query(*impl_->db, table), columns);
    SQLite::Statement query(*impl_->db, wanted.export_sql());
    std::vector<std::string> values(columns.size());
    while (query.executeStep()) {
      for (std::size_t i = 0; i < columns.size(); ++i)
        values[i] = json_value(query.getColumn(static_cast<int>(i)), !wanted.columns[i].json_sql.empty());
      row(values);
    }
  });
}

Store::TextTable Store::query(const std::string& sql) const {
  try {
    const ReadOnly guard(*impl_->db, impl_->writer != nullptr);
    SQLite::Statement statement(*impl_->db, sql);
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
                                   impl_->path, failure.what()));
    throw_store_error(impl_->path, failure);
  }
}

}  // namespace modsweep
