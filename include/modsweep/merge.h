// Several stores as one: shards of a sweep, or whatever was trained apart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace modsweep {

/// What came of a merge.
struct MergeResult {
  std::size_t stores = 0;  ///< that were read, the output's earlier content included
  std::uint64_t cells = 0;
  std::uint64_t done = 0;
  std::uint64_t diverged = 0;
  std::uint64_t running = 0;       ///< with a checkpoint
  std::uint64_t chosen = 0;        ///< cells of which stores have different results, by different machines
  std::vector<std::string> notes;  ///< for the user: what was chosen
};

/// Makes `out` the union of `inputs` by cell id. Finished beats running, a later step an earlier one. Of two
/// finished versions with different numbers, by different engines or instruction sets, that is kept which is
/// smallest by (program version, engine, device, hash of its results). Checkpoints, weights and fits go
/// along. The result does not depend on the order of the inputs, and `out` appears whole or stays as it was.
///
/// `out` may be there where an earlier merge made it: what it has is merged, too. `live`: stores that are
/// being written are read as they are at this moment; otherwise they are refused.
///
/// Throws InputError for inputs that are no stores, broken, newer, or being written, for an `out` that is
/// something else, and where two stores have different results of one cell by the same kind of machine;
/// IoError where the disk fails. Memory does not grow with the stores.
MergeResult merge_stores(const std::string& out, const std::vector<std::string>& inputs, bool live);

/// Copies a store into a new file, as it is at this moment, and syncs it. Throws InputError where `to`
/// exists.
void copy_store(const std::string& from, const std::string& to);

/// The stores that paths mean: files as they are, and of folders all files that end in .db, by name. Throws
/// InputError for a folder without any. No file comes twice.
[[nodiscard]] std::vector<std::string> store_files(const std::vector<std::string>& paths);

}  // namespace modsweep
