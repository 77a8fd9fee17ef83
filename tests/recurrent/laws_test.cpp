// The laws of every engine, for recurrent networks in training: alone equals in a crowd, in any order, on any
// number of threads, unbroken equals resumed; a network that diverges or solves nothing hurts nobody.
#include "recurrent/training.h"

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

using recurrent::RecurrentTraining;
using recurrent::RunSettings;

/// Runs that pass a task in few steps because nearly any accuracy is enough, so that they grow.
RunSettings growing(std::uint32_t seed, std::uint32_t units = 5) {
  RunSettings run;
  run.form.units = units;
  run.batch = 20;
  run.steps_per_epoch = 7;
  run.test_batches = 2;
  run.epochs = 6;
  run.pass = 0.4;
  run.seed = seed;
  return run;
}

/// Networks of different sizes, tasks and settings.
std::vector<RunSettings> crowd() {
  std::vector<RunSettings> runs = {growing(1), growing(2, 3), growing(3, 8), growing(4)};
  runs[1].form.modular = false;
  runs[1].parity.length = recurrent::ParitySettings::Length::sequence;
  runs[2].growth.freeze = recurrent::Freeze::recurrent;
  runs[2].step.site = math::ActivationSite::state;
  runs[3].growth.old_rate = 0.5;
  runs.push_back(growing(5));
  runs[4].pass = 1.0;  // never solves N = 2
  runs.push_back(growing(6, 6));
  runs[5].form.modular = false;
  runs[5].step.regularization = {.noise = 0.1, .l1 = 1e-4, .weighted_activity = 1e-3};
  return runs;
}

template <typename T>
class RecurrentLaws : public testing::Test {
 protected:
  static RecurrentTraining<T> training(const std::vector<RunSettings>& runs, std::size_t threads = 1) {
    return RecurrentTraining<T>(runs, cpu::best_isa(), threads);
  }
};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(RecurrentLaws, Scalars);

TYPED_TEST(RecurrentLaws, ACrowdOfNetworksGrows) {
  auto all = this->training(crowd());
  all.advance(1000);
  for (std::size_t n = 0; n < all.size(); ++n) {
    SCOPED_TRACE(n);
    const auto records = all.take_records(n);
    ASSERT_EQ(records.size(), 6U);
    EXPECT_EQ(all.step(n), 42U);
    EXPECT_FALSE(all.diverged(n));
    if (n == 4) {
      EXPECT_EQ(records.back().solved, 1U);
      EXPECT_EQ(all.state(n).network.heads, 1U);
      continue;
    }
    EXPECT_GE(records.back().solved, 3U) << "the test means nothing unless networks grow";
    for (std::size_t e = 0; e < records.size(); ++e) {
      EXPECT_EQ(records[e].epoch, e + 1);
      EXPECT_EQ(records[e].accuracy.size(), records[e].task - 1);
      EXPECT_EQ(records[e].timescale.size(), n == 1 || n == 5 ? 1U : records[e].task - 1);
      if (e > 0) {
        EXPECT_EQ(records[e].task, records[e - 1].solved + 1);
        EXPECT_LE(records[e].task, records[e - 1].task + 1);
      }
    }
    // After the last epoch nothing grows.
    EXPECT_EQ(all.state(n).network.heads, records.back().accuracy.size());
  }
}

TYPED_TEST(RecurrentLaws, AloneEqualsInACrowdInAnyOrderOnAnyThreads) {
  auto runs = crowd();
  auto all = this->training(runs);
  all.advance(1000);
  std::ranges::reverse(runs);
  auto reversed = this->training(runs, 3);
  reversed.advance(1000);
  for (std::size_t n = 0; n < runs.size(); ++n) {
    SCOPED_TRACE(n);
    auto alone = this->training({runs[n]});
    alone.advance(1000);
    const std::size_t other = runs.size() - 1 - n;
    EXPECT_EQ(alone.state(0), reversed.state(n));
    EXPECT_EQ(alone.state(0), all.state(other));
    EXPECT_EQ(alone.take_records(0), all.take_records(other));
  }
}

TYPED_TEST(RecurrentLaws, ResumedEqualsUnbroken) {
  const auto runs = crowd();
  auto unbroken = this->training(runs);
  unbroken.advance(1000);
  for (const std::uint64_t every : {1U, 5U, 7U, 14U}) {
    SCOPED_TRACE(every);
    std::vector<std::vector<std::byte>> saved;
    std::vector<std::vector<recurrent::EpochRecord>> records(runs.size());
    for (std::uint64_t step = 0; step < 42; step += every) {
      auto part = this->training(runs);
      for (std::size_t n = 0; n < saved.size(); ++n) part.restore(n, saved[n]);
      part.advance(every);
      saved.clear();
      for (std::size_t n = 0; n < runs.size(); ++n) {
        saved.push_back(part.save(n));
        for (auto& record : part.take_records(n)) records[n].push_back(std::move(record));
      }
    }
    auto again = this->training(runs);
    again.advance(1000);
    for (std::size_t n = 0; n < runs.size(); ++n) {
      EXPECT_EQ(saved[n], unbroken.save(n)) << n;
      EXPECT_EQ(records[n], again.take_records(n)) << n;
    }
  }
}

TYPED_TEST(RecurrentLaws, ADivergedNetworkStopsAndHurtsNobody) {
  auto runs = crowd();
  runs[0].step.learning_rate = 1e30;
  runs[0].step.clip_norm = 0.0;
  auto all = this->training(runs);
  all.advance(1000);
  ASSERT_TRUE(all.diverged(0));
  EXPECT_EQ(*all.diverged(0), all.step(0) + 1);
  const auto before = all.save(0);
  all.advance(10);
  EXPECT_EQ(all.save(0), before);
  auto others = this->training({runs.begin() + 1, runs.end()});
  others.advance(1000);
  for (std::size_t n = 1; n < runs.size(); ++n) EXPECT_EQ(all.state(n), others.state(n - 1)) << n;
}

TYPED_TEST(RecurrentLaws, StatesOfOtherNetworksAreRefused) {
  auto all = this->training(crowd());
  all.advance(20);
  const auto saved = all.save(0);
  EXPECT_THROW(all.restore(1, saved), InputError) << "flat, of another size";
  auto cut = saved;
  cut.pop_back();
  EXPECT_THROW(all.restore(0, cut), InputError);
  EXPECT_THROW(all.restore(0, {}), InputError);
  auto other_magic = saved;
  other_magic[0] = std::byte{0};
  EXPECT_THROW(all.restore(0, other_magic), InputError);
  auto many_heads = saved;
  std::memset(many_heads.data() + 12, 0xff, 8);
  EXPECT_THROW(all.restore(0, many_heads), InputError);
  EXPECT_EQ(all.save(0), saved) << "a refused state changes nothing";
}

TYPED_TEST(RecurrentLaws, TheSolvedNetworkIsThatBeforeItGrew) {
  auto all = this->training({growing(1)});
  all.advance(7);
  const auto& state = all.state(0);
  ASSERT_EQ(state.network.heads, 2U);
  EXPECT_EQ(state.solved.heads, 1U);
  EXPECT_EQ(recurrent::solved_task(state), 2U);
  EXPECT_TRUE(
      std::equal(state.solved.values.begin(), state.solved.values.end(), state.network.values.begin()));
}

TYPED_TEST(RecurrentLaws, SettingsThatNoRunCanHaveAreRefused) {
  auto run = growing(1);
  run.growth.freeze = recurrent::Freeze::recurrent;
  run.growth.old_rate = 0.5;
  EXPECT_THROW(this->training({run}), LogicError);
  run = growing(1);
  run.parity.length_factor = 1.5;
  EXPECT_THROW(this->training({run}), LogicError);
  run = growing(1);
  run.batch = 0;
  EXPECT_THROW(this->training({run}), LogicError);
}

}  // namespace
}  // namespace modsweep::test
