// The store of a run, for all of its lanes.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "modsweep/store.h"

namespace modsweep {

/// Lets one thread at a time at a store, for the length of a call: nobody holds it while training or
/// measuring.
class SharedStore {
 public:
  /// Keeps a reference.
  explicit SharedStore(Store& store) : store_(store) {}

  [[nodiscard]] std::optional<std::vector<std::byte>> checkpoint(const std::string& cell_id) {
    const std::scoped_lock lock(mutex_);
    return store_.checkpoint(cell_id);
  }

  void commit(const std::string& sweep_id, std::span<const CellProgress> progress, std::string_view engine,
              std::string_view device) {
    const std::scoped_lock lock(mutex_);
    store_.commit(sweep_id, progress, engine, device);
  }

 private:
  std::mutex mutex_;
  Store& store_;
};

}  // namespace modsweep
