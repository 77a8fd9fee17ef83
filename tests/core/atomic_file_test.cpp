// Files that are there whole or not at all, and that take no other file's place.
#include "core/atomic_file.h"

#include "export/safetensors_bytes.h"

#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr const char* database = "SQLite format 3\0and the rest of it";
std::string database_text() {
  return std::string(database, 34);
}

void write_whole(const std::string& path, std::string_view text, const std::vector<std::string>& reads = {}) {
  AtomicFile file(path, reads);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

TEST(AtomicFile, AppearsInCommitOnly) {
  const TestFolder folder;
  write_text(folder.file("f"), "old");
  {
    AtomicFile file(folder.file("f"));
    file.write(std::as_bytes(std::span(std::string_view("new"))));
    EXPECT_EQ(read_text(folder.file("f")), "old");
  }
  EXPECT_EQ(read_text(folder.file("f")), "old");
  EXPECT_EQ(folder.entries(), 1U);
  write_whole(folder.file("f"), "new");
  EXPECT_EQ(read_text(folder.file("f")), "new");
  write_whole(folder.file("g"), "");
  EXPECT_EQ(folder.entries(), 2U);
}

TEST(AtomicFile, AKilledProgramLeavesNothing) {
  const TestFolder folder;
  const int probe = ::open(folder.path().c_str(), O_WRONLY | O_TMPFILE, 0600);
  if (probe < 0) GTEST_SKIP() << "this file system has no files without a name";
  ::close(probe);
  EXPECT_EXIT(
      {
        AtomicFile file(folder.file("f"));
        file.write(std::as_bytes(std::span(std::string_view("new"))));
        std::_Exit(7);
      },
      testing::ExitedWithCode(7), "");
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(AtomicFile, LeavesFilesWithTheNamesOfItsTemporariesAlone) {
  const TestFolder folder;
  std::vector<std::string> taken;
  for (int i = 0; i < 3; ++i)
    taken.push_back(folder.file("f.tmp-" + std::to_string(::getpid()) + "-" + std::to_string(i)));
  write_text(taken[0], "somebody's");
  write_text(folder.file("precious"), "precious");
  std::filesystem::create_symlink("precious", taken[1]);
  std::filesystem::create_symlink("nowhere", taken[2]);
  write_whole(folder.file("f"), "new");
  EXPECT_EQ(read_text(folder.file("f")), "new");
  EXPECT_EQ(read_text(taken[0]), "somebody's");
  EXPECT_EQ(read_text(folder.file("precious")), "precious");
  EXPECT_FALSE(std::filesystem::exists(folder.file("nowhere")));
  EXPECT_EQ(folder.entries(), 5U);
}

TEST(AtomicFile, TakesAwayWhatAKilledProcessLeft) {
  const TestFolder folder;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  const std::string left = folder.file("f.tmp-" + std::to_string(child) + "-0");
  write_text(left, "half");
  write_text(folder.file("g.tmp-" + std::to_string(child) + "-0"), "another file's");
  write_text(folder.file("f.tmp-notes"), "somebody's");
  write_whole(folder.file("f"), "new");
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_EQ(folder.entries(), 3U);
}

TEST(AtomicFile, FollowsLinksAndKeepsThem) {
  const TestFolder folder;
  std::filesystem::create_directory(folder.file("there"));
  write_text(folder.file("there/old"), "old");
  std::filesystem::create_symlink("there/old", folder.file("link"));
  std::filesystem::create_symlink("there/made", folder.file("dangling"));
  std::filesystem::create_symlink("dangling", folder.file("chain"));
  write_whole(folder.file("link"), "1");
  EXPECT_EQ(read_text(folder.file("there/old")), "1");
  write_whole(folder.file("chain"), "2");
  EXPECT_EQ(read_text(folder.file("there/made")), "2");
  for (const char* link : {"link", "dangling", "chain"})
    EXPECT_TRUE(std::filesystem::is_symlink(folder.file(link))) << link;
  std::filesystem::create_symlink("ring", folder.file("ring"));
  EXPECT_THROW(write_whole(folder.file("ring"), "3"), InputError);
}

TEST(AtomicFile, IsAsPrivateAsWhatItReplaces) {
  const TestFolder folder;
  write_text(folder.file("f"), "old");
  ASSERT_EQ(::chmod(folder.file("f").c_str(), 0600), 0);
  write_whole(folder.file("f"), "new");
  struct stat now {};
  ASSERT_EQ(::stat(folder.file("f").c_str(), &now), 0);
  EXPECT_EQ(now.st_mode & 0777U, 0600U);
}

TEST(AtomicFile, MayHaveTheLongestNameThereIs) {
  const TestFolder folder;
  const std::string name(255, 'n');
  write_whole(folder.file(name), "long");
  EXPECT_EQ(read_text(folder.file(name)), "long");
}

TEST(AtomicFile, WhatIsReadIsNotWritten) {
  const TestFolder folder;
  const std::string read = folder.file("read.csv");
  write_text(read, "read");
  std::filesystem::create_symlink("read.csv", folder.file("link"));
  std::filesystem::create_hard_link(read, folder.file("hard"));
  for (const std::string name : {"read.csv", "./read.csv", "link", "hard"})
    EXPECT_THAT(
        [&] {
          write_whole(folder.file(name), "new", {folder.file("absent"), read});
        },
        ThrowsMessage<InputError>(HasSubstr("which this command reads")))
        << name;
  EXPECT_EQ(read_text(read), "read");
  EXPECT_EQ(folder.entries(), 3U);
  write_whole(folder.file("other.csv"), "new", {read});
}

TEST(AtomicFile, NoDatabaseAndNothingOfOneIsReplaced) {
  const TestFolder folder;
  write_text(folder.file("s.db"), database_text());
  write_text(folder.file("s.db-journal"), "pages");
  write_text(folder.file("fresh.db"), "");  // all its pages are in its log
  write_text(folder.file("fresh.db-wal"), "pages");
  write_text(folder.file("own.toml"), "name = \"own\"");
  std::filesystem::create_symlink("s.db", folder.file("link"));
  for (const char* name : {"s.db", "link", "fresh.db", "s.db-journal", "s.db-wal", "s.db-shm", "s.db-lock",
                           "s.db-new", "own.toml"})
    EXPECT_THROW(write_whole(folder.file(name), "new"), InputError) << name;
  EXPECT_EQ(read_text(folder.file("s.db")), database_text());
  EXPECT_EQ(read_text(folder.file("s.db-journal")), "pages");
  EXPECT_EQ(read_text(folder.file("own.toml")), "name = \"own\"");
  EXPECT_EQ(folder.entries(), 6U);
  write_whole(folder.file("plain-wal"), "a result by a strange name");
}

TEST(AtomicFile, ADatabaseThatCameInTheMeantimeStays) {
  const TestFolder folder;
  AtomicFile file(folder.file("f"));
  write_text(folder.file("f"), database_text());
  EXPECT_THROW(file.commit(), InputError);
  EXPECT_EQ(read_text(folder.file("f")), database_text());
}

TEST(AtomicFile, FoldersAreRefusedAndPipesWrittenDirectly) {
  const TestFolder folder;
  EXPECT_THROW(AtomicFile{folder.path()}, InputError);
  EXPECT_THROW(AtomicFile{folder.file("missing/f")}, InputError);
  write_whole(folder.file("file"), "no folder");
  EXPECT_THROW(AtomicFile{folder.file("file/f")}, InputError);
  EXPECT_THROW(AtomicFile{folder.file(std::string(300, 'n'))}, InputError);
  std::filesystem::remove(folder.file("file"));
  write_whole("/dev/null", "nothing");
  EXPECT_FALSE(std::filesystem::is_regular_file("/dev/null"));
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(AtomicFile, WritesIntoDescriptorsThatHaveNoName) {
  const TestFolder folder;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  write_whole("/proc/self/fd/" + std::to_string(ends[1]), "through");
  std::string text(7, ' ');
  EXPECT_EQ(::read(ends[0], text.data(), text.size()), 7);
  EXPECT_EQ(text, "through");
  ::close(ends[0]);
  ::close(ends[1]);

  write_text(folder.file("removed"), "");
  const int descriptor = ::open(folder.file("removed").c_str(), O_RDWR);
  std::filesystem::remove(folder.file("removed"));
  write_whole("/proc/self/fd/" + std::to_string(descriptor), "removed");
  EXPECT_EQ(::pread(descriptor, text.data(), text.size(), 0), 7);
  EXPECT_EQ(text, "removed");
  ::close(descriptor);
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(AtomicFile, AnOpenDescriptorOfWhatIsReadIsNoticed) {
  const TestFolder folder;
  write_text(folder.file("s.db"), database_text());
  write_text(folder.file("t.csv"), "");
  for (const auto& [name, refused] : {std::pair("s.db", true), std::pair("t.csv", false)}) {
    const int descriptor = ::open(folder.file(name).c_str(), O_WRONLY | O_APPEND);
    const auto check = [&] { check_output_descriptor(descriptor, "standard output", {folder.file("s.db")}); };
    if (refused)
      EXPECT_THAT(check, ThrowsMessage<InputError>(HasSubstr("standard output")));
    else
      EXPECT_NO_THROW(check());
    ::close(descriptor);
  }
}

}  // namespace
}  // namespace modsweep::test
