// Broken files: each causes one InputError with the file's name, what is wrong and what to do.
#include "export/safetensors_bytes.h"

#include <cstdio>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modsweep/error.h"
#include "modsweep/safetensors.h"

namespace modsweep::test {
namespace {

/// Runs `call` and checks the shape of its error message.
template <typename Call>
void expect_input_error(const std::string& path, const std::string& part, Call call) {
  try {
    static_cast<void>(call());
    ADD_FAILURE() << "accepted; expected: " << part;
  } catch (const InputError& error) {
    const std::string message = error.what();
    EXPECT_THAT(message, testing::StartsWith(path + ": "));
    EXPECT_THAT(message, testing::HasSubstr(part));
    EXPECT_THAT(message, testing::HasSubstr("; "));
    EXPECT_THAT(message, testing::Not(testing::HasSubstr("\n")));
    EXPECT_LT(message.size(), 400U);
    for (const char c : message) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << message;
  }
}

struct Broken {
  const char* name;
  std::string text;
  std::string part;  ///< part of the message
};

void PrintTo(const Broken& broken, std::ostream* out) {
  *out << broken.name;
}

/// A file with the tensor "w" described by `entry` and 8 bytes of data.
std::string entry_text(const std::string& entry) {
  return file_text("{\"w\":" + entry + "}", "12345678");
}

std::string two_tensors(const std::string& first, const std::string& second) {
  return file_text(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)" + first +
                       R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)" + second + "}}",
                   "12345678");
}

std::string nested(std::size_t depth) {
  return file_text("{\"w\":" + std::string(depth, '[') + std::string(depth, ']') + "}", "");
}

std::vector<Broken> broken_files() {
  const std::string good = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  return {
      {"Empty", "", "0 bytes"},
      {"SevenBytes", "1234567", "7 bytes"},
      {"HeaderLongerThanFile", file_text(good, "", 1000), "1000 bytes, but only"},
      {"HeaderLongerByOne", file_text("{}", "", 3), "3 bytes, but only 2"},
      {"HeaderHuge", file_text(good, "12345678", 100'000'001), "100000001 bytes, the format allows"},
      {"HeaderLengthAllOnes", file_text(good, "12345678", ~0ULL), "18446744073709551615"},
      {"HeaderEmpty", file_text("", ""), "does not start with '{'"},
      {"HeaderIsText", file_text("hello, world", ""), "does not start with '{'"},
      {"HeaderIsArray", file_text("[]", ""), "does not start with '{'"},
      {"HeaderIsNull", file_text("null", ""), "does not start with '{'"},
      {"HeaderStartsWithSpace", file_text(" {}", ""), "does not start with '{'"},
      {"HeaderWithMark", file_text("\xef\xbb\xbf{}", ""), "does not start with '{'"},
      {"HeaderCutShort", file_text(good, "12345678", good.size() - 1), "no valid JSON"},
      {"HeaderWithTrailingText", file_text(good + "x", "12345678"), "no valid JSON"},
      {"HeaderTwice", file_text("{}{}", ""), "no valid JSON"},
      {"HeaderWithComment", file_text("{/* */}", ""), "no valid JSON"},
      {"HeaderTrailingComma", file_text(R"({"a":1,})", ""), "no valid JSON"},
      {"HeaderEndsWithZeroByte", file_text(std::string("{}\0", 3), ""), "zero byte"},
      {"HeaderPaddedWithZeroBytesAndText", file_text(std::string("{}\0junk", 7), ""), "zero byte"},
      {"NotUtf8Name",
       file_text("{\"\xff\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "12345678"),
       "no valid JSON in UTF-8"},
      {"CutUtf8Name", file_text("{\"\xc3\":1}", ""), "no valid JSON in UTF-8"},
      {"LoneSurrogate", file_text(R"({"\ud800":1})", ""), "no valid JSON"},
      {"DeepArrays", nested(50), "nested deeper than 16"},
      {"VeryDeepArrays", nested(1'000'000), "nested deeper than 16"},
      {"DeepWithoutEnd", file_text("{\"w\":" + std::string(1'000'000, '['), ""), "nested deeper than 16"},
      {"NameTwice",
       file_text(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                 R"("w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                 "12345678"),
       "key \"w\" twice"},
      {"NameTwiceByEscape",
       file_text(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                 R"("\u0077":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                 "12345678"),
       "key \"w\" twice"},
      {"DtypeTwice", entry_text(R"({"dtype":"F32","dtype":"F64","shape":[2],"data_offsets":[0,8]})"),
       "key \"dtype\" twice"},
      {"MetadataTwice", file_text(R"({"__metadata__":{},"__metadata__":{}})", ""),
       "key \"__metadata__\" twice"},
      {"MetadataIsText", file_text(R"({"__metadata__":"x"})", ""), "__metadata__ is no JSON object"},
      {"MetadataIsNull", file_text(R"({"__metadata__":null})", ""), "__metadata__ is no JSON object"},
      {"MetadataValueIsNumber", file_text(R"({"__metadata__":{"epochs":3}})", ""),
       "\"epochs\" is 3, not a text"},
      {"MetadataValueIsObject", file_text(R"({"__metadata__":{"a":{}}})", ""),
       "\"a\" is an object, not a text"},
      {"EntryIsNumber", entry_text("3"), "tensor \"w\" is no JSON object"},
      {"EntryIsArray", entry_text("[]"), "tensor \"w\" is no JSON object"},
      {"NoDtype", entry_text(R"({"shape":[2],"data_offsets":[0,8]})"), "has no dtype"},
      {"UnknownDtype", entry_text(R"({"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]})"),
       "dtype \"F8_E4M3\""},
      {"LowerCaseDtype", entry_text(R"({"dtype":"f32","shape":[2],"data_offsets":[0,8]})"), "dtype \"f32\""},
      {"DtypeIsNumber", entry_text(R"({"dtype":32,"shape":[2],"data_offsets":[0,8]})"), "dtype 32"},
      {"DtypeWithLineEnd", entry_text(R"({"dtype":"F\n32","shape":[2],"data_offsets":[0,8]})"), R"("F\n32")"},
      {"DtypeIsLong",
       entry_text("{\"dtype\":\"" + std::string(10000, 'x') + R"(","shape":[2],"data_offsets":[0,8]})"),
       "xxx..."},
      {"NoShape", entry_text(R"({"dtype":"F32","data_offsets":[0,8]})"), "has no shape of whole numbers"},
      {"ShapeIsNumber", entry_text(R"({"dtype":"F32","shape":2,"data_offsets":[0,8]})"), "has no shape"},
      {"ShapeNegative", entry_text(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"), "has no shape"},
      {"ShapeFraction", entry_text(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})"), "has no shape"},
      {"ShapeText", entry_text(R"({"dtype":"F32","shape":["2"],"data_offsets":[0,8]})"), "has no shape"},
      {"ShapeBeyond64Bits",
       entry_text(R"({"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]})"), "has no shape"},
      {"ShapeOverflows",
       entry_text(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]})"),
       "more than 2^64 bytes"},
      {"ShapeWrapsToTheRightSize",  // 2^62 + 2 elements of 4 bytes: 8 modulo 2^64
       entry_text(R"({"dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]})"),
       "more than 2^64 bytes"},
      {"ShapeTooLarge", entry_text(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})"), "needs 12 bytes"},
      {"ShapeTooSmall", entry_text(R"({"dtype":"F32","shape":[1],"data_offsets":[0,8]})"), "needs 4 bytes"},
      {"ShapeZero", entry_text(R"({"dtype":"F32","shape":[0],"data_offsets":[0,8]})"), "needs 0 bytes"},
      {"SizeOfOtherDtype", entry_text(R"({"dtype":"F64","shape":[2],"data_offsets":[0,8]})"),
       "needs 16 bytes"},
      {"NoOffsets", entry_text(R"({"dtype":"F32","shape":[2]})"), "has no data_offsets"},
      {"OneOffset", entry_text(R"({"dtype":"F32","shape":[2],"data_offsets":[8]})"), "has no data_offsets"},
      {"ThreeOffsets", entry_text(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8,8]})"),
       "has no data_offsets"},
      {"OffsetsNegative", entry_text(R"({"dtype":"F32","shape":[2],"data_offsets":[-8,0]})"),
       "has no data_offsets"},
      {"OffsetsReversed", entry_text(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"), "wrong order"},
      {"OffsetsPastTheEnd", entry_text(R"({"dtype":"F32","shape":[3],"data_offsets":[0,12]})"),
       "ends at byte 12 of the data, but there are 8"},
      {"OffsetsFarPastTheEnd",
       entry_text(R"({"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]})"),
       "ends at byte 18446744073709551615"},
      {"Overlap", two_tensors("[0,4]", "[2,6]"), "starts at byte 2 of the data, inside the tensor before it"},
      {"SameBytes", two_tensors("[0,4]", "[0,4]"), "inside the tensor before it"},
      {"Hole",
       file_text(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                 R"("b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
                 "123"),
       "bytes 1 to 2 of the data, before tensor \"b\", belong to no tensor"},
      {"HoleAtTheStart", entry_text(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})"), "bytes 0 to 4"},
      {"TrailingData", entry_text(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})"),
       "end at byte 4 of the data, but there are 8"},
      {"DataWithoutTensors", file_text("{}", "x"), "end at byte 0 of the data, but there are 1"},
  };
}

class BrokenSafetensors : public testing::TestWithParam<Broken> {};

TEST_P(BrokenSafetensors, IsRefused) {
  const Broken& broken = GetParam();
  expect_input_error("some/file", broken.part,
                     [&] { return parse_safetensors(bytes_of(broken.text), "some/file"); });
}

INSTANTIATE_TEST_SUITE_P(All, BrokenSafetensors, testing::ValuesIn(broken_files()),
                         [](const auto& info) { return std::string(info.param.name); });

std::string small_file() {
  return file_text(R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},)"
                   R"("b":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]}}  )",
                   "0123456789abcdef012345");
}

TEST(SafetensorsDamage, TruncatedAtEveryByte) {
  const std::string whole = small_file();
  ASSERT_EQ(parse_safetensors(bytes_of(whole), "f").tensors.size(), 2U);
  for (std::size_t size = 0; size < whole.size(); ++size)
    expect_input_error("f", "", [&] { return parse_safetensors(bytes_of(whole.substr(0, size)), "f"); });
}

TEST(SafetensorsDamage, AnyByteChanged) {
  // Some changes leave a valid file (another name, other data); none may have another effect than an
  // InputError.
  const std::string whole = small_file();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = whole;
      changed[at] = static_cast<char>(value);
      try {
        const TensorFile file = parse_safetensors(bytes_of(changed), "f");
        for (const auto& [name, tensor] : file.tensors) {
          std::uint64_t count = 1;
          for (const std::uint64_t dimension : tensor.shape) count *= dimension;
          ASSERT_EQ(tensor.values.size(), count);
        }
      } catch (const InputError&) {
      }
    }
  }
}

TEST(SafetensorsDamage, MissingFile) {
  const TestFolder folder;
  const std::string path = folder.file("no.safetensors");
  expect_input_error(path, "no such file", [&] { return read_safetensors(path); });
}

TEST(SafetensorsDamage, EmptyPath) {
  expect_input_error("", "no such file", [] { return read_safetensors(""); });
}

TEST(SafetensorsDamage, FolderOfTheFileIsAFile) {
  const TestFolder folder;
  write_text(folder.file("f"), "x");
  expect_input_error(folder.file("f/g"), "", [&] { return read_safetensors(folder.file("f/g")); });
}

TEST(SafetensorsDamage, NameTooLong) {
  const TestFolder folder;
  const std::string path = folder.file(std::string(300, 'n'));
  try {
    static_cast<void>(read_safetensors(path));
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("cannot be read"));
  }
}

TEST(SafetensorsDamage, Directory) {
  const TestFolder folder;
  expect_input_error(folder.path(), "is a directory", [&] { return read_safetensors(folder.path()); });
}

TEST(SafetensorsDamage, Pipe) {
  const TestFolder folder;
  ASSERT_EQ(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
  expect_input_error(folder.file("pipe"), "no regular file",
                     [&] { return read_safetensors(folder.file("pipe")); });
}

/// Reads the file as a user without permission; ends the process with 0 if that gives the right error.
[[noreturn]] void read_without_permission(const std::string& path) {
  if (::geteuid() == 0 && ::setuid(65534) != 0) std::_Exit(2);  // root may read everything
  try {
    static_cast<void>(read_safetensors(path));
  } catch (const InputError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    std::_Exit(0);
  }
  std::_Exit(1);
}

TEST(SafetensorsDeathTest, NoPermission) {
  const TestFolder folder;
  write_text(folder.file("f"), small_file());
  ASSERT_EQ(::chmod(folder.file("f").c_str(), 0), 0);
  EXPECT_EXIT(read_without_permission(folder.file("f")), testing::ExitedWithCode(0), "cannot be");
}

TEST(SafetensorsDamage, FileCutOnDisk) {
  const TestFolder folder;
  write_text(folder.file("f"), small_file().substr(0, 150));
  expect_input_error(folder.file("f"), "", [&] { return read_safetensors(folder.file("f")); });
}

}  // namespace
}  // namespace modsweep::test
