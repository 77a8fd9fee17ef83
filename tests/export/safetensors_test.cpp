#include "modsweep/safetensors.h"

#include "export/dtype.h"
#include "export/safetensors_bytes.h"

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <sys/stat.h>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

TensorFile parse(std::string_view text) {
  return parse_safetensors(bytes_of(text), "test.safetensors");
}

/// One tensor "t" of one dimension.
TensorFile parse_vector(const std::string& dtype, std::string_view data, std::size_t element_size) {
  return parse(file_text(fmt::format(R"({{"t":{{"dtype":"{}","shape":[{}],"data_offsets":[0,{}]}}}})", dtype,
                                     data.size() / element_size, data.size()),
                         data));
}

template <typename Stored>
std::string raw(const std::vector<Stored>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Stored)};
}

struct SmallFloat {
  std::uint16_t bits;
  double value;
};

void expect_decodes(const std::string& dtype, const std::vector<SmallFloat>& table) {
  std::vector<std::uint16_t> bits;
  for (const auto& row : table) bits.push_back(row.bits);
  const auto values = parse_vector(dtype, raw(bits), 2).tensors.at("t").values;
  ASSERT_EQ(values.size(), table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (std::isnan(table[i].value))
      EXPECT_TRUE(std::isnan(values[i])) << dtype << " bits " << table[i].bits;
    else
      EXPECT_EQ(values[i], table[i].value) << dtype << " bits " << table[i].bits;
    EXPECT_EQ(std::signbit(values[i]), (table[i].bits & 0x8000) != 0) << dtype << " bits " << table[i].bits;
  }
}

TEST(Safetensors, HalfIsDecodedExactly) {
  expect_decodes("F16", {{0x0000, 0.0},
                         {0x8000, -0.0},
                         {0x3c00, 1.0},
                         {0xc000, -2.0},
                         {0x3c01, 1.0009765625},
                         {0x7bff, 65504.0},                 // largest
                         {0x0400, 6.103515625e-05},         // smallest normal
                         {0x0001, 5.9604644775390625e-08},  // smallest subnormal
                         {0x03ff, 6.097555160522461e-05},   // largest subnormal
                         {0x8001, -5.9604644775390625e-08},
                         {0x3555, 0.333251953125},
                         {0x7c00, infinity},
                         {0xfc00, -infinity},
                         {0x7e00, not_a_number},
                         {0xfc01, -not_a_number}});
}

TEST(Safetensors, BfloatIsDecodedExactly) {
  expect_decodes("BF16", {{0x0000, 0.0},
                          {0x8000, -0.0},
                          {0x3f80, 1.0},
                          {0xc000, -2.0},
                          {0x3f81, 1.0078125},
                          {0x7f7f, 3.3895313892515355e+38},  // largest
                          {0x0080, 1.1754943508222875e-38},  // smallest normal
                          {0x0001, 9.183549615799121e-41},   // smallest subnormal
                          {0x8001, -9.183549615799121e-41},
                          {0x3eab, 0.333984375},
                          {0x7f80, infinity},
                          {0xff80, -infinity},
                          {0x7fc0, not_a_number},
                          {0xff81, -not_a_number}});
}

TEST(Safetensors, EveryHalfFollowsTheFormula) {
  // sign * 2^(e - 15) * (1 + f / 1024), or sign * 2^-14 * f / 1024 for e = 0
  for (int bits = 0; bits < 0x7c00; ++bits) {
    const int exponent = bits / 1024;
    const double fraction = (bits % 1024) / 1024.0;
    const double expected =
        exponent == 0 ? std::pow(2.0, -14) * fraction : std::pow(2.0, exponent - 15) * (1 + fraction);
    ASSERT_EQ(double_of_half(static_cast<std::uint16_t>(bits)), expected) << bits;
    ASSERT_EQ(double_of_half(static_cast<std::uint16_t>(bits | 0x8000)), -expected) << bits;
  }
}

TEST(Safetensors, OtherTypes) {
  const auto values = [](const TensorFile& file) { return file.tensors.at("t").values; };
  using V = std::vector<double>;
  EXPECT_EQ(values(parse_vector("F64", raw<double>({0.1, -5e-324, 1e308, infinity}), 8)),
            (V{0.1, -5e-324, 1e308, infinity}));
  EXPECT_EQ(values(parse_vector("F32", raw<float>({0.1F, 1e-45F}), 4)), (V{double{0.1F}, double{1e-45F}}));
  EXPECT_EQ(values(parse_vector("I64", raw<std::int64_t>({-1, (1LL << 53) - 1}), 8)),
            (V{-1, 9007199254740991.0}));
  EXPECT_EQ(values(parse_vector("I32", raw<std::int32_t>({-7, 2147483647}), 4)), (V{-7, 2147483647}));
  EXPECT_EQ(values(parse_vector("I16", raw<std::int16_t>({-32768}), 2)), (V{-32768}));
  EXPECT_EQ(values(parse_vector("I8", raw<std::int8_t>({-128, 127}), 1)), (V{-128, 127}));
  EXPECT_EQ(values(parse_vector("U64", raw<std::uint64_t>({1ULL << 63}), 8)), (V{9223372036854775808.0}));
  EXPECT_EQ(values(parse_vector("U32", raw<std::uint32_t>({4294967295U}), 4)), (V{4294967295.0}));
  EXPECT_EQ(values(parse_vector("U16", raw<std::uint16_t>({65535}), 2)), (V{65535}));
  EXPECT_EQ(values(parse_vector("U8", raw<std::uint8_t>({255}), 1)), (V{255}));
  EXPECT_EQ(values(parse_vector("BOOL", raw<std::uint8_t>({0, 1}), 1)), (V{0, 1}));
}

TEST(Safetensors, UnusualButValidFiles) {
  EXPECT_TRUE(parse(file_text("{}", "")).tensors.empty());
  EXPECT_TRUE(parse(file_text("{}      ", "")).tensors.empty());  // padded
  EXPECT_EQ(parse(file_text(R"({"__metadata__":{"a":"b"}})", "")).metadata.at("a"), "b");
  // no dimensions: one value
  const auto scalar = parse(file_text(R"({"s":{"dtype":"U8","shape":[],"data_offsets":[0,1]}})", "\x05"));
  EXPECT_EQ(scalar.tensors.at("s").values, std::vector<double>{5});
  // no elements, and several tensors at the same offset because of that
  const auto empty = parse(
      file_text(R"({"b":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[1],)"
                R"("data_offsets":[0,1]},"c":{"dtype":"F64","shape":[2,0],"data_offsets":[1,1]}})",
                "x"));
  EXPECT_EQ(empty.tensors.size(), 3U);
  EXPECT_TRUE(empty.tensors.at("b").values.empty());
  // data that are not in the order of the header and not aligned, with a non-ASCII name and an unknown key
  const auto mixed = parse(file_text(R"({"é":{"dtype":"U16","shape":[1],"data_offsets":[1,3],"more":[{}]},)"
                                     R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                                     std::string_view("\x01\x02\x00", 3)));
  EXPECT_EQ(mixed.tensors.at("é").values, std::vector<double>{2});
}

TensorFile random_file(unsigned seed, std::size_t tensors) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  TensorFile file;
  file.metadata["settings"] = "{\"a\": \"quotes \\\" and\nlines, é\"}";
  for (std::size_t t = 0; t < tensors; ++t) {
    Tensor tensor;
    tensor.dtype = random() % 2 == 0 ? "F32" : "F64";
    std::uint64_t count = 1;
    for (unsigned d = random() % 4; d > 0; --d) {
      tensor.shape.push_back(random() % 5);
      count *= tensor.shape.back();
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      const double value = normal(random);
      tensor.values.push_back(tensor.dtype == "F32" ? double{static_cast<float>(value)} : value);
    }
    file.tensors[fmt::format("tensor {}", t)] = tensor;
  }
  return file;
}

void expect_equal(const TensorFile& a, const TensorFile& b) {
  EXPECT_EQ(a.metadata, b.metadata);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    ASSERT_TRUE(b.tensors.contains(name)) << name;
    EXPECT_EQ(tensor.dtype, b.tensors.at(name).dtype) << name;
    EXPECT_EQ(tensor.shape, b.tensors.at(name).shape) << name;
    EXPECT_EQ(tensor.values, b.tensors.at(name).values) << name;
  }
}

TEST(Safetensors, WhatIsWrittenIsReadAgain) {
  const TestFolder folder;
  for (unsigned seed = 0; seed < 20; ++seed) {
    const TensorFile file = random_file(seed, seed);
    const std::string path = folder.file(fmt::format("f{}", seed));
    write_safetensors(path, file);
    expect_equal(file, read_safetensors(path));
  }
}

TEST(Safetensors, WrittenDataAreAligned) {
  const TestFolder folder;
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::string path = folder.file("f");
    write_safetensors(path, random_file(seed, 7));
    const std::string text = read_text(path);
    std::uint64_t header_bytes = 0;
    std::memcpy(&header_bytes, text.data(), 8);
    EXPECT_EQ(header_bytes % 8, 0U);
    const auto header = nlohmann::json::parse(text.substr(8, header_bytes));
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") continue;
      const std::uint64_t size = entry.at("dtype") == "F64" ? 8 : 4;
      EXPECT_EQ(entry.at("data_offsets").at(0).get<std::uint64_t>() % size, 0U) << name;
    }
  }
}

TEST(Safetensors, FloatsAreRoundedToTheirType) {
  const TestFolder folder;
  TensorFile file;
  file.tensors["w"] = {"F32", {3}, {0.1, -infinity, not_a_number}};
  write_safetensors(folder.file("f"), file);
  const auto values = read_safetensors(folder.file("f")).tensors.at("w").values;
  EXPECT_EQ(values[0], double{0.1F});
  EXPECT_EQ(values[1], -infinity);
  EXPECT_TRUE(std::isnan(values[2]));
}

TEST(Safetensors, PythonReadsWhatWeWrite) {
  if (std::system("python3 -c 'import struct, json' > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "no python3 here";
  const TestFolder folder;
  TensorFile file;
  file.metadata["cell"] = "abc";
  file.tensors["W0"] = {"F32", {2, 3}, {1.5, -2.25, 0.0, 1e-3, 4.0, 5.0}};
  file.tensors["b0"] = {"F64", {2}, {0.1, 1e300}};
  write_safetensors(folder.file("f"), file);
  write_text(folder.file("read.py"), R"(
import json, struct, sys
raw = open(sys.argv[1], 'rb').read()
(length,) = struct.unpack('<Q', raw[:8])
assert length % 8 == 0
header = json.loads(raw[8:8 + length])
def values(name, letter):
    begin, end = header[name]['data_offsets']
    data = raw[8 + length + begin:8 + length + end]
    return struct.unpack('<%d%s' % (len(data) // struct.calcsize('<' + letter), letter), data)
assert header['__metadata__'] == {'cell': 'abc'}
assert header['W0']['dtype'] == 'F32' and header['W0']['shape'] == [2, 3]
assert values('W0', 'f') == (1.5, -2.25, 0.0, struct.unpack('<f', struct.pack('<f', 1e-3))[0], 4.0, 5.0)
assert header['b0']['dtype'] == 'F64' and header['b0']['shape'] == [2]
assert values('b0', 'd') == (0.1, 1e300)
assert len(raw) == 8 + length + 6 * 4 + 2 * 8
)");
  EXPECT_EQ(std::system(fmt::format("python3 '{}' '{}'", folder.file("read.py"), folder.file("f")).c_str()),
            0);
}

TEST(Safetensors, WritingReplacesTheFileAndLeavesNothingElse) {
  const TestFolder folder;
  write_text(folder.file("f"), "old");
  write_safetensors(folder.file("f"), random_file(1, 3));
  expect_equal(random_file(1, 3), read_safetensors(folder.file("f")));
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(Safetensors, WritingWhereItCannotBeWritten) {
  const TestFolder folder;
  std::filesystem::create_directories(folder.file("folder/inside"));
  ASSERT_EQ(::mkfifo(folder.file("fifo").c_str(), 0600), 0);
  const std::vector<std::pair<std::string, ExitCode>> cases = {
      {"missing/f", ExitCode::bad_input}, {"folder", ExitCode::bad_input}, {"fifo", ExitCode::bad_input}};
  for (const auto& [name, code] : cases) {
    try {
      write_safetensors(folder.file(name), random_file(1, 3));
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      EXPECT_THAT(error.what(), testing::StartsWith(folder.file(name) + ": "));
      EXPECT_THAT(error.what(), testing::HasSubstr("; "));
      EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n")));
    }
  }
  EXPECT_EQ(folder.entries(), 2U) << "a temporary file was left";
  EXPECT_TRUE(std::filesystem::is_fifo(folder.file("fifo")));
}

/// Tries to write more than the process may; ends the process with 0 if that gives an IoError.
[[noreturn]] void write_beyond_the_limit(const std::string& path) {
  const rlimit limit = {1024, 1024};
  std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &limit);
  TensorFile file;
  file.tensors["w"] = {"F64", {1000}, std::vector<double>(1000, 1.0)};
  try {
    write_safetensors(path, file);
  } catch (const IoError&) {
    std::_Exit(0);
  }
  std::_Exit(1);
}

TEST(SafetensorsDeathTest, FullDisk) {
  // A limit on the file size emulates a full disk.
  const TestFolder folder;
  write_text(folder.file("f"), "old");
  EXPECT_EXIT(write_beyond_the_limit(folder.file("f")), testing::ExitedWithCode(0), "");
  EXPECT_EQ(read_text(folder.file("f")), "old");
  EXPECT_EQ(folder.entries(), 1U) << "a temporary file was left";
}

TEST(Safetensors, WritingWhatMakesNoSense) {
  const TestFolder folder;
  const std::vector<TensorFile> wrong = {
      {{{"w", {"F16", {1}, {1.0}}}}, {}},
      {{{"w", {"F32", {2}, {1.0}}}}, {}},
      {{{"__metadata__", {"F32", {1}, {1.0}}}}, {}},
      {{{"\xff", {"F32", {1}, {1.0}}}}, {}},
      {{{"w", {"F32", {1ULL << 32, 1ULL << 32}, {}}}}, {}},
      {{}, {{"a", "\xc3"}}},
  };
  for (const auto& file : wrong) EXPECT_THROW(write_safetensors(folder.file("f"), file), LogicError);
  EXPECT_EQ(folder.entries(), 0U);
}

std::map<std::string, Tensor> network(double salt, const std::string& dtype = "F32") {
  return {{"W0", {dtype, {2, 3}, {salt, salt + 1, salt + 2, salt + 3, salt + 4, salt + 5}}},
          {"b0", {dtype, {2}, {-salt, 0.5}}}};
}

TEST(StackedSafetensors, HasANetworkAfterTheOtherAlongTheFirstAxis) {
  const TestFolder folder;
  for (const std::string dtype : {"F32", "F64"}) {
    const std::string path = folder.file(dtype);
    StackedSafetensors file(path, network(0, dtype), 3, {{"cells", "[1,2,3]"}});
    for (const double salt : {0.0, 10.0, 20.0}) file.add(network(salt, dtype));
    EXPECT_FALSE(std::filesystem::exists(path));
    file.commit();
    const TensorFile stacked = read_safetensors(path);
    EXPECT_EQ(stacked.metadata.at("cells"), "[1,2,3]");
    const Tensor& weights = stacked.tensors.at("W0");
    EXPECT_EQ(weights.dtype, dtype);
    EXPECT_THAT(weights.shape, testing::ElementsAre(3, 2, 3));
    for (std::size_t n = 0; n < 3; ++n)
      for (std::size_t k = 0; k < 6; ++k)
        EXPECT_EQ(weights.values[6 * n + k], 10.0 * static_cast<double>(n) + static_cast<double>(k));
    EXPECT_THAT(stacked.tensors.at("b0").shape, testing::ElementsAre(3, 2));
    EXPECT_THAT(stacked.tensors.at("b0").values, testing::ElementsAre(0.0, 0.5, -10.0, 0.5, -20.0, 0.5));
  }
}

// More than is kept in memory at a time.
TEST(StackedSafetensors, MayBeLargerThanWhatWaitsToBeWritten) {
  const TestFolder folder;
  constexpr std::uint64_t networks = 700;
  const auto large = [](double salt) {
    return std::map<std::string, Tensor>{{"W0", {"F64", {32, 64}, std::vector<double>(2048, salt)}},
                                         {"b0", {"F64", {1}, {salt}}}};
  };
  StackedSafetensors file(folder.file("large"), large(0), networks, {});
  for (std::uint64_t n = 0; n < networks; ++n) file.add(large(static_cast<double>(n)));
  file.commit();
  const TensorFile stacked = read_safetensors(folder.file("large"));
  for (std::uint64_t n = 0; n < networks; ++n) {
    EXPECT_EQ(stacked.tensors.at("b0").values[n], static_cast<double>(n));
    EXPECT_EQ(stacked.tensors.at("W0").values[2048 * n + 2047], static_cast<double>(n));
  }
}

TEST(StackedSafetensors, TakesOnlyWhatWasAnnounced) {
  const TestFolder folder;
  {
    StackedSafetensors file(folder.file("f"), network(0), 2, {});
    auto other = network(1);
    other.at("b0").shape = {1};
    other.at("b0").values.pop_back();
    EXPECT_THROW(file.add(other), LogicError);
    EXPECT_THROW(file.add(network(1, "F64")), LogicError);
    EXPECT_THROW(file.add({}), LogicError);
    file.add(network(0));
    EXPECT_THROW(file.commit(), LogicError);
    file.add(network(1));
    EXPECT_THROW(file.add(network(2)), LogicError);
  }
  EXPECT_EQ(folder.entries(), 0U);
  EXPECT_THROW(StackedSafetensors("/dev/null", network(0), 1, {}), InputError);
  EXPECT_THROW(
      StackedSafetensors(folder.file("f"), network(0), 1, {{"cells", std::string(100'000'000, 'c')}}),
      InputError);
  EXPECT_EQ(folder.entries(), 0U);
}

}  // namespace
}  // namespace modsweep::test
