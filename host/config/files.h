// Files that a sweep names.
#pragma once

#include "config/draft.h"

#include <string>

namespace modsweep {

/// Makes task.file a path from the present folder (in the sweep file it is one from `folder`, the sweep
/// file's own), and sets task.file_hash, so that a cell's id depends on what a file holds: of an axis of
/// files, the hashes become a second, zipped one. Throws InputError where a file cannot be read or has not
/// the hash that the sweep wants.
void find_files(Draft& draft, const std::string& folder);

}  // namespace modsweep
