// The loader itself: it finds all cases of the index, and refuses what it does not know.
#include "support/reference.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace modsweep::test {
namespace {

namespace fs = std::filesystem;

std::set<std::string> names(const auto& cases) {
  std::set<std::string> found;
  for (const auto& found_case : cases) found.insert(found_case.name);
  return found;
}

TEST(Reference, FindsEveryCaseOfTheIndex) {
  std::ifstream index(reference_dir() + "/index.json");
  if (!index) GTEST_SKIP() << "no index.json in " << reference_dir();
  std::map<std::string, std::set<std::string>> listed;
  for (const auto& entry : nlohmann::json::parse(index)) {
    const fs::path file = entry.at("file").get<std::string>();
    listed[file.parent_path()].insert(file.stem());
  }
  EXPECT_EQ(names(network_cases()), listed["networks"]);
  EXPECT_EQ(names(trajectory_cases()), listed["trajectories"]);
  EXPECT_EQ(names(laplacian_cases()), listed["laplacian"]);
}

TEST(Reference, TensorsHaveTheShapesOfTheSettings) {
  for (const auto& network : network_cases()) {
    const TensorFile file = network.load();
    const ParameterLayout layout(network.shape());
    for (const auto& [prefix, suffix] : {std::pair("", ""), {"g", ""}, {"", "_adam1"}, {"", "_adam10"}})
      EXPECT_EQ(parameters_of(network, file, prefix, suffix).values.size(), layout.parameters())
          << network.path;
    EXPECT_EQ(tensor(file, network, "x").shape,
              (std::vector<std::uint64_t>{network.batch, network.sizes.front()}));
    EXPECT_EQ(file.tensors.contains("eps0"), network.noise_alpha.has_value()) << network.path;
  }
}

/// An empty reference directory with the folder `networks`.
class BrokenReference : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "modsweep-reference-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(directory_);
    fs::create_directories(directory_ + "/networks");
  }
  void TearDown() override { fs::remove_all(directory_); }

  /// Copies the first case and changes one setting.
  void add_changed(const std::string& key, const std::string& value) {
    const NetworkCase first = network_cases().front();
    TensorFile file = first.load();
    file.metadata[key] = value;
    write_safetensors(directory_ + "/networks/" + first.name + ".safetensors", file);
  }
  void expect_error(const std::string& part) {
    try {
      static_cast<void>(network_cases(directory_));
      FAIL() << "no error";
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(part));
    }
  }

  std::string directory_;
};

TEST_F(BrokenReference, NoCase) {
  expect_error("no case");
}

TEST_F(BrokenReference, NoDirectory) {
  fs::remove_all(directory_);
  expect_error("no such directory");
}

TEST_F(BrokenReference, UnknownKind) {
  fs::create_directories(directory_ + "/convolutions");
  expect_error("unknown kind");
}

TEST_F(BrokenReference, OtherFile) {
  std::ofstream(directory_ + "/networks/notes.txt") << "x";
  expect_error("no .safetensors file");
}

TEST_F(BrokenReference, UnchangedCaseIsFine) {
  add_changed("note", "\"other\"");
  EXPECT_EQ(network_cases(directory_).size(), 1U);
}

TEST_F(BrokenReference, UnknownActivation) {
  add_changed("activation", "softplus");
  expect_error("unknown activation softplus");
}

TEST_F(BrokenReference, UnknownRegularizer) {
  add_changed("regularizer", "L7");
  expect_error("unknown regularizer L7");
}

TEST_F(BrokenReference, UnknownSetting) {
  add_changed("dropout", "0.5");
  expect_error("unknown setting dropout");
}

TEST(Reference, DirectoryComesFromTheEnvironment) {
  const char* before = std::getenv("MODSWEEP_REFERENCE_DIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("MODSWEEP_REFERENCE_DIR", "/some/where", 1);
  EXPECT_EQ(reference_dir(), "/some/where");
  ::setenv("MODSWEEP_REFERENCE_DIR", kept.c_str(), 1);
  EXPECT_NE(reference_dir(), "/some/where");
}

}  // namespace
}  // namespace modsweep::test
