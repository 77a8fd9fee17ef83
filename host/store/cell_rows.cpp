#include "store/cell_rows.h"

#include "core/text.h"
#include "store/cell_row.h"
#include "store/reading.h"
#include "store/row_hash.h"
#include "store/stored_weights.h"

#include <string_view>

#include <SQLiteCpp/VariadicBind.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// Throws unless a cell's row in `cells` has the hash that was written with it.
void check_cell(const StoreFile& file, const FoundCell& cell) {
  if (!file.hashed()) return;
  SQLite::Statement row(*file.db, "SELECT * FROM cells WHERE num = ?");
  row.bind(1, cell.num);
  if (!row.executeStep() ||
      static_cast<std::int64_t>(hash_cell(row)) != row.getColumn(cell_hash_column).getInt64())
    throw_broken(file, fmt::format("cell {} is not what was written", shown_id(cell.id)));
}

/// Throws unless the cell's row in `table` has the hash that `cells` stores in `column`. Returns false if no
/// hash is stored.
bool check_row(const StoreFile& file, const FoundCell& cell, const char* table, const char* column) {
  SQLite::Statement wanted(*file.db, fmt::format("SELECT {} FROM cells WHERE num = ?", column));
  wanted.bind(1, cell.num);
  if (!wanted.executeStep() || wanted.getColumn(0).isNull()) return false;
  SQLite::Statement row(*file.db, fmt::format("SELECT * FROM {} WHERE cell = ?", table));
  row.bind(1, cell.num);
  if (!row.executeStep() ||
      static_cast<std::int64_t>(hash_row(row, 1, row.getColumnCount())) != wanted.getColumn(0).getInt64())
    throw_broken(file,
                 fmt::format("what is in {} of cell {} is not what was written", table, shown_id(cell.id)));
  return true;
}

void read_run(const StoreFile& file, std::int64_t num, Store::StoredWeights& weights) {
  SQLite::Statement run(
      *file.db, "SELECT version, revision, command, engine, device, host, began FROM runs WHERE num = ?");
  run.bind(1, num);
  if (!run.executeStep()) return;
  weights.run =
      RunRecord{run.getColumn(0), run.getColumn(1), run.getColumn(2), run.getColumn(3), run.getColumn(4), {}};
  weights.host = run.getColumn(5).getString();
  weights.began = run.getColumn(6).getString();
}

/// The rows of a cell in the table `scaling`, as StoredWeights::scaling. Throws unless they are what was
/// written.
std::string read_scaling(const StoreFile& file, const FoundCell& cell) {
  SQLite::Statement wanted(*file.db, "SELECT scaling_hash FROM cells WHERE num = ?");
  wanted.bind(1, cell.num);
  auto sum = wanted.executeStep() ? static_cast<std::uint64_t>(wanted.getColumn(0).getInt64()) : 0;
  SQLite::Statement rows(*file.db, "SELECT * FROM scaling WHERE cell = ? ORDER BY role, position");
  rows.bind(1, cell.num);
  nlohmann::ordered_json scaling;
  while (rows.executeStep()) {
    sum -= hash_row(rows, 1, rows.getColumnCount());
    scaling[rows.getColumn("role").getString() + "s"].push_back(
        {{"column", rows.getColumn("name").getString()},
         {"mean", rows.getColumn("mean").getDouble()},
         {"scale", rows.getColumn("scale").getDouble()}});
  }
  if (file.hashed() && sum != 0)
    throw_broken(file, fmt::format("the scaling of cell {} is not what was written", cell.id));
  return scaling.empty() ? "" : scaling.dump();
}

}  // namespace

std::vector<FoundCell> find_cells(const StoreFile& file, const std::string& prefix) {
  std::string lower = prefix;
  for (char& c : lower)
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  // A leading c is the letter of an id or the first of its digits.
  std::string behind_letter = lower.size() > 1 && lower.front() == 'c' ? lower.substr(1) : lower;
  if (lower.size() > 16) lower = behind_letter;
  if (lower.empty() || lower.size() > 16 || lower.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw InputError(fmt::format(
        "{}: '{}' is not the id of a cell; give an id from the column 'cell' of 'modsweep export', "
        "or its first digits",
        file.shown, one_line(prefix)));
  SQLite::Statement find(*file.db,
                         "SELECT num, id FROM cells WHERE (id >= ?1 AND id < ?2) OR (id >= ?3 AND id < ?4) "
                         "ORDER BY id LIMIT 4");
  // "g" is just past the last hex digit.
  SQLite::bind(find, lower, lower + "g", behind_letter, behind_letter + "g");
  std::vector<FoundCell> matches;
  while (find.executeStep()) {
    matches.push_back({find.getColumn(0).getInt64(), find.getColumn(1).getString()});
    if (matches.back().id == lower) return {matches.back()};
  }
  return matches;
}

FoundCell only_cell(std::vector<FoundCell> matches, const std::string& prefix, const std::string& path) {
  if (matches.empty())
    throw InputError(
        fmt::format("{}: no cell's id begins with '{}'; 'modsweep export' lists the ids in its column 'cell'",
                    path, prefix));
  if (matches.size() == 1) return matches.front();
  std::vector<std::string> ids;
  for (const auto& match : matches) ids.push_back(shown_id(match.id));
  if (ids.size() > 3) ids.back() = "...";
  throw InputError(fmt::format("{}: the ids of several cells begin with '{}' ({}); give more digits", path,
                               prefix, fmt::join(ids, ", ")));
}

Store::StoredWeights read_weights(const StoreFile& file, const FoundCell& cell) {
  check_cell(file, cell);
  SQLite::Statement find(
      *file.db,
      "SELECT c.status, json_patch(s.base, c.settings), w.dtype, w.shape, w.parameters, c.engine, c.device,"
      " c.run FROM cells c JOIN sweeps s ON s.num = c.sweep LEFT JOIN weights w ON w.cell = c.num"
      " WHERE c.num = ?");
  find.bind(1, cell.num);
  if (!find.executeStep()) throw_broken(file, fmt::format("cell {} has no sweep", shown_id(cell.id)));
  if (file.hashed()) check_row(file, cell, "weights", "weights_hash");
  if (find.getColumn(2).isNull()) {
    if (find.getColumn(0).getString() == "running")
      throw InputError(fmt::format("{}: cell {} is not finished; finish it with 'modsweep run'", file.shown,
                                   shown_id(cell.id)));
    throw InputError(fmt::format(
        "{}: the weights of cell {} were not kept; run its sweep with measure.weights = true into "
        "another store",
        file.shown, shown_id(cell.id)));
  }
  Store::StoredWeights found;
  found.cell_id = cell.id;
  found.settings_json = find.getColumn(1).getString();
  found.engine = find.getColumn(5).getString();
  found.device = find.getColumn(6).getString();
  found.weights.shape = shape_from_json(find.getColumn(3).getString(), file.shown);
  const auto blob = find.getColumn(4);
  const std::span bytes(static_cast<const std::byte*>(blob.getBlob()),
                        static_cast<std::size_t>(blob.getBytes()));
  found.weights.values =
      unpack_weights(bytes, find.getColumn(2).getString(), found.weights.shape, file.shown);
  found.scaling = read_scaling(file, cell);
  if (!find.getColumn(7).isNull()) read_run(file, find.getColumn(7).getInt64(), found);
  return found;
}

std::optional<Checkpoint> read_checkpoint(const StoreFile& file, const std::string& id) {
  SQLite::Statement find(*file.db,
                         "SELECT c.num, p.step, p.state, c.engine, c.device, c.step,"
                         " (SELECT first_step_below FROM measurements WHERE cell = c.num"
                         " ORDER BY step DESC LIMIT 1) FROM cells c"
                         " JOIN checkpoints p ON p.cell = c.num WHERE c.id = ?");
  find.bind(1, id);
  if (!find.executeStep()) return std::nullopt;
  const FoundCell cell{find.getColumn(0).getInt64(), id};
  Checkpoint checkpoint;
  if (file.hashed()) {
    check_cell(file, cell);
    checkpoint.hashed = check_row(file, cell, "checkpoints", "checkpoint_hash");
  } else {
    checkpoint.hashed = false;
  }
  checkpoint.step = static_cast<std::uint64_t>(find.getColumn(1).getInt64());
  const auto state = find.getColumn(2);
  const auto* bytes = static_cast<const std::byte*>(state.getBlob());
  checkpoint.state.assign(bytes, bytes + state.getBytes());
  checkpoint.engine = find.getColumn(3).getString();
  checkpoint.device = find.getColumn(4).getString();
  if (!find.getColumn(6).isNull())
    checkpoint.first_step_below = static_cast<std::uint64_t>(find.getColumn(6).getInt64());
  if (find.getColumn(5).getInt64() != find.getColumn(1).getInt64())
    throw_broken(file, fmt::format("the checkpoint of cell {} is of another step", shown_id(id)));
  return checkpoint;
}

}  // namespace modsweep
