// The four settings of the paper's standard network (sweeps/paper_table.toml): a short version, and, on
// request, the full protocol against the ranges that an independent PyTorch implementation measured
// (science.md section 7).
#include "cli/program.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace modsweep::testing_support {
namespace {

/// Medians over seeds of one setting.
struct Medians {
  double test_loss = 0.0;
  double sum_w2 = 0.0;
  double gap = 0.0;  ///< gap_4 of layer 1, live rows
  std::size_t cells = 0;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

class PaperTest : public ProgramTest {
 protected:
  /// Medians by setting: "l2", "wa2", "noise0", "noise2".
  [[nodiscard]] std::map<std::string, Medians> medians(const std::string& store) const {
    sqlite3* database = nullptr;
    sqlite3_stmt* rows = nullptr;
    EXPECT_EQ(sqlite3_open_v2(path(store).c_str(), &database, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_prepare_v2(
                  database,
                  "select \"noise.strength\", \"noise.exponent\", \"regularizer.weighted_activity\", "
                  "test_loss, sum_w2, gap_live_layer1 from results where status = 'done'",
                  -1, &rows, nullptr),
              SQLITE_OK)
        << sqlite3_errmsg(database);
    std::map<std::string, std::vector<std::vector<double>>> values;
    while (sqlite3_step(rows) == SQLITE_ROW) {
      std::string name = sqlite3_column_double(rows, 2) > 0.0 ? "wa2" : "l2";
      if (sqlite3_column_double(rows, 0) > 0.0)
        name = sqlite3_column_double(rows, 1) > 0.0 ? "noise2" : "noise0";
      auto& columns = values[name];
      columns.resize(3);
      for (int c = 0; c < 3; ++c)
        columns[static_cast<std::size_t>(c)].push_back(sqlite3_column_double(rows, 3 + c));
    }
    sqlite3_finalize(rows);
    sqlite3_close(database);
    std::map<std::string, Medians> out;
    for (const auto& [name, columns] : values)
      out[name] = {median(columns[0]), median(columns[1]), median(columns[2]), columns[0].size()};
    return out;
  }

  const std::string sweep_ = MODSWEEP_SOURCE_DIR "/sweeps/paper_table.toml";
};

TEST_F(PaperTest, AFifthOfTheProtocolShowsTheDirections) {
  ASSERT_EQ(modsweep({"run", sweep_, "-o", "short.db", "--quiet", "--set", "training.steps=10000", "--set",
                      "training.seed=[0, 1, 2, 3, 4]"})
                .code,
            0);
  auto table = medians("short.db");
  ASSERT_EQ(table.size(), 4U);
  for (const auto& [name, row] : table) EXPECT_EQ(row.cells, 5U) << name;
  // What drives modules does so early; additive noise and l2 do not.
  EXPECT_GT(table["wa2"].gap, table["l2"].gap + 0.2);
  EXPECT_GT(table["noise2"].gap, table["noise0"].gap + 0.2);
  // Noise costs accuracy, additive noise most, and weights grow against it.
  EXPECT_GT(table["noise0"].test_loss, table["noise2"].test_loss);
  EXPECT_GT(table["noise2"].test_loss, 2.0 * table["wa2"].test_loss);
  EXPECT_GT(table["noise0"].sum_w2, 1.3 * table["noise2"].sum_w2);
}

/// MODSWEEP_FULL_PROTOCOL=1: 40 networks of 50,000 steps.
TEST_F(PaperTest, TheFullProtocolIsWithinTheMeasuredRanges) {
  if (std::getenv("MODSWEEP_FULL_PROTOCOL") == nullptr)
    GTEST_SKIP() << "set MODSWEEP_FULL_PROTOCOL=1 to run it";
  ASSERT_EQ(modsweep({"run", sweep_, "-o", "full.db", "--quiet"}).code, 0);
  auto table = medians("full.db");
  struct Range {
    const char* name;
    double test_loss, sum_w2, gap, gap_within;
  };
  for (const Range& want :
       {Range{"l2", 1.4e-4, 22.5, 0.47, 0.15}, Range{"wa2", 1.2e-4, 25.8, 0.91, 0.08},
        Range{"noise0", 5.8e-4, 43.1, 0.32, 0.08}, Range{"noise2", 4.6e-4, 28.1, 0.88, 0.08}}) {
    const Medians& got = table[want.name];
    EXPECT_EQ(got.cells, 10U) << want.name;
    EXPECT_NEAR(got.test_loss, want.test_loss, 0.3 * want.test_loss) << want.name;
    EXPECT_NEAR(got.sum_w2, want.sum_w2, 0.05 * want.sum_w2) << want.name;
    EXPECT_NEAR(got.gap, want.gap, want.gap_within) << want.name;
  }
}

}  // namespace
}  // namespace modsweep::testing_support
