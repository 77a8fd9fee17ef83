// How long an engine trains at a time, and what it has to say.
#include "run/runner_fixture.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace modsweep {
namespace {

using AdvanceTest = testing_support::RunnerTest;

TEST_F(AdvanceTest, AnAdvanceIsAsShortAsTheEngineWants) {
  std::uint64_t longest = 0;
  control_.on_advance = [&](std::uint64_t steps) { longest = std::max(longest, steps); };
  (void)run(sweep(1), path("long.db"));
  EXPECT_EQ(longest, 5U) << "from one measurement to the next";
  longest = 0;
  control_.advance_seconds = 0.0;
  (void)run(sweep(1), path("short.db"));
  EXPECT_EQ(longest, 1U);
}

TEST_F(AdvanceTest, WhatATrainingHasToSayIsSaidOnce) {
  control_.note = "the fan is broken";
  control_.preferred_pack = 2;
  (void)run(sweep(2), path("noted.db"));
  const std::string said = messages_.str();
  const std::size_t first = said.find(control_.note);
  ASSERT_NE(first, std::string::npos) << said;
  EXPECT_EQ(said.find(control_.note, first + 1), std::string::npos) << said;
}

}  // namespace
}  // namespace modsweep
