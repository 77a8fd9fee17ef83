// Looking up single cells: what ids mean, weights, checkpoints.
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
/// The first few cells whose ids begin so. Throws InputError where that is no beginning of an id.
[[nodiscard]] std::vector<FoundCell> find_cells(const StoreFile& file, const std::string& prefix);
/// Throws InputError where no cell's id, or several, begin so. `path` is used in the message.
[[nodiscard]] FoundCell only_cell(std::vector<FoundCell> matches, const std::string& prefix,
                                  const std::string& path);

/// Final weights and what is recorded of their training. Throws InputError where there are none, or they are
/// not what was written.
[[nodiscard]] Store::StoredWeights read_weights(const StoreFile& file, const FoundCell& cell);

/// The state of a running cell. Throws InputError where it is not what was written.
[[nodiscard]] std::optional<Checkpoint> read_checkpoint(const StoreFile& file, const std::string& id);

}  // namespace modsweep
