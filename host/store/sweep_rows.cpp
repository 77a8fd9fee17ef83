#include "store/sweep_rows.h"

#include "store/reading.h"
#include "store/row_hash.h"
#include "store/row_writer.h"
#include "store/writer_lock.h"

#include <array>
#include <vector>

#include <SQLiteCpp/VariadicBind.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

std::string json_object(const std::vector<SettingValue>& settings) {
  std::vector<std::string> members;
  for (const auto& setting : settings) members.push_back(json_text(setting.key) + ":" + setting.json);
  return fmt::format("{{{}}}", fmt::join(members, ","));
}

std::string json_strings(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const auto& text : texts) items.push_back(json_text(text));
  return fmt::format("[{}]", fmt::join(items, ","));
}

std::string axes_json(const std::vector<Axis>& axes) {
  std::vector<std::string> items;
  for (const auto& axis : axes) {
    std::vector<std::string> points;
    for (const auto& point : axis.values) points.push_back(fmt::format("[{}]", fmt::join(point, ",")));
    items.push_back(
        fmt::format(R"({{"keys":{},"values":[{}]}})", json_strings(axis.keys), fmt::join(points, ",")));
  }
  return fmt::format("[{}]", fmt::join(items, ","));
}

std::vector<std::string> axis_keys(const Sweep& sweep) {
  std::vector<std::string> keys;
  for (const auto& axis : sweep.axes) keys.insert(keys.end(), axis.keys.begin(), axis.keys.end());
  return keys;
}

void record_sweep(SQLite::Database& db, const Sweep& sweep) {
  const auto id = sweep.id();
  SQLite::Statement find(db, "SELECT num FROM sweeps WHERE id = ?");
  find.bind(1, id);
  if (find.executeStep()) {
    SQLite::Statement rename(db, "UPDATE sweeps SET name = ? WHERE id = ?");
    SQLite::bind(rename, sweep.name, id);
    rename.exec();
    hash_sweep(db, find.getColumn(0).getInt64());
    return;
  }
  SQLite::Statement insert(
      db, "INSERT INTO sweeps (id, name, base, keys, axes, cells, layers) VALUES (?, ?, ?, ?, ?, ?, ?)");
  // The base of the first cell, not of the file: an axis may also reset a key that excludes its own key
  // (steps, epochs).
  SQLite::bind(insert, id, sweep.name, json_object(canonical_settings(sweep.cell(0).settings)),
               json_strings(axis_keys(sweep)), axes_json(sweep.axes), static_cast<std::int64_t>(sweep.size()),
               static_cast<std::int64_t>(sweep.max_hidden_layers() + 1));
  insert.exec();
  hash_sweep(db, db.getLastInsertRowid());
}

}  // namespace

std::int64_t sweep_number(const StoreFile& file, const std::string& id) {
  SQLite::Statement find(*file.db, "SELECT num FROM sweeps WHERE id = ?");
  find.bind(1, id);
  if (!find.executeStep()) throw LogicError(fmt::format("{}: sweep {} was not added", file.shown, id));
  return find.getColumn(0).getInt64();
}

bool has_sweep(const StoreFile& file, const Sweep& sweep, const Shard& shard) {
  SQLite::Statement find(
      *file.db,
      "SELECT 1 FROM sweeps s WHERE id = ?1 AND name = ?2 AND (?4 = 1 OR EXISTS (SELECT 1 FROM"
      " shards WHERE sweep = s.num AND part = ?3 AND parts = ?4))");
  SQLite::bind(find, sweep.id(), sweep.name, std::int64_t{shard.index}, std::int64_t{shard.count});
  return find.executeStep();
}

void insert_sweep(const StoreFile& file, const Sweep& sweep, const Shard& shard) {
  record_sweep(*file.db, sweep);
  if (shard.whole()) return;
  SQLite::Statement part(*file.db, "INSERT OR IGNORE INTO shards VALUES (?, ?, ?, 0)");
  SQLite::bind(part, sweep_number(file, sweep.id()), std::int64_t{shard.index}, std::int64_t{shard.count});
  part.exec();
}

bool sweep_finished(const StoreFile& file, const Sweep& sweep, const Shard& shard) {
  SQLite::Statement find(*file.db, "SELECT finished, num FROM sweeps WHERE id = ?");
  find.bind(1, sweep.id());
  if (!find.executeStep()) return false;
  if (find.getColumn(0).getInt() != 0 || shard.whole()) return find.getColumn(0).getInt() != 0;
  SQLite::Statement part(*file.db,
                         "SELECT h.finished FROM shards h JOIN sweeps s ON s.num = h.sweep"
                         " WHERE s.num = ? AND h.part = ? AND h.parts = ? AND s.axes = ?");
  SQLite::bind(part, find.getColumn(1).getInt64(), std::int64_t{shard.index}, std::int64_t{shard.count},
               axes_json(sweep.axes));
  return part.executeStep() && part.getColumn(0).getInt() != 0;
}

void mark_sweep_finished(const StoreFile& file, const Sweep& sweep, const Shard& shard) {
  SQLite::Database& db = *file.db;
  const std::int64_t num = sweep_number(file, sweep.id());
  if (!shard.whole()) {
    SQLite::Statement part(
        db, "INSERT OR REPLACE INTO shards SELECT num, ?, ?, 1 FROM sweeps WHERE num = ? AND axes = ?");
    SQLite::bind(part, std::int64_t{shard.index}, std::int64_t{shard.count}, num, axes_json(sweep.axes));
    part.exec();
    return;
  }
  SQLite::Statement update(db, "UPDATE sweeps SET finished = 1 WHERE num = ?");
  update.bind(1, num);
  update.exec();
  hash_sweep(db, num);
}

void hash_sweep(SQLite::Database& db, std::int64_t num) {
  SQLite::Statement row(db, "SELECT * FROM sweeps WHERE num = ?");
  row.bind(1, num);
  if (!row.executeStep()) return;
  SQLite::Statement update(db, "UPDATE sweeps SET hash = ? WHERE num = ?");
  SQLite::bind(update, static_cast<std::int64_t>(hash_row(row, 1, row.getColumnCount() - 1)), num);
  update.exec();
}

void check_sweeps(const StoreFile& file) {
  if (!file.hashed()) return;
  SQLite::Statement rows(*file.db, "SELECT * FROM sweeps");
  while (rows.executeStep()) {
    const int last = rows.getColumnCount() - 1;
    if (static_cast<std::int64_t>(hash_row(rows, 1, last)) != rows.getColumn(last).getInt64())
      throw_broken(file, fmt::format("sweep {} is not what was written", rows.getColumn(1).getString()));
  }
}

StoreStatus read_status(const StoreFile& file) {
  SQLite::Database& db = *file.db;
  const SQLite::Transaction snapshot(db);
  StoreStatus status;
  SQLite::Statement counts(
      db,
      "SELECT s.id, s.name, s.cells, s.finished, coalesce(n.done, 0), coalesce(n.diverged, 0),"
      " coalesce(n.running, 0) FROM sweeps s LEFT JOIN (SELECT sweep, sum(status = 'done') AS done,"
      " sum(status = 'diverged') AS diverged, sum(status = 'running') AS running FROM cells"
      " GROUP BY sweep) n ON n.sweep = s.num ORDER BY s.num");
  while (counts.executeStep()) {
    const auto count = [&](int column) {
      return static_cast<std::uint64_t>(counts.getColumn(column).getInt64());
    };
    StoreStatus::SweepStatus sweep{
        counts.getColumn(0), counts.getColumn(1), count(2), count(4), count(5), count(6)};
    // Cells shared with another sweep may be counted there, but a finished sweep has all its cells.
    if (count(3) != 0) sweep.done = sweep.cells - sweep.diverged;
    status.sweeps.push_back(sweep);
  }
  SQLite::Statement shards(db,
                           "SELECT s.id, h.part, h.parts, h.finished FROM shards h JOIN sweeps s ON s.num = "
                           "h.sweep ORDER BY s.num, h.parts, h.part");
  while (shards.executeStep())
    status.shards.push_back({shards.getColumn(0),
                             {shards.getColumn(1).getUInt(), shards.getColumn(2).getUInt()},
                             shards.getColumn(3).getInt() != 0});
  SQLite::Statement programs(db, "SELECT version, revision FROM runs GROUP BY 1, 2 ORDER BY min(num)");
  while (programs.executeStep())
    status.programs.push_back(
        fmt::format("{} ({})", programs.getColumn(0).getString(), programs.getColumn(1).getString()));
  status.checkpoints = static_cast<std::uint64_t>(
      db.execAndGet(
            "SELECT count(*) FROM checkpoints p JOIN cells c ON c.num = p.cell WHERE c.status = 'running'")
          .getInt64());
  status.writer = WriterLock::holder(file.path);
  return status;
}

std::int64_t insert_run(SQLite::Database& db, const RunRecord& run) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  SQLite::Statement insert(
      db,
      "INSERT INTO runs (version, revision, host, process, began, command, engine, device, shard)"
      " VALUES (?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), ?, ?, ?, ?)");
  SQLite::bind(insert, run.version, run.revision, std::string(host.data()), std::int64_t{getpid()},
               run.command, run.engine, run.device, run.shard.text());
  insert.exec();
  return db.getLastInsertRowid();
}

void end_run(SQLite::Database& db, std::int64_t num, const std::string& outcome) {
  SQLite::Statement update(
      db, "UPDATE runs SET ended = strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), outcome = ? WHERE num = ?");
  SQLite::bind(update, outcome, num);
  update.exec();
}

}  // namespace modsweep
