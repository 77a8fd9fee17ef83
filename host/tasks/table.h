// A user's own data: what is requested from the readers of files, and what they return.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "modsweep/task.h"

namespace modsweep {

/// The requested columns of a file, by name.
struct WantedColumns {
  std::vector<std::string> numbers;
  std::string split;  ///< empty: none
};

/// The content of the requested columns, in file order.
struct TableRows {
  std::size_t count = 0;
  std::vector<double> numbers;  ///< [count][wanted numbers], all finite
  std::vector<Split> splits;    ///< [count]; empty without a split column
};

/// Reads a comma-separated file (RFC 4180, in UTF-8): a header with the columns' names, then rows with as
/// many fields. Split fields are train, test, ood, validation, or 0, 1, 2, 3. Throws InputError "path:line:
/// what; remedy".
[[nodiscard]] TableRows read_csv(const std::string& path, std::string_view bytes,
                                 const WantedColumns& wanted);

/// Reads a two-dimensional .npy file (format 1 or 2) of little-endian float32 or float64 in C order, whose
/// columns are named "0", "1" and so on. Splits are 0 (train), 1 (test), 2 (ood), 3 (validation). Throws
/// InputError "path: what; remedy"; rows are counted from 0, as in NumPy.
[[nodiscard]] TableRows read_npy(const std::string& path, std::string_view bytes,
                                 const WantedColumns& wanted);

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
