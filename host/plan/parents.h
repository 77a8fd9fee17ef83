// Parents: finished cells of another store with whose final weights networks begin (science.md section 9).
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "modsweep/network.h"
#include "modsweep/store.h"
#include "modsweep/sweep.h"

namespace modsweep {

/// The parents of a sweep's cells. Safe to call from several threads.
class Parents {
 public:
  /// Opens the store that start.from of the sweep names, if it names one. Throws InputError where a cell's
  /// parent is not there, or has another shape than the cell.
  explicit Parents(const Sweep& sweep);

  struct Network {
    std::shared_ptr<const Parameters> weights;
    std::string engine;  ///< that trained it
    std::string device;
  };
  /// The parent of a cell that has one.
  [[nodiscard]] Network of(const CellSettings& cell);

 private:
  std::mutex mutex_;
  std::optional<Store> store_;
};

}  // namespace modsweep
