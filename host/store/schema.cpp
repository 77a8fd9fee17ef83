#include "store/schema.h"

#include <fmt/format.h>

namespace modsweep {
namespace {

/// A column that a later format has; always the last ones of their tables, in this order.
struct AddedColumn {
  std::int32_t format;
  std::string_view table;
  std::string_view name;
  std::string_view type = "REAL";
};
constexpr AddedColumn added_columns[] = {{2, "measurements", "ood_loss"},
                                         {2, "measurements", "block_error"},
                                         {3, "layers", "modularity"},
                                         {3, "layers", "normalized_cut"},
                                         {3, "layers", "block_share"},
                                         {4, "sweeps", "hash", "INTEGER"},
                                         {4, "cells", "run", "INTEGER"},
                                         {4, "cells", "measurements_hash", "INTEGER"},
                                         {4, "cells", "layers_hash", "INTEGER"},
                                         {4, "cells", "eigenvalues_hash", "INTEGER"},
                                         {4, "cells", "weights_hash", "INTEGER"},
                                         {4, "cells", "checkpoint_hash", "INTEGER"},
                                         {4, "cells", "hash", "INTEGER"},
                                         {4, "fits", "hash", "INTEGER"}};

// Tables and indexes of format 4. `store` stands first in a new file, so that its page is the same in all.
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

std::string_view schema_sql() {
  // SQLite keeps these texts with their comments: `.schema` in any client shows them.
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
  hash INTEGER                  -- of the columns from `id` on, in the order of the table
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
)sql") + std::string(tables_of_format_4);
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
  for (const AddedColumn& column : added_columns)
    if (column.format > format && (has_fits || column.table != "fits"))
      sql += fmt::format("ALTER TABLE {} ADD COLUMN {} {};", column.table, column.name, column.type);
  if (format < hashed_format) sql += tables_of_format_4;
  return sql;
}

std::string view_as_current_sql(std::int32_t format) {
  // A temporary name hides the file's own in every query of this connection.
  std::string sql;
  for (const char* table : {"measurements", "layers", "cells"}) {
    std::string missing;
    for (const AddedColumn& column : added_columns)
      if (column.format > format && column.table == std::string_view(table))
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
