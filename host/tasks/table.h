// A user's own data: what is requested from the readers of files, and what they return.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modsweep/task.h"

namespace modsweep {

/// The requested columns of a file, by name.
struct WantedColumns {
  std::vector<std::string> numbers;
  std::string split;  ///< empty: none

  /// Whether all of them are among `names`.
  [[nodiscard]] bool all_in(const std::vector<std::string>& names) const;
};

/// The content of the requested columns, in file order. Rows with a missing value are left out and counted.
struct TableRows {
  std::size_t count = 0;
  std::vector<double> numbers;                       ///< [count][wanted numbers], all finite
  std::vector<Split> splits;                         ///< [count]; empty without a split column
  std::array<std::size_t, split_count> marked = {};  ///< rows of each split
  std::size_t missing = 0;                           ///< rows that were left out
  std::string first_missing;                         ///< "path:line: the first missing value"

  /// Ends a row whose numbers were appended.
  void take_row(std::optional<Split> split);
  /// Ends a row of `columns` numbers, some of which are missing.
  void leave_row_out(std::size_t columns);
};

/// Reads a CSV file (RFC 4180, in UTF-8): a header with the columns' names, then rows with as many fields,
/// separated by commas, semicolons, tabs or blanks, whichever give the header the requested columns. Lines
/// end with CR, LF or both; blank ones are skipped. Split fields are train, test, ood, validation, or 0, 1,
/// 2, 3. Throws InputError "path:line: what; remedy".
[[nodiscard]] TableRows read_csv(const std::string& path, std::string_view bytes,
                                 const WantedColumns& wanted);

/// Reads a two-dimensional .npy file (format 1 or 2) of floats of 16, 32 or 64 bits, integers or booleans, in
/// either order of rows and bytes. Its columns are named "0", "1" and so on; nan is a missing value. Splits
/// are 0 (train), 1 (test), 2 (ood), 3 (validation). Throws InputError "path: what; remedy"; rows are counted
/// from 0, as in NumPy.
[[nodiscard]] TableRows read_npy(const std::string& path, std::string_view bytes,
                                 const WantedColumns& wanted);
/// How a .npy file begins.
inline constexpr std::string_view npy_magic = "\x93NUMPY";

/// What the user should know about a table: rows left out, a split that no shuffle gives, columns that do not
/// vary, numbers that fp32 does not hold. At most one remark of each kind.
[[nodiscard]] std::vector<DataRemark> table_remarks(const TableRows& rows, const Dataset& data,
                                                    const TaskSettings& task, bool single);

/// Indices of columns, inputs before targets, in which training and test samples differ more than in all but
/// 1 in 1,000 random splits: two-sample Kolmogorov-Smirnov tests (science.md section 6, task 7).
[[nodiscard]] std::vector<std::size_t> differing_columns(const Samples& train, const Samples& test);

/// Names of the input columns, then of the target columns.
[[nodiscard]] std::vector<std::string> number_columns(const TaskSettings& task);

/// 16 hex digits: XXH3-64 of a file's bytes. Throws InputError if it cannot be read.
[[nodiscard]] std::string file_hash(const std::string& path);

/// Indices of the requested names among `columns`. Throws InputError "place: what" if one is missing or
/// occurs twice.
[[nodiscard]] std::vector<std::size_t> find_columns(const std::string& place,
                                                    const std::vector<std::string>& columns,
                                                    const std::vector<std::string>& names);

/// A text from a file for a message: on one line, in quotes, shortened if it is long.
[[nodiscard]] std::string quoted_field(std::string_view text);

}  // namespace modsweep
