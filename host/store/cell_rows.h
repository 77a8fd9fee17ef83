// Looks up single cells: ids by their beginning, weights, checkpoints.
#pragma once

#include "store/connection.h"

#include <optional>
#include <string>
#include <vector>

#include "modsweep/store.h"

namespace modsweep {

/// A cell found by the beginning of its id.
struct FoundCell {
  std::int64_t num = 0;
  std::string id;
};
/// The first few cells whose ids, with or without their letter, begin with `prefix`; a whole id is one cell.
/// Throws InputError if no id can begin with it.
[[nodiscard]] std::vector<FoundCell> find_cells(const StoreFile& file, const std::string& prefix);
/// The only match. Throws InputError if there is none or more than one, with `path` in the message.
[[nodiscard]] FoundCell only_cell(std::vector<FoundCell> matches, const std::string& prefix,
                                  const std::string& path);

/// Final weights and the record of their training. Throws InputError if the store has no weights of the cell,
/// or if they are not what was written.
[[nodiscard]] Store::StoredWeights read_weights(const StoreFile& file, const FoundCell& cell);

/// The state of a running cell; none without a checkpoint. Throws InputError if it is not what was written.
[[nodiscard]] std::optional<Checkpoint> read_checkpoint(const StoreFile& file, const std::string& id);

}  // namespace modsweep
