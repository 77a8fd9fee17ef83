// Files that are there whole or not at all.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace modsweep {

/// Writes the parts one after the other to a temporary file beside `path`, syncs it to disk and renames it to
/// `path`: whoever opens `path` sees the old file or the new one, whole. Throws IoError; `path` is then as it
/// was before. Throws InputError where `path` is a folder, device or pipe.
void write_atomically(const std::string& path, const std::vector<std::span<const std::byte>>& parts);

}  // namespace modsweep
