// Several stores as one: in any order, each cell in its best version, complete or not at all.
#include "modsweep/merge.h"

#include "store/fixtures.h"

#include <csignal>
#include <sstream>

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

/// A store in which cells of `sweep` are finished, or running at a step.
class Part {
 public:
  Part(const std::string& path, const Sweep& sweep) : sweep_(sweep), store_(path, Store::Access::read_write) {
    store_.add_sweep(sweep);
  }
  Part& run(const char* version) {
    store_.begin_run({version, "abc", "modsweep run", "cpu", "plain", {}});
    return *this;
  }
  Part& done(std::uint64_t cell, const char* device = "plain", double change = 0.0) {
    const auto found = sweep_.cell(cell);
    auto progress = finished(found);
    Measurement& last = progress.measurements.back();
    output("losses", last).network({*last.number("train_loss"), *last.number("test_loss") + change});
    store_.commit(sweep_.id(), {&progress, 1}, "cpu", device);
    return *this;
  }
  Part& at(std::uint64_t cell, std::uint64_t step) {
    const auto found = sweep_.cell(cell);
    const auto progress = running(found, step);
    store_.commit(sweep_.id(), {&progress, 1}, "cpu", "plain");
    return *this;
  }
  Store& store() { return store_; }

 private:
  Sweep sweep_;
  Store store_;
};

/// Everything in a store, as sorted text.
std::vector<std::string> content(const std::string& path) {
  std::vector<std::string> lines;
  const Store store(path, Store::Access::read_only);
  for (const auto table :
       {Table::results, Table::history, Table::spectra, Table::cells, Table::fits, Table::runs}) {
    std::ostringstream out;
    store.export_table(table, ExportFormat::jsonl, out);
    std::istringstream in(out.str());
    for (std::string line; std::getline(in, line);) lines.push_back(line);
  }
  for (const auto& row : column(path, "SELECT hex(state) || step FROM checkpoints ORDER BY 1"))
    lines.push_back(row);
  for (const auto& row : column(path, "SELECT hex(parameters) FROM weights ORDER BY 1")) lines.push_back(row);
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string refusal(const std::string& out, const std::vector<std::string>& inputs, bool live = false) {
  try {
    merge_stores(out, inputs, live);
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
  return "merged";
}

TEST(Merge, PartsTogetherAreTheWholeInAnyOrder) {
  const TemporaryFolder folder;
  const auto sweep = seed_sweep(9);
  Part(folder.file("whole.db"), sweep)
      .done(0)
      .done(1)
      .done(2)
      .done(3)
      .done(4)
      .done(5)
      .done(6)
      .done(7)
      .done(8);
  Part(folder.file("a.db"), sweep).done(0).done(3).done(6);
  Part(folder.file("b.db"), sweep).done(7).done(4).done(1);
  Part(folder.file("c.db"), sweep).done(2).done(8).done(5);
  const auto result = merge_stores(folder.file("abc.db"),
                                   {folder.file("a.db"), folder.file("b.db"), folder.file("c.db")}, false);
  EXPECT_EQ(result.cells, 9U);
  EXPECT_EQ(result.done, 9U);
  merge_stores(folder.file("cab.db"), {folder.file("c.db"), folder.file("a.db"), folder.file("b.db")}, false);
  EXPECT_EQ(content(folder.file("abc.db")), content(folder.file("whole.db")));
  EXPECT_EQ(content(folder.file("cab.db")), content(folder.file("whole.db")));
  EXPECT_EQ(column(folder.file("abc.db"), "SELECT id FROM cells ORDER BY num"),
            column(folder.file("cab.db"), "SELECT id FROM cells ORDER BY num"));
  EXPECT_TRUE(Store(folder.file("abc.db"), Store::Access::read_only).finished(sweep));
  EXPECT_THAT(column(folder.file("abc.db"), "PRAGMA integrity_check"), ElementsAre("ok"));
  EXPECT_THAT(folder.names(), ElementsAre("a.db", "abc.db", "b.db", "c.db", "cab.db", "whole.db"));
}

TEST(Merge, AgainIntoTheSameStoreChangesNothing) {
  const TemporaryFolder folder;
  const auto sweep = seed_sweep(4);
  Part(folder.file("a.db"), sweep).run("1").done(0).at(1, 10);
  Part(folder.file("b.db"), sweep).run("1").done(2);
  const auto out = folder.file("out.db");
  merge_stores(out, {folder.file("a.db"), folder.file("b.db")}, false);
  const auto first = content(out);
  const auto id = Store(out, Store::Access::read_only).id();
  merge_stores(out, {folder.file("b.db"), folder.file("a.db"), folder.file("a.db"), out}, false);
  EXPECT_EQ(content(out), first);
  EXPECT_EQ(Store(out, Store::Access::read_only).id(), id);
  merge_stores(out, {}, false);
  EXPECT_EQ(content(out), first);
}

TEST(Merge, FinishedBeatsRunningAndALaterStepAnEarlierOne) {
  const TemporaryFolder folder;
  const auto sweep = seed_sweep(3);
  const auto a = folder.file("a.db");
  const auto b = folder.file("b.db");
  Part(a, sweep).done(0).at(1, 30).at(2, 10);
  Part(b, sweep).at(0, 90).at(1, 20).at(2, 40);
  for (const auto& order : {std::vector{a, b}, std::vector{b, a}}) {
    const auto out = folder.file("out.db");
    const auto result = merge_stores(out, order, false);
    EXPECT_EQ(result.done, 1U);
    EXPECT_EQ(result.running, 2U);
    const Store store(out, Store::Access::read_write);  // `run` can continue here
    EXPECT_FALSE(store.checkpoint(sweep.cell(0).id));
    EXPECT_EQ(store.checkpoint(sweep.cell(1).id)->state, state_at(30));
    EXPECT_EQ(store.checkpoint(sweep.cell(2).id)->state, state_at(40));
    EXPECT_FALSE(store.finished(sweep));
    EXPECT_EQ(store.finished_cells().size(), 1U);
    fs::remove(out);
  }
}

TEST(Merge, DifferentResultsOfOneKindOfMachineAreAnErrorThatNamesTheCell) {
  const TemporaryFolder folder;
  const auto sweep = seed_sweep(2);
  Part(folder.file("a.db"), sweep).done(0).done(1);
  Part(folder.file("b.db"), sweep).done(0, "plain, 2 threads").done(1, "plain, 2 threads", 1e-9);
  const auto message = refusal(folder.file("out.db"), {folder.file("a.db"), folder.file("b.db")});
  EXPECT_THAT(message, HasSubstr("cell c" + sweep.cell(1).id));
  EXPECT_THAT(message, HasSubstr("a.db"));
  EXPECT_THAT(folder.names(), ElementsAre("a.db", "b.db"));
}

TEST(Merge, OfDifferentMachinesTheSameOneIsKeptInAnyOrder) {
  const TemporaryFolder folder;
  const auto sweep = seed_sweep(2);
  const auto a = folder.file("a.db");
  const auto b = folder.file("b.db");
  const auto c = folder.file("c.db");
  Part(a, sweep).run("2").done(0, "AVX-512").done(1, "AVX-512");
  Part(b, sweep).run("2").done(0, "AVX2", 1e-9).done(1, "AVX2");
  Part(c, sweep).run("1").done(0, "other", 2e-9);
  for (const auto& order : {std::vector{a, b, c}, std::vector{c, b, a}, std::vector{b, c, a}}) {
    const auto result = merge_stores(folder.file("out.db"), order, false);
    EXPECT_EQ(result.chosen, 1U);
    ASSERT_EQ(result.notes.size(), 1U);
    EXPECT_THAT(result.notes[0], HasSubstr(sweep.cell(0).id));
    EXPECT_THAT(
        column(folder.file("out.db"), "SELECT device FROM cells WHERE id = '" + sweep.cell(0).id + "'"),
        ElementsAre("other"));  // of the older program
    fs::remove(folder.file("out.db"));
  }
}

TEST(Merge, StoresOfEarlierFormatsJoin) {
  const TemporaryFolder folder;
  const std::string data = std::string(MODSWEEP_TEST_DATA) + "/stores/format3-killed.store";
  fs::copy_file(data, folder.file("old.db"));
  fs::copy_file(data + "-wal", folder.file("old.db-wal"));
  Part(folder.file("new.db"), seed_sweep(2)).done(0);
  const auto out = folder.file("out.db");
  const auto result = merge_stores(out, {folder.file("old.db"), folder.file("new.db")}, false);
  EXPECT_EQ(result.done, 3U);
  EXPECT_EQ(result.running, 2U);
  const Store store(out, Store::Access::read_only);
  EXPECT_EQ(store.status().sweeps.size(), 2U);
  EXPECT_EQ(store.finished_cells().size(), 3U);
  const auto id = store.query("SELECT id FROM cells WHERE status = 'running'").rows.at(0).at(0);
  EXPECT_FALSE(store.checkpoint(id)->hashed);
}

TEST(Merge, WhatIsNoSoundStoreIsRefusedAndTheOutputStays) {
  const TemporaryFolder folder;
  const auto sweep = seed_sweep(30);
  const auto a = folder.file("a.db");
  {
    Part part(a, sweep);
    for (std::uint64_t i = 0; i < 20; ++i) part.done(i);
  }
  const auto out = folder.file("out.db");
  merge_stores(out, {a}, false);
  const auto before = read_bytes(out);
  const auto bytes = read_bytes(a);
  const auto bad = folder.file("bad.db");
  const std::pair<const char*, std::function<void()>> cases[] = {
      {"no such file", [&] {}},
      {"not a modsweep store", [&] { write_bytes(bad, "a text"); }},
      {"is empty", [&] { write_bytes(bad, ""); }},
      {"another program",
       [&] {
         SQLite::Database(bad, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE t (x)");
       }},
      {"newer modsweep",
       [&] {
         write_bytes(bad, bytes),
             SQLite::Database(bad, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 9");
       }},
      {"is broken", [&] { write_bytes(bad, bytes.substr(0, bytes.size() / 2)); }},
      {"is broken",
       [&] {
         write_bytes(bad, bytes), SQLite::Database(bad, SQLite::OPEN_READWRITE)
                                      .exec("UPDATE measurements SET l1 = 1 WHERE cell = 9");
       }},
      {"is broken", [&] {
         write_bytes(bad, bytes),
             SQLite::Database(bad, SQLite::OPEN_READWRITE).exec("DELETE FROM cells WHERE num = 9");
       }}};
  for (const auto& [says, make] : cases) {
    SCOPED_TRACE(says);
    fs::remove(bad);
    make();
    const auto message = refusal(out, {bad});
    EXPECT_THAT(message, HasSubstr(says));
    EXPECT_THAT(message, HasSubstr("bad.db"));
    EXPECT_EQ(read_bytes(out) == before, true);
  }
  fs::remove(bad);
  EXPECT_THAT(folder.names(), ElementsAre("a.db", "out.db"));
}

TEST(Merge, AFitThatIsNotWhatWasWrittenIsRefused) {
  const TemporaryFolder folder;
  const auto a = folder.file("a.db");
  {
    Part part(a, seed_sweep(1));
    const FitRecord fit{"{}", R"({"a":1.5})", "{}", ""};
    part.store().record_fits("law", "{}", {&fit, 1});
  }
  SQLite::Database(a, SQLite::OPEN_READWRITE).exec("UPDATE fits SET note = 'x'");
  EXPECT_THAT(refusal(folder.file("out.db"), {a}), HasSubstr("a fit is not what was written"));
}

TEST(Merge, AStoreThatRunsWriteToIsNotReplaced) {
  const TemporaryFolder folder;
  const auto sweep = seed_sweep(2);
  Part(folder.file("a.db"), sweep).done(0);
  Part(folder.file("b.db"), sweep).done(1);
  const auto before = read_bytes(folder.file("b.db"));
  EXPECT_THAT(refusal(folder.file("b.db"), {folder.file("a.db")}), HasSubstr("no merge made"));
  EXPECT_EQ(read_bytes(folder.file("b.db")) == before, true);
  write_bytes(folder.file("c.csv"), "my table");
  EXPECT_THAT(refusal(folder.file("c.csv"), {folder.file("a.db")}), HasSubstr("not a modsweep store"));
  EXPECT_EQ(read_bytes(folder.file("c.csv")), "my table");
}

TEST(Merge, AStoreThatIsBeingWrittenIsReadOnlyWhereThatIsAskedFor) {
  const TemporaryFolder folder;
  const auto sweep = seed_sweep(3);
  Part part(folder.file("a.db"), sweep);
  part.done(0);
  EXPECT_THAT(refusal(folder.file("out.db"), {folder.file("a.db")}), HasSubstr("--live"));
  EXPECT_TRUE(passes_in_child(
      [&] { EXPECT_EQ(merge_stores(folder.file("out.db"), {folder.file("a.db")}, true).done, 1U); }));
  part.done(1);
  EXPECT_EQ(Store(folder.file("out.db"), Store::Access::read_only).finished_cells().size(), 1U);
  EXPECT_THAT(folder.names(), ElementsAre("a.db", "a.db-lock", "out.db"));
}

TEST(Merge, AKillLeavesTheOutputAsItWas) {
  const TemporaryFolder folder;
  const auto sweep = seed_sweep(400);
  const auto a = folder.file("a.db");
  {
    Store store(a, Store::Access::read_write);
    store.add_sweep(sweep);
    std::vector<Cell> cells;
    for (std::uint64_t i = 0; i < 400; ++i) cells.push_back(sweep.cell(i));
    std::vector<CellProgress> progress;
    for (const Cell& cell : cells) progress.push_back(finished(cell));
    store.commit(sweep.id(), progress, "cpu", "plain");
  }
  const auto out = folder.file("out.db");
  merge_stores(out, {}, false);
  const auto empty = read_bytes(out);
  int whole = 0;
  for (int round = 0; round < 30; ++round) {
    write_bytes(out, empty);
    const pid_t child = fork();
    if (child == 0) {
      merge_stores(out, {a}, false);
      _exit(0);
    }
    usleep(static_cast<useconds_t>(round) * 1500);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const auto cells = Store(out, Store::Access::read_only).finished_cells().size();
    EXPECT_TRUE(cells == 400 || read_bytes(out) == empty) << cells;
    whole += cells == 400 ? 1 : 0;
  }
  merge_stores(out, {a}, false);
  EXPECT_EQ(Store(out, Store::Access::read_only).finished_cells().size(), 400U);
  EXPECT_THAT(folder.names(), ElementsAre("a.db", "out.db"));  // files of killed merges are removed too
}

TEST(Merge, ALimitOfFileSizesLeavesTheOutputAsItWas) {
  const TemporaryFolder folder;
  const auto sweep = seed_sweep(60);
  const auto a = folder.file("a.db");
  {
    Part part(a, sweep);
    for (std::uint64_t i = 0; i < 60; ++i) part.done(i);
  }
  const auto out = folder.file("out.db");
  merge_stores(out, {}, false);
  const auto empty = read_bytes(out);
  EXPECT_TRUE(passes_in_child([&] {
    ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 110'000;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    EXPECT_THROW(merge_stores(out, {a}, false), IoError);
  }));
  EXPECT_EQ(read_bytes(out) == empty, true);
  EXPECT_THAT(folder.names(), ElementsAre("a.db", "out.db"));
}

TEST(Merge, FoldersMeanTheirStores) {
  const TemporaryFolder folder;
  for (const char* name : {"b.db", "a.db", "notes.txt"}) write_bytes(folder.file(name), "x");
  fs::create_symlink("a.db", folder.file("link.db"));
  EXPECT_THAT(store_files({folder.path(), folder.file("a.db")}),
              ElementsAre(folder.file("a.db"), folder.file("b.db")));
  EXPECT_THAT(store_files({"absent.db"}), ElementsAre("absent.db"));
  fs::create_directory(folder.file("empty"));
  EXPECT_THROW((void)store_files({folder.file("empty")}), InputError);
}

}  // namespace
}  // namespace modsweep::test
