#include "store/cell_row.h"

#include "store/row_hash.h"

namespace modsweep {

CellRowWriter::CellRowWriter(SQLite::Database& db)
    : statement_(db,
                 "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)") {}

std::uint64_t CellRowWriter::write(const CellRow& row) {
  const auto integer = [](std::uint64_t hash) { return static_cast<std::int64_t>(hash); };
  statement_.tryReset();
  statement_.clearBindings();
  HashedRow bound(statement_, 2);
  statement_.bind(1, row.num);
  bound.text(0, row.id);
  bound.integer(1, row.sweep);
  bound.text(2, row.status);
  bound.integer(3, row.step);
  if (row.diverged_at) bound.integer(4, *row.diverged_at);
  bound.text(5, row.engine);
  bound.text(6, row.device);
  bound.real(7, row.seconds);
  bound.text(8, row.settings);
  bound.integer(9, row.run);
  bound.integer(10, integer(row.measurements));
  bound.integer(11, integer(row.layers));
  bound.integer(12, integer(row.eigenvalues));
  if (row.weights) bound.integer(13, integer(*row.weights));
  if (row.checkpoint) bound.integer(14, integer(*row.checkpoint));
  const std::uint64_t hash = bound.digest();
  statement_.bind(17, integer(hash));
  statement_.exec();
  return hash;
}

}  // namespace modsweep
