// Copies what a store has of one cell to another cell of the same store.
#pragma once

#include "store/cell_row.h"
#include "store/connection.h"
#include "store/merge_output.h"

#include <cstdint>
#include <deque>
#include <functional>

#include <SQLiteCpp/SQLiteCpp.h>

namespace modsweep {

/// The statements for it, prepared once. The caller manages transactions, and writes the row of `to` in
/// `cells`.
class CellCopier {
 public:
  /// Stores a reference.
  explicit CellCopier(const StoreFile& file);

  /// Copies the rows of all tables of measurements that `keeps` wants, and sets their sums in `to`,
  /// which must have no rows yet. Throws InputError where rows of `from` are not what was written.
  void copy_measurements(const CellRow& from, CellRow& to,
                         const std::function<bool(const MeasuredTable& table, std::uint64_t step)>& keeps);
  /// Copy the state or the final weights, if there are any.
  void copy_state(const CellRow& from, CellRow& to);
  void copy_weights(const CellRow& from, CellRow& to);
  /// Deletes all rows of a cell but that in `cells`.
  void clear(CellRow& cell);

 private:
  void check(const CellRow& from, std::uint64_t found, std::uint64_t wanted, const char* table) const;

  const StoreFile& file_;
  CellRows rows_;
  std::deque<RowCopier> measured_;  // one per table of measured_tables()
  RowCopier weights_, checkpoints_;
};

}  // namespace modsweep
