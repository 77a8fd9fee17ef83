// Errors of a file that are found before its text is parsed. The files are created at run time, because Git
// cannot hold some of them.
#include "config/parse.h"
#include "support/temporary_folder.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
namespace fs = std::filesystem;

class SweepFile : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return (folder_ / name).string();
  }

  static std::string error_of(const std::string& path) {
    try {
      (void)read_sweep(path);
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
      return error.what();
    }
    return "was accepted";
  }

  test::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

TEST_F(SweepFile, GivesItsNameToTheSweep) {
  EXPECT_EQ(read_sweep(write("noise-strength.toml", test::run)).name, "noise-strength");
  EXPECT_EQ(read_sweep(write("my first sweep.toml", test::run)).name, "my_first_sweep");
  EXPECT_EQ(read_sweep(write("a.toml", "name = \"b.c\"\n" + test::run)).name, "b.c");
}

/// A sweep from a stream without a file name.
Sweep from_stream(const std::string& text, const std::vector<std::string>& overrides = {}) {
  std::istringstream in(text);
  return read_sweep(in, overrides);
}

std::string error_from_stream(const std::string& text) {
  try {
    (void)from_stream(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "was accepted";
}

TEST(SweepStream, IsTheSweepOfAFileWithThatText) {
  const std::string text = "name = \"piped\"\n" + test::run + "[axes]\n\"training.seed\" = [0, 1]\n";
  const Sweep sweep = from_stream(text, {"noise.strength=0.5"});
  EXPECT_EQ(sweep.name, "piped");
  EXPECT_EQ(sweep.id(), test::parse(text, {"noise.strength=0.5"}).id());
}

TEST(SweepStream, NeedsANameOfItsOwn) {
  EXPECT_EQ(from_stream(test::run, {"name=given"}).name, "given");
  for (const std::string& text : {test::run, std::string()})
    EXPECT_THAT(error_from_stream(text), StartsWith("standard input:1:1: the sweep has no name")) << text;
}

TEST(SweepStream, IsCalledStandardInputInErrors) {
  EXPECT_THAT(error_from_stream("name = \"a\"\n[noise]\nstrength = -1\n"),
              StartsWith("standard input:3:12: noise.strength = -1"));
  EXPECT_THAT(error_from_stream(std::string((std::size_t{16} << 20U) + 2, '#')),
              StartsWith("standard input: larger than 16 MB"));
}

TEST_F(SweepFile, Missing) {
  const std::string path = (folder_ / "missing.toml").string();
  EXPECT_EQ(error_of(path), path + ": there is no such file; check the path");
}

TEST_F(SweepFile, Directory) {
  EXPECT_EQ(error_of(folder_.string()),
            folder_.string() + ": a directory; name a sweep file in it, as quickstart.toml");
}

TEST_F(SweepFile, WithoutPermission) {
  if (geteuid() == 0) GTEST_SKIP() << "permissions do not bind root";
  const std::string path = write("secret.toml", test::run);
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  EXPECT_THAT(error_of(path), StartsWith(path + ": cannot be opened (Permission denied); check"));
}

TEST_F(SweepFile, InAFolderWithoutPermission) {
  if (geteuid() == 0) GTEST_SKIP() << "permissions do not bind root";
  const std::string path = write("secret.toml", test::run);
  ASSERT_EQ(chmod(folder_.c_str(), 0), 0);
  const std::string error = error_of(path);
  ASSERT_EQ(chmod(folder_.c_str(), 0700), 0);
  EXPECT_THAT(error, StartsWith(path + ": cannot be opened (Permission denied); check"));
}

TEST_F(SweepFile, BehindAFile) {
  const std::string path = write("file", "") + "/sweep.toml";
  EXPECT_THAT(error_of(path), StartsWith(path + ": "));
}

TEST_F(SweepFile, NotUtf8) {
  const std::string path = write("latin1.toml", "# gr\xFC\xDF\nname = \"a\"\n" + test::run);
  const std::string error = error_of(path);
  EXPECT_THAT(error, StartsWith(path + ":1:"));
  EXPECT_THAT(error, HasSubstr("; save the file as UTF-8"));
}

// Valid UTF-8, but not TOML: such letters are allowed in quotes only.
TEST_F(SweepFile, WithOtherLettersInAKey) {
  const std::string path = write("umlaut.toml", "gr\xC3\xBC\xC3\x9F = 1\n" + test::run);
  EXPECT_THAT(error_of(path), StartsWith(path + ":1:"));
  EXPECT_EQ(read_sweep(write("quoted.toml", "# gr\xC3\xBC\xC3\x9F\n" + test::run)).size(), 1U);
}

TEST_F(SweepFile, OfAnotherKind) {
  for (const std::string& content : {std::string("SQLite format 3\0\x10\0", 18), std::string("PK\3\4\0\0", 6),
                                     std::string("\x7F"
                                                 "ELF\2\1\1\0",
                                                 8),
                                     std::string(100, '\0')}) {
    const std::string path = write("binary.toml", content);
    EXPECT_THAT(error_of(path), StartsWith(path + ":1:"));
  }
}

TEST_F(SweepFile, TooLarge) {
  const std::string path = write("large.toml", test::run + std::string((16U << 20U) + 1, '#'));
  EXPECT_THAT(error_of(path), StartsWith(path + ": larger than 16 MB; "));
}

TEST_F(SweepFile, WithoutEnd) {
  EXPECT_THAT(error_of("/dev/zero"), StartsWith("/dev/zero: larger than 16 MB; "));
}

TEST_F(SweepFile, Empty) {
  const std::string path = write("empty.toml", "");
  EXPECT_THAT(error_of(path),
              StartsWith(path + ":1:1: the length of the run is missing; set training.steps"));
}

TEST_F(SweepFile, WithByteOrderMarkAndWindowsLineEnds) {
  EXPECT_EQ(read_sweep(write("windows.toml", "\xEF\xBB\xBF[training]\r\nsteps = 7\r\n")).base.training.steps,
            7U);
}

TEST_F(SweepFile, WithANameThatWouldBreakTheLine) {
  const std::string error = error_of((folder_ / "a\nb\x1b[31m.toml").string());
  EXPECT_THAT(error, HasSubstr("a?b?[31m.toml: there is no such file"));
}

TEST_F(SweepFile, MayBeDeep) {
  std::string lists = "x = ", tables;
  for (int i = 0; i < 100000; ++i) lists += '[';
  EXPECT_THAT(error_of(write("lists.toml", lists)), HasSubstr("not TOML"));
  for (int i = 0; i < 100000; ++i) tables += "a.";
  EXPECT_THAT(error_of(write("tables.toml", "[" + tables + "a]\n")),
              HasSubstr("a key of more than 64 names; "));
  EXPECT_THAT(error_of(write("dots.toml", "# " + std::string(1000, '.') + "\nname = \"" +
                                              std::string(80, '.') + "\"\n" + test::run)),
              "was accepted");
}

}  // namespace
}  // namespace modsweep
