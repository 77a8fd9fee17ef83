// modsweep bench --predict: times from counts of machine code.
#include "cli/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing_support::expect_error;
using testing_support::Outcome;

using PredictionTest = testing_support::ProgramTest;

constexpr const char* counts = R"({"architecture": "sm_90", "network": "4-32-4", "kernels": {"plain": {
  "instructions": 7020, "model_clocks": {"1 blocks, strict": 3510, "1 blocks, merged": 1755,
  "2 blocks, strict": 5265, "2 blocks, merged": 3510}}}})";

TEST_F(PredictionTest, CountTheNetworksOfTheFullestMultiprocessor) {
  write("counts.json", counts);
  const Outcome outcome = modsweep({"bench", "--predict", "counts.json", "--networks", "1", "--networks",
                                    "264", "--networks", "265", "--format", "json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto rows = nlohmann::json::parse(outcome.out);
  ASSERT_EQ(rows.size(), 3U);
  for (const auto& row : rows) EXPECT_EQ(row["bench"], "prediction");
  EXPECT_EQ(rows[0]["predicted_step_us"], (std::vector<double>{1.0, 2.0}));  // one network
  EXPECT_EQ(rows[1]["predicted_step_us"], (std::vector<double>{2.0, 3.0}));  // two of them together
  EXPECT_EQ(rows[2]["predicted_step_us"], (std::vector<double>{3.0, 5.0}));  // two, then one
  EXPECT_DOUBLE_EQ(rows[0]["issue_bound_us"].get<double>(), 1.0);
  EXPECT_DOUBLE_EQ(rows[1]["issue_bound_us"].get<double>(), 2.0 / 264);
}

TEST_F(PredictionTest, AreCalledPredictions) {
  write("counts.json", counts);
  EXPECT_THAT(modsweep({"bench", "--predict", "counts.json"}).out,
              HasSubstr("A prediction from counted machine code; nothing was measured."));
}

TEST_F(PredictionTest, NeedCounts) {
  expect_error(modsweep({"bench", "--predict", "absent.json"}), 2,
               {"absent.json", "bench/fused_counts.json"});
  write("none.json", "[1, 2]");
  expect_error(modsweep({"bench", "--predict", "none.json"}), 2, {"none.json: no file of counts"});
  write("few.json", R"({"architecture": "sm_90", "kernels": {"plain": {"instructions": 1}}})");
  expect_error(modsweep({"bench", "--predict", "few.json"}), 2, {"few.json: counts are missing"});
}

}  // namespace
}  // namespace modsweep
