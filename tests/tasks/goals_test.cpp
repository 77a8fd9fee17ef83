// Tasks with goals and with a range that is left out, against the vectors of causes/ and naive rules.
#include "support/causes_reference.h"
#include "tasks/make_task.h"
#include "tasks/numpy_random.h"

#include <cmath>
#include <limits>
#include <map>
#include <numbers>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modsweep::test {
namespace {

using testing::HasSubstr;

TaskSettings retina(const std::string& goal) {
  TaskSettings task;
  task.kind = "retina";
  task.inputs = 8;
  task.train_samples = task.test_samples = 256;
  task.goals = {goal};
  return task;
}

TaskSettings mixed_goals(const std::string& goal) {
  TaskSettings task;
  task.kind = "mixed_goals";
  task.train_samples = 20;
  task.goals = {goal};
  return task;
}

std::string error_of(const TaskSettings& task) {
  try {
    (void)make(task);
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

TEST(CausesReferenceTasks, Retina) {
  for (const CauseCase& reference : cause_cases("retina"))
    for (const char* goal : {"l_and_r", "l_or_r", "l_xor_r", "both"}) {
      SCOPED_TRACE(goal);
      const Dataset data = make(retina(goal));
      EXPECT_EQ(data.train.x, reference.values("x"));
      EXPECT_EQ(data.train.y, reference.values(goal));
      EXPECT_EQ(data.test.y, reference.values(goal));
    }
}

TEST(CausesReferenceTasks, RetinaSides) {
  for (const CauseCase& reference : cause_cases("retina"))
    for (const char* side : {"left", "right"}) {
      const std::vector<double> targets = make(retina(side)).train.y;
      const auto& given = reference.values(side);  // 1 and 0, or 1 and -1
      for (std::size_t s = 0; s < 256; ++s) EXPECT_EQ(targets[s] > 0.0, given[s] > 0.0) << side << " " << s;
    }
}

TEST(CausesReferenceTasks, MixedGoals) {
  // Sums of four sines, each within a few units in the last place.
  constexpr double tolerance = 16 * std::numeric_limits<double>::epsilon();
  for (const CauseCase& reference : cause_cases("mixed_goals"))
    for (std::size_t goal = 0; goal < 8; ++goal) {
      TaskSettings task = mixed_goals(std::to_string(goal + 1));
      task.seed = static_cast<std::uint32_t>(reference.number("seed"));
      const Dataset data = make(task);
      EXPECT_EQ(data.train.x, reference.values("x"));
      for (std::size_t i = 0; i < 80; ++i)
        EXPECT_NEAR(data.train.y[i], reference.values("y")[80 * goal + i], tolerance) << goal << " " << i;
    }
}

/// Whether a side has its object, by its rule in words: pixels as (row, column), column 0 the outer one.
bool naive_object(const std::map<std::pair<int, int>, bool>& pixel) {
  int on = 0;
  bool inner = false;
  for (const auto& [where, lit] : pixel) {
    on += lit ? 1 : 0;
    inner = inner || (lit && where.second == 1);
  }
  if (on == 3 || on == 4) return true;
  return on > 0 && !inner;
}

TEST(Retina, All256PatternsByTheRuleInWords) {
  const Dataset data = make(retina("both"));
  int left_objects = 0, right_objects = 0;
  for (std::size_t s = 0; s < 256; ++s) {
    const auto on = [&](std::size_t pixel) { return data.train.x[8 * s + pixel] == 1.0; };
    for (std::size_t pixel = 0; pixel < 8; ++pixel) {
      EXPECT_EQ(on(pixel), (s / (std::size_t{1} << pixel)) % 2 == 1);
      EXPECT_EQ(std::abs(data.train.x[8 * s + pixel]), 1.0);
    }
    // Left: columns 0 (outer: pixels 0 and 2) and 1; right: pixels 5 and 7 are the outer ones.
    const bool left = naive_object({{{0, 0}, on(0)}, {{1, 0}, on(2)}, {{0, 1}, on(1)}, {{1, 1}, on(3)}});
    const bool right = naive_object({{{0, 0}, on(5)}, {{1, 0}, on(7)}, {{0, 1}, on(4)}, {{1, 1}, on(6)}});
    EXPECT_EQ(data.train.y[2 * s], left ? 1.0 : -1.0) << s;
    EXPECT_EQ(data.train.y[2 * s + 1], right ? 1.0 : -1.0) << s;
    left_objects += left ? 1 : 0;
    right_objects += right ? 1 : 0;
  }
  EXPECT_EQ(left_objects, 8 * 16);
  EXPECT_EQ(right_objects, 8 * 16);
}

TEST(Retina, HasTwoModulesOfInputs) {
  CellSettings cell;
  cell.task = retina("l_and_r");
  EXPECT_EQ(modules_sought(cell), 2U);
  EXPECT_EQ(input_groups(cell.task), (std::vector<std::uint32_t>{0, 0, 0, 0, 1, 1, 1, 1}));
  cell.measure.modules = 5;
  EXPECT_EQ(modules_sought(cell), 5U);
  const CellSettings standard;
  EXPECT_EQ(modules_sought(standard), 4U);
  EXPECT_EQ(input_groups(standard.task), (std::vector<std::uint32_t>{0, 1, 2, 3}));
}

TEST(Goals, TheFirstIsLearnedWhereNoneIsNamed) {
  TaskSettings task = retina("l_and_r");
  const Dataset named = make(task);
  task.goals.clear();
  EXPECT_EQ(make(task).train.y, named.train.y);
  EXPECT_EQ(goal_of(task), "l_and_r");
  EXPECT_NE(make(retina("l_xor_r")).train.y, named.train.y);
}

TEST(Goals, WrongOnesAreNamed) {
  EXPECT_THAT(error_of(retina("l_nand_r")),
              HasSubstr("\"l_nand_r\" is no goal of task.kind = \"retina\"; it has "
                        "l_and_r, l_or_r, l_xor_r, left, right, both"));
  EXPECT_THAT(error_of(mixed_goals("9")), HasSubstr("it has 1, 2, 3"));
  TaskSettings task = retina("both");
  task.train_samples = 257;
  EXPECT_THAT(error_of(task), HasSubstr("task.train_samples = 257: task.kind = \"retina\" has 256 patterns"));
  task = retina("both");
  task.inputs = 4;
  EXPECT_THAT(error_of(task), HasSubstr("give 8"));
  task = mixed_goals("1");
  task.inputs = 5;
  EXPECT_THAT(error_of(task), HasSubstr("give 4"));
}

TaskSettings cut_corners(std::uint32_t inputs) {
  TaskSettings task;
  task.inputs = inputs;
  task.train_samples = 30;
  task.test_samples = 20;
  task.validation_samples = 10;
  task.ood_samples = 25;
  set_own(task, "task.range", "cut_corners");
  return task;
}

TEST(CutCorners, SamplesComeInDrawingOrderByTheirCorner) {
  for (const std::uint32_t n : {2U, 3U, 4U, 5U}) {
    SCOPED_TRACE(n);
    const TaskSettings task = cut_corners(n);
    const Dataset data = make(task);
    NumpyRandom random(task.seed);
    std::vector<double> amplitude(n), frequency(n), phase(n);
    for (double& a : amplitude) a = 0.7 + 0.3 * random.uniform();
    for (double& w : frequency) w = 0.4 + 1.4 * random.uniform();
    for (double& p : phase) p = 2 * std::numbers::pi * random.uniform();
    std::vector<double> learned, left_out;
    while (learned.size() < 60 * n || left_out.size() < 25 * n) {
      std::vector<double> x(n);
      for (double& v : x) v = (random.uniform() - 0.5) * 4.0;
      bool corner = false;
      for (std::uint32_t i = 0; i + 1 < n; i += 2) corner = corner || (x[i] > 0 && x[i + 1] > 0);
      auto& to = corner ? left_out : learned;
      to.insert(to.end(), x.begin(), x.end());
    }
    const auto part = [&](const std::vector<double>& all, std::uint32_t first, std::uint32_t count) {
      return std::vector<double>(all.begin() + std::ptrdiff_t{first} * n,
                                 all.begin() + std::ptrdiff_t{first + count} * n);
    };
    EXPECT_EQ(data.train.x, part(learned, 0, 30));
    EXPECT_EQ(data.test.x, part(learned, 30, 20));
    EXPECT_EQ(data.validation.x, part(learned, 50, 10));
    EXPECT_EQ(data.ood.x, part(left_out, 0, 25));
    for (const Samples* samples : {&data.train, &data.test, &data.validation, &data.ood}) {
      EXPECT_EQ(samples->outputs, n);
      ASSERT_EQ(samples->y.size(), samples->x.size());
      for (std::size_t k = 0; k < samples->y.size(); ++k)
        EXPECT_EQ(samples->y[k],
                  amplitude[k % n] * std::sin(frequency[k % n] * samples->x[k] + phase[k % n]));
    }
  }
}

TEST(OtherSeed, ReplacesTheSecondFunctionAlone) {
  TaskSettings task;
  task.train_samples = 20;
  task.test_samples = 10;
  const Dataset own = make(task);
  set_own(task, "task.other_seed", 146U);
  const Dataset mixed = make(task);
  EXPECT_EQ(mixed.train.x, own.train.x);
  // The functions of seed 146, from NumPy's generator in the order of its draws.
  NumpyRandom random(146);
  std::vector<double> drawn(12);
  for (double& u : drawn) u = random.uniform();
  for (std::size_t k = 0; k < mixed.test.y.size(); ++k) {
    const double x = mixed.test.x[k];
    const double replaced =
        (0.7 + 0.3 * drawn[1]) * std::sin((0.4 + 1.4 * drawn[5]) * x + 2 * std::numbers::pi * drawn[9]);
    EXPECT_EQ(mixed.test.y[k], k % 4 == 1 ? replaced : own.test.y[k]) << k;
  }
  task.inputs = 1;
  EXPECT_THAT(error_of(task), HasSubstr("needs at least 2"));
}

TEST(CutCorners, NeedsPairsAndTheRange) {
  EXPECT_THAT(error_of(cut_corners(1)), HasSubstr("needs at least 2"));
  EXPECT_THAT(error_of(cut_corners(65)), HasSubstr("give at most 64"));
  TaskSettings task = cut_corners(4);
  set_own(task, "task.range", "all");
  EXPECT_THAT(error_of(task), HasSubstr("task.ood_samples = 25 with task.range = \"all\""));
}

}  // namespace
}  // namespace modsweep::test
