// Files named in a sweep.
#pragma once

#include "config/draft.h"

#include <string>
#include <string_view>

namespace modsweep {

// The settings that name a file.
inline constexpr std::string_view table_file_key = "task.file";
inline constexpr std::string_view parents_key = "start.from";

/// Makes task.file relative to the current folder (in the sweep file it is relative to `folder`, the sweep
/// file's own) and sets task.file_hash, so that a cell's id depends on the content of the file. For an axis
/// of files, the hashes become a second axis, zipped with it. Throws InputError if a file cannot be read or
/// does not have the hash that the sweep states.
void find_files(Draft& draft, const std::string& folder);

}  // namespace modsweep
