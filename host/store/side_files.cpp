#include "store/side_files.h"

#include "store/file_system.h"
#include "store/link.h"
#include "store/schema.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <sqlite3.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

namespace fs = std::filesystem;

using Bytes = std::vector<char>;

std::uint32_t big_endian(std::span<const char> bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::string file_begin(const std::string& path, std::size_t count) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(count, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return bytes;
}

constexpr std::string_view journal_magic = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7";

/// Whether a file begins as SQLite's files with this suffix do.
bool looks_like(const std::string& suffix, const std::string& begin) {
  using namespace std::string_view_literals;
  if (begin.empty()) return true;
  if (suffix == "-journal")
    return begin.starts_with(journal_magic) || begin.starts_with("\0\0\0\0\0\0\0\0"sv);
  if (suffix == "-wal") return begin.starts_with("\x37\x7f\x06\x82") || begin.starts_with("\x37\x7f\x06\x83");
  return begin.starts_with("\x18\xe2\x2d\0"sv) || begin.starts_with("\0\x2d\xe2\x18"sv) ||
         begin.starts_with("\0\0\0\0"sv);
}

/// Pages of the database file as stored on the disk, read through SQLite's own descriptor: opening and
/// closing another one would drop the locks of this process on the file.
class RawPages {
 public:
  explicit RawPages(SQLite::Database& db) {
    sqlite3_file_control(db.getHandle(), "main", SQLITE_FCNTL_FILE_POINTER, &file_);
  }
  /// Bytes past the end of the file read as zeros.
  [[nodiscard]] Bytes read(std::uint64_t offset, std::size_t count) const {
    Bytes bytes(count, '\0');
    if (file_ != nullptr && file_->pMethods != nullptr)
      file_->pMethods->xRead(file_, bytes.data(), static_cast<int>(count),
                             static_cast<sqlite3_int64>(offset));
    return bytes;
  }

 private:
  sqlite3_file* file_ = nullptr;
};

/// What a rollback journal records of its database: pages as they were before its transaction.
struct Journal {
  std::string header;  ///< identifies the journal: each commit has its own
  std::uint32_t page_size = 0;
  std::optional<std::uint32_t> change_counter;  ///< of page 1
  std::optional<StoreLink> link;
  std::uint64_t link_offset = 0;  ///< in the database, of the page with the link
};

/// None if there is no journal that SQLite would roll back.
std::optional<Journal> read_journal(const std::string& path) {
  constexpr std::size_t header_size = 28;
  std::ifstream file(path + "-journal", std::ios::binary);
  Journal journal;
  journal.header.resize(header_size);
  if (!file.read(journal.header.data(), header_size) || !journal.header.starts_with(journal_magic))
    return std::nullopt;
  const std::uint32_t sector = big_endian(journal.header, 20);
  journal.page_size = big_endian(journal.header, 24);
  if (sector < 32 || sector > 65536 || journal.page_size < 512 || journal.page_size > 65536)
    return std::nullopt;
  file.seekg(sector);
  Bytes record(journal.page_size + 8);
  while (file.read(record.data(), static_cast<std::streamsize>(record.size()))) {
    const std::uint32_t page = big_endian(record, 0);
    const std::span<const char> data(record.data() + 4, journal.page_size);
    if (page == 0 || std::string_view(record.data(), 8) == journal_magic) break;  // the next header
    if (page == 1) journal.change_counter = big_endian(data, 24);
    if (!journal.link) {
      journal.link = StoreLink::find(data);
      journal.link_offset = std::uint64_t{page - 1} * journal.page_size;
    }
    if (journal.link) break;
  }
  return journal;
}

bool belongs(const Journal& journal, const RawPages& pages) {
  if (journal.link) {
    const auto now = StoreLink::find(pages.read(journal.link_offset, journal.page_size));
    return now && journal.link->leads_to(*now);
  }
  // Of another program, or from before stores had links: a commit adds one to the change counter.
  if (!journal.change_counter) return true;
  const std::uint32_t now = big_endian(pages.read(0, 100), 24);
  return now == *journal.change_counter || now == *journal.change_counter + 1;
}

[[noreturn]] void refuse_foreign(const std::string& shown, const char* suffix) {
  throw InputError(fmt::format(
      "{0}: {0}{1} beside it is the log of another store, or of another state of this one; if {0} "
      "is the one you want, remove {0}{1} and run the same command again",
      shown, suffix));
}

/// A writer creates and removes journals meanwhile: only one that stays while the file is read counts.
void check_journal(SQLite::Database& db, const std::string& path, const std::string& shown) {
  const RawPages pages(db);
  for (int attempt = 0; attempt < 100; ++attempt) {
    const auto before = read_journal(path);
    if (!before || belongs(*before, pages)) return;
    const auto after = read_journal(path);
    if (after && after->header == before->header) refuse_foreign(shown, "-journal");
  }
}

using Numbers = std::map<std::int64_t, std::string>;

Numbers numbered(SQLite::Database& db, const char* sql) {
  Numbers found;
  SQLite::Statement query(db, sql);
  while (query.executeStep()) found.emplace(query.getColumn(0).getInt64(), query.getColumn(1).getString());
  return found;
}

bool contains_all(const Numbers& all, const Numbers& some) {
  for (const auto& [num, id] : some)
    if (const auto found = all.find(num); found == all.end() || found->second != id) return false;
  return true;
}

bool is_sound(SQLite::Database& db) {
  return db.execAndGet("PRAGMA integrity_check(1)").getString() == "ok";
}

/// The position of the newest committed version of each page in a write-ahead log, by page number. Frames of
/// earlier logs in the same file have other salts.
struct LogPages {
  std::uint32_t page_size = 0;
  std::map<std::uint32_t, std::streamoff> offsets;
};

LogPages read_log(std::ifstream& file) {
  constexpr std::size_t header_size = 32;
  constexpr std::size_t frame_header_size = 24;
  LogPages log;
  std::string header(header_size, '\0');
  if (!file.read(header.data(), header_size)) return log;
  log.page_size = big_endian(header, 8);
  if (log.page_size < 512 || log.page_size > 65536) return log;
  std::map<std::uint32_t, std::streamoff> uncommitted;
  std::string frame(frame_header_size, '\0');
  while (file.read(frame.data(), frame_header_size) && frame.substr(8, 8) == header.substr(16, 8)) {
    uncommitted[big_endian(frame, 0)] = file.tellg();
    file.seekg(log.page_size, std::ios::cur);
    if (big_endian(frame, 4) == 0) continue;  // not the last frame of a commit
    for (const auto& [page, offset] : uncommitted) log.offsets[page] = offset;
    uncommitted.clear();
  }
  return log;
}

/// Whether a checkpoint of this log into this file was interrupted. A checkpoint writes pages in ascending
/// order, one sector at a time, so the log's lowest page then begins in the file as in the log.
bool checkpoint_was_broken_off(SQLite::Database& db, const std::string& path) {
  std::ifstream file(path + "-wal", std::ios::binary);
  const LogPages log = read_log(file);
  if (log.offsets.empty()) return false;
  const auto [page, offset] = *log.offsets.begin();
  Bytes sector(512);
  file.clear();
  file.seekg(offset);
  if (page == 0 || !file.read(sector.data(), static_cast<std::streamsize>(sector.size()))) return false;
  return RawPages(db).read(std::uint64_t{page - 1} * log.page_size, sector.size()) == sector;
}

/// Whether the file alone has nothing that is missing with its log, and both fit. Rows are never renumbered.
/// If the file alone is not sound, a checkpoint of this log was interrupted, or the log is not its own.
bool log_continues_file(SQLite::Database& db, const std::string& path) {
  try {
    SQLite::Database both(path, SQLite::OPEN_READWRITE, 1000);
    sqlite3_db_config(both.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    both.exec("PRAGMA query_only = ON");
    if (!is_sound(both)) return false;
    SQLite::Database file(immutable_uri(path), SQLite::OPEN_READONLY | SQLite::OPEN_URI);
    try {
      if (is_sound(file)) {
        const auto continues = [&](const char* sql) {
          return contains_all(numbered(both, sql), numbered(file, sql));
        };
        return continues("SELECT num, id FROM sweeps") && continues("SELECT num, id FROM cells");
      }
    } catch (const SQLite::Exception&) {  // too broken to be checked
    }
    return checkpoint_was_broken_off(db, path);
  } catch (const SQLite::Exception& failure) {
    const int code = failure.getErrorCode() & 0xff;
    return code != SQLITE_CORRUPT && code != SQLITE_NOTADB && code != SQLITE_ERROR;
  }
}

}  // namespace

bool has_bytes(const std::string& path) {
  std::error_code failed;
  const auto size = fs::file_size(path, failed);
  return !failed && size > 0;
}

std::string immutable_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '.' || c == '-' || c == '_';
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri + "?immutable=1";
}

std::optional<std::int32_t> application_of(SQLite::Database& db) {
  using namespace std::string_view_literals;
  const Bytes header = RawPages(db).read(0, 100);
  if (!std::string_view(header.data(), header.size()).starts_with("SQLite format 3\0"sv)) return std::nullopt;
  return static_cast<std::int32_t>(big_endian(header, 68));
}

bool is_in_wal_mode(SQLite::Database& db) {
  const Bytes header = RawPages(db).read(0, 100);
  return header[18] == 2 && header[19] == 2;
}

void remove_orphaned_logs(const std::string& path) {
  for (const std::string suffix : {"-journal", "-wal", "-shm"}) {
    const std::string name = path + suffix;
    std::error_code failed;
    const auto status = fs::symlink_status(name, failed);
    if (!fs::exists(status)) continue;
    if (!fs::is_regular_file(status) || !looks_like(suffix, file_begin(name, 8)))
      throw InputError(
          fmt::format("{}: {} is in the way, and no log of a store; move it or give another file "
                      "name",
                      path, name));
    if (!fs::remove(name, failed) && failed)
      throw InputError(
          fmt::format("{}: the log of a store that was there before, {}, cannot be removed ({}); remove it",
                      path, name, failed.message()));
  }
}

void check_side_files(SQLite::Database& db, const std::string& path, const std::string& shown) {
  check_journal(db, path, shown);
  if (!has_bytes(path + "-wal")) return;
  // A store in rollback mode has no such log, but SQLite would apply it all the same.
  if (!is_in_wal_mode(db)) refuse_foreign(shown, "-wal");
  if (!log_continues_file(db, path)) refuse_foreign(shown, "-wal");
}

}  // namespace modsweep
