// Merges stores: shards of a sweep, or any cells that were trained separately.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace modsweep {

/// The result of a merge.
struct MergeResult {
  std::size_t stores = 0;  ///< stores that were read, including the output's earlier content
  std::uint64_t cells = 0;
  std::uint64_t done = 0;
  std::uint64_t diverged = 0;
  std::uint64_t running = 0;  ///< with a checkpoint
  std::uint64_t chosen = 0;   ///< cells with different results in different stores, from different machines
  std::vector<std::string> notes;  ///< for the user: what was chosen
};

/// Makes `out` the union of `inputs` by cell id. Finished beats running, a later step an earlier one. Of two
/// finished versions with different numbers, from different engines or instruction sets, the one with the
/// smallest (program version, engine, device, hash of its results) is kept. Checkpoints, weights and fits are
/// merged, too. The result does not depend on the order of the inputs, and `out` appears whole or stays as it
/// was.
///
/// `out` may exist if an earlier merge made it: its content is merged, too. `live`: stores that are being
/// written are read in their present state; otherwise they are refused.
///
/// Throws InputError for inputs that are not stores, broken, newer, or being written, for an existing `out`
/// that no merge made, and where two stores have different results of one cell from the same kind of machine;
/// IoError where the disk fails. Memory does not grow with the stores.
MergeResult merge_stores(const std::string& out, const std::vector<std::string>& inputs, bool live);

/// Copies a store in its present state into a new file and syncs it. Throws InputError where `to` exists.
void copy_store(const std::string& from, const std::string& to);

/// The stores that `paths` name: files as given, and all files of folders that end in .db, sorted by name; no
/// file twice. Throws InputError for a folder without any.
[[nodiscard]] std::vector<std::string> store_files(const std::vector<std::string>& paths);

}  // namespace modsweep
