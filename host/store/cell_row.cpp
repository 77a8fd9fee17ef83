#include "store/cell_row.h"

#include "store/row_hash.h"

namespace modsweep {
namespace {

constexpr int first_sum_column = 11;  // the sum of the first table
constexpr int columns_of_format_4 = cell_hash_column + 1;

std::string insert_sql() {
  std::string values = "?";
  int columns = columns_of_format_4;
  for (std::size_t t = 0; t < measured_tables().size(); ++t)
    if (!cell_sum_always(t)) ++columns;
  for (int c = 1; c < columns; ++c) values += ", ?";
  return "INSERT OR REPLACE INTO cells VALUES (" + values + ")";
}

}  // namespace

bool cell_sum_always(std::size_t table) {
  return measured_tables()[table].since == 1;
}

int cell_sum_column(std::size_t table) {
  int column = cell_sum_always(table) ? first_sum_column : columns_of_format_4;
  for (std::size_t t = 0; t < table; ++t)
    if (cell_sum_always(t) == cell_sum_always(table)) ++column;
  return column;
}

std::uint64_t hash_cell(SQLite::Statement& row) {
  RowHash hash;
  for (int column = 1; column < row.getColumnCount(); ++column)
    if (column != cell_hash_column) hash.value(column - 1, row.getColumn(column));
  return hash.digest();
}

CellRowWriter::CellRowWriter(SQLite::Database& db) : statement_(db, insert_sql()) {}

std::uint64_t CellRowWriter::write(const CellRow& row) {
  const auto integer = [](std::uint64_t hash) { return static_cast<std::int64_t>(hash); };
  statement_.tryReset();
  statement_.clearBindings();
  HashedRow bound(statement_, 2);  // a column's number in the hash is one less than in the table
  const auto sum = [&](std::size_t table) {
    if (cell_sum_always(table) || row.sums[table] != 0)
      bound.integer(cell_sum_column(table) - 1, integer(row.sums[table]));
  };
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
  for (std::size_t t = 0; t < row.sums.size(); ++t)
    if (cell_sum_always(t)) sum(t);
  if (row.weights) bound.integer(13, integer(*row.weights));
  if (row.checkpoint) bound.integer(14, integer(*row.checkpoint));
  for (std::size_t t = 0; t < row.sums.size(); ++t)
    if (!cell_sum_always(t)) sum(t);
  const std::uint64_t hash = bound.digest();
  statement_.bind(cell_hash_column + 1, integer(hash));
  statement_.exec();
  return hash;
}

}  // namespace modsweep
