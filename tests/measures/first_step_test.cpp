// first_step_below against the rows of history: for losses, and for signs.
#include "config/parse.h"
#include "run/runner_fixture.h"

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "modsweep/cpu_engine.h"

namespace modsweep::test {
namespace {

using nlohmann::json;

const std::string losses_sweep = R"(
name = "losses"
[task]
train_samples = 20
test_samples = 20
[network]
hidden = [8]
[training]
batch_size = 10
steps = 40
learning_rate = 0.03
[measure]
initial = true
every_steps = 5
[axes]
"measure.threshold" = [1e-30, 0.2, 0.5, 1000]
)";

const std::string signs_sweep = R"(
name = "signs"
[task]
kind = "retina"
inputs = 8
train_samples = 256
test_samples = 256
[network]
hidden = [8]
[training]
batch_size = 256
steps = 40
learning_rate = 0.03
[measure]
initial = true
every_steps = 5
[axes]
"measure.threshold" = [1e-30, 0.2, 0.4, 1000]
)";

class FirstStep : public testing_support::RunnerTest {
 protected:
  FirstStep() {
    engines_.clear();
    engines_.push_back(make_cpu_engine({.threads = 1, .instruction_set = {}}));
  }
  /// Holds each row of history to the rows before it, and returns what the last rows say, by threshold.
  std::map<double, json> check(const std::string& sweep, const char* column) {
    const auto file = path("first.db");
    EXPECT_FALSE(run(parse(sweep), file).interrupted);
    std::stringstream out;
    Store(file, Store::Access::read_only).export_table(Table::history, ExportFormat::jsonl, out);
    std::map<double, json> first;
    std::size_t rows = 0;
    for (std::string line; std::getline(out, line); ++rows) {
      const json row = json::parse(line);
      const double threshold = row["measure.threshold"];
      json& expected = first[threshold];
      if (expected.is_null() && row[column].get<double>() < threshold) expected = row["step"];
      EXPECT_EQ(row["first_step_below"], expected) << line;
    }
    EXPECT_EQ(rows, 4U * 9U);
    return first;
  }
};

TEST_F(FirstStep, IsThatOfTheTestLoss) {
  const auto first = check(losses_sweep, "test_loss");
  EXPECT_EQ(first.at(1e-30), json());
  EXPECT_EQ(first.at(1000), 0);
}

TEST_F(FirstStep, IsThatOfWrongSignsWhereTargetsAreSigns) {
  const auto first = check(signs_sweep, "wrong_signs");
  EXPECT_EQ(first.at(1000), 0);
}

}  // namespace
}  // namespace modsweep::test
