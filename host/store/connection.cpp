#include "store/connection.h"

#include "store/schema.h"
#include "store/tables.h"

#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

namespace fs = std::filesystem;

constexpr int busy_timeout_ms = 20'000;  // other programs may hold a lock for a moment

bool permitted(const std::string& path, int mode) {
  return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

std::string folder_of(const std::string& path) {
  const auto folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

bool has_wal(const std::string& path) {
  std::error_code failed;
  const auto size = fs::file_size(path + "-wal", failed);
  return !failed && size > 0;
}

// Never one of the names that mean something else to SQLite, ":memory:".
std::string file_name(const std::string& path) {
  return fs::absolute(path).string();
}

// Where nothing may be written, SQLite can read a database in WAL mode only as one that nobody changes.
std::string immutable_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : file_name(path)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '.' || c == '-' || c == '_';
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri + "?immutable=1";
}

int pragma(SQLite::Database& db, const char* name) {
  return db.execAndGet(fmt::format("PRAGMA {}", name)).getInt();
}

// SQLite itself takes a last page that is cut off for one that ends in zeros.
void check_size(SQLite::Database& db, const std::string& path) {
  std::error_code failed;
  const auto size = fs::file_size(path, failed);
  const auto page = static_cast<std::uintmax_t>(pragma(db, "page_size"));
  if (!failed && size % page != 0)
    throw InputError(fmt::format("{}: is broken (cut off after {} bytes); restore a copy", path, size));
}

void check_format(SQLite::Database& db, const std::string& path) {
  const int application = pragma(db, "application_id");
  const int format = pragma(db, "user_version");
  if (application != store_application_id)
    throw InputError(fmt::format(
        "{}: is a database of another program, not a modsweep store; give another file name", path));
  if (format > store_format)
    throw InputError(
        fmt::format("{}: was written by a newer modsweep (store format {}, this program reads up to {}); "
                    "update modsweep or give another file name",
                    path, format, store_format));
  if (format < 1)
    throw InputError(fmt::format(
        "{}: has store format {}, which no modsweep wrote; restore a copy or give another file name", path,
        format));
  const int tables =
      db.execAndGet(
            "SELECT count(*) FROM sqlite_master WHERE name IN ('sweeps', 'cells', 'measurements',"
            " 'layers', 'eigenvalues', 'checkpoints', 'weights', 'results', 'history', 'spectra')")
          .getInt();
  if (tables != 10)
    throw InputError(fmt::format(
        "{}: is broken ({} of 10 tables are there); restore a copy or give another file name", path, tables));
}

void configure(SQLite::Database& db, Store::Access access) {
  db.exec("PRAGMA cache_size = -65536");  // KiB
  if (access == Store::Access::read_only) {
    db.exec("PRAGMA query_only = ON");
    return;
  }
  // FULL: in WAL mode a commit survives a power cut only if the log was synchronized. Commits are few and
  // large, so the log may also grow longer than SQLite's default before its pages move to the database.
  db.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8192;"
      "PRAGMA journal_size_limit = 67108864");
}

// A store of an earlier format is brought up to date by whoever may write it; others read it as it is.
void adapt_format(SQLite::Database& db, Store::Access access) {
  const int format = pragma(db, "user_version");
  if (format == store_format) return;
  db.exec(access == Store::Access::read_write ? upgrade_sql(format) : view_as_current_sql(format));
}

// A rename is safe against a power cut only once the folder is written.
void sync_folder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

void remove_database(const std::string& path) {
  std::error_code ignored;
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) fs::remove(path + suffix, ignored);
}

}  // namespace

void check_store_file(const std::string& path) {
  if (path.empty()) throw InputError("the name of the store is empty; give a file name");
  std::error_code failed;
  const auto status = fs::status(path, failed);
  if (status.type() == fs::file_type::not_found)
    throw InputError(fmt::format(
        "{}: no such file; check the name, 'modsweep run SWEEP.toml -o FILE' makes a store", path));
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

void throw_store_error(const std::string& path, const SQLite::Exception& failure) {
  const std::string what = failure.what();
  switch (failure.getErrorCode() & 0xff) {
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
      throw IoError(fmt::format(
          "{}: another program keeps it locked; close that program and run the same command again", path));
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      throw InputError(fmt::format("{}: cannot be opened ({}); check its permissions and those of its folder",
                                   path, what));
    case SQLITE_IOERR:
      throw IoError(fmt::format(
          "{}: the disk failed or is full ({}); free space and run the same command again, it goes "
          "on from the last commit",
          path, what));
    default:
      throw IoError(fmt::format("{}: SQLite failed ({}); run the same command again", path, what));
  }
}

std::unique_ptr<SQLite::Database> open_store(const std::string& path, Store::Access access) {
  check_store_file(path);
  if (!permitted(path, R_OK))
    throw InputError(
        fmt::format("{}: no permission to read it; change its permissions or give another file name", path));
  const bool writable = permitted(path, W_OK) && permitted(folder_of(path), W_OK);
  if (access == Store::Access::read_write && !writable)
    throw InputError(
        fmt::format("{}: no permission to write to it and its folder; change the permissions or give another "
                    "file name",
                    path));
  return translate_errors(path, [&] {
    const bool pending = has_wal(path);
    const bool immutable = !writable && !pending;
    // Readers open for writing too where they may: only then does SQLite tidy up its -wal and -shm files at
    // the end.
    auto db = std::make_unique<SQLite::Database>(
        immutable ? immutable_uri(path) : file_name(path),
        (writable ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY) | (immutable ? SQLite::OPEN_URI : 0),
        busy_timeout_ms);
    // A file that turns out not to be ours must not get its pending log written into it when we close it.
    const auto checkpoint_at_close = [&](bool on) {
      sqlite3_db_config(db->getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on ? 0 : 1, nullptr);
    };
    if (pending) checkpoint_at_close(false);
    check_format(*db, path);
    if (!pending) check_size(*db, path);  // pages of the log are yet to be moved to the file
    checkpoint_at_close(true);
    if (access == Store::Access::read_only) adapt_format(*db, access);  // `configure` ends all writing
    configure(*db, access);
    if (access == Store::Access::read_write) adapt_format(*db, access);
    return db;
  });
}

void create_store(const std::string& path) {
  const std::string draft = path + "-new";
  remove_database(draft);  // of a process that was killed here
  try {
    translate_errors(path, [&] {
      SQLite::Database db(file_name(draft), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, busy_timeout_ms);
      db.exec("PRAGMA journal_mode = WAL");
      SQLite::Transaction transaction(db);
      db.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", store_application_id,
                          store_format));
      db.exec(std::string(schema_sql()));
      refresh_views(db);
      transaction.commit();
    });
    std::error_code failed;
    if (has_wal(draft))  // SQLite could not move the log into the file
      throw IoError(fmt::format("{}: the disk is full; free space and run the same command again", path));
    fs::rename(draft, path, failed);
    if (failed)
      throw IoError(fmt::format("{}: could not be made ({}); check the folder and run the same command again",
                                path, failed.message()));
  } catch (...) {
    remove_database(draft);
    throw;
  }
  sync_folder(folder_of(path));
}

}  // namespace modsweep
