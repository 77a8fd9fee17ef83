// Files that are not, or no longer, stores: one line reports it, and the files are not changed.
#include "store/fixtures.h"
#include "store/stored_weights.h"

#include <functional>
#include <sstream>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

using testing::HasSubstr;

void expect_one_line_about(const std::string& path, const std::string& message, const std::string& says) {
  EXPECT_THAT(message, HasSubstr(path));
  EXPECT_THAT(message, HasSubstr(says));
  EXPECT_THAT(message, HasSubstr(";"));  // what is wrong; what to do
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

// Opens the store and reads everything there is.
void read_all(const std::string& path, Store::Access access) {
  const Store store(path, access);
  (void)store.finished_cells();
  (void)store.status();
  for (const auto table : {Table::results, Table::history, Table::spectra, Table::cells}) {
    std::ostringstream out;
    store.export_table(table, ExportFormat::csv, out);
  }
}

void expect_refused(const std::string& path, const std::string& says) {
  for (const auto access : {Store::Access::read_only, Store::Access::read_write}) {
    try {
      read_all(path, access);
      ADD_FAILURE() << path << " was read";
    } catch (const InputError& error) {
      expect_one_line_about(path, error.what(), says);
    }
  }
}

std::string sound_store(const TemporaryFolder& folder) {
  const auto path = folder.file("sound.db");
  const auto sweep = seed_sweep(40);
  Store store(path, Store::Access::read_write);
  store.add_sweep(sweep);
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const auto cell = sweep.cell(i);
    const auto progress = finished(cell);
    store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  }
  return path;
}

void run_sql(const std::string& path, const std::string& sql) {
  SQLite::Database db(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  db.exec(sql);
}

struct BrokenCase {
  const char* name;
  const char* says;
  std::function<void(const std::string& path)> breaks;  // called with the path of a sound store
};

void cut(const std::string& path, std::size_t bytes) {
  write_bytes(path, read_bytes(path).substr(0, bytes));
}

void overwrite(const std::string& path, std::size_t from, std::size_t count, char value) {
  auto bytes = read_bytes(path);
  ASSERT_GT(bytes.size(), from);
  for (std::size_t i = from; i < std::min(bytes.size(), from + count); ++i) bytes[i] = value;
  write_bytes(path, bytes);
}

const std::vector<BrokenCase> broken_cases = {
    {"text", "not a modsweep store", [](auto& p) { write_bytes(p, "[task]\nkind = \"identity\"\n"); }},
    {"zeros", "not a modsweep store", [](auto& p) { write_bytes(p, std::string(8192, '\0')); }},
    {"one byte", "not a modsweep store", [](auto& p) { write_bytes(p, "S"); }},
    {"cut in the header", "is broken", [](auto& p) { cut(p, 99); }},
    {"cut in the first page", "is broken", [](auto& p) { cut(p, 1000); }},
    {"cut after the first page", "is broken", [](auto& p) { cut(p, 4096); }},
    {"cut in half", "is broken", [](auto& p) { cut(p, read_bytes(p).size() / 2); }},
    {"cut by a page", "is broken", [](auto& p) { cut(p, read_bytes(p).size() - 4096); }},
    {"cut by a byte", "is broken", [](auto& p) { cut(p, read_bytes(p).size() - 1); }},
    {"magic overwritten", "not a modsweep store", [](auto& p) { overwrite(p, 0, 16, 'x'); }},
    {"schema overwritten", "is broken", [](auto& p) { overwrite(p, 100, 3996, '\x55'); }},
    {"all but the schema overwritten", "is broken", [](auto& p) { overwrite(p, 5 * 4096, 1 << 30, '\x55'); }},
    {"another program's database", "another program",
     [](auto& p) { std::filesystem::remove(p), run_sql(p, "CREATE TABLE t (x)"); }},
    {"another program's database in WAL mode", "another program",
     [](auto& p) {
       std::filesystem::remove(p), run_sql(p, "PRAGMA journal_mode = WAL; CREATE TABLE t (x)");
     }},
    {"a newer version", "newer modsweep", [](auto& p) { run_sql(p, "PRAGMA user_version = 999"); }},
    {"no version", "store format 0", [](auto& p) { run_sql(p, "PRAGMA user_version = 0"); }},
    {"a negative version", "store format -1", [](auto& p) { run_sql(p, "PRAGMA user_version = -1"); }},
    {"a table missing", "23 of 24", [](auto& p) { run_sql(p, "DROP TABLE eigenvalues"); }},
    {"a view missing", "23 of 24", [](auto& p) { run_sql(p, "DROP VIEW results"); }},
    {"an id that is none", "cell czzz",
     [](auto& p) { run_sql(p, "UPDATE cells SET id = 'zzz' WHERE num = 7"); }},
};

TEST(Broken, FilesAreRefusedAndStayAsTheyAre) {
  for (const auto& broken : broken_cases) {
    SCOPED_TRACE(broken.name);
    const TemporaryFolder folder;
    const auto path = sound_store(folder);
    broken.breaks(path);
    const auto bytes = read_bytes(path);
    expect_refused(path, broken.says);
    EXPECT_EQ(read_bytes(path), bytes);
    EXPECT_THAT(folder.names(), testing::ElementsAre("sound.db"));
  }
}

TEST(Broken, APendingLogIsNotWrittenIntoABrokenFile) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  {
    SQLite::Database other(folder.file("b.db"), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    other.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1)");
    std::filesystem::copy(folder.file("b.db"), path);
    std::filesystem::copy(folder.file("b.db-wal"), path + "-wal");
  }
  const auto bytes = read_bytes(path);
  const auto log = read_bytes(path + "-wal");
  ASSERT_FALSE(log.empty());
  expect_refused(path, "another program");
  EXPECT_EQ(read_bytes(path), bytes);
  EXPECT_EQ(read_bytes(path + "-wal"), log);
}

TEST(Broken, BrokenWeightsAreNamed) {
  const TemporaryFolder folder;
  const auto sound = read_bytes(sound_store(folder));
  const auto id = seed_sweep(40).cell(0).id;
  for (const char* sql : {"UPDATE weights SET dtype = 'F16'", "UPDATE weights SET parameters = x'0011'",
                          "UPDATE weights SET shape = '{\"sizes\": [2'", "DELETE FROM weights"}) {
    const auto path = folder.file("weights.db");
    write_bytes(path, sound);
    run_sql(path, sql);
    const Store store(path, Store::Access::read_only);
    try {
      (void)store.weights(id);
      ADD_FAILURE() << sql;
    } catch (const InputError& error) {
      expect_one_line_about(path, error.what(), "weights of cell c" + id + " is not what was written");
    }
  }
}

// The possible contents of a crafted file, with correct hashes.
TEST(Broken, ShapesOfWeightsThatMakeNoSenseAreRefused) {
  const std::string huge =
      R"({"sizes":[2,2000002,2147481648,2145485646],"groups":[1,1,1],"bias":false,"prelu":false})";
  for (const std::string& json :
       {std::string("{\"sizes\": [2"), std::string("{\"sizes\": 3}"), huge,
        std::string(R"({"sizes":[2,3,2],"groups":[0,0],"bias":true,"prelu":false})"),
        std::string(R"({"sizes":[2,3,2],"groups":[2,1],"bias":true,"prelu":false})"),
        std::string(R"({"sizes":[],"groups":[1,1],"bias":true,"prelu":false})")})
    EXPECT_THROW((void)shape_from_json(json, "a.db"), InputError) << json;
  const Shape shape =
      shape_from_json(R"({"sizes":[2,3,2],"groups":[1,1],"bias":true,"prelu":false})", "a.db");
  const std::vector<std::byte> two(2);
  EXPECT_THROW((void)unpack_weights(two, "F16", shape, "a.db"), InputError);
  EXPECT_THROW((void)unpack_weights(two, "F32", shape, "a.db"), InputError);
}

TEST(Broken, NamesThatAreNoFilesAreRefused) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.file("folder.db"));
  mkfifo(folder.file("pipe.db").c_str(), 0600);
  const auto names = folder.names();
  expect_refused(folder.file("folder.db"), "is a folder");
  expect_refused(folder.file("pipe.db"), "not a regular file");
  expect_refused(folder.file("none/a.db"), "");
  expect_refused("", "is empty");
  EXPECT_THROW(read_all(folder.file("absent.db"), Store::Access::read_only), InputError);
  EXPECT_EQ(folder.names(), names);
}

// As a user without privileges: permissions do not apply to root.
TEST(Broken, FilesWithoutPermissionAreRefused) {
  const TemporaryFolder folder;
  const auto path = sound_store(folder);
  const auto bytes = read_bytes(path);
  struct Case {
    mode_t folder;
    mode_t file;
    bool readable;
  };
  for (const auto& [folder_mode, file_mode, readable] : {Case{0755, 0000, false},
                                                         {0777, 0000, false},
                                                         {0000, 0644, false},
                                                         {0755, 0644, true},
                                                         {0777, 0444, true}}) {
    chmod(path.c_str(), file_mode);
    chmod(folder.path().c_str(), folder_mode);
    const bool opens = readable;
    EXPECT_TRUE(passes_in_child([&] {
      if (geteuid() == 0) {
        ASSERT_EQ(setegid(65534), 0);
        ASSERT_EQ(seteuid(65534), 0);
      }
      if (opens)
        EXPECT_NO_THROW(read_all(path, Store::Access::read_only));
      else
        EXPECT_THROW(read_all(path, Store::Access::read_only), InputError);
      if (geteuid() == 65534 || file_mode == 0444) {  // the folder's owner could write there
        try {
          read_all(path, Store::Access::read_write);
          ADD_FAILURE();
        } catch (const InputError& error) {
          expect_one_line_about(path, error.what(), "");
        }
      }
    })) << std::oct
        << folder_mode << ' ' << file_mode;
    chmod(folder.path().c_str(), 0755);
    chmod(path.c_str(), 0644);
    EXPECT_EQ(read_bytes(path), bytes);
    EXPECT_THAT(folder.names(), testing::ElementsAre("sound.db"));
  }
}

}  // namespace
}  // namespace modsweep::test
