#include "store/schema.h"

#include "measures/measure_tables.h"

#include <algorithm>

#include <fmt/format.h>
#include <sqlite3.h>

namespace modsweep {
namespace {

/// A column added by a later format; these are always the last columns of their tables, in this order.
struct AddedColumn {
  std::int32_t format = 0;
  std::string_view table;
  std::string name;
  std::string_view type;
};

std::string_view type_name(ColumnType type) {
  switch (type) {
    case ColumnType::real:
      return "REAL";
    case ColumnType::integer:
      return "INTEGER";
    case ColumnType::text:
    case ColumnType::json:
      break;
  }
  return "TEXT";
}

/// Whether a later format added the table; the others exist from the first.
bool is_added(const MeasuredTable& table) {
  return table.since > 1;
}

const std::vector<AddedColumn>& added_columns() {
  static const std::vector<AddedColumn> columns = [] {
    std::vector<AddedColumn> all = {{4, "sweeps", "hash", "INTEGER"},
                                    {4, "cells", "run", "INTEGER"},
                                    {4, "cells", "measurements_hash", "INTEGER"},
                                    {4, "cells", "layers_hash", "INTEGER"},
                                    {4, "cells", "eigenvalues_hash", "INTEGER"},
                                    {4, "cells", "weights_hash", "INTEGER"},
                                    {4, "cells", "checkpoint_hash", "INTEGER"},
                                    {4, "cells", "hash", "INTEGER"},
                                    {4, "fits", "hash", "INTEGER"}};
    for (const MeasuredTable& table : measured_tables()) {
      if (is_added(table)) all.push_back({table.since, "cells", sum_name(table.name), "INTEGER"});
      for (const MeasureColumn& column : table.columns)
        if (column.since > table.since)
          all.push_back({column.since, table.name, std::string(column.name), type_name(column.type)});
    }
    return all;
  }();
  return columns;
}

/// A line of CREATE TABLE: a column's definition, with its documentation as a comment.
std::string column_line(std::string_view definition, std::string_view doc) {
  return fmt::format("  {:<29} -- {}\n", fmt::format("{},", definition), doc);
}

/// SQL of the tables of measurements: those of the first format (`added` false) or those added later.
std::string measured_sql(bool added, std::int32_t after_format = 0) {
  std::string sql;
  for (const MeasuredTable& table : measured_tables())
    if (is_added(table) == added && table.since > after_format) sql += "\n" + create_sql(table);
  return sql;
}

/// Columns of `cells` for tables of later formats; they follow `hash`.
std::string added_sums_sql() {
  std::string sql;
  for (const MeasuredTable& table : measured_tables())
    if (is_added(table))
      sql += fmt::format("  , {} INTEGER{:<4} -- as layers_hash, of `{}`\n", sum_name(table.name), "",
                         table.name);  // the comma first: the line before it ends with a comment
  return sql;
}

// Tables and indexes of format 4. `store` is the first in a new file, so that its page is the same in all.
constexpr std::string_view tables_of_format_4 = R"sql(
CREATE TABLE store (            -- one row: the store itself
  num INTEGER PRIMARY KEY CHECK (num = 1),
  id TEXT NOT NULL,             -- 32 hex digits, random: copies have it, too
  link BLOB NOT NULL,           -- ties the rollback journal to this file: see host/store/link.h
  cells INTEGER NOT NULL,       -- rows of `cells`
  cells_hash INTEGER NOT NULL,  -- sum of cells.hash, modulo 2^64
  schema_hash INTEGER NOT NULL, -- of the texts of these tables and indexes
  merged INTEGER NOT NULL       -- 1: `modsweep merge` made it and may replace it
);
CREATE TABLE runs (             -- who wrote here: each `modsweep run` or `refine` that trained
  num INTEGER PRIMARY KEY,
  version TEXT NOT NULL,        -- of the program
  revision TEXT NOT NULL,       -- the commit that it was built from
  host TEXT NOT NULL,
  process INTEGER NOT NULL,
  began TEXT NOT NULL,          -- UTC, '2026-01-31T12:00:00Z'
  ended TEXT,                   -- NULL: still at work, or killed
  outcome TEXT,                 -- 'done', 'interrupted', 'failed: ...'
  command TEXT NOT NULL,        -- the command line
  engine TEXT NOT NULL,
  device TEXT NOT NULL,
  shard TEXT NOT NULL           -- '2/8'; '1/1': the whole sweep
);
CREATE TABLE shards (           -- the shards of sweeps that were run here
  sweep INTEGER NOT NULL,       -- sweeps.num
  part INTEGER NOT NULL,        -- from 1
  parts INTEGER NOT NULL,
  finished INTEGER NOT NULL,    -- 1: no cell of it is left
  PRIMARY KEY (sweep, part, parts)
) WITHOUT ROWID;
CREATE INDEX cells_by_status ON cells (sweep, status);
)sql";

}  // namespace

std::string doc_of(const MeasureColumn& column) {
  return column.unit.empty() ? std::string(column.doc) : fmt::format("{} [{}]", column.doc, column.unit);
}

// Only keys are NOT NULL: a row may have values of a single measure.
std::string create_sql(const MeasuredTable& table) {
  std::string sql = fmt::format("CREATE TABLE {:<18} -- {}\n", fmt::format("{} (", table.name), table.doc);
  sql += column_line("cell INTEGER NOT NULL", "cells.num");
  sql += "  step INTEGER NOT NULL,\n";
  std::string keys = "cell, step";
  for (const MeasureColumn& key : table.keys) {
    keys += fmt::format(", {}", key.name);
    sql += column_line(fmt::format("{} {} NOT NULL", key.name, type_name(key.type)), doc_of(key));
  }
  for (const MeasureColumn& column : table.columns)
    sql += column_line(fmt::format("{} {}", column.name, type_name(column.type)), doc_of(column));
  if (table.long_rows) return sql + fmt::format("  UNIQUE ({})\n);\n", keys);
  return sql + fmt::format("  PRIMARY KEY ({})\n) WITHOUT ROWID;\n", keys);
}

std::int32_t store_format() {
  static const std::int32_t format = std::max(hashed_format, measured_format());
  return format;
}

std::string sqlite_version() {
  return ::sqlite3_libversion();
}

std::string sum_name(std::string_view table) {
  return fmt::format("{}_hash", table);
}

std::vector<std::string> table_names(std::int32_t format) {
  std::vector<std::string> names = {"sweeps", "cells", "checkpoints", "weights"};
  if (format >= hashed_format)
    for (const char* name : {"store", "runs", "shards"}) names.emplace_back(name);
  for (const MeasuredTable& table : measured_tables())
    if (table.since <= format) names.emplace_back(table.name);
  return names;
}

std::string_view schema_sql() {
  // SQLite stores these texts with their comments: `.schema` in any client shows them.
  static const std::string sql = std::string(R"sql(
CREATE TABLE sweeps (           -- the grids whose cells are here
  num INTEGER PRIMARY KEY,      -- the number that cells.sweep refers to
  id TEXT NOT NULL UNIQUE,      -- 16 hex digits: hash of base and axes
  name TEXT NOT NULL,           -- `name` in the sweep file
  base TEXT NOT NULL,           -- JSON object: every setting of the first cell by its dotted key;
                                -- those that are not on an axis hold for all cells
  keys TEXT NOT NULL,           -- JSON array: the dotted keys of the axes
  axes TEXT NOT NULL,           -- JSON array of {"keys": [...], "values": [[one per key], ...]}
  cells INTEGER NOT NULL,       -- cells of the grid
  layers INTEGER NOT NULL,      -- weight layers of its deepest network
  finished INTEGER NOT NULL DEFAULT 0,  -- 1: no cell is left here or in other sweeps
  hash INTEGER                  -- of the columns from `id` on
);

CREATE TABLE cells (            -- one training run each, in the order of their first commit
  num INTEGER PRIMARY KEY,      -- the number that the tables below refer to as `cell`
  id TEXT NOT NULL UNIQUE,      -- 16 hex digits: hash of all settings; `cell` in the views
  sweep INTEGER NOT NULL REFERENCES sweeps (num),  -- the sweep that trained it; a cell may belong to several
  status TEXT NOT NULL,         -- 'running' (with a checkpoint), 'done', 'diverged'
  step INTEGER NOT NULL,        -- optimizer steps taken
  diverged_at INTEGER,          -- the step, from 1, whose loss was NaN or infinite
  engine TEXT NOT NULL,         -- what trained it last: 'cpu'
  device TEXT NOT NULL,         -- on what: 'AVX-512, 2 threads'; of several in turn: 'A, then B'
  seconds REAL NOT NULL,        -- its share of the training time
  settings TEXT NOT NULL,       -- JSON object: those on axes; sweeps.base has the others
  run INTEGER,                  -- runs.num of the last one that wrote it
  measurements_hash INTEGER,    -- from here XXH3-64 of what lies elsewhere: sum over its rows in `measurements`,
  layers_hash INTEGER,          -- in `layers`
  eigenvalues_hash INTEGER,     -- and in `eigenvalues`, each without `cell`, modulo 2^64
  weights_hash INTEGER,         -- of its row in `weights`; NULL: none is there
  checkpoint_hash INTEGER,      -- of its row in `checkpoints`; NULL: none is there, or it is from before format 4
  hash INTEGER                  -- of the columns from `id` on, in the order of the table, this one aside
)sql" + added_sums_sql() + R"sql();

CREATE INDEX running_cells ON cells (id) WHERE status = 'running';
)sql" + measured_sql(false) + R"sql(
CREATE TABLE checkpoints (      -- where running cells go on
  cell INTEGER PRIMARY KEY,     -- cells.num
  step INTEGER NOT NULL,
  state BLOB NOT NULL           -- the engine's own format
);

CREATE TABLE weights (          -- final parameters of finished cells, where measure.weights is true
  cell INTEGER PRIMARY KEY,     -- cells.num
  dtype TEXT NOT NULL,          -- 'F32' or 'F64', little-endian
  shape TEXT NOT NULL,          -- JSON object: sizes, groups, bias, prelu
  parameters BLOB NOT NULL      -- of each layer in turn W, row-major [out][in / groups]; b, [out],
                                -- with bias; the slope of its units, with prelu and not after the last
);
)sql") + std::string(tables_of_format_4) +
                                 measured_sql(true);
  return sql;
}

std::string_view fits_sql() {
  return R"sql(
CREATE TABLE IF NOT EXISTS fits (  -- curves through the results, as `modsweep fit` found them
  num INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,           -- 'transition', 'law', 'balance'
  group_key TEXT NOT NULL,      -- JSON object: the cells it is of, by the columns that were grouped by
  parameters TEXT NOT NULL,     -- JSON object: numbers by name; {}: none were found
  intervals TEXT NOT NULL,      -- JSON object: [low, high] by the name of the parameter
  note TEXT NOT NULL,           -- why there are no parameters, or what limits them
  options TEXT NOT NULL,        -- JSON object: columns, bootstrap; the same kind and options replace
  created TEXT NOT NULL,        -- UTC, '2026-01-31T12:00:00Z'
  hash INTEGER,                 -- of the columns from `kind` on
  UNIQUE (kind, options, group_key)
);
)sql";
}

std::string upgrade_sql(std::int32_t format, bool has_fits) {
  std::string sql;
  for (const AddedColumn& column : added_columns())
    if (column.format > format && (has_fits || column.table != "fits"))
      sql += fmt::format("ALTER TABLE {} ADD COLUMN {} {};", column.table, column.name, column.type);
  if (format < hashed_format) sql += tables_of_format_4;
  return sql + measured_sql(true, format);
}

std::string view_as_current_sql(std::int32_t format) {
  // A temporary view hides the file's own table of that name in every query of this connection.
  std::string sql;
  std::vector<std::string_view> tables = {"cells"};
  for (const MeasuredTable& table : measured_tables()) {
    if (table.since <= format) {
      tables.push_back(table.name);
      continue;
    }
    sql += fmt::format("CREATE TEMP VIEW {} AS SELECT NULL AS cell, NULL AS step", table.name);
    for (const auto* columns : {&table.keys, &table.columns})
      for (const MeasureColumn& column : *columns) sql += fmt::format(", NULL AS {}", column.name);
    sql += " WHERE 0;";
  }
  for (const std::string_view table : tables) {
    std::string missing;
    for (const AddedColumn& column : added_columns())
      if (column.format > format && column.table == table)
        missing += fmt::format(", NULL AS {}", column.name);
    if (!missing.empty())
      sql += fmt::format("CREATE TEMP VIEW {0} AS SELECT *{1} FROM main.{0};", table, missing);
  }
  if (format < hashed_format)
    sql +=
        "CREATE TEMP VIEW runs AS SELECT NULL AS num, NULL AS version, NULL AS revision, NULL AS host, NULL "
        "AS "
        "process, NULL AS began, NULL AS ended, NULL AS outcome, NULL AS command, NULL AS engine, NULL AS "
        "device, NULL AS shard WHERE 0;"
        "CREATE TEMP VIEW shards AS SELECT NULL AS sweep, NULL AS part, NULL AS parts, NULL AS finished "
        "WHERE 0;";
  return sql;
}

}  // namespace modsweep
