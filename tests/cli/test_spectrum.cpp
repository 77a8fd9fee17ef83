// modsweep spectrum: single matrices, stacks of ensembles, and everything that is neither.
#include "change_rows.h"
#include "export/safetensors_bytes.h"
#include "program.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "modsweep/safetensors.h"

namespace modsweep {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing_support::change_rows;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;

/// A tensor of normal numbers.
Tensor random_tensor(std::vector<std::uint64_t> shape, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::uint64_t count = 1;
  for (const std::uint64_t length : shape) count *= length;
  Tensor tensor{"F32", std::move(shape), std::vector<double>(count)};
  for (double& value : tensor.values) value = normal(random);
  return tensor;
}

Tensor identity(std::uint64_t units) {
  Tensor tensor{"F32", {units, units}, std::vector<double>(units * units, 0.0)};
  for (std::uint64_t i = 0; i < units; ++i) tensor.values[i * units + i] = 1.0;
  return tensor;
}

class SpectrumTest : public ProgramTest {
 protected:
  void write_tensors(const std::map<std::string, Tensor>& tensors) const {
    write_safetensors(path("w.safetensors"), {tensors, {}});
  }
  [[nodiscard]] json spectra(std::vector<std::string> options = {}) const {
    options.insert(options.begin(), {"spectrum", "w.safetensors", "--format", "json"});
    const Outcome outcome = modsweep(options);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return json::parse(outcome.out, nullptr, false);
  }
};

/// The lines of standard error that tell what is left out.
std::vector<std::string> left_out(const Outcome& outcome) {
  std::vector<std::string> lines;
  std::istringstream err(outcome.err);
  for (std::string line; std::getline(err, line);) {
    constexpr std::string_view begin = "w.safetensors: left out, ";
    if (line.starts_with(begin)) lines.push_back(line.substr(begin.size()));
  }
  return lines;
}

TEST_F(SpectrumTest, ALayerThatIsSeparateThroughoutHasAsManyModulesAsUnits) {
  write_tensors({{"w", identity(4)}});
  const Outcome text = modsweep({"spectrum", "w.safetensors"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("  all units: 4 modules, 1 - lambda_4 1.0000\n"));
  EXPECT_THAT(text.out, HasSubstr("in 4 clusters: Q 0.7500, ncut 0.0000, block share 1.0000\n"));
  EXPECT_EQ(spectra()[0]["all"]["modules"], 4);
  EXPECT_EQ(spectra()[0]["all"]["gaps"].size(), 3U);
}

/// Two modules: unit u of each layer serves module u % 2.
Tensor two_modules(std::uint64_t outputs, std::uint64_t inputs, unsigned seed) {
  Tensor tensor = random_tensor({outputs, inputs}, seed);
  for (std::uint64_t o = 0; o < outputs; ++o)
    for (std::uint64_t i = 0; i < inputs; ++i)
      if (o % 2 != i % 2) tensor.values[o * inputs + i] = 0.0;
  return tensor;
}

TEST_F(SpectrumTest, TheGraphOfAWholeNetwork) {
  write_tensors({{"layer2.weight", two_modules(6, 4, 1)},
                 {"layer10.weight", two_modules(2, 6, 2)},
                 {"layer2.bias", random_tensor({6}, 3)}});
  const json found = spectra({"--graph", "--modules", "2", "--shuffles", "10"});
  ASSERT_EQ(found.size(), 1U);
  const json& network = found[0];
  EXPECT_EQ(network["tensors"], json({"layer2.weight", "layer10.weight"})) << "2 comes before 10";
  EXPECT_EQ(network["modules"], 2);
  EXPECT_EQ(network["units"], 12);
  EXPECT_EQ(network["components"], 2);
  EXPECT_EQ(network["graph_cut"], 0.0);
  EXPECT_EQ(network["relative_cut"], 0.0);
  EXPECT_GT(network["graph_modularity"], 0.3);
  EXPECT_LT(network["shuffle_z"], 0.0);
  EXPECT_EQ(network["separation"].size(), 1U);
  const Outcome text = modsweep({"spectrum", "w.safetensors", "--graph", "--modules", "2", "--no-outputs"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("layer2.weight, layer10.weight: 4-6-2, 10 units with weights\n"));
  EXPECT_THAT(text.out, HasSubstr("2 components, relative cut"));
  EXPECT_THAT(text.out, Not(HasSubstr("shuffled")));
}

TEST_F(SpectrumTest, TheGraphsOfAStackAreThoseOfItsNetworks) {
  Tensor first{"F32", {2, 6, 4}, {}};
  Tensor second{"F32", {2, 2, 6}, {}};
  for (const unsigned p : {0U, 1U}) {
    const Tensor a = p == 0 ? two_modules(6, 4, 1) : random_tensor({6, 4}, 7);
    const Tensor b = p == 0 ? two_modules(2, 6, 2) : random_tensor({2, 6}, 8);
    first.values.insert(first.values.end(), a.values.begin(), a.values.end());
    second.values.insert(second.values.end(), b.values.begin(), b.values.end());
  }
  write_tensors({{"W0", first}, {"W1", second}});
  const json stack = spectra({"--graph", "--modules", "2"});
  ASSERT_EQ(stack.size(), 2U);
  EXPECT_EQ(stack[0]["network"], 0);
  EXPECT_EQ(stack[0]["components"], 2);
  EXPECT_EQ(stack[1]["components"], 1);
  json named = spectra({"--graph", "--modules", "2", "--tensor", "W0[1]", "--tensor", "W1[1]"});
  EXPECT_EQ(named, json({stack[1]}));
  EXPECT_TRUE(named[0]["shuffle_z"].is_null());
}

TEST_F(SpectrumTest, AGraphNeedsLayersThatFollowEachOther) {
  write_tensors({{"W0", random_tensor({6, 4}, 1)}, {"W1", random_tensor({2, 5}, 2)}});
  expect_error(modsweep({"spectrum", "w.safetensors", "--graph"}), 2,
               {"'W1' has 5 inputs, but 'W0' before it 6 outputs"});
  expect_error(modsweep({"spectrum", "w.safetensors", "--shuffles", "5"}), 2, {"--graph"});
  Tensor broken = random_tensor({6, 4}, 1);
  broken.values[3] = std::nan("");
  write_tensors({{"W0", broken}});
  const Outcome outcome = modsweep({"spectrum", "w.safetensors", "--graph"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("entries that are not finite: W0\n"));
  EXPECT_THAT(outcome.err, HasSubstr("none of its 1 tensor has a spectrum"));
}

TEST_F(SpectrumTest, EveryNetworkOfAStackHasItsSpectrum) {
  const Tensor stack = random_tensor({10, 8, 4}, 1);
  write_tensors({{"0.weight", stack},
                 {"0.bias", random_tensor({10, 8}, 2)},
                 {"1.slope", random_tensor({10, 1}, 3)},
                 {"2.weight", random_tensor({10, 4, 8}, 4)},
                 {"2.bias", random_tensor({10, 4}, 5)}});
  const Outcome text = modsweep({"spectrum", "w.safetensors"});
  EXPECT_EQ(text.code, 0) << text.err;
  for (const char* title :
       {"0.weight[0]: 8 x 4, F32\n", "0.weight[9]: 8 x 4, F32\n", "2.weight[9]: 4 x 8, F32\n"})
    EXPECT_THAT(text.out, HasSubstr(title));
  EXPECT_THAT(text.out, AllOf(Not(HasSubstr("bias")), Not(HasSubstr("[10]"))));
  EXPECT_THAT(left_out(text),
              ElementsAre("a vector for each of the 10 networks of a stack (--tensor NAME takes "
                          "it): 0.bias, 1.slope, 2.bias"));

  const json all = spectra();
  ASSERT_EQ(all.size(), 20U);
  for (std::size_t p = 0; p < 10; ++p) {
    EXPECT_EQ(all[p]["tensor"], "0.weight");
    EXPECT_EQ(all[p]["network"], p);
    EXPECT_EQ(all[p]["shape"], json({8, 4}));
  }
  EXPECT_EQ(spectra({"--tensor", "0.weight"}).size(), 10U);
  const json one = spectra({"--tensor", "2.weight[9]", "--tensor", "0.weight[3]"});
  EXPECT_EQ(one, json({all[19], all[3]}));

  // The same as the network's own matrix.
  write_tensors({{"alone", {"F32", {8, 4}, {stack.values.begin() + 96, stack.values.begin() + 128}}}});
  json alone = spectra()[0];
  EXPECT_TRUE(alone["network"].is_null());
  alone["tensor"] = "0.weight";
  alone["network"] = 3;
  EXPECT_EQ(alone, all[3]);
}

TEST_F(SpectrumTest, NamesThatAreNotInTheFile) {
  write_tensors({{"stack", random_tensor({3, 4, 2}, 1)},
                 {"odd[1]", random_tensor({4, 2}, 2)},
                 {"b", random_tensor({2}, 3)}});
  for (const char* name : {"stack[3]", "stack[18446744073709551616]", "stack[-1]", "stack[]", "stack[1",
                           "stack[1]x", "odd[0]", "b[0]", "absent", "[0]", ""})
    expect_error(modsweep({"spectrum", "w.safetensors", "--tensor", name}), 2, {"w.safetensors"});
  expect_error(modsweep({"spectrum", "w.safetensors", "--tensor", "stack[3]"}), 2,
               {"it has 3, counted from 0"});
  EXPECT_EQ(spectra({"--tensor", "odd[1]"})[0]["tensor"], "odd[1]");
  EXPECT_EQ(spectra({"--tensor", "stack[2]"})[0]["network"], 2);
}

TEST_F(SpectrumTest, WhatIsLeftOutIsNamedInALineForEachReason) {
  Tensor nan = random_tensor({2, 3, 3}, 6);
  nan.values[4] = std::nan("");
  std::map<std::string, Tensor> tensors = {{"conv2d.weight", random_tensor({3, 2, 2, 2}, 1)},
                                           {"conv1d.weight", random_tensor({6, 2, 3}, 2)},
                                           {"conv1d.bias", random_tensor({6}, 3)},
                                           {"empty", random_tensor({0, 4}, 4)},
                                           {"empty.stack", random_tensor({2, 0, 4}, 4)},
                                           {"large", random_tensor({4097, 1}, 5)},
                                           {"nan", nan},
                                           {"scalar", random_tensor({}, 7)},
                                           {"w", random_tensor({5, 3}, 8)}};
  for (int i = 0; i < 12; ++i) tensors[fmt::format("b{:02}", i)] = random_tensor({5}, 9);
  write_tensors(tensors);
  const Outcome text = modsweep({"spectrum", "w.safetensors"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(left_out(text),
              ElementsAre("empty: empty, empty.stack", "entries that are not finite: nan[0]",
                          "kernels of a convolution, by their bias (--tensor NAME takes it): conv1d.weight",
                          "more than 4096 units: large", "not a matrix (0 dimensions): scalar",
                          "not a matrix (1 dimension): b00, b01, b02, b03, b04, b05, b06, b07 and 5 more",
                          "not a matrix (4 dimensions): conv2d.weight"));
  EXPECT_THAT(text.out,
              AllOf(HasSubstr("nan[1]: 3 x 3"), HasSubstr("\nw: 5 x 3, F32\n"), Not(HasSubstr("conv"))));
  // By name everything that can have a spectrum has one.
  EXPECT_EQ(spectra({"--tensor", "conv1d.weight"}).size(), 6U);
  EXPECT_EQ(spectra({"--tensor", "large", "--cluster-by", "outgoing"}).size(), 1U);
  for (const char* name : {"conv2d.weight", "empty", "large", "nan[0]", "b00"}) {
    const Outcome outcome = modsweep({"spectrum", "w.safetensors", "--tensor", "w", "--tensor", name});
    expect_error(outcome, 2, {name});
    EXPECT_EQ(outcome.out, "") << "nothing is half printed";
  }
}

TEST_F(SpectrumTest, DtypesOfWeightsAndOthers) {
  const auto entry = [](const char* name, const char* dtype, const char* shape, int begin, int end) {
    return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", name, dtype, shape,
                       begin, end);
  };
  const std::string eight("\0\x3c\0\x3c\0\x3c\0\0", 8);  // halves: 1, 1, 1, 0
  write("w.safetensors",
        test::file_text(
            "{" + entry("b", "BF16", "[2,2]", 0, 8) + "," + entry("h", "F16", "[2,2]", 8, 16) + "," +
                entry("d", "F64", "[1,1]", 16, 24) + "," + entry("i", "I64", "[1,1]", 24, 32) + "," +
                entry("mask", "BOOL", "[2,4]", 32, 40) + "," + entry("q", "F8_E5M2", "[2,4]", 40, 48) + "}",
            eight + eight + eight + eight + eight + eight));
  const Outcome text = modsweep({"spectrum", "w.safetensors"});
  EXPECT_EQ(text.code, 0) << text.err;
  for (const char* title : {"b: 2 x 2, BF16\n", "h: 2 x 2, F16\n", "d: 1 x 1, F64\n"})
    EXPECT_THAT(text.out, HasSubstr(title));
  EXPECT_THAT(left_out(text), ElementsAre("dtype F8_E5M2 is not read: q",
                                          "whole numbers (BOOL) (--tensor NAME takes it): mask",
                                          "whole numbers (I64) (--tensor NAME takes it): i"));
  EXPECT_EQ(spectra({"--tensor", "mask"})[0]["dtype"], "BOOL");
  expect_error(modsweep({"spectrum", "w.safetensors", "--tensor", "q"}), 2, {"F8_E5M2"});
}

TEST_F(SpectrumTest, AFileWithoutWeightsIsAnError) {
  write_tensors({{"b", random_tensor({3}, 1)}});
  const Outcome outcome = modsweep({"spectrum", "w.safetensors"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("none of its 1 tensor has a spectrum"));
  write_tensors({{"w", {"F32", {1, 1, 1}, {std::nan("")}}}});
  EXPECT_EQ(modsweep({"spectrum", "w.safetensors", "--tensor", "w"}).code, 2);
}

TEST_F(SpectrumTest, OtherFilesAreRefusedInOneLine) {
  write("a.npy",
        std::string("\x93NUMPY\x01\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", 70));
  write("a.npz", std::string("PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20));
  std::filesystem::create_directory(path("folder"));
  expect_error(modsweep({"spectrum", "a.npy"}), 2, {"a.npy: is a NumPy array", "save_file"});
  expect_error(modsweep({"spectrum", "a.npz"}), 2, {"a.npz: is a zip archive", "save_file"});
  expect_error(modsweep({"spectrum", "folder"}), 2, {"folder: is a directory"});
  expect_error(modsweep({"spectrum", "w.safetensors", "--tens", "w"}), 2, {"--tens"});
  expect_error(modsweep({"spectrum", "w.safetensors", "--json", "--format", "table"}), 2, {"--format"});
}

TEST_F(SpectrumTest, FormatJsonIsWhatJsonWas) {
  write_tensors({{"w", random_tensor({3, 3}, 1)}});
  EXPECT_EQ(modsweep({"spectrum", "w.safetensors", "--json"}).out,
            modsweep({"spectrum", "w.safetensors", "--format", "json"}).out);
  EXPECT_EQ(modsweep({"spectrum", "w.safetensors", "--format", "table"}).out,
            modsweep({"spectrum", "w.safetensors"}).out);
}

/// Whether a terminal could obey a part of the text: control characters but line ends, C1 ones in UTF-8
/// included.
bool commands_terminals(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\n') || c == 0x7f) return true;
    if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

// ESC, BEL, DEL, a line end, and CSI as one character.
const std::string evil = "\x1b[31m\x07\x7f\nx\xc2\x9b";

TEST_F(SpectrumTest, NamesDoNotCommandTheTerminal) {
  write_tensors({{evil + "2d", random_tensor({3, 2}, 1)},
                 {evil + "3d", random_tensor({2, 3, 2}, 1)},
                 {evil + "1d", random_tensor({7}, 1)}});
  for (const std::vector<std::string>& options : {std::vector<std::string>{},
                                                  {"--json"},
                                                  {"--tensor", evil + "1d"},
                                                  {"--tensor", evil},
                                                  {"--tensor", evil + "3d[7]"},
                                                  {"--tensor", evil + "3d[1]", "--order"}}) {
    std::vector<std::string> arguments = {"spectrum", "w.safetensors"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome outcome = modsweep(arguments);
    EXPECT_FALSE(commands_terminals(outcome.out)) << outcome.out;
    EXPECT_FALSE(commands_terminals(outcome.err)) << outcome.err;
    EXPECT_FALSE(outcome.out.empty() && outcome.err.empty());
  }
  EXPECT_EQ(spectra()[0]["tensor"], evil + "2d") << "JSON keeps the name, escaped";
  write("w.safetensors",
        test::file_text(R"({"\u001b[31m":{"dtype":"F\u001b","shape":[0,1],"data_offsets":[0,0]},"\u001b":7})",
                        ""));
  EXPECT_FALSE(commands_terminals(modsweep({"spectrum", "w.safetensors"}).err));
}

TEST_F(SpectrumTest, NamesInStoresDoNotCommandTheTerminal) {
  write("s.toml",
        "[task]\ntrain_samples = 20\ntest_samples = 20\n[network]\nhidden = [3]\n[training]\nsteps = 2\n"
        "[axes]\n\"noise.exponent\" = [1, 2]\n");
  ASSERT_EQ(modsweep({"run", "s.toml", "--quiet"}).code, 0);
  const std::string text = "'a' || char(27) || '[31m' || char(155) || char(10)";
  change_rows(path("s.db"), {"UPDATE sweeps SET name = " + text +
                                 ", axes = replace(axes, '[1]', '[\"' || char(127) || '\"]')",
                             "UPDATE cells SET device = " + text +
                                 ", settings = json_set(settings, '$.\"noise.exponent\"', char(127))"});
  change_rows(path("s.db"),
              {"UPDATE runs SET version = " + text + " WHERE num = 1",
               "INSERT INTO runs SELECT 2, 'b', revision, host, process, began, ended, outcome, command, "
               "engine, device, shard FROM runs"});
  write("s.db-lock", "modsweep lock\nelse\x1b[31mwhere\n77\n");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"status", "s.db"},
        {"status", "s.db", "s.db"},
        {"reproduce", "s.db"},
        {"aggregate", "s.db", "--value", "test_loss"},
        {"aggregate", "s.db", "--value", "sweep"},
        {"aggregate", "s.db", "--value", "test_loss", "--by", "sweep", "device"},
        {"fit", "s.db", "transition", "--x", "noise.exponent", "--y", "test_loss", "--no-save"},
        {"export", "s.db", "--columns"}}) {
    const Outcome outcome = modsweep(arguments);
    EXPECT_FALSE(commands_terminals(outcome.out)) << arguments[0] << ": " << outcome.out;
    EXPECT_FALSE(commands_terminals(outcome.err)) << arguments[0] << ": " << outcome.err;
    EXPECT_FALSE(outcome.out.empty() && outcome.err.empty()) << arguments[0];
  }
}

}  // namespace
}  // namespace modsweep
