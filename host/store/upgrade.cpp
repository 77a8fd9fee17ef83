#include "store/upgrade.h"

#include "store/cell_row.h"
#include "store/connection.h"
#include "store/row_hash.h"
#include "store/schema.h"
#include "store/side_files.h"
#include "store/tables.h"

#include <filesystem>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

void insert_store_row(SQLite::Database& db, const StoreLink& link) {
  SQLite::Statement insert(db, "INSERT INTO store VALUES (1, ?, ?, 0, 0, ?, 0)");
  const std::string blob = link.blob();
  insert.bind(1, hex_text(link.id));
  insert.bind(2, blob.data(), static_cast<int>(blob.size()));
  insert.bind(3, schema_hash(db));
  insert.exec();
}

/// Sets `column` of each cell to the sum of the hashes of its rows in a table, whose first column is the
/// cell.
void sum_rows(SQLite::Database& db, std::string_view table, std::string_view column) {
  SQLite::Statement rows(db, fmt::format("SELECT * FROM {} ORDER BY cell", table));
  SQLite::Statement update(db, fmt::format("UPDATE cells SET {} = ? WHERE num = ?", column));
  std::int64_t cell = 0;
  std::uint64_t sum = 0;
  const auto write = [&] {
    if (cell == 0) return;
    update.bind(1, static_cast<std::int64_t>(sum));
    update.bind(2, cell);
    update.exec();
    update.reset();
  };
  while (rows.executeStep()) {
    if (const std::int64_t next = rows.getColumn(0).getInt64(); next != cell) {
      write();
      cell = next;
      sum = 0;
    }
    sum += hash_row(rows, 1, rows.getColumnCount());
  }
  write();
}

/// The hash of all columns but the first and the last.
std::uint64_t hash_between(SQLite::Statement& row) {
  return hash_row(row, 1, row.getColumnCount() - 1);
}

/// Writes the hash of each row of a table, computed by `hash_of`, into its column `hash`. Returns the sum.
std::uint64_t hash_rows(SQLite::Database& db, std::string_view table,
                        std::uint64_t (*hash_of)(SQLite::Statement&) = hash_between) {
  SQLite::Statement rows(db, fmt::format("SELECT * FROM {} ORDER BY num", table));
  SQLite::Statement update(db, fmt::format("UPDATE {} SET hash = ? WHERE num = ?", table));
  std::uint64_t sum = 0;
  while (rows.executeStep()) {
    const std::uint64_t hash = hash_of(rows);
    sum += hash;
    update.bind(1, static_cast<std::int64_t>(hash));
    update.bind(2, rows.getColumn(0).getInt64());
    update.exec();
    update.reset();
  }
  return sum;
}

/// Up to format 4, some columns of `layers` forbid NULL, but a row may now have values of other measures
/// alone: such a table is copied into one that allows NULL. Its rows, and so their hashes, do not change.
void allow_empty_columns(SQLite::Database& db) {
  for (const MeasuredTable& table : measured_tables()) {
    SQLite::Statement strict(
        db, fmt::format("SELECT 1 FROM pragma_table_info('{}') WHERE \"notnull\" AND NOT pk", table.name));
    if (table.long_rows || !strict.executeStep()) continue;
    strict.reset();
    db.exec(fmt::format("ALTER TABLE {0} RENAME TO strict_{0}", table.name));
    db.exec(create_sql(table));
    db.exec(fmt::format("INSERT INTO {0} SELECT * FROM strict_{0}; DROP TABLE strict_{0}", table.name));
  }
}

}  // namespace

void make_hashes(SQLite::Database& db, bool has_fits) {
  // A cell without rows has the sum 0. Checkpoints get no hash: they are accepted once, with a message.
  for (std::size_t t = 0; t < measured_tables().size(); ++t) {
    const std::string_view table = measured_tables()[t].name;
    if (!cell_sum_always(t)) continue;  // a table created just now
    db.exec(fmt::format("UPDATE cells SET {} = 0", sum_name(table)));
    sum_rows(db, table, sum_name(table));
  }
  sum_rows(db, "weights", "weights_hash");
  hash_rows(db, "sweeps");
  if (has_fits) hash_rows(db, "fits");
  const std::uint64_t cells = hash_rows(db, "cells", hash_cell);
  SQLite::Statement totals(db, "UPDATE store SET cells = (SELECT count(*) FROM cells), cells_hash = ?");
  totals.bind(1, static_cast<std::int64_t>(cells));
  totals.exec();
}

std::string empty_store() {
  SQLite::Database db(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  db.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", store_application_id,
                      store_format()));
  db.exec(std::string(schema_sql()));
  refresh_views(db);
  insert_store_row(db, StoreLink::fresh());
  sqlite3_int64 size = 0;
  unsigned char* bytes = sqlite3_serialize(db.getHandle(), "main", &size, 0);
  if (bytes == nullptr) throw std::bad_alloc();
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  sqlite3_free(bytes);
  return text;
}

std::int64_t schema_hash(SQLite::Database& db) {
  RowHash hash;
  SQLite::Statement query(
      db,
      fmt::format("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND name IN ('{}', "
                  "'running_cells', 'cells_by_status') ORDER BY name",
                  fmt::join(table_names(store_format()), "', '")));
  while (query.executeStep())
    for (const int column : {0, 1}) hash.text(column, query.getColumn(column).getString());
  return static_cast<std::int64_t>(hash.digest());
}

void upgrade_store(StoreFile& file) {
  WriteTransaction transaction(file);
  translate_errors(file, [&] {
    SQLite::Database& db = *file.db;
    db.exec(fmt::format("PRAGMA user_version = {}", store_format()));  // page 1 first: see side_files.cpp
    const bool has_fits = db.tableExists("fits");
    db.exec("DROP VIEW IF EXISTS results; DROP VIEW IF EXISTS history; DROP VIEW IF EXISTS spectra");
    db.exec(upgrade_sql(file.format, has_fits));
    allow_empty_columns(db);
    if (file.hashed()) {
      SQLite::Statement update(db, "UPDATE store SET schema_hash = ?");
      update.bind(1, schema_hash(db));
      update.exec();
    } else {
      insert_store_row(db, StoreLink::fresh());
      make_hashes(db, has_fits);
    }
    refresh_views(db);
  });
  transaction.commit();
  file.notes.push_back(
      fmt::format("{}: brought from store format {} to {}; modsweep programs older than this one cannot read "
                  "it any more",
                  file.shown, file.format, store_format()));
}

void create_store(const std::string& path) {
  std::error_code failed;
  const std::string file = resolve_store_path(path);
  remove_orphaned_logs(file);
  if (std::filesystem::exists(file, failed) && std::filesystem::file_size(file, failed) == 0 && !failed)
    std::filesystem::remove(file, failed);
  static_cast<void>(publish_new_file(file, empty_store(), path));
}

}  // namespace modsweep
