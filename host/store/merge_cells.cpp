// Walks through all inputs at once, in the order of their cells' ids: so memory does not grow with the
// inputs, and the result does not depend on the order in which they are named.
#include "core/text.h"
#include "store/merge_output.h"
#include "store/reading.h"
#include "store/row_hash.h"
#include "store/schema.h"
#include "store/sweep_rows.h"
#include "store/writer_lock.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include <SQLiteCpp/VariadicBind.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include "modsweep/error.h"
#include "modsweep/merge.h"
#include "modsweep/store.h"

namespace modsweep {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t all_caches_kib = 128 * 1024;  // of all inputs together

/// A file that is removed when its owner is destroyed.
struct TemporaryCopy {
  std::string path;
  explicit TemporaryCopy(std::string name) : path(std::move(name)) {}
  ~TemporaryCopy() { ::unlink(path.c_str()); }
  TemporaryCopy(const TemporaryCopy&) = delete;
  TemporaryCopy& operator=(const TemporaryCopy&) = delete;
};

/// "cpu (AVX-512), then (AVX2)": engine and instruction sets, not the numbers of threads.
std::string machines_of(const CellRow& cell) {
  std::string text = cell.engine;
  std::string_view rest = cell.device;
  constexpr std::string_view then = ", then ";
  for (;;) {
    const auto end = rest.find(then);
    const std::string_view device = rest.substr(0, end);
    text += fmt::format(" ({})", device.substr(0, device.find_first_of(",;")));
    if (end == std::string_view::npos) return text;
    rest.remove_prefix(end + then.size());
  }
}

/// One input store.
class Input {
 public:
  Input(const std::string& path, std::size_t cache_kib, std::unique_ptr<TemporaryCopy> copy = nullptr)
      : copy_(std::move(copy)), file_(open_store(copy_ ? copy_->path : path, Store::Access::read_only)) {
    file_.shown = path;
    translate_errors(file_, [&] {
      check_sweeps(file_);
      check_fits(file_);
      snapshot_.emplace(*file_.db);
      file_.db->exec(fmt::format("PRAGMA cache_size = -{}", cache_kib));
      rows_.emplace(*file_.db);
      cells_.emplace(*file_.db, "SELECT * FROM cells ORDER BY id");
      read_runs();
    });
    next();
  }

  /// The current cell, in the order of ids; none at the end.
  [[nodiscard]] const std::optional<CellRow>& cell() const { return cell_; }
  void next() {
    translate_errors(file_, [&] { read_next(); });
  }

  [[nodiscard]] const StoreFile& file() const { return file_; }
  [[nodiscard]] CellRows& rows() { return *rows_; }
  [[nodiscard]] std::string version(const CellRow& cell) const {
    const auto found = versions_.find(cell.run);
    return found == versions_.end() ? "" : found->second;
  }

  std::map<std::int64_t, std::int64_t> sweeps;  ///< number in the output, by number in this input
  std::map<std::int64_t, std::int64_t> runs;

 private:
  void read_next() {
    if (!cells_->executeStep()) {
      cell_.reset();
      check_count();
      return;
    }
    const auto number = [&](int c) { return cells_->getColumn(c).getInt64(); };
    const auto hash = [&](int c) { return static_cast<std::uint64_t>(number(c)); };
    const auto hash_if_any = [&](int c) -> std::optional<std::uint64_t> {
      if (cells_->getColumn(c).isNull()) return std::nullopt;
      return hash(c);
    };
    CellRow cell{.num = number(0),
                 .id = cells_->getColumn(1).getString(),
                 .sweep = number(2),
                 .status = cells_->getColumn(3).getString(),
                 .step = number(4),
                 .diverged_at = {},
                 .engine = cells_->getColumn(6).getString(),
                 .device = cells_->getColumn(7).getString(),
                 .seconds = cells_->getColumn(8).getDouble(),
                 .settings = cells_->getColumn(9).getString(),
                 .run = number(10),
                 .weights = hash_if_any(14),
                 .checkpoint = hash_if_any(15)};
    if (!cells_->getColumn(5).isNull()) cell.diverged_at = number(5);
    for (std::size_t t = 0; t < cell.sums.size(); ++t) cell.sums[t] = hash(cell_sum_column(t));
    static_cast<void>(id_number(file_, cell.id));
    if (cell_ && cell_->id >= cell.id) throw_broken(file_, "cells come twice or out of order");
    if (!file_.hashed()) {
      for (std::size_t t = 0; t < cell.sums.size(); ++t) cell.sums[t] = sum_of(rows_->measured[t], cell.num);
      if (const auto sum = sum_of(rows_->weights, cell.num); sum != 0) cell.weights = sum;
    } else if (hash_cell(*cells_) != hash(cell_hash_column)) {
      throw_broken(file_, fmt::format("cell {} is not what was written", shown_id(cell.id)));
    }
    hash_ += hash(cell_hash_column);
    ++count_;
    cell_ = std::move(cell);
  }

  void check_count() const {
    if (!file_.hashed()) return;
    SQLite::Statement totals(*file_.db, "SELECT cells, cells_hash FROM store");
    if (!totals.executeStep() || totals.getColumn(0).getInt64() != count_ ||
        static_cast<std::uint64_t>(totals.getColumn(1).getInt64()) != hash_)
      throw_broken(file_, fmt::format("{} cells are there, and not those that were written", count_));
  }

  void read_runs() {
    SQLite::Statement query(*file_.db, "SELECT num, version FROM runs");
    while (query.executeStep()) versions_[query.getColumn(0).getInt64()] = query.getColumn(1).getString();
  }

  std::unique_ptr<TemporaryCopy> copy_;
  StoreFile file_;
  std::optional<SQLite::Transaction> snapshot_;
  std::optional<CellRows> rows_;
  std::optional<SQLite::Statement> cells_;
  std::map<std::int64_t, std::string> versions_;
  std::optional<CellRow> cell_;
  std::int64_t count_ = 0;
  std::uint64_t hash_ = 0;
};

using Inputs = std::vector<std::unique_ptr<Input>>;

/// The results of a finished cell, in values that differ if any result differs.
auto results_of(const CellRow& cell) {
  return std::tuple(cell.status, cell.step, cell.diverged_at.value_or(0), cell.sums,
                    cell.weights.value_or(0));
}

/// Orders the versions of a cell, the best first, whatever the order of the stores.
auto rank_of(const Input& input) {
  const CellRow& cell = *input.cell();
  return std::tuple(!cell.finished(), cell.finished() ? 0 : -cell.step, input.version(cell), cell.engine,
                    cell.device, results_of(cell), cell.seconds, cell.checkpoint.value_or(0));
}

class Merger {
 public:
  Merger(MergeOutput& output, Inputs& inputs) : output_(output), inputs_(inputs) {}

  MergeResult run() {
    result_.stores = inputs_.size();
    copy_sweeps();
    copy_runs();
    while (one_cell()) {
    }
    copy_shards();
    copy_fits();
    if (result_.chosen > 0)
      result_.notes.push_back(fmt::format(
          "{} cells have different results in several stores, by different engines or instruction sets; kept "
          "are "
          "those that come first by program version, engine, device and hash, for cell {} those of {}",
          result_.chosen, shown_id(chosen_cell_), chosen_machine_));
    return std::move(result_);
  }

 private:
  /// Copies the best version of the cell with the smallest id of all inputs; false if no cell remains.
  bool one_cell() {
    std::vector<Input*> same;
    for (const auto& input : inputs_) {
      if (!input->cell()) continue;
      if (!same.empty() && input->cell()->id > same.front()->cell()->id) continue;
      if (!same.empty() && input->cell()->id < same.front()->cell()->id) same.clear();
      same.push_back(input.get());
    }
    if (same.empty()) return false;
    Input& best = *best_of(same);
    const CellRow& cell = *best.cell();
    count(cell);
    output_.add(best.file(), best.rows(), cell, best.sweeps.at(cell.sweep), run_of(best, cell));
    for (Input* input : same) input->next();
    return true;
  }

  Input* best_of(const std::vector<Input*>& same) {
    Input* best = *std::ranges::min_element(same, {}, [](const Input* input) { return rank_of(*input); });
    bool differs = false;
    for (const Input* other : same) {
      const CellRow& a = *best->cell();
      const CellRow& b = *other->cell();
      if (!a.finished() || !b.finished() || results_of(a) == results_of(b)) continue;
      if (machines_of(a) == machines_of(b))
        throw InputError(
            fmt::format("cell {} has different results in {} and {}, both by {}; one of the stores is wrong, "
                        "leave it out",
                        shown_id(a.id), best->file().shown, other->file().shown, machines_of(a)));
      differs = true;
    }
    if (differs && result_.chosen++ == 0) {
      chosen_cell_ = best->cell()->id;
      chosen_machine_ = machines_of(*best->cell());
    }
    return best;
  }

  void count(const CellRow& cell) {
    ++result_.cells;
    if (cell.status == "done")
      ++result_.done;
    else if (cell.status == "diverged")
      ++result_.diverged;
    else
      ++result_.running;
  }

  static std::int64_t run_of(const Input& input, const CellRow& cell) {
    const auto found = input.runs.find(cell.run);
    return found == input.runs.end() ? 0 : found->second;
  }

  /// Copies the rows of `table` of all inputs, each once, sorted by the `key_columns` columns after the
  /// number. `numbers(input)`: the map in which the input records its new numbers.
  template <typename Numbers>
  void copy_numbered(const char* table, int key_columns, Numbers numbers) {
    using Row = std::vector<std::string>;
    std::map<Row, std::vector<std::pair<Input*, std::int64_t>>> rows;
    for (const auto& input : inputs_) {
      SQLite::Statement query(*input->file().db, fmt::format("SELECT * FROM {}", table));
      while (query.executeStep()) {
        Row row;
        for (int c = 1; c <= key_columns; ++c) row.push_back(query.getColumn(c).getString());
        rows[row].emplace_back(input.get(), query.getColumn(0).getInt64());
      }
    }
    std::int64_t num = 0;
    for (const auto& [row, sources] : rows) {
      ++num;
      for (const auto& [input, old] : sources) numbers(*input)[old] = num;
      SQLite::Statement from(*sources.front().first->file().db,
                             fmt::format("SELECT * FROM {} WHERE num = ?", table));
      from.bind(1, sources.front().second);
      RowCopier(output_.db(), table).copy(from, num);
    }
  }

  void copy_sweeps() {
    // By id alone: one sweep may have two names.
    std::map<std::string, std::tuple<std::string, Input*, std::int64_t>> sweeps;
    for (const auto& input : inputs_) {
      SQLite::Statement query(*input->file().db, "SELECT id, name, num, finished FROM sweeps");
      while (query.executeStep()) {
        const std::string id = query.getColumn(0).getString();
        const std::tuple found(query.getColumn(1).getString(), input.get(), query.getColumn(2).getInt64());
        const auto [entry, added] = sweeps.try_emplace(id, found);
        if (!added && std::get<0>(found) < std::get<0>(entry->second)) entry->second = found;
        if (query.getColumn(3).getInt() != 0) finished_sweeps_.insert(id);
      }
    }
    std::vector<std::pair<std::string, std::string>> order;  // name, id
    for (const auto& [id, sweep] : sweeps) order.emplace_back(std::get<0>(sweep), id);
    std::ranges::sort(order);
    for (const auto& [name, id] : order) {
      const std::int64_t num = static_cast<std::int64_t>(sweep_numbers_.size()) + 1;
      sweep_numbers_[id] = num;
      const auto& [unused, input, old] = sweeps.at(id);
      SQLite::Statement from(*input->file().db, "SELECT * FROM sweeps WHERE num = ?");
      from.bind(1, old);
      RowCopier(output_.db(), "sweeps").copy(from, num);
    }
    for (const auto& input : inputs_) {
      SQLite::Statement query(*input->file().db, "SELECT id, num FROM sweeps");
      while (query.executeStep())
        input->sweeps[query.getColumn(1).getInt64()] = sweep_numbers_.at(query.getColumn(0).getString());
    }
  }

  void copy_runs() {
    copy_numbered(
        "runs", 11, [](Input & input) -> auto& { return input.runs; });
  }

  /// Copies which shards were run, and whether they are finished by now.
  void copy_shards() {
    SQLite::Database& db = output_.db();
    SQLite::Statement insert(db,
                             "INSERT INTO shards VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET finished = "
                             "max(finished, excluded.finished)");
    for (const auto& input : inputs_) {
      SQLite::Statement query(*input->file().db, "SELECT sweep, part, parts, finished FROM shards");
      while (query.executeStep()) {
        SQLite::bind(insert, input->sweeps.at(query.getColumn(0).getInt64()), query.getColumn(1).getInt64(),
                     query.getColumn(2).getInt64(), query.getColumn(3).getInt64());
        insert.exec();
        insert.reset();
      }
    }
    SQLite::Statement update(
        db,
        "UPDATE sweeps SET finished = ?2 OR cells = (SELECT count(*) FROM cells WHERE sweep = "
        "?1 AND status <> 'running') WHERE num = ?1");
    for (const auto& [id, num] : sweep_numbers_) {
      SQLite::bind(update, num, std::int64_t{finished_sweeps_.contains(id)});
      update.exec();
      update.reset();
      hash_sweep(db, num);
    }
  }

  /// Copies the fits; of two fits of the same group, the later one.
  void copy_fits() {
    using Key = std::tuple<std::string, std::string, std::string>;
    std::map<Key, std::pair<std::vector<std::string>, std::pair<Input*, std::int64_t>>> fits;
    for (const auto& input : inputs_) {
      if (!input->file().db->tableExists("fits")) continue;
      SQLite::Statement query(
          *input->file().db,
          "SELECT num, kind, options, group_key, created, parameters, intervals, note FROM fits");
      while (query.executeStep()) {
        const auto text = [&](int c) { return query.getColumn(c).getString(); };
        const std::vector<std::string> age = {text(4), text(5), text(6), text(7)};
        auto& kept = fits[Key(text(1), text(2), text(3))];
        if (kept.second.first == nullptr || kept.first < age)
          kept = {age, {input.get(), query.getColumn(0).getInt64()}};
      }
    }
    if (fits.empty()) return;
    output_.db().exec(std::string(fits_sql()));
    std::int64_t num = 0;
    for (const auto& [key, kept] : fits) {
      SQLite::Statement from(
          *kept.second.first->file().db,
          "SELECT num, kind, group_key, parameters, intervals, note, options, created FROM fits "
          "WHERE num = ?");
      from.bind(1, kept.second.second);
      ++num;
      const std::uint64_t hash = RowCopier(output_.db(), "fits").copy(from, num);
      SQLite::Statement update(output_.db(), "UPDATE fits SET hash = ? WHERE num = ?");
      SQLite::bind(update, static_cast<std::int64_t>(hash), num);
      update.exec();
    }
  }

  MergeOutput& output_;
  Inputs& inputs_;
  MergeResult result_;
  std::map<std::string, std::int64_t> sweep_numbers_;
  std::set<std::string> finished_sweeps_;
  std::string chosen_cell_;
  std::string chosen_machine_;
};

/// Opens an input. A store that is being written is opened only if `live`, as a copy.
std::unique_ptr<Input> open_input(const std::string& path, bool live, const std::string& out,
                                  std::size_t cache_kib) {
  check_store_file(path);
  const auto holder = WriterLock::holder(resolve_store_path(path));
  if (!holder) return std::make_unique<Input>(path, cache_kib);
  if (!live)
    throw InputError(fmt::format(
        "{}: {} is writing to it; wait until it ends, or read it as it is now with --live", path, *holder));
  const std::string name = merge_draft(out);
  copy_store(path, name);
  return std::make_unique<Input>(path, cache_kib, std::make_unique<TemporaryCopy>(name));
}

/// The id of an existing output that may be replaced; none without an output. Throws if it may not.
std::optional<StoreLink::Token> replaced_id(const std::string& out, const std::string& resolved) {
  std::error_code failed;
  if (!fs::exists(resolved, failed) || fs::file_size(resolved, failed) == 0) return std::nullopt;
  const StoreFile file = open_store(out, Store::Access::read_only);
  const bool merged = file.hashed() && translate_errors(file, [&] {
                        return file.db->execAndGet("SELECT merged FROM store").getInt() != 0;
                      });
  if (!merged)
    throw InputError(
        fmt::format("{}: is a store that no merge made; name another file to write, and give this one among "
                    "the stores to read",
                    out));
  return file.link.id;
}

}  // namespace

MergeResult merge_stores(const std::string& out, const std::vector<std::string>& inputs, bool live) {
  const std::string resolved = resolve_store_path(out);
  const WriterLock lock(resolved, out);
  const auto id = replaced_id(out, resolved);
  remove_merge_drafts(resolved);
  std::vector<std::string> paths;
  for (const std::string& path : inputs)
    if (identity_of(path) != identity_of(resolved) || !id) paths.push_back(path);
  Inputs opened;
  const std::size_t cache_kib = std::max<std::size_t>(all_caches_kib / (paths.size() + 1), 256);
  for (const std::string& path : paths) opened.push_back(open_input(path, live, resolved, cache_kib));
  if (id) opened.push_back(std::make_unique<Input>(out, cache_kib));
  MergeOutput output(resolved, out);
  try {
    MergeResult result = Merger(output, opened).run();
    opened.clear();
    output.publish(id);
    return result;
  } catch (const SQLite::Exception& failure) {  // inputs report their own
    throw_store_error(out, failure, system_error_of(output.db()));
  }
}

void copy_store(const std::string& from, const std::string& to) {
  const StoreFile source = open_store(from, Store::Access::read_only);
  const std::string path = resolve_store_path(to);
  if (!publish_new_file(path, "", to))
    throw InputError(fmt::format("{}: is there already; give another file name", to));
  try {
    StoreFile target;
    target.shown = to;
    target.path = path;
    target.db = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE);
    translate_errors(target, [&] {
      target.db->exec("PRAGMA synchronous = FULL");
      sqlite3_backup* backup =
          sqlite3_backup_init(target.db->getHandle(), "main", source.db->getHandle(), "main");
      if (backup == nullptr) throw SQLite::Exception(target.db->getHandle());
      int code = SQLITE_OK;
      do {
        code = sqlite3_backup_step(backup, -1);
        if (code == SQLITE_BUSY || code == SQLITE_LOCKED) sqlite3_sleep(100);
      } while (code == SQLITE_BUSY || code == SQLITE_LOCKED);
      const int end = sqlite3_backup_finish(backup);
      if (code != SQLITE_DONE || end != SQLITE_OK) throw SQLite::Exception(target.db->getHandle(), end);
    });
  } catch (...) {
    ::unlink(path.c_str());
    throw;
  }
  sync_folder(folder_of(path));
}

std::vector<std::string> store_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  std::vector<FileIdentity> known;
  const auto add = [&](const std::string& path) {
    if (const auto identity = identity_of(path)) {
      if (std::ranges::find(known, *identity) != known.end()) return;
      known.push_back(*identity);
    }
    files.push_back(path);
  };
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      add(path);
      continue;
    }
    std::vector<std::string> found;
    for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error))
      if (entry->path().extension() == ".db") found.push_back(entry->path().string());
    if (error) throw InputError(fmt::format("{}: cannot be read: {}", path, error.message()));
    if (found.empty())
      throw InputError(fmt::format("{}: has no store (*.db); name a store or a folder of stores", path));
    std::ranges::sort(found);
    for (const std::string& file : found) add(file);
  }
  return files;
}

}  // namespace modsweep
