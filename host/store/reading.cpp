#include "store/reading.h"

#include "core/text.h"
#include "store/cell_row.h"
#include "store/row_hash.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <unordered_map>

#include <SQLiteCpp/VariadicBind.h>
#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr std::int64_t most_cells = 8192;   // of a chunk, at most
constexpr std::int64_t aimed_rows = 16384;  // of a chunk, roughly

/// The tables of measured_tables() whose rows a query of a table reads.
std::vector<std::size_t> children_of(Table table, const TableQuery& query) {
  const auto number = [](std::string_view name) {
    const auto& all = measured_tables();
    return static_cast<std::size_t>(std::ranges::find(all, name, &MeasuredTable::name) - all.begin());
  };
  switch (table.kind) {
    case Table::results:
    case Table::history: {
      std::vector<std::size_t> children = {network_table, layer_table};
      if (std::ranges::any_of(query.columns, &TableColumn::reads_eigenvalues))
        children.push_back(number("eigenvalues"));
      return children;
    }
    case Table::spectra:
      return {layer_table, number("eigenvalues")};
    case Table::measured:
      return {number(table.name)};
    case Table::cells:
    case Table::fits:
    case Table::runs:
      break;
  }
  return {};
}

std::uint64_t as_hash(const SQLite::Column& value) {
  return static_cast<std::uint64_t>(value.getInt64());
}

struct Range {
  std::int64_t after = 0;
  std::int64_t until = 0;
};

/// Sums over cells, to be compared with the row in `store`.
struct Totals {
  std::int64_t cells = 0;
  std::uint64_t hash = 0;

  void add(const StoreFile& file, SQLite::Statement& cell) {
    const std::uint64_t found = hash_cell(cell);
    if (found != as_hash(cell.getColumn(cell_hash_column)))
      throw_broken(file, fmt::format("cell {} is not what was written",
                                     shown_id(cell.getColumn(cell_id_column).getString())));
    ++cells;
    hash += found;
  }
};

struct StoreTotals {
  Totals totals;
  std::string link;
};

StoreTotals read_totals(const StoreFile& file) {
  SQLite::Statement query(*file.db, "SELECT cells, cells_hash, link FROM store");
  if (!query.executeStep()) throw_broken(file, "its table `store` is empty");
  return {{query.getColumn(0).getInt64(), as_hash(query.getColumn(1))}, query.getColumn(2).getString()};
}

/// Throws unless the cells that were read are those that were written. `before`: totals when reading began.
void check_totals(const StoreFile& file, const StoreTotals& before, const Totals& found) {
  if (read_totals(file).link != before.link) return;  // written meanwhile: the sums fit no single state
  if (found.cells != before.totals.cells || found.hash != before.totals.hash)
    throw_broken(file, fmt::format("{} cells are there, and not those {} that were written", found.cells,
                                   before.totals.cells));
}

/// Checks all cells of a range and their rows in `children`.
void check_range(const StoreFile& file, const std::vector<std::size_t>& children, const Range& range,
                 Totals& totals) {
  struct Sums {
    std::string id;
    std::array<std::uint64_t, 3> wanted{};
  };
  std::unordered_map<std::int64_t, Sums> sums;
  {
    SQLite::Statement cells(*file.db, "SELECT * FROM cells WHERE num > ? AND num <= ?");
    SQLite::bind(cells, range.after, range.until);
    while (cells.executeStep()) {
      totals.add(file, cells);
      Sums& cell = sums[cells.getColumn(0).getInt64()];
      cell.id = cells.getColumn(cell_id_column).getString();
      for (std::size_t i = 0; i < children.size(); ++i)
        cell.wanted[i] = as_hash(cells.getColumn(cell_sum_column(children[i])));
    }
  }
  for (std::size_t i = 0; i < children.size(); ++i) {
    const std::string_view name = measured_tables()[children[i]].name;
    SQLite::Statement rows(*file.db, fmt::format("SELECT * FROM {} WHERE cell > ? AND cell <= ?", name));
    SQLite::bind(rows, range.after, range.until);
    while (rows.executeStep())
      if (const auto cell = sums.find(rows.getColumn(0).getInt64()); cell != sums.end())
        cell->second.wanted[i] -= hash_row(rows, 1, rows.getColumnCount());
    for (const auto& [num, cell] : sums)
      if (cell.wanted[i] != 0)
        throw_broken(file,
                     fmt::format("the {} of cell {} are not what was written", name, shown_id(cell.id)));
  }
}

/// The number of the last cell of the next chunk; `after` if there are no more cells.
std::int64_t chunk_end(SQLite::Database& db, std::int64_t after, std::int64_t last, std::int64_t cells) {
  SQLite::Statement query(
      db,
      "SELECT coalesce(max(num), ?1) FROM (SELECT num FROM cells WHERE num > ?1 AND num <= "
      "?2 ORDER BY num LIMIT ?3)");
  SQLite::bind(query, after, last, cells);
  query.executeStep();
  return query.getColumn(0).getInt64();
}

void read_rows_of(SQLite::Statement& query, const LeftOut& left_out, const RowSink& sink,
                  std::int64_t& rows) {
  while (query.executeStep()) {
    if (!left_out.empty() && left_out.contains(query.getColumn(0).getInt64())) continue;
    sink.row(query);
    ++rows;
  }
}

}  // namespace

void check_fits(const StoreFile& file) {
  if (!file.hashed() || !file.db->tableExists("fits")) return;
  SQLite::Statement rows(*file.db, "SELECT * FROM fits");
  while (rows.executeStep())
    if (const int last = rows.getColumnCount() - 1; hash_row(rows, 1, last) != as_hash(rows.getColumn(last)))
      throw_broken(file, "a fit is not what was written");
}

void throw_broken(const StoreFile& file, const std::string& what) {
  throw InputError(fmt::format("{}: is broken ({}); restore a copy", file.shown, what));
}

std::uint64_t id_number(const StoreFile& file, const std::string& id) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number, 16);
  if (error != std::errc{} || end != id.data() + id.size() || id.size() != 16)
    throw_broken(file, fmt::format("a cell's id is '{}'", id));
  return number;
}

void read_table(const StoreFile& file, Table table, const TableQuery& query, const LeftOut& left_out,
                const RowSink& sink) {
  SQLite::Database& db = *file.db;
  SQLite::Statement statement(db, query.export_sql());
  std::int64_t rows = 0;
  if (query.cell.empty()) {
    const SQLite::Transaction snapshot(db);
    if (table == Table::fits) check_fits(file);
    read_rows_of(statement, left_out, sink, rows);
    statement.reset();
  } else {
    const std::vector<std::size_t> children = children_of(table, query);
    Totals totals;
    StoreTotals before;
    std::int64_t last = 0;
    std::int64_t cells = 64;
    for (Range range;; range.after = range.until) {
      {
        const SQLite::Transaction snapshot(db);
        if (range.after == 0) {
          last = db.execAndGet("SELECT coalesce(max(num), 0) FROM cells").getInt64();
          if (file.hashed()) before = read_totals(file);
        }
        range.until = chunk_end(db, range.after, last, cells);
        if (range.until == range.after) {
          if (file.hashed()) check_totals(file, before, totals);
          break;
        }
        if (file.hashed()) check_range(file, children, range, totals);
        SQLite::bind(statement, range.after, range.until);
        rows = 0;
        read_rows_of(statement, left_out, sink, rows);
        statement.reset();
      }
      sink.pause();
      if (rows < aimed_rows / 2 && cells < most_cells) cells *= 2;
      if (rows > 2 * aimed_rows && cells > 1) cells /= 2;
    }
  }
  sink.pause();
}

void read_heads(const StoreFile& file, const std::function<void(const CellHead&)>& cell) {
  SQLite::Database& db = *file.db;
  const SQLite::Transaction snapshot(db);
  Totals totals;
  std::uint64_t ids = 0;
  // Earlier formats have no hashes to check, so these columns suffice.
  SQLite::Statement cells(db, file.hashed() ? "SELECT * FROM cells ORDER BY num"
                                            : "SELECT num, id, sweep, status, step FROM cells ORDER BY num");
  while (cells.executeStep()) {
    if (file.hashed()) totals.add(file, cells);
    const std::string status = cells.getColumn(cell_status_column).getString();
    const CellHead head{.num = cells.getColumn(0).getInt64(),
                        .id = id_number(file, cells.getColumn(cell_id_column).getString()),
                        .sweep = cells.getColumn(cell_sweep_column).getInt64(),
                        .running = status == "running",
                        .diverged = status == "diverged",
                        .step = static_cast<std::uint64_t>(cells.getColumn(cell_step_column).getInt64())};
    ids += head.id;
    cell(head);
  }
  if (!file.hashed()) return;
  check_totals(file, read_totals(file), totals);
  // A cell that is missing in the index of ids would be trained again and be stored twice.
  SQLite::Statement index(db, "SELECT id FROM cells ORDER BY id");
  while (index.executeStep()) ids -= id_number(file, index.getColumn(0).getString());
  if (ids != 0) throw_broken(file, "its index of cells does not fit the cells");
}

}  // namespace modsweep
