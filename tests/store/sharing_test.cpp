// One writer, any number of readers.
#include "store/fixtures.h"

#include <csignal>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The text in a lock about a process of this machine.
std::string holder_name(pid_t process) {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  return fmt::format("process {} on {}", process, host);
}

// A child process that holds a store for writing until it is killed.
class Holder {
 public:
  explicit Holder(const std::string& path) {
    int ready[2];
    if (pipe(ready) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      const Store store(path, Store::Access::read_write);
      (void)!write(ready[1], "x", 1);
      for (;;) pause();
    }
    char byte = 0;
    (void)!read(ready[0], &byte, 1);
    close(ready[0]);
    close(ready[1]);
  }
  ~Holder() { stop(); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  void stop() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  [[nodiscard]] std::string name() const { return holder_name(pid_); }

 private:
  pid_t pid_ = -1;
};

TEST(Sharing, ASecondWriterIsToldWhoHoldsTheStore) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  std::filesystem::create_symlink(path, folder.file("link.db"));
  Holder holder(path);
  for (const auto& name : {path, folder.file("link.db")}) {
    try {
      const Store second(name, Store::Access::read_write);
      ADD_FAILURE() << name;
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr(name));
      EXPECT_THAT(error.what(), HasSubstr(holder.name() + " "));
    }
    EXPECT_EQ(Store(name, Store::Access::read_only).status().writer, holder.name());
  }
  holder.stop();
  EXPECT_EQ(Store(path, Store::Access::read_only).status().writer, std::nullopt);
  {
    const Store next(path, Store::Access::read_write);
    EXPECT_EQ(next.status().writer, holder_name(getpid()));
    EXPECT_THROW(Store(path, Store::Access::read_write), InputError);  // not twice in one process either
    EXPECT_EQ(next.status().writer, holder_name(getpid()));
  }
  EXPECT_THAT(folder.names(), ElementsAre("a.db", "link.db"));
}

TEST(Sharing, AMovedStoreKeepsItsLock) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  Store first(path, Store::Access::read_write);
  Store second(std::move(first));
  EXPECT_THROW(Store(path, Store::Access::read_write), InputError);
  second.add_sweep(seed_sweep(1));
  EXPECT_EQ(second.status().sweeps.size(), 1U);
}

TEST(Sharing, ReadersComeAndGoWhileARunWrites) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(30);
  Store writer(path, Store::Access::read_write);
  writer.add_sweep(sweep);
  const Store old_reader(path, Store::Access::read_only);
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const auto cell = sweep.cell(i);
    const auto progress = finished(cell);
    writer.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
    {
      const Store reader(path, Store::Access::read_only);  // in the same process, closed at once
      EXPECT_EQ(reader.finished_cells().size(), i + 1);
    }
    EXPECT_EQ(old_reader.finished_cells().size(), i + 1);
    if (i % 10 == 0) {
      EXPECT_TRUE(passes_in_child([&] {
        const Store reader(path, Store::Access::read_only);
        std::ostringstream out;
        reader.export_table(Table::results, ExportFormat::jsonl, out);
        const auto text = out.str();
        EXPECT_EQ(static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')), i + 1);
        EXPECT_EQ(column(path, "SELECT count(*) FROM results")[0], std::to_string(i + 1));
      }));
    }
  }
  EXPECT_THAT(column(path, "PRAGMA integrity_check"), ElementsAre("ok"));
}

TEST(Sharing, AnExportIsOfOneMoment) {
  const TemporaryFolder folder;
  const auto path = folder.file("a.db");
  const auto sweep = seed_sweep(400);
  Store writer(path, Store::Access::read_write);
  writer.add_sweep(sweep);
  const auto commit = [&](std::uint64_t from, std::uint64_t to) {
    for (auto i = from; i < to; ++i) {
      const auto cell = sweep.cell(i);
      const auto progress = finished(cell);
      writer.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
    }
  };
  commit(0, 300);

  // A stream that lets the writer continue in the middle of the export.
  class Interrupting : public std::stringbuf {
   public:
    std::function<void()> once;
    std::streamsize xsputn(const char* text, std::streamsize size) override {
      if (once) std::exchange(once, nullptr)();
      return std::stringbuf::xsputn(text, size);
    }
  } buffer;
  buffer.once = [&] { commit(300, 400); };
  std::ostream out(&buffer);
  const Store reader(path, Store::Access::read_only);
  reader.export_table(Table::history, ExportFormat::jsonl, out);
  ASSERT_FALSE(buffer.once);
  const auto text = buffer.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 300);
  EXPECT_EQ(reader.finished_cells().size(), 400U);
}

}  // namespace
}  // namespace modsweep::test
