#include "run/progress.h"

#include "core/formats.h"

#include <limits>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(ProgressFormat, Durations) {
  const std::pair<double, const char*> cases[] = {
      {0.2, "under 1 s"},     {45.4, "45 s"},
      {99.6, "2 min"},        {200.0, "3 min"},
      {5990.0, "1 h 40 min"}, {12000.0, "3 h 20 min"},
      {1e6, "11.6 days"},     {std::numeric_limits<double>::infinity(), "unknown"}};
  for (const auto& [seconds, text] : cases) EXPECT_EQ(format_duration(seconds), text) << seconds;
}

TEST(ProgressFormat, Numbers) {
  const std::pair<double, const char*> counts[] = {
      {0, "0"}, {999, "999"}, {1000, "1,000"}, {1234567, "1,234,567"}};
  for (const auto& [value, text] : counts) EXPECT_EQ(format_count(value), text);
  const std::pair<double, const char*> shorts[] = {{0, "0"},         {12, "12"},       {0.5, "0.50"},
                                                   {999.4, "999"},   {999.6, "1.00k"}, {1234, "1.23k"},
                                                   {12345, "12.3k"}, {4.56e11, "456G"}};
  for (const auto& [value, text] : shorts) EXPECT_EQ(format_short(value), text) << value;
  EXPECT_EQ(format_unit(12, "B"), "12 bytes");
  EXPECT_EQ(format_unit(1.5e9, "B"), "1.50 GB");
  EXPECT_EQ(format_unit(3.021e12, "FLOP"), "3.02 TFLOP");
  EXPECT_EQ(format_plural(1, "cell"), "1 cell");
  EXPECT_EQ(format_plural(1234, "cell"), "1,234 cells");
}

struct Shown {
  std::ostringstream out;
  double now = 0.0;
  Progress progress;
  explicit Shown(Progress::Style style) : progress(out, style, [this] { return now; }) {}
};

TEST(Progress, PlainLinesComeEveryTenSeconds) {
  Shown shown(Progress::Style::lines);
  ProgressState state{.cells = 1000, .work_left = 240.0};
  for (int second = 1; second <= 35; ++second) {
    shown.now = second;
    state.finished = static_cast<std::uint64_t>(second);
    state.steps = 2000.0 * second;
    state.work = 2.0 * second;
    shown.progress.update(state);
  }
  std::istringstream lines(shown.out.str());
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(line, "10/1,000 cells, 2.00k network-steps/s, 2 min left");
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_THAT(line, StartsWith("20/1,000 cells"));
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_THAT(line, StartsWith("30/1,000 cells"));
  EXPECT_FALSE(std::getline(lines, line));
}

TEST(Progress, RateFollowsTheLastHalfMinute) {
  Shown shown(Progress::Style::lines);
  ProgressState state{.cells = 10, .work_left = 100.0};
  for (int second = 1; second <= 200; ++second) {  // fast for 100 s, then at a tenth of the speed
    shown.now = second;
    state.steps += second <= 100 ? 1000.0 : 100.0;
    state.work += second <= 100 ? 10.0 : 1.0;
    shown.progress.update(state);
  }
  EXPECT_THAT(shown.progress.line(state), HasSubstr("100 network-steps/s, 2 min left"));
}

TEST(Progress, ATerminalLineIsRedrawnAndCoversTheOneBefore) {
  Shown shown(Progress::Style::redraw);
  shown.now = 1.0;
  shown.progress.update(
      {.cells = 1000, .finished = 999, .diverged = 12, .steps = 1.0, .work = 1.0, .work_left = 1.0});
  const std::string first = shown.out.str();
  EXPECT_THAT(first, StartsWith("\r999/1,000 cells (12 diverged)"));
  EXPECT_EQ(first.find('\n'), std::string::npos);
  shown.now = 1.05;  // too soon
  shown.progress.update({.cells = 1000});
  EXPECT_EQ(shown.out.str(), first);
  shown.now = 2.0;
  shown.progress.update({.cells = 5});
  const std::string second = shown.out.str().substr(first.size());
  EXPECT_GE(second.size(), first.size());
  shown.progress.finish({.cells = 5, .finished = 5, .steps = 10.0});
  EXPECT_EQ(shown.out.str().back(), '\n');
}

TEST(Progress, QuietSaysNothing) {
  Shown shown(Progress::Style::quiet);
  shown.now = 100.0;
  shown.progress.update({.cells = 1});
  shown.progress.finish({.cells = 1});
  EXPECT_EQ(shown.out.str(), "");
}

}  // namespace
}  // namespace modsweep
