// Reading the header of a file, and then only what is asked for.
#include "export/safetensors_bytes.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "modsweep/error.h"
#include "modsweep/safetensors.h"

namespace modsweep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string entry(const std::string& name, const char* dtype, const std::string& shape, std::uint64_t begin,
                  std::uint64_t end) {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})", name, dtype, shape,
                     begin, end);
}

/// The error of reading the header of `text`.
std::string refused(const std::string& text) {
  const TestFolder folder;
  write_text(folder.file("f"), text);
  try {
    static_cast<void>(TensorReader(folder.file("f")));
  } catch (const InputError& error) {
    const std::string message = error.what();
    EXPECT_THAT(message, testing::StartsWith(folder.file("f") + ": "));
    EXPECT_THAT(message, HasSubstr("; "));
    return message;
  }
  return "accepted";
}

/// The largest amount of memory that this process has had, in KiB.
long most_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(TensorReader, ATensorBesideSixGigabytesIsReadAlone) {
  // A sparse file: the large tensor takes no disk.
  const TestFolder folder;
  const std::uint64_t large = 6'000'000'000;
  const std::string header = "{" + entry("large", "F32", "1500000000", 0, large) + "," +
                             entry("small", "F32", "2,2", large, large + 16) + "}";
  write_text(folder.file("f"), file_text(header, ""));
  const std::uint64_t data = 8 + header.size();
  std::filesystem::resize_file(folder.file("f"), data + large);
  std::ofstream(folder.file("f"), std::ios::binary | std::ios::app)
      .write(std::string("\0\0\x80\x3f\0\0\0\x40\0\0\x80\xbf\0\0\0\0", 16).data(), 16);
  const long before = most_memory();
  TensorReader reader(folder.file("f"));
  EXPECT_EQ(reader.header().tensors.at("large").shape, std::vector<std::uint64_t>{1'500'000'000});
  EXPECT_THAT(reader.read("small").values, ElementsAre(1, 2, -1, 0));
  EXPECT_THAT(reader.read("large", 1'499'999'999, 1), ElementsAre(0));
  EXPECT_LT(most_memory() - before, 100'000);
}

TEST(TensorReader, PartsOfATensor) {
  // Around the number of elements that are decoded at once, 2^16.
  const std::size_t count = 3 * 65536 + 7;
  std::string data;
  for (std::size_t i = 0; i < count; ++i)
    data += {static_cast<char>(i & 0xff), static_cast<char>(i >> 8 & 0xff)};
  const TestFolder folder;
  write_text(folder.file("f"),
             file_text("{" + entry("t", "U16", std::to_string(count), 0, data.size()) + "}", data));
  TensorReader reader(folder.file("f"));
  for (const std::size_t first : {0, 1, 65535, 65536, 65537})
    for (const std::size_t some : {0, 1, 65535, 65536, 65537, 131073}) {
      const auto values = reader.read("t", first, some);
      ASSERT_EQ(values.size(), some);
      for (std::size_t i = 0; i < some; ++i)
        ASSERT_EQ(values[i], static_cast<double>((first + i) % 65536)) << first << ' ' << some << ' ' << i;
    }
  EXPECT_EQ(reader.read("t").values.size(), count);
  EXPECT_TRUE(reader.read("t", count, 0).empty());
  EXPECT_THROW(static_cast<void>(reader.read("t", count, 1)), LogicError);
  EXPECT_THROW(static_cast<void>(reader.read("t", 1, count)), LogicError);
  EXPECT_THROW(static_cast<void>(reader.read("t", ~0ULL, 2)), LogicError);
  EXPECT_THROW(static_cast<void>(reader.read("u", 0, 0)), LogicError);
}

TEST(TensorReader, AnUnknownDtypeHindersNoOtherTensor) {
  const TestFolder folder;
  write_text(
      folder.file("f"),
      file_text("{" + entry("q", "F8_E4M3", "3", 0, 3) + "," + entry("w", "U8", "1", 3, 4) + "}", "abc\x05"));
  TensorReader reader(folder.file("f"));
  EXPECT_THAT(reader.read("w").values, ElementsAre(5));
  EXPECT_FALSE(is_readable_dtype(reader.header().tensors.at("q").dtype));
  EXPECT_THROW(static_cast<void>(reader.read("q")), InputError);
  EXPECT_THROW(static_cast<void>(read_safetensors(folder.file("f"))), InputError);
}

// Quadratic time would not end before the test is given up.
TEST(TensorReader, AHeaderOfAQuarterOfAMillionTensors) {
  std::string header = "{";
  for (int i = 0; i < 250'000; ++i)
    header += (i == 0 ? "" : ",") + entry(fmt::format("layers.{}.weight", i), "F32", "0,4", 0, 0);
  const TestFolder folder;
  write_text(folder.file("f"), file_text(header + "}", ""));
  EXPECT_EQ(TensorReader(folder.file("f")).header().tensors.size(), 250'000U);
}

TEST(TensorReader, KeysAreComparedWithinTheirObject) {
  const std::string good = R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":[{"a":1},{"a":2}]},)";
  EXPECT_EQ(refused(file_text(good + R"("b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", "")),
            "accepted");
  EXPECT_THAT(refused(file_text(good + R"("b":[{"c":1,"d":2,"c":3}]})", "")), HasSubstr("key \"c\" twice"));
}

TEST(TensorReader, FilesOfOtherFormatsAreNamed) {
  const std::string rest(600, 'x');
  EXPECT_THAT(refused("\x93NUMPY\x01" + std::string(1, '\0') + "v" + rest), HasSubstr("NumPy array (.npy)"));
  EXPECT_THAT(refused(std::string("PK\x03\x04\x14\0\0\0\0\0", 10) + rest), HasSubstr(".npz"));
  EXPECT_THAT(refused(std::string("PK\x03\x04\0\0\0\0\0\0", 10) + rest), HasSubstr("zip archive"));
  EXPECT_THAT(refused(std::string("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9", 9) + rest), HasSubstr("pickle"));
  EXPECT_THAT(refused("\x89HDF\r\n\x1a\n" + rest), HasSubstr("HDF5"));
  EXPECT_THAT(refused(std::string("SQLite format 3\0", 16) + rest), HasSubstr("modsweep weights"));
  // 640 bytes of header: the length is the beginning of a pickle.
  const std::string header = "{}" + std::string(638, ' ');
  EXPECT_EQ(refused(file_text(header, "")), "accepted");
}

}  // namespace
}  // namespace modsweep::test
