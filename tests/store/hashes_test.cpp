// A store never returns a number that differs from the one that was written.
#include "store/fixtures.h"

#include <sstream>

#include <gmock/gmock.h>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

using testing::HasSubstr;

constexpr Table all_tables[] = {Table::results, Table::history, Table::spectra, Table::cells, Table::fits};

/// Two finished cells, a running one, a fit.
std::string small_store(const TemporaryFolder& folder) {
  const auto path = folder.file("small.db");
  const auto sweep = seed_sweep(3);
  const Cell cells[] = {sweep.cell(0), sweep.cell(1), sweep.cell(2)};
  Store store(path, Store::Access::read_write);
  store.add_sweep(sweep);
  store.begin_run({"1", "abc", "modsweep run", "cpu", "plain", {}});
  const CellProgress progress[] = {finished(cells[0]), finished(cells[1]), running(cells[2], 10)};
  store.commit(sweep.id(), progress, "cpu", "plain");
  const FitRecord fit{"{}", R"({"a":1.5})", "{}", ""};
  store.record_fits("law", "{}", {&fit, 1});
  return path;
}

/// Everything that a store can return, by name.
std::vector<std::string> everything(const std::string& path) {
  std::vector<std::string> all;
  const auto sweep = seed_sweep(3);
  const Store store(path, Store::Access::read_only);
  for (const Table table : all_tables) {
    std::ostringstream out;
    store.export_table(table, ExportFormat::jsonl, out);
    all.push_back(out.str());
  }
  for (std::uint64_t i = 0; i < 2; ++i) {
    std::ostringstream out;
    out << std::hexfloat;
    const auto weights = store.weights(sweep.cell(i).id);
    for (const double value : weights.weights.values) out << value << ' ';
    all.push_back(out.str() + weights.settings_json);
  }
  all.push_back(std::to_string(store.finished_cells().size()));
  const auto checkpoint = store.checkpoint(sweep.cell(2).id);
  all.push_back(checkpoint ? std::string(reinterpret_cast<const char*>(checkpoint->state.data()),
                                         checkpoint->state.size())
                           : "none");
  return all;
}

// Flips one bit in every byte of a store: what is read is right, or refused.
TEST(Hashes, AFlippedBitIsFoundOrHarmless) {
  const TemporaryFolder folder;
  const auto path = small_store(folder);
  const auto sound = read_bytes(path);
  const auto wanted = everything(path);
  const auto flipped = folder.file("flipped.db");
  std::size_t refused = 0;
  std::size_t harmless = 0;
  for (std::size_t at = 0; at < sound.size(); at += 61) {
    auto bytes = sound;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at / 61 % 8)));
    write_bytes(flipped, bytes);
    try {
      const auto found = everything(flipped);
      for (std::size_t i = 0; i < wanted.size(); ++i) ASSERT_EQ(found[i], wanted[i]) << "byte " << at;
      ++harmless;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(flipped));
      ++refused;
    }
    for (const char* suffix : {"-journal", "-wal", "-shm"}) std::filesystem::remove(flipped + suffix);
  }
  EXPECT_GT(refused, 100U);
  EXPECT_GT(harmless, 100U);
}

TEST(Hashes, WhatWasChangedInTablesIsNamed) {
  const TemporaryFolder folder;
  const auto path = small_store(folder);
  const auto sound = read_bytes(path);
  const auto id = seed_sweep(3).cell(0).id;
  struct Change {
    const char* sql;
    Table table;
  };
  for (const auto& [sql, table] :
       {Change{"UPDATE measurements SET test_loss = test_loss * 2 WHERE cell = 1", Table::results},
        {"DELETE FROM measurements WHERE cell = 1", Table::history},
        {"UPDATE layers SET modules = 5 WHERE cell = 1", Table::results},
        {"DELETE FROM layers WHERE cell = 1 AND layer = 1", Table::history},
        {"UPDATE eigenvalues SET eigenvalues = '[0]' WHERE cell = 1 AND layer = 1", Table::results},
        {"DELETE FROM eigenvalues WHERE cell = 1 AND layer = 1", Table::history},
        {"UPDATE eigenvalues SET eigenvalues = '[0]' WHERE cell = 1 AND layer = 1", Table::spectra},
        {"UPDATE cells SET status = 'running' WHERE num = 1", Table::results},
        {"UPDATE cells SET settings = '{\"training.seed\":9}' WHERE num = 1", Table::cells}}) {
    write_bytes(path, sound);
    SQLite::Database(path, SQLite::OPEN_READWRITE).exec(sql);
    try {
      std::ostringstream out;
      Store(path, Store::Access::read_only).export_table(table, ExportFormat::csv, out);
      ADD_FAILURE() << sql;
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr("cell c" + id)) << sql;
    }
  }
  for (const char* sql :
       {"DELETE FROM cells WHERE num = 2",
        "CREATE TEMP TABLE copy AS SELECT * FROM cells WHERE num = 1;"
        "UPDATE copy SET num = 9, id = '00000000000000aa'; INSERT INTO cells SELECT * FROM copy"}) {
    write_bytes(path, sound);
    SQLite::Database(path, SQLite::OPEN_READWRITE).exec(sql);
    EXPECT_THROW(everything(path), InputError) << sql;
    EXPECT_THROW((void)Store(path, Store::Access::read_write).finished_cells(), InputError) << sql;
  }
  for (const char* sql : {"UPDATE sweeps SET base = '{}'", "UPDATE sweeps SET finished = 1",
                          "UPDATE fits SET parameters = '{\"a\":2.5}'"}) {
    write_bytes(path, sound);
    SQLite::Database(path, SQLite::OPEN_READWRITE).exec(sql);
    EXPECT_THROW(everything(path), InputError) << sql;
  }
  write_bytes(path, sound);
  SQLite::Database(path, SQLite::OPEN_READWRITE).exec("UPDATE checkpoints SET state = zeroblob(8)");
  EXPECT_THROW((void)Store(path, Store::Access::read_only).checkpoint(seed_sweep(3).cell(2).id), InputError);
}

TEST(Hashes, DevicesThatTrainedACellAreAllNamedInOrder) {
  const TemporaryFolder folder;
  const auto sweep = seed_sweep(1);
  const auto cell = sweep.cell(0);
  Store store(folder.file("a.db"), Store::Access::read_write);
  store.add_sweep(sweep);
  const auto commit = [&](const CellProgress& progress, const char* engine, const char* device) {
    store.commit(sweep.id(), {&progress, 1}, engine, device);
    return store.query("SELECT engine, device FROM cells").rows[0];
  };
  using testing::ElementsAre;
  EXPECT_THAT(commit(running(cell, 10), "cpu", "A, 2 threads"), ElementsAre("cpu", "A, 2 threads"));
  EXPECT_THAT(commit(running(cell, 20), "cpu", "A, 2 threads"), ElementsAre("cpu", "A, 2 threads"));
  EXPECT_THAT(commit(running(cell, 30), "cpu", "B"), ElementsAre("cpu", "A, 2 threads, then B"));
  EXPECT_THAT(commit(running(cell, 40), "gemm", "G"),
              ElementsAre("gemm", "A, 2 threads, then B, then gemm on G"));
  EXPECT_THAT(commit(running(cell, 50), "gemm", "G"),
              ElementsAre("gemm", "A, 2 threads, then B, then gemm on G"));
  EXPECT_EQ(store.checkpoint(cell.id)->device, "A, 2 threads, then B, then gemm on G");
}

}  // namespace
}  // namespace modsweep::test
