// gaussian2d and random_composition against a second, naive implementation: it reads the documented stream
// again and finds regions by brute force.
#include "tasks/make_task.h"
#include "tasks/numpy_random.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "modsweep/task.h"

namespace modsweep::test {
namespace {

constexpr double pi = std::numbers::pi;

TaskSettings square_task(const char* kind, std::uint32_t samples = 500) {
  TaskSettings task;
  task.kind = kind;
  task.inputs = 2;
  task.train_samples = samples;
  task.test_samples = samples / 2;
  task.ood_samples = samples / 4;
  return task;
}

struct Sample {
  double x, y, z;
};

std::vector<Sample> samples_of(const Samples& samples) {
  std::vector<Sample> out;
  for (std::size_t i = 0; i < samples.count; ++i)
    out.push_back({samples.x[2 * i], samples.x[2 * i + 1], samples.y[i]});
  return out;
}

/// The formula of science.md with a plain division; valid for points that are not on a border.
bool in_fan(double x, double y, double phi) {
  return std::atan(std::abs((y - x) / (y + x))) < pi / 2 * phi;
}

TEST(Gaussian2d, IsTheFormulaInTheRightRegions) {
  for (const double phi : {0.001, 0.2, 0.5, 0.8, 0.999}) {
    TaskSettings task = square_task("gaussian2d");
    set_own(task, "task.fan_fraction", phi);
    const Dataset data = make(task);
    for (const Split split : all_splits) {
      for (const auto& [x, y, z] : samples_of(data.split(split))) {
        ASSERT_LE(std::hypot(x, y), 1.0);
        ASSERT_EQ(in_fan(x, y, phi), split != Split::ood) << x << " " << y << " " << phi;
        ASSERT_NEAR(z, std::exp(-2 * (x * x + y * y)), 1e-15);
      }
    }
  }
}

TEST(Gaussian2d, HalfTheFanIsEqualSigns) {
  const Dataset data = make(square_task("gaussian2d", 4000));
  for (const Split split : all_splits)
    for (const auto& [x, y, z] : samples_of(data.split(split)))
      ASSERT_EQ(x * y > 0, split != Split::ood) << x << " " << y;
}

TEST(Gaussian2d, ReadsTheDocumentedStream) {
  TaskSettings task = square_task("gaussian2d");
  set_own(task, "task.fan_fraction", 0.3);
  NumpyRandom random(task.seed);
  const Dataset data = make(task);
  for (const Split split : all_splits) {
    for (const auto& [x, y, z] : samples_of(data.split(split))) {
      double px = 0, py = 0;
      do {
        px = random.uniform() * 2 - 1;
        py = random.uniform() * 2 - 1;
      } while (px * px + py * py > 1 || in_fan(px, py, 0.3) != (split != Split::ood));
      ASSERT_EQ(x, px);
      ASSERT_EQ(y, py);
    }
  }
}

TEST(Gaussian2d, SharesOfTheDiscAreThoseOfTheAngles) {
  // Of the paper's 5000 points of the square, about 5000 pi/4 phi are training samples.
  NumpyRandom random(1);
  for (const double phi : {0.2, 0.5, 0.7}) {
    int learned = 0;
    for (int i = 0; i < 5000; ++i) {
      const double x = random.uniform() * 2 - 1, y = random.uniform() * 2 - 1;
      learned += x * x + y * y <= 1 && in_fan(x, y, phi) ? 1 : 0;
    }
    EXPECT_NEAR(learned, 3927 * phi, 150);  // four standard deviations
  }
}

TEST(Gaussian2d, TheWholeDiscLeavesNothingOut) {
  TaskSettings task = square_task("gaussian2d");
  set_own(task, "task.fan_fraction", 1.0);
  const Dataset data = make(task);
  EXPECT_EQ(data.ood.count, 0U);
  EXPECT_TRUE(std::ranges::any_of(samples_of(data.train), [](const Sample& s) { return s.x * s.y < 0; }));
}

TEST(Gaussian2d, DependsOnTheSeed) {
  TaskSettings task = square_task("gaussian2d");
  const Dataset one = make(task);
  ++task.seed;
  EXPECT_NE(make(task).train.x, one.train.x);
}

struct Composition {
  double a[3] = {}, w[3] = {}, p[3] = {};
  explicit Composition(std::uint32_t seed) {
    NumpyRandom random(seed);
    for (double& v : a) v = 0.7 + 0.3 * random.uniform();
    for (double& v : w) v = 0.8 + 2.8 * random.uniform();
    for (double& v : p) v = 2 * pi * random.uniform();
  }
  [[nodiscard]] double f(int i, double t) const { return a[i] * std::sin(w[i] * t + p[i]); }
};

/// The index of the patch, of 64, that contains a point, found by checking each of them.
int patch(double x, double y) {
  for (int row = 0; row < 8; ++row)
    for (int column = 0; column < 8; ++column)
      if (x >= -1 + column * 0.25 && x < -0.75 + column * 0.25 && y >= -1 + row * 0.25 &&
          y < -0.75 + row * 0.25)
        return row * 8 + column;
  return -1;
}

TEST(RandomComposition, IsTheFormula) {
  for (const std::uint32_t seed : {145U, 1U}) {
    TaskSettings task = square_task("random_composition");
    task.seed = seed;
    const Composition c(seed);
    const Dataset data = make(task);
    for (const Split split : all_splits)
      for (const auto& [x, y, z] : samples_of(data.split(split)))
        ASSERT_NEAR(z, c.f(2, c.f(0, x) + c.f(1, y)), 1e-14);
  }
}

TEST(RandomComposition, PatchesAreEitherLearnedOrNot) {
  for (const auto& [fraction, expected] :
       std::vector<std::pair<double, std::size_t>>{{0.8, 51}, {0.5, 32}, {1.0 / 64, 1}, {1.0, 64}}) {
    TaskSettings task = square_task("random_composition", 4000);
    set_own(task, "task.patch_fraction", fraction);
    const Dataset data = make(task);
    std::set<int> learned, left;
    for (const Split split : all_splits)
      for (const auto& [x, y, z] : samples_of(data.split(split)))
        (split == Split::ood ? left : learned).insert(patch(x, y));
    EXPECT_EQ(learned.size(), expected);
    EXPECT_EQ(left.size(), 64 - expected);
    for (const int p : left) EXPECT_FALSE(learned.contains(p));
  }
}

TEST(RandomComposition, ReadsTheDocumentedStream) {
  TaskSettings task = square_task("random_composition");
  set_own(task, "task.data_seed", 11);
  NumpyRandom random(11);
  std::vector<int> left(64),
      order;  // an order is drawn by taking one of those that are left, again and again
  for (int i = 0; i < 64; ++i) left[static_cast<std::size_t>(i)] = i;
  while (!left.empty()) {
    const auto i = static_cast<std::size_t>(random.uniform() * static_cast<double>(left.size()));
    order.push_back(left[i]);
    left[i] = left.front();  // as the swap leaves it
    left.erase(left.begin());
  }
  const std::set<int> learned(order.begin(), order.begin() + 51);
  const Dataset data = make(task);
  for (const Split split : all_splits) {
    for (const auto& [x, y, z] : samples_of(data.split(split))) {
      double px = 0, py = 0;
      do {
        px = random.uniform() * 2 - 1;
        py = random.uniform() * 2 - 1;
      } while (learned.contains(patch(px, py)) != (split != Split::ood));
      ASSERT_EQ(x, px);
      ASSERT_EQ(y, py);
    }
  }
}

TEST(RandomComposition, TheTwoSeedsDoNotTouchEachOther) {
  const TaskSettings task = square_task("random_composition");
  TaskSettings function = task, data = task;
  ++function.seed;
  set_own(data, "task.data_seed", 1);
  const Dataset base = make(task), other_function = make(function), other_data = make(data);
  EXPECT_EQ(base.train.x, other_function.train.x);
  EXPECT_EQ(base.ood.x, other_function.ood.x);
  EXPECT_NE(base.train.y, other_function.train.y);
  EXPECT_NE(base.train.x, other_data.train.x);
}

TEST(RandomComposition, ALargerShareAddsPatches) {
  TaskSettings task = square_task("random_composition", 4000);
  std::set<int> smaller;
  for (const double fraction : {0.2, 0.5, 0.8}) {
    set_own(task, "task.patch_fraction", fraction);
    std::set<int> learned;
    for (const auto& [x, y, z] : samples_of(make(task).train)) learned.insert(patch(x, y));
    EXPECT_TRUE(std::ranges::includes(learned, smaller));
    smaller = learned;
  }
}

}  // namespace
}  // namespace modsweep::test
