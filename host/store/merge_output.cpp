#include "store/merge_output.h"

#include "core/text.h"
#include "store/reading.h"
#include "store/row_hash.h"
#include "store/side_files.h"
#include "store/tables.h"
#include "store/upgrade.h"

#include <cerrno>
#include <filesystem>
#include <random>

#include <SQLiteCpp/VariadicBind.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view draft_suffix = ".merging";

void bind_value(SQLite::Statement& statement, int index, const SQLite::Column& value) {
  if (value.isInteger())
    statement.bind(index, value.getInt64());
  else if (value.isFloat())
    statement.bind(index, value.getDouble());
  else if (value.isText())
    statement.bind(index, value.getString());
  else if (value.isBlob())
    statement.bindNoCopy(index, value.getBlob(), value.getBytes());
}

void sync_file(const std::string& path, const std::string& shown) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int error = fd < 0 || ::fsync(fd) != 0 ? errno : 0;
  if (fd >= 0) ::close(fd);
  if (error != 0) throw_file_error(shown, error, "could not be written");
}

std::uint64_t copy_rows(const StoreFile& from, RowCopier& copier, SQLite::Statement& rows,
                        const CellRow& cell, std::int64_t to, std::optional<std::uint64_t> wanted,
                        std::string_view table) {
  rows.bind(1, cell.num);
  std::uint64_t sum = 0;
  try {
    sum = copier.copy(rows, to);
  } catch (const SQLite::Exception& failure) {
    const int code = failure.getErrorCode() & 0xff;  // tells a full output from a broken input
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) throw_store_error(from.shown, failure);
    if (code == SQLITE_CONSTRAINT)
      throw_broken(from, fmt::format("the {} of cell {} are not what was written", table, shown_id(cell.id)));
    throw;
  }
  if (from.hashed() && wanted && *wanted != sum)
    throw_broken(from, fmt::format("the {} of cell {} are not what was written", table, shown_id(cell.id)));
  return sum;
}

}  // namespace

std::string merge_draft(const std::string& path) {
  std::random_device random;
  return fmt::format("{}{}{:08x}", path, draft_suffix, random());
}

void remove_merge_drafts(const std::string& path) {
  std::error_code failed;
  const std::string name = fs::path(path).filename().string() + std::string(draft_suffix);
  for (fs::directory_iterator entry(folder_of(path), failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string found = entry->path().filename().string();
    if (found.size() >= name.size() + 8 && found.starts_with(name) &&
        fs::is_regular_file(entry->symlink_status()))
      fs::remove(entry->path(), failed);
  }
}

RowCopier::RowCopier(SQLite::Database& to, std::string table) : table_(std::move(table)) {
  SQLite::Statement columns(to, fmt::format("SELECT count(*) FROM pragma_table_info('{}')", table_));
  columns.executeStep();
  columns_ = columns.getColumn(0).getInt();
  std::string places = "?";
  for (int i = 1; i < columns_; ++i) places += ", ?";
  insert_.emplace(to, fmt::format("INSERT INTO {} VALUES ({})", table_, places));
}

std::uint64_t RowCopier::copy(SQLite::Statement& from, std::int64_t to) {
  std::uint64_t sum = 0;
  while (from.executeStep()) sum += copy_row(from, to);
  from.reset();
  return sum;
}

std::uint64_t RowCopier::copy_row(SQLite::Statement& from, std::int64_t to) {
  const int columns = from.getColumnCount();  // fewer in an earlier format: later columns become NULL
  insert_->bind(1, to);
  for (int c = 1; c < columns; ++c) bind_value(*insert_, c + 1, from.getColumn(c));
  insert_->exec();
  insert_->reset();
  insert_->clearBindings();
  return hash_row(from, 1, columns);
}

CellRows::CellRows(SQLite::Database& db)
    : weights(db, "SELECT * FROM weights WHERE cell = ?"),
      checkpoints(db, "SELECT * FROM checkpoints WHERE cell = ?") {
  for (const MeasuredTable& table : measured_tables())
    measured.emplace_back(db, fmt::format("SELECT * FROM {} WHERE cell = ?", table.name));
}

std::uint64_t sum_of(SQLite::Statement& query, std::int64_t cell) {
  query.bind(1, cell);
  std::uint64_t sum = 0;
  while (query.executeStep()) sum += hash_row(query, 1, query.getColumnCount());
  query.reset();
  return sum;
}

MergeOutput::MergeOutput(const std::string& path, const std::string& shown) : path_(path) {
  file_.shown = shown;
  const std::string draft = merge_draft(path);
  if (!publish_new_file(draft, empty_store(), shown))
    throw IoError(fmt::format("{}: {} is in the way; run the same command again", shown, draft));
  file_.path = draft;
  try {
    file_.db = std::make_unique<SQLite::Database>(draft, SQLite::OPEN_READWRITE);
    translate_errors(file_, [&] {
      // No other program sees the file, and it is deleted if anything fails: no journal, one sync at the end.
      file_.db->exec(
          "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; BEGIN");
      cell_.emplace(*file_.db);
      for (const MeasuredTable& table : measured_tables())
        measured_.emplace_back(*file_.db, std::string(table.name));
      weights_.emplace(*file_.db, "weights");
      checkpoints_.emplace(*file_.db, "checkpoints");
    });
  } catch (...) {
    ::unlink(draft.c_str());
    throw;
  }
}

void MergeOutput::close() {
  cell_.reset();
  measured_.clear();
  weights_.reset();
  checkpoints_.reset();
  file_.db.reset();
}

MergeOutput::~MergeOutput() {
  close();
  if (!published_) ::unlink(file_.path.c_str());
}

void MergeOutput::add(const StoreFile& from, CellRows& rows, CellRow cell, std::int64_t sweep,
                      std::int64_t run) {
  translate_errors(file_, [&] {
    const std::int64_t num = ++cells_;
    const auto copy = [&](RowCopier& copier, SQLite::Statement& query, std::optional<std::uint64_t> wanted,
                          std::string_view table) {
      return copy_rows(from, copier, query, cell, num, wanted, table);
    };
    for (std::size_t t = 0; t < cell.sums.size(); ++t)
      cell.sums[t] = copy(measured_[t], rows.measured[t], cell.sums[t], measured_tables()[t].name);
    if (const auto sum = copy(*weights_, rows.weights, cell.weights, "weights"); sum != 0) cell.weights = sum;
    copy(*checkpoints_, rows.checkpoints, cell.checkpoint, "checkpoints");
    if (!from.hashed()) cell.checkpoint.reset();  // no hash to check it with
    cell.num = num;
    cell.sweep = sweep;
    cell.run = run;
    cells_hash_ += cell_->write(cell);
  });
}

void MergeOutput::publish(const std::optional<StoreLink::Token>& id) {
  translate_errors(file_, [&] {
    refresh_views(db());
    StoreLink link = StoreLink::fresh();
    if (id) link.id = *id;
    SQLite::Statement totals(db(),
                             "UPDATE store SET id = ?, link = ?, cells = ?, cells_hash = ?, merged = 1");
    const std::string blob = link.blob();
    totals.bind(1, hex_text(link.id));
    totals.bind(2, blob.data(), static_cast<int>(blob.size()));
    totals.bind(3, cells_);
    totals.bind(4, static_cast<std::int64_t>(cells_hash_));
    totals.exec();
    totals.reset();
    db().exec("COMMIT");
  });
  close();
  sync_file(file_.path, file_.shown);
  remove_orphaned_logs(path_);
  if (::rename(file_.path.c_str(), path_.c_str()) != 0)
    throw_file_error(file_.shown, errno, "could not be written");
  published_ = true;
  sync_folder(folder_of(path_));
}

}  // namespace modsweep
