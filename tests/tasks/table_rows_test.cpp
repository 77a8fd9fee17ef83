// Which rows of a table are used, in which order and on which scale, what the user is told about them, and
// how often a file is read.
#include "tasks/make_task.h"
#include "tasks/table.h"
#include "tasks/table_fixture.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "modsweep/math/order.h"

namespace modsweep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Rows i, -i, 10 i for i from 0.
std::string counted_rows(std::uint32_t count) {
  std::string text = "a,b,y\n";
  for (std::uint32_t i = 0; i < count; ++i) text += fmt::format("{0},-{0},{0}0\n", i);
  return text;
}

std::vector<double> inputs_a(const Samples& samples) {
  std::vector<double> values;
  for (std::size_t i = 0; i < samples.x.size(); i += samples.inputs) values.push_back(samples.x[i]);
  return values;
}

class TableRowsTest : public TableTest {
 protected:
  [[nodiscard]] TaskSettings counted(std::uint32_t count, std::uint32_t train, std::uint32_t test) const {
    TaskSettings task = table("t.csv", counted_rows(count));
    task.train_samples = train;
    task.test_samples = test;
    return task;
  }
  [[nodiscard]] TaskSettings random(std::uint32_t count, std::uint32_t train, std::uint32_t test,
                                    std::uint32_t seed = 0) const {
    TaskSettings task = counted(count, train, test);
    set_own(task, "task.split", "random");
    set_own(task, "task.data_seed", seed);
    return task;
  }

  /// The text of the only remark of a kind; empty: there is none.
  static std::string remark(const TaskSettings& task, std::string_view kind,
                            Precision precision = Precision::fp32) {
    std::string text;
    for (const DataRemark& own : DatasetCache().remarks(task, precision)) {
      EXPECT_EQ(own.text.find('\n'), std::string::npos);
      EXPECT_THAT(own.text, testing::StartsWith(task.file));
      if (own.kind != kind) continue;
      EXPECT_TRUE(text.empty());
      text = own.text;
    }
    return text;
  }
};

// ---- Which rows.

TEST_F(TableRowsTest, ARandomOrderIsFisherAndYatesWithPhilox) {
  for (const std::uint32_t seed : {0U, 1U, 4294967295U}) {
    const Dataset data = make(random(20, 12, 8, seed));
    std::vector<double> order(20);
    std::iota(order.begin(), order.end(), 0.0);
    for (std::uint32_t i = 20; i > 1; --i) {  // science.md section 6, task 7
      const r123::Philox4x32::ctr_type counter = {{0, 0, i, 0}};
      const std::uint32_t word = r123::Philox4x32()(counter, {{seed, 6}})[0];
      std::swap(order[i - 1], order[(std::uint64_t{word} * i) >> 32U]);
    }
    const auto middle = order.begin() + 12;
    EXPECT_EQ(inputs_a(data.train), std::vector<double>(order.begin(), middle));
    EXPECT_EQ(inputs_a(data.test), std::vector<double>(middle, order.end()));
    for (std::size_t i = 0; i < 12; ++i) {
      EXPECT_EQ(data.train.x[2 * i + 1], -data.train.x[2 * i]);
      EXPECT_EQ(data.train.y[i], 10 * data.train.x[2 * i]);
    }
  }
}

TEST_F(TableRowsTest, RandomSplitsDifferBySeedAndUseEveryRow) {
  std::set<std::vector<double>> orders;
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const Dataset data = make(random(30, 20, 10, seed));
    std::vector<double> all = inputs_a(data.train);
    orders.insert(all);
    for (const double value : inputs_a(data.test)) all.push_back(value);
    EXPECT_THAT(std::set<double>(all.begin(), all.end()), SizeIs(30)) << seed;
  }
  EXPECT_THAT(orders, SizeIs(50));
}

TEST_F(TableRowsTest, TestAndValidationSetAreTheSameForEverySizeOfTheTrainingSet) {
  const auto sized = [&](std::uint32_t size) {
    TaskSettings task = random(40, size, 10, 7);
    task.validation_samples = 6;
    return make(task);
  };
  const Dataset large = sized(24);
  std::vector<double> all;
  for (const Samples* own : {&large.train, &large.test, &large.validation})
    for (const double value : inputs_a(*own)) all.push_back(value);
  EXPECT_THAT(std::set<double>(all.begin(), all.end()), SizeIs(40));
  for (const std::uint32_t size : {1U, 5U, 23U}) {
    const Dataset small = sized(size);
    EXPECT_EQ(small.test.x, large.test.x);
    EXPECT_EQ(small.validation.x, large.validation.x);
    EXPECT_TRUE(std::equal(small.train.x.begin(), small.train.x.end(), large.train.x.begin()));
  }
  EXPECT_EQ(make(random(40, 30, 10, 7)).test.x, large.test.x);
}

TEST_F(TableRowsTest, ValidationRowsAreScaledAsTrainingRows) {
  TaskSettings task = counted(10, 4, 3);
  task.validation_samples = 3;
  set_own(task, "task.scale", "standard");
  const Dataset data = make(task);  // rows 0 to 3, 4 to 6, 7 to 9
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_DOUBLE_EQ(data.validation.x[2 * i], (static_cast<double>(7 + i) - 1.5) / std::sqrt(1.25));
}

TEST_F(TableRowsTest, MarkedRowsAreDrawnWithinTheirSplit) {
  std::string text = "a,b,y,s\n";
  for (int i = 0; i < 30; ++i)
    text += fmt::format("{},0,0,{}\n", i, i < 15 ? "train" : i < 25 ? "test" : i < 27 ? "validation" : "ood");
  TaskSettings task = table("t.csv", text);
  task.split_column = "s";
  task.train_samples = 10;
  task.test_samples = 10;
  task.ood_samples = 2;
  task.validation_samples = 2;
  set_own(task, "task.split", "random");
  std::set<std::vector<double>> orders;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    set_own(task, "task.data_seed", seed);
    const Dataset data = make(task);
    EXPECT_EQ(data.train.count, 10U);
    for (const double a : inputs_a(data.train)) EXPECT_LT(a, 15);
    for (const double a : inputs_a(data.test)) EXPECT_TRUE(a >= 15 && a < 25);
    for (const double a : inputs_a(data.validation)) EXPECT_TRUE(a == 25 || a == 26);
    for (const double a : inputs_a(data.ood)) EXPECT_GE(a, 27);
    orders.insert(inputs_a(data.train));
  }
  EXPECT_THAT(orders, SizeIs(20));
}

TEST_F(TableRowsTest, SettingsWithoutEffectAreRefused) {
  TaskSettings task = counted(10, 5, 5);
  set_own(task, "task.data_seed", 3);
  EXPECT_THAT(error_of(task), HasSubstr("task.data_seed = 3 has no effect with task.split = \"first\"; set"));
  task = random(10, 4, 4);
  task.ood_samples = 2;
  EXPECT_THAT(error_of(task), HasSubstr("task.ood_samples = 2: rows drawn at random are like"));
  for (const char* key : {"task.split", "task.scale", "task.missing"}) {
    task = counted(10, 5, 5);
    task.own.set(key, std::string("other"));
    EXPECT_THAT(error_of(task), HasSubstr(fmt::format("{} = \"other\": use \"", key)));
  }
}

// ---- Scales.

TEST_F(TableRowsTest, StandardScalesAreThoseOfTheTrainingRows) {
  TaskSettings task = table("t.csv", "a,b,y\n1990,0.1,5\n2000,0.1,7\n2016,0.1,6\n2022,0.3,10\n");
  task.train_samples = 3;
  set_own(task, "task.scale", "standard");
  const Dataset data = make(task);
  // scikit-learn: StandardScaler().fit(train).mean_, .scale_
  ASSERT_THAT(data.input_scales, SizeIs(2));
  ASSERT_THAT(data.target_scales, SizeIs(1));
  EXPECT_EQ(data.input_scales[0].column, "a");
  EXPECT_EQ(data.input_scales[0].mean, 2002);
  EXPECT_NEAR(data.input_scales[0].scale, std::sqrt((144 + 4 + 196) / 3.0), 1e-13);
  EXPECT_EQ(data.input_scales[1].mean, 0.1);  // exactly, so that what does not vary is exactly 0
  EXPECT_EQ(data.input_scales[1].scale, 1);
  EXPECT_EQ(data.target_scales[0].column, "y");
  EXPECT_EQ(data.target_scales[0].mean, 6);
  EXPECT_NEAR(data.target_scales[0].scale, std::sqrt(2 / 3.0), 1e-15);
  for (const auto& [row, a] : {std::pair(0, 1990), {1, 2000}, {2, 2016}}) {
    EXPECT_EQ(data.train.x[static_cast<std::size_t>(2 * row)], (a - 2002) / data.input_scales[0].scale);
    EXPECT_EQ(data.train.x[static_cast<std::size_t>(2 * row + 1)], 0);
  }
  EXPECT_EQ(data.test.x[0], 20 / data.input_scales[0].scale);
  EXPECT_EQ(data.test.x[1], 0.3 - 0.1);
  EXPECT_EQ(data.test.y[0], 4 / data.target_scales[0].scale);
  EXPECT_THAT(make(counted(10, 5, 5)).input_scales, IsEmpty());
}

TEST_F(TableRowsTest, LargeNumbersThatVaryLittleAreScaled) {
  TaskSettings task = table("t.csv", "a,b,y\n1e15,1,1\n1000000000000001,2,2\n1000000000000002,3,3\n");
  task.train_samples = 2;
  set_own(task, "task.scale", "standard");
  const Dataset data = make(task);
  EXPECT_EQ(data.input_scales[0].scale, 0.5);
  EXPECT_THAT(inputs_a(data.train), ElementsAre(-1, 1));
  EXPECT_THAT(inputs_a(data.test), ElementsAre(3));
  task = table("t.csv", "a,b,y\n1e300,1,1\n-1e300,2,2\n0,3,3\n");
  set_own(task, "task.scale", "standard");
  EXPECT_THAT(error_of(task), HasSubstr("the column \"a\" cannot be scaled: its standard deviation is inf"));
}

// ---- Remarks.

TEST_F(TableRowsTest, ASortedTableIsTold) {
  const std::string text = remark(counted(100, 80, 20), "split");
  EXPECT_THAT(
      text, HasSubstr("the first 80 rows (training) and the next 20 (test) differ in the columns \"a\", "
                      "\"b\", \"y\" more than in all but 1 of 1,000 shuffles; set task.split = \"random\""));
  for (std::uint32_t seed = 0; seed < 20; ++seed) EXPECT_EQ(remark(random(100, 80, 20, seed), "split"), "");
  EXPECT_EQ(remark(counted(6, 4, 2), "split"), "");  // of six rows, every split is likely enough
  TaskSettings marked = table("t.csv", "a,b,y,s\n1,1,1,train\n2,2,2,train\n9,9,9,test\n");
  marked.split_column = "s";
  EXPECT_EQ(remark(marked, "split"), "");
}

TEST_F(TableRowsTest, FewerThanOneInAThousandShufflesAreTold) {
  // of 60 rows and three columns, one with ties
  std::size_t told = 0;
  for (std::uint32_t seed = 0; seed < 5000; ++seed) {
    std::vector<std::uint32_t> order(60);
    math::shuffle_rows(seed, 1, 60, order.data());
    Samples train{40, 2, 1, {}, {}};
    Samples test{20, 2, 1, {}, {}};
    for (std::size_t i = 0; i < 60; ++i) {
      Samples& own = i < 40 ? train : test;
      own.x.push_back(order[i]);
      own.x.push_back(order[i] % 3);
      own.y.push_back(std::sin(order[i]));
    }
    if (!differing_columns(train, test).empty()) ++told;
  }
  EXPECT_LE(told, 5U);
}

TEST_F(TableRowsTest, DriftInOneColumnOfManyIsTold) {
  Samples train{400, 3, 1, {}, {}};
  Samples test{100, 3, 1, {}, {}};
  for (std::size_t i = 0; i < 500; ++i) {
    Samples& own = i < 400 ? train : test;
    own.x.insert(own.x.end(),
                 {std::sin(12.9898 * static_cast<double>(i)), 1.0, i < 400 ? 0.0 : double(i % 3)});
    own.y.push_back(std::cos(78.233 * static_cast<double>(i)));
  }
  EXPECT_THAT(differing_columns(train, test), ElementsAre(2));
}

TEST_F(TableRowsTest, ColumnsThatDoNotVaryAreTold) {
  TaskSettings task = table("t.csv", "a,b,y\n1,2,3\n2,2,3\n3,4,5\n");
  EXPECT_THAT(remark(task, "constant"),
              HasSubstr("the columns \"b\", \"y\" do not vary in the training rows; leave them out"));
  task = table("t.csv", "a,b,y\n1,2,3\n2,2,4\n3,4,5\n");
  EXPECT_THAT(remark(task, "constant"),
              HasSubstr("the column \"b\" does not vary in the training rows; leave it"));
  task.train_samples = 1;
  EXPECT_EQ(remark(task, "constant"), "");
  EXPECT_EQ(remark(table("t.csv", three_rows), "constant"), "");
}

TEST_F(TableRowsTest, NumbersThatSinglePrecisionDoesNotHoldAreTold) {
  const TaskSettings task = table("t.csv", "a,b,y\n1,1e39,16777216\n2,5,16777217\n-3.5e38,6,16777218.5\n");
  EXPECT_THAT(remark(task, "infinite"),
              HasSubstr("the columns \"a\", \"b\" hold -3.5e+38, which is infinite in fp32; set task.scale"));
  EXPECT_THAT(remark(task, "rounded"),
              HasSubstr("the column \"y\" holds 16777217, which fp32 rounds to 16777216, "
                        "as other integers beyond 2^24"));
  EXPECT_NE(remark(task, "rounded", Precision::tf32), "");
  EXPECT_EQ(remark(task, "infinite", Precision::fp64) + remark(task, "rounded", Precision::fp64), "");
  TaskSettings scaled =
      table("t.csv", "a,b,y\n1,1700000001,16777216\n2,1700000003,16777217\n3,1700000009,16777219\n");
  EXPECT_NE(remark(scaled, "rounded"), "");
  set_own(scaled, "task.scale", "standard");
  EXPECT_EQ(remark(scaled, "rounded"), "");
}

TEST_F(TableRowsTest, RowsLeftOutAreTold) {
  TaskSettings task = table("t.csv", "a,b,y\n1,2,3\n?,2,4\n3,4,5\n4,5,NA\n5,5,5\n");
  set_own(task, "task.missing", "drop");
  EXPECT_THAT(remark(task, "missing"),
              HasSubstr(":3: the column \"a\" holds \"?\": a missing value; 2 of 5 rows are left out"));
}

// ---- Reading.

TEST_F(TableRowsTest, AFileIsReadOnceForAllSizesSeedsAndScales) {
  DatasetCache cache;
  for (std::uint32_t size = 1; size <= 20; ++size) {
    const TaskSettings task = random(50, size, 10, size);
    cache.check(task);
    EXPECT_EQ(cache.get(task)->train.count, size);
    TaskSettings scaled = task;
    set_own(scaled, "task.scale", "standard");
    EXPECT_EQ(cache.get(scaled)->train.count, size);
    (void)cache.remarks(task, Precision::fp32);
  }
  EXPECT_EQ(cache.files_read(), 1U);
  TaskSettings other = counted(50, 5, 5);
  other.target_columns = {"a"};
  other.input_columns = {"y", "b"};
  (void)cache.get(other);
  EXPECT_EQ(cache.files_read(), 2U);
  (void)cache.get(random(50, 7, 7));
  EXPECT_EQ(cache.files_read(), 2U);
  EXPECT_EQ(DatasetCache().files_read(), 0U);
}

TEST(DataOfOthers, HaveNoRemarksAndNoFiles) {
  DatasetCache cache;
  TaskSettings task;
  cache.check(task);
  EXPECT_THAT(cache.remarks(task, Precision::fp32), IsEmpty());
  EXPECT_EQ(cache.files_read(), 0U);
}

}  // namespace
}  // namespace modsweep::test
