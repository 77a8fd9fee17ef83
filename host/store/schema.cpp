#include "store/schema.h"

#include <fmt/format.h>

namespace modsweep {
namespace {

/// A column that a later format has; always the last ones of their tables, in this order.
struct AddedColumn {
  std::int32_t format;
  std::string_view table;
  std::string_view name;
};
constexpr AddedColumn added_columns[] = {{2, "measurements", "ood_loss"},
                                         {2, "measurements", "block_error"},
                                         {3, "layers", "modularity"},
                                         {3, "layers", "normalized_cut"},
                                         {3, "layers", "block_share"}};

}  // namespace

std::string_view schema_sql() {
  // SQLite keeps these texts with their comments: `.schema` in any client shows them.
  return R"sql(
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
  finished INTEGER NOT NULL DEFAULT 0  -- 1: no cell is left, here or in other sweeps
);

CREATE TABLE cells (            -- one training run each, in the order of their first commit
  num INTEGER PRIMARY KEY,      -- the number that the tables below refer to as `cell`
  id TEXT NOT NULL UNIQUE,      -- 16 hex digits: hash of all settings; `cell` in the views
  sweep INTEGER NOT NULL REFERENCES sweeps (num),  -- the sweep that trained it; a cell may belong to several
  status TEXT NOT NULL,         -- 'running' (with a checkpoint), 'done', 'diverged'
  step INTEGER NOT NULL,        -- optimizer steps taken
  diverged_at INTEGER,          -- the step, from 1, whose loss was NaN or infinite
  engine TEXT NOT NULL,         -- what trained it last: 'cpu'
  device TEXT NOT NULL,         -- on what: 'AVX-512, 2 threads'
  seconds REAL NOT NULL,        -- its share of the training time
  settings TEXT NOT NULL        -- JSON object: those on axes; all: json_patch(sweeps.base, settings)
);

CREATE INDEX running_cells ON cells (id) WHERE status = 'running';

CREATE TABLE measurements (     -- one network at one step; NULL: not measured, or not a finite number
  cell INTEGER NOT NULL,        -- cells.num
  step INTEGER NOT NULL,
  train_loss REAL,              -- mean squared error, clean, whole training set
  test_loss REAL,               -- the same of the test set
  noisy_test_loss REAL,         -- the same with the noise of [measure]
  l1 REAL,                      -- from here raw values, without coefficients: sum of |W|
  sum_w2 REAL,                  -- sum of W^2, the value of the l2 regularizer
  weighted_activity REAL,
  activity REAL,
  l12 REAL,
  l21 REAL,
  path_leak REAL,               -- off-diagonal share of |W^H| ... |W^0|
  jacobian_leak REAL,           -- off-diagonal share of the mean |dy_i/dx_j| over the test set
  ood_loss REAL,                -- mean squared error, clean, of all out-of-distribution samples
  block_error REAL,             -- mean over blocks of the RMSE of the best line from output to target
  PRIMARY KEY (cell, step)
) WITHOUT ROWID;

CREATE TABLE layers (           -- what the Laplacian spectra of one weight layer say
  cell INTEGER NOT NULL,        -- cells.num
  step INTEGER NOT NULL,
  layer INTEGER NOT NULL,       -- from 1, the layer next to the inputs
  n INTEGER NOT NULL,           -- which gap: measure.modules, or the task's inputs
  gap REAL,                     -- gap_n = lambda_{n+1} - lambda_n, all rows; NULL: n rows or fewer
  gap_live REAL,                -- the same without dead rows
  modules INTEGER NOT NULL,     -- where the largest gap is: modules found with all rows
  modules_live INTEGER NOT NULL,-- the same without dead rows
  dead INTEGER NOT NULL,        -- dead rows: norm 0 or below 1e-3 of the largest
  modularity REAL,              -- Newman's, of the live rows' similarities in n clusters; from here NULL: not
                                -- measured, or fewer than n live rows
  normalized_cut REAL,          -- of the same clusters
  block_share REAL,             -- share of the sum of |W| that lies in the clusters' blocks
  PRIMARY KEY (cell, step, layer)
) WITHOUT ROWID;

CREATE TABLE eigenvalues (      -- the spectra themselves, ascending; apart, so that `layers` reads fast
  cell INTEGER NOT NULL,        -- cells.num
  step INTEGER NOT NULL,
  layer INTEGER NOT NULL,       -- from 1
  eigenvalues TEXT NOT NULL,    -- JSON array: of all rows
  eigenvalues_live TEXT,        -- JSON array: without dead rows; NULL: the same as `eigenvalues`
  dead_rows TEXT NOT NULL,      -- JSON array: the dead rows, from 0
  UNIQUE (cell, step, layer)
);

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
)sql";
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
  UNIQUE (kind, options, group_key)
);
)sql";
}

std::string upgrade_sql(std::int32_t format) {
  std::string sql = "BEGIN IMMEDIATE;";
  for (const AddedColumn& column : added_columns)
    if (column.format > format)
      sql += fmt::format("ALTER TABLE {} ADD COLUMN {} REAL;", column.table, column.name);
  return sql + fmt::format("PRAGMA user_version = {}; COMMIT;", store_format);
}

std::string view_as_current_sql(std::int32_t format) {
  // A temporary name hides the file's own in every query of this connection.
  std::string sql;
  for (const char* table : {"measurements", "layers"}) {
    std::string missing;
    for (const AddedColumn& column : added_columns)
      if (column.format > format && column.table == std::string_view(table))
        missing += fmt::format(", NULL AS {}", column.name);
    if (!missing.empty())
      sql += fmt::format("CREATE TEMP VIEW {0} AS SELECT *{1} FROM main.{0};", table, missing);
  }
  return sql;
}

}  // namespace modsweep
