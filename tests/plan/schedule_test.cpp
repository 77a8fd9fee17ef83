// The steps of a run against a naive list of them.
#include "plan/schedule.h"

#include <cmath>
#include <ostream>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace modsweep {
namespace {

struct Schedule {
  std::uint64_t steps;
  std::uint64_t every;
  std::uint32_t points;
  bool initial;
};

void PrintTo(const Schedule& s, std::ostream* out) {
  *out << s.steps << " steps, every " << s.every << ", " << s.points << " a decade, initial " << s.initial;
}

CellSettings cell_with(const Schedule& schedule) {
  CellSettings cell;
  cell.training.steps = schedule.steps;
  cell.measure.every_steps = schedule.every;
  cell.measure.points_per_decade = schedule.points;
  cell.measure.initial = schedule.initial;
  return cell;
}

std::set<std::uint64_t> naive_steps(const Schedule& schedule) {
  std::set<std::uint64_t> steps = {schedule.steps};
  if (schedule.initial) steps.insert(0);
  if (schedule.every > 0)
    for (std::uint64_t s = schedule.every; s <= schedule.steps; s += schedule.every) steps.insert(s);
  if (schedule.points > 0) {
    for (int i = 0;; ++i) {
      const double step = std::round(std::pow(10.0, static_cast<double>(i) / schedule.points));
      if (step > static_cast<double>(schedule.steps)) break;
      steps.insert(static_cast<std::uint64_t>(step));
    }
  }
  return steps;
}

class ScheduleTest : public testing::TestWithParam<Schedule> {};

TEST_P(ScheduleTest, VisitsExactlyTheNaiveSteps) {
  const CellSettings cell = cell_with(GetParam());
  std::set<std::uint64_t> visited;
  for (auto step = next_measurement(cell, 0); step; step = next_measurement(cell, *step + 1)) {
    ASSERT_TRUE(visited.insert(*step).second) << *step;
  }
  EXPECT_EQ(visited, naive_steps(GetParam()));
  EXPECT_EQ(measurement_count(cell), visited.size());
}

TEST_P(ScheduleTest, FindsTheNextStepFromAnywhere) {
  const CellSettings cell = cell_with(GetParam());
  const std::set<std::uint64_t> steps = naive_steps(GetParam());
  const std::uint64_t last = std::min<std::uint64_t>(GetParam().steps, 3000);
  for (std::uint64_t from = 0; from <= last; ++from) {
    const auto next = next_measurement(cell, from);
    ASSERT_TRUE(next.has_value()) << from;
    EXPECT_EQ(*next, *steps.lower_bound(from)) << from;
  }
  EXPECT_FALSE(next_measurement(cell, GetParam().steps + 1).has_value());
}

INSTANTIATE_TEST_SUITE_P(Cases, ScheduleTest,
                         testing::Values(Schedule{1, 0, 0, false}, Schedule{1, 1, 1, true},
                                         Schedule{1000, 0, 0, false}, Schedule{1000, 0, 0, true},
                                         Schedule{1000, 250, 0, false}, Schedule{1000, 1000, 0, false},
                                         Schedule{1000, 1001, 0, false}, Schedule{999, 250, 0, true},
                                         Schedule{1001, 250, 0, true}, Schedule{100, 1, 0, false},
                                         Schedule{100, 1, 7, true}, Schedule{50000, 0, 1, false},
                                         Schedule{50000, 0, 3, false}, Schedule{50000, 0, 10, true},
                                         Schedule{50000, 2500, 4, true}, Schedule{10007, 97, 13, false},
                                         Schedule{1000000, 0, 1000, false}, Schedule{100000, 0, 2, false}));

TEST(Schedule, HoldsForHugeRuns) {
  const CellSettings cell = cell_with({std::uint64_t{1} << 62, 0, 1, false});
  EXPECT_EQ(next_measurement(cell, 100'000'001).value(), 1'000'000'000u);
  EXPECT_EQ(next_measurement(cell, 2'000'000'000'000'000'000u).value(), std::uint64_t{1} << 62);
  EXPECT_EQ(measurement_count(cell), 20u);  // 10^0 .. 10^18 and the last
}

TEST(Work, CountsTheSmallerLastBatch) {
  struct Case {
    std::uint32_t samples, batch;
    std::uint64_t steps;
  };
  for (const Case c : {Case{1000, 200, 50}, Case{1000, 300, 50}, Case{7, 7, 3}, Case{7, 8, 3}, Case{7, 3, 1},
                       Case{7, 3, 2}, Case{7, 3, 3}, Case{7, 3, 100}, Case{1, 200, 5}}) {
    CellSettings cell;
    cell.task.train_samples = c.samples;
    cell.training.batch_size = c.batch;
    cell.training.steps = c.steps;
    double naive = 0.0;
    std::uint32_t next = 0;
    for (std::uint64_t s = 0; s < c.steps; ++s) {
      const std::uint32_t size = std::min(c.batch, c.samples - next);
      naive += size;
      next = next + size == c.samples ? 0 : next + size;
    }
    EXPECT_EQ(samples_in_steps(cell, c.steps), naive) << c.samples << ' ' << c.batch << ' ' << c.steps;
    EXPECT_EQ(training_flop(cell, 2272, c.steps), 6.0 * 2272.0 * naive);
  }
}

}  // namespace
}  // namespace modsweep
