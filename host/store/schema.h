// The tables of a store, and the numbers by which a file is recognized as one.
#pragma once

#include "measures/measure_tables.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace modsweep {

/// PRAGMA application_id of a store: "MSWP" in ASCII.
inline constexpr std::int32_t store_application_id = 0x4d535750;

/// PRAGMA user_version: raised whenever a table or column is added or changes its meaning. The newest format
/// that a measure names, but at least hashed_format. 1: the first; 2: measurements.ood_loss and block_error;
/// 3: layers.modularity, normalized_cut, block_share; 4: rollback journal instead of WAL; tables store, runs
/// and shards; hashes of all rows; 5: measurements.validation_loss and kept_step; table scaling; 6: measures
/// of the whole network as a graph: measurements.graph_cut and so on, layers.separation.
[[nodiscard]] std::int32_t store_format();
/// The version of the SQLite library that is used, "3.40.1".
[[nodiscard]] std::string sqlite_version();
/// The first format with hashes and the table `store`.
inline constexpr std::int32_t hashed_format = 4;

/// Names of all tables of a store of this format, except `fits`.
[[nodiscard]] std::vector<std::string> table_names(std::int32_t format);

/// SQL that creates all tables and explains each column. The views depend on the sweeps: see tables.h.
[[nodiscard]] std::string_view schema_sql();

/// SQL that creates a table of measurements.
[[nodiscard]] std::string create_sql(const MeasuredTable& table);

/// What a column of measurements holds, with its unit: "norm of a row [weight]".
[[nodiscard]] std::string doc_of(const MeasureColumn& column);

/// SQL that creates the table `fits` if it does not exist. It is not part of the schema above: a store has it
/// from its first fit on, and a store without it is complete.
[[nodiscard]] std::string_view fits_sql();

/// SQL that adds the tables, columns and indexes that a store of an earlier format lacks; existing rows do
/// not change. The caller runs it in a transaction, drops the views first, raises user_version and computes
/// the hashes.
[[nodiscard]] std::string upgrade_sql(std::int32_t format, bool has_fits);

/// The name of the column of `cells` with the sum of the hashes of a cell's rows in a table of measurements.
[[nodiscard]] std::string sum_name(std::string_view table);

/// SQL for a connection that only reads a store of an earlier format: lets queries see the tables of this
/// format without changing the file.
[[nodiscard]] std::string view_as_current_sql(std::int32_t format);

}  // namespace modsweep
