#include "store/connection.h"

#include "store/schema.h"
#include "store/side_files.h"
#include "store/upgrade.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

namespace fs = std::filesystem;

constexpr int busy_timeout_ms = 20'000;  // other programs may hold a lock for a moment

bool permitted(const std::string& path, int mode) {
  return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

int pragma(SQLite::Database& db, const char* name) {
  return db.execAndGet(fmt::format("PRAGMA {}", name)).getInt();
}

// SQLite itself treats a truncated last page as one that ends in zeros.
void check_size(SQLite::Database& db, const StoreFile& file) {
  std::error_code failed;
  const auto size = fs::file_size(file.path, failed);
  const auto page = static_cast<std::uintmax_t>(pragma(db, "page_size"));
  if (!failed && size % page != 0)
    throw InputError(fmt::format("{}: is broken (cut off after {} bytes); restore a copy", file.shown, size));
}

void check_tables(SQLite::Database& db, const StoreFile& file) {
  std::vector<std::string> names = table_names(file.format);
  for (const char* view : {"results", "history", "spectra"}) names.emplace_back(view);
  const auto tables = static_cast<std::size_t>(
      db.execAndGet(
            fmt::format("SELECT count(*) FROM sqlite_master WHERE name IN ('{}')", fmt::join(names, "', '")))
          .getInt());
  if (tables != names.size())
    throw InputError(
        fmt::format("{}: is broken ({} of {} tables are there); restore a copy or give another file name",
                    file.shown, tables, names.size()));
}

/// A build with other measures may use the same format number for other columns.
void check_columns(SQLite::Database& db, const StoreFile& file) {
  for (const MeasuredTable& table : measured_tables()) {
    if (table.since > file.format) continue;
    std::vector<std::string> wanted = {"cell", "step"};
    for (const auto* columns : {&table.keys, &table.columns})
      for (const MeasureColumn& column : *columns)
        if (column.since <= file.format) wanted.emplace_back(column.name);
    std::vector<std::string> found;
    SQLite::Statement names(db, fmt::format("SELECT name FROM pragma_table_info('{}')", table.name));
    while (names.executeStep()) found.push_back(names.getColumn(0).getString());
    if (found != wanted)
      throw InputError(fmt::format(
          "{}: its table {} has the columns {}, and those of store format {} are {}; use the build of "
          "modsweep that made it, or give another file name",
          file.shown, table.name, fmt::join(found, ", "), file.format, fmt::join(wanted, ", ")));
  }
}

void read_link(SQLite::Database& db, StoreFile& file) {
  SQLite::Statement query(db, "SELECT link, schema_hash FROM store WHERE num = 1");
  if (!query.executeStep())
    throw InputError(fmt::format("{}: is broken (its table `store` is empty); restore a copy", file.shown));
  const auto blob = query.getColumn(0);
  const auto link =
      StoreLink::find({static_cast<const char*>(blob.getBlob()), static_cast<std::size_t>(blob.getBytes())});
  if (!link || query.getColumn(1).getInt64() != schema_hash(db))
    throw InputError(
        fmt::format("{}: is broken (its tables are not as modsweep made them); restore a copy", file.shown));
  file.link = *link;
}

/// Called before any read through SQLite, which would leave its files beside other programs' databases.
void check_application(const StoreFile& file) {
  const auto application = application_of(*file.db);
  if (!application)
    throw InputError(fmt::format(
        "{}: is not a modsweep store (file is not a database); give another file name or remove it",
        file.shown));
  if (*application != store_application_id)
    throw InputError(fmt::format(
        "{}: is a database of another program, not a modsweep store; give another file name", file.shown));
}

void check_format(SQLite::Database& db, StoreFile& file) {
  file.format = pragma(db, "user_version");
  if (file.format > store_format())
    throw InputError(
        fmt::format("{}: was written by a newer modsweep (store format {}, this program reads up to {}); "
                    "update modsweep or give another file name",
                    file.shown, file.format, store_format()));
  if (file.format < 1)
    throw InputError(fmt::format(
        "{}: has store format {}, which no modsweep wrote; restore a copy or give another file name",
        file.shown, file.format));
  check_tables(db, file);
  check_columns(db, file);
  if (file.hashed()) read_link(db, file);
}

/// Whether this file system refuses the locks that SQLite needs. Called only where SQLite got no lock:
/// closing a descriptor drops a process's locks on its file.
bool refuses_locks(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct flock lock {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = 1;
  lock.l_len = 1;
  const bool refused = ::fcntl(fd, F_SETLK, &lock) != 0 && errno != EAGAIN && errno != EACCES;
  ::close(fd);
  return refused;
}

std::unique_ptr<SQLite::Database> open_immutable(const std::string& path) {
  return std::make_unique<SQLite::Database>(immutable_uri(path), SQLite::OPEN_READONLY | SQLite::OPEN_URI);
}

bool has_pending(const std::string& path) {
  return has_bytes(path + "-wal") || has_bytes(path + "-journal");
}

/// Reads a file for the first time. Where the file system has no locks or no shared memory, a store without
/// an unfinished write is read without them.
void look_into(StoreFile& file, bool may_write) {
  try {
    file.db->setBusyTimeout(0);
    (void)pragma(*file.db, "user_version");
    (void)file.db->execAndGet("SELECT count(*) FROM sqlite_master");
  } catch (const SQLite::Exception& failure) {
    const int code = failure.getErrorCode() & 0xff;
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) throw;
    if (code == SQLITE_BUSY && !refuses_locks(file.path)) {
      file.db->setBusyTimeout(busy_timeout_ms);
      (void)file.db->execAndGet("SELECT count(*) FROM sqlite_master");
      return;
    }
    if (may_write) {
      if (refuses_locks(file.path)) throw InputError(unfit_text(file.shown));
      throw;
    }
    if (has_pending(file.path)) throw;
    file.db = open_immutable(file.path);
  }
  file.db->setBusyTimeout(busy_timeout_ms);
}

void open_for_reading(StoreFile& file, bool writable) {
  // Opens for writing, too, where permitted: whoever opens the store first rolls back an interrupted commit.
  file.db = std::make_unique<SQLite::Database>(file.path,
                                               writable ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY);
  if (is_in_wal_mode(*file.db)) {
    // From before format 4. Without a log, no program writes to it: reads it without creating side files.
    if (!has_pending(file.path)) file.db = open_immutable(file.path);
    sqlite3_db_config(file.db->getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  check_application(file);
  check_side_files(*file.db, file.path, file.shown);
  look_into(file, false);
  check_format(*file.db, file);
  if (!has_bytes(file.path + "-wal")) check_size(*file.db, file);  // pages may still be in the log
  file.db->exec("PRAGMA cache_size = -65536");                     // KiB
  if (file.format < store_format()) file.db->exec(view_as_current_sql(file.format));
  file.db->exec("PRAGMA query_only = ON");
}

/// A process killed at the start of a commit leaves an empty journal. The next commit removes it: this one.
void sweep_journal(StoreFile& file) {
  std::error_code failed;
  if (file.hashed() && fs::exists(file.path + "-journal", failed)) WriteTransaction(file).commit();
}

void open_for_writing(StoreFile& file) {
  file.db = std::make_unique<SQLite::Database>(file.path, SQLite::OPEN_READWRITE);
  // If the file turns out not to be ours, closing it must not write its pending log into it.
  const auto checkpoint_at_close = [&](bool on) {
    sqlite3_db_config(file.db->getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on ? 0 : 1, nullptr);
  };
  checkpoint_at_close(false);
  check_application(file);
  check_side_files(*file.db, file.path, file.shown);
  look_into(file, true);
  check_format(*file.db, file);
  if (!has_bytes(file.path + "-wal")) check_size(*file.db, file);
  checkpoint_at_close(true);
  // An empty log counts as none: if it cannot be removed below, it is not mistaken for another store's.
  if (is_in_wal_mode(*file.db)) file.db->exec("PRAGMA wal_checkpoint(TRUNCATE)");
  if (file.db->execAndGet("PRAGMA journal_mode = DELETE").getString() != "delete")
    throw StoreBusy(
        fmt::format("{}: another program keeps it locked; close that program and run the same command again",
                    file.shown));
  file.db->exec("PRAGMA cache_size = -65536; PRAGMA synchronous = FULL");
  sweep_journal(file);
  if (file.format < store_format()) {
    upgrade_store(file);
    check_format(*file.db, file);
  }
}

/// The errno with which no file can be created beside a store; 0: one can. SQLite opens its journal in two
/// ways and keeps only the second error.
int reason_beside(const std::string& path) {
  std::string name = path + ".probe-XXXXXX";
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) return errno;
  const int reason = ::write(fd, "x", 1) == 1 ? 0 : errno;
  ::close(fd);
  ::unlink(name.c_str());
  return reason;
}

std::string broken_off_text(const std::string& path) {
  return fmt::format(
      "{}: a commit was broken off, which only somebody who may write to it and its folder can "
      "undo; change the permissions, or copy it with all files beside it",
      path);
}

}  // namespace

bool StoreFile::hashed() const {
  return format >= hashed_format;
}

void check_store_file(const std::string& path) {
  if (path.empty()) throw InputError("the name of the store is empty; give a file name");
  std::error_code failed;
  const auto status = fs::status(path, failed);
  if (status.type() == fs::file_type::not_found)
    throw InputError(fmt::format(
        "{}: no such file; check the name, 'modsweep run SWEEP.toml -o FILE' makes a store", path));
  if (failed && failed.value() == ENAMETOOLONG) throw_file_error(path, ENAMETOOLONG, "");
  if (failed)
    throw InputError(fmt::format("{}: cannot be read ({}); check the permissions", path, failed.message()));
  if (status.type() == fs::file_type::directory)
    throw InputError(fmt::format("{}: is a folder, not a modsweep store; give the name of a file", path));
  if (status.type() != fs::file_type::regular)
    throw InputError(fmt::format("{}: is not a regular file; give the name of a modsweep store", path));
  if (fs::file_size(path, failed) == 0)
    throw InputError(
        fmt::format("{}: is empty, not a modsweep store; remove it or give another file name", path));
}

void throw_store_error(const std::string& path, const SQLite::Exception& failure, int system_error) {
  std::string what = failure.what();
  std::replace(what.begin(), what.end(), '\n', ' ');
  if (failure.getExtendedErrorCode() == SQLITE_READONLY_DBMOVED)
    throw IoError(fmt::format("{}: was removed or moved while it was written; nothing more is kept", path));
  if (failure.getExtendedErrorCode() == SQLITE_READONLY_ROLLBACK ||
      failure.getExtendedErrorCode() == SQLITE_READONLY_RECOVERY ||
      failure.getExtendedErrorCode() == SQLITE_READONLY_CANTINIT)
    throw InputError(broken_off_text(path));
  const int code = failure.getErrorCode() & 0xff;
  const bool not_opened = code == SQLITE_CANTOPEN || code == SQLITE_READONLY || code == SQLITE_PERM;
  if (not_opened) system_error = reason_beside(path);
  switch (system_error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case EACCES:
    case EROFS:
      throw_file_error(path, system_error, what);
    default:
      break;
  }
  switch (code) {
    case SQLITE_NOTADB:
      throw InputError(
          fmt::format("{}: is not a modsweep store ({}); give another file name or remove it", path, what));
    case SQLITE_CORRUPT:
      throw InputError(
          fmt::format("{}: is broken ({}); restore a copy, or save what is left with: sqlite3 FILE .recover",
                      path, what));
    case SQLITE_FULL:
      throw IoError(fmt::format(
          "{}: the disk is full; free space and run the same command again, it goes on from the last "
          "commit",
          path));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw StoreBusy(fmt::format(
          "{}: another program keeps it locked; close that program and run the same command again", path));
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw IoError(fmt::format(
          "{}: it, or a file beside it, could not be opened ({}); run the same command again", path, what));
    case SQLITE_IOERR:
      throw IoError(fmt::format(
          "{}: the disk failed or is full ({}); free space and run the same command again, it goes "
          "on from the last commit",
          path, what));
    default:
      throw IoError(fmt::format("{}: SQLite failed ({}); run the same command again", path, what));
  }
}

int system_error_of(SQLite::Database& db) {
  // SQLite reads errno only after it has cleaned up; the file remembers the errors of its own calls.
  int of_file = 0;
  if (sqlite3_file_control(db.getHandle(), "main", SQLITE_FCNTL_LAST_ERRNO, &of_file) == SQLITE_OK &&
      (of_file == EFBIG || of_file == EDQUOT || of_file == ENOSPC))
    return of_file;
  return sqlite3_system_errno(db.getHandle());
}

StoreFile open_store(const std::string& path, Store::Access access) {
  StoreFile file;
  file.shown = path;
  file.path = resolve_store_path(path);
  check_store_file(path);
  if (!permitted(file.path, R_OK))
    throw InputError(
        fmt::format("{}: no permission to read it; change its permissions or give another file name", path));
  const bool writable = permitted(file.path, W_OK) && permitted(folder_of(file.path), W_OK);
  if (access == Store::Access::read_write && !writable)
    throw InputError(
        fmt::format("{}: no permission to write to it and its folder; change the permissions or give another "
                    "file name",
                    path));
  file.identity = identity_of(file.path).value_or(FileIdentity{});
  try {
    if (access == Store::Access::read_write)
      open_for_writing(file);
    else
      open_for_reading(file, writable);
  } catch (const SQLite::Exception& failure) {
    throw_store_error(path, failure, file.db ? system_error_of(*file.db) : errno);
  }
  return file;
}

WriteTransaction::WriteTransaction(StoreFile& file) : file_(file), link_(file.link.next()) {
  if (identity_of(file.path) != file.identity)
    throw IoError(
        fmt::format("{}: was removed, moved or replaced while it was written; what was committed before went "
                    "with it, nothing more is kept",
                    file.shown));
  translate_errors(file_, [&] { file_.db->exec("BEGIN IMMEDIATE"); });
  if (!file_.hashed()) return;
  try {
    translate_errors(file_, [&] {
      SQLite::Statement update(*file_.db, "UPDATE store SET link = ?");
      const std::string blob = link_.blob();
      update.bind(1, blob.data(), static_cast<int>(blob.size()));
      update.exec();
    });
  } catch (...) {
    undo();
    throw;
  }
}

WriteTransaction::~WriteTransaction() {
  undo();
}

void WriteTransaction::undo() noexcept {
  if (std::exchange(open_, false)) file_.db->tryExec("ROLLBACK");  // fails if SQLite has done it already
}

void WriteTransaction::commit() {
  translate_errors(file_, [&] { file_.db->exec("COMMIT"); });
  open_ = false;
  file_.link = link_;
}

}  // namespace modsweep
