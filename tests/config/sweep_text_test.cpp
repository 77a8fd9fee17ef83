// Sweeps as the text of a sweep file: read again, they are the same cells.
#include "config/sweep_text.h"

#include "config/parse.h"
#include "support/temporary_folder.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace modsweep::test {
namespace {

std::vector<std::string> cell_ids(const Sweep& sweep) {
  std::vector<std::string> ids;
  for (std::uint64_t i = 0; i < sweep.size(); i += 1 + sweep.size() / 50) ids.push_back(sweep.cell(i).id);
  return ids;
}

void expect_same(const Sweep& found, const Sweep& wanted) {
  EXPECT_EQ(found.name, wanted.name);
  EXPECT_EQ(found.id(), wanted.id());
  ASSERT_EQ(found.size(), wanted.size());
  EXPECT_EQ(cell_ids(found), cell_ids(wanted));
}

TEST(SweepText, OfEverySweepFileIsThatSweep) {
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(MODSWEEP_SOURCE_DIR) + "/sweeps")) {
    if (entry.path().extension() != ".toml") continue;
    SCOPED_TRACE(entry.path());
    const Sweep sweep = read_sweep(entry.path().string());
    expect_same(parse(sweep_file_text(sweep, "")), sweep);
  }
}

TEST(SweepText, KeepsWhatStandsOnlyInSomeCells) {
  const std::string variants = "name = \"v\"\n" + run +
                               "[axes]\nvariant = [{ \"regularizer.l1\" = 1e-4 }, "
                               "{ \"noise.strength\" = 0.1, \"noise.exponent\" = 2 }, {}]\n"
                               "\"network.hidden\" = [[4], [4, 4]]\n\"training.seed\" = { range = [3, 5] }\n";
  expect_same(parse(sweep_file_text(parse(variants), "")), parse(variants));
  const std::string epochs = "[training]\nepochs = 7\n[axes]\n\"training.batch_size\" = [5, 10]\n";
  expect_same(parse(sweep_file_text(parse(epochs), "")), parse(epochs));
  const std::string one = "[network]\nactivation = \"relu\"\nhidden = [3, 2]\n" + run;
  expect_same(parse(sweep_file_text(parse(one), "")), parse(one));
}

TEST(SweepText, FindsTablesFromAnotherFolder) {
  const TemporaryFolder folder;
  const std::filesystem::path top = folder.path();
  std::filesystem::create_directories(top / "data");
  std::filesystem::create_directories(top / "rounds");
  for (const char* name : {"a.csv", "b.csv"})
    std::ofstream(top / "data" / name) << "x,y\n1,2\n3,4\n5," << name[0] - 'a' << "\n";
  const auto text = [](const std::string& file, const std::string& axis) {
    return "[task]\nkind = \"table\"\n" + file +
           "inputs = 1\ninput_columns = [\"x\"]\ntarget_columns = [\"y\"]\ntrain_samples = 2\n"
           "test_samples = 1\n" +
           run + axis;
  };
  for (const std::string& content :
       {text("file = \"data/a.csv\"\n", ""),
        text("", "[axes]\n\"task.file\" = [\"data/a.csv\", \"data/b.csv\"]\n\"training.seed\" = [0, 1]\n")}) {
    const Sweep sweep = parse_sweep(content, (top / "test.toml").string());
    const std::string written = sweep_file_text(sweep, (top / "rounds").string());
    EXPECT_NE(written.find("../data/a.csv"), std::string::npos) << written;
    const Sweep found = parse_sweep(written, (top / "rounds/test.toml").string());
    EXPECT_EQ(cell_ids(found), cell_ids(sweep));
  }
}

}  // namespace
}  // namespace modsweep::test
