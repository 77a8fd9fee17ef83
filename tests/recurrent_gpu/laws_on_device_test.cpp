// The laws of every engine, for recurrent networks on the emulated device: alone equals in a crowd, in any
// order, unbroken equals resumed; a network that diverges hurts nobody. And a run with growth is the CPU's.
#include "recurrent/training.h"
#include "recurrent_gpu/under_device_test.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace modsweep::test {
namespace {

using recurrent::RunSettings;

constexpr std::uint32_t room = 7;
constexpr std::uint32_t test_batches = 2;

RunSettings short_run(std::uint32_t seed, bool modular = true, std::uint32_t units = 4) {
  RunSettings run;
  run.form.units = units;
  run.form.modular = modular;
  run.batch = 20;
  run.steps_per_epoch = 3;
  run.test_batches = test_batches;
  run.epochs = 4;
  run.pass = 0.4;  // nearly any accuracy is enough, so that networks grow
  run.seed = seed;
  return run;
}

/// Networks of different tasks and settings.
std::vector<RunSettings> device_crowd(bool modular) {
  std::vector<RunSettings> runs = {short_run(1, modular), short_run(2, modular), short_run(3, modular)};
  runs[1].parity.length = recurrent::ParitySettings::Length::sequence;
  runs[1].step.site = math::ActivationSite::state;
  runs[1].parity.bit_probability = recurrent::ParitySettings::BitProbability::batch;
  runs[2].growth.old_rate = 0.5;
  runs[2].parity.length_factor = 2.5;
  return runs;
}

/// Epochs of a pack, as an engine would take them: training, a test, growth of those that pass.
template <typename T>
void take_epochs(bptt::Networks<T>& device, const std::vector<RunSettings>& runs, std::uint32_t begin,
                 std::uint32_t end, std::vector<std::vector<std::uint64_t>>* right = nullptr) {
  for (std::uint32_t epoch = begin; epoch < end; ++epoch) {
    device.train(std::vector<std::uint64_t>(runs.size(), (epoch + 1) * runs.front().steps_per_epoch));
    const auto answers =
        device.test(test_batches, std::vector<std::uint32_t>(runs.size(), epoch * test_batches));
    std::vector<std::uint32_t> grows;
    for (std::size_t p = 0; p < runs.size(); ++p) {
      const double samples = static_cast<double>(test_batches) * runs[p].batch;
      double mean = 0.0;
      for (const std::uint64_t count : answers[p])
        mean += static_cast<double>(count) / samples / static_cast<double>(answers[p].size());
      const bool passed =
          static_cast<double>(answers[p].back()) / samples > runs[p].pass && mean > runs[p].pass;
      grows.push_back(passed && epoch + 1 < runs[p].epochs ? 1 : 0);
    }
    if (right != nullptr) *right = answers;
    device.grow(grows);
  }
}

template <typename Case>
class RecurrentLawsOnDevice : public OnEveryPass<Case> {};
TYPED_TEST_SUITE(RecurrentLawsOnDevice, EveryPass, PassName);

TYPED_TEST(RecurrentLawsOnDevice, AloneIsInACrowdInAnyOrder) {
  for (const bool modular : {true, false}) {
    const auto runs = device_crowd(modular);
    auto crowd = this->device(runs, room);
    take_epochs(*crowd, runs, 0, 4);
    const std::vector<RunSettings> turned(runs.rbegin(), runs.rend());
    auto other = this->device(turned, room, {.backwards = true});
    take_epochs(*other, turned, 0, 4);
    for (std::uint32_t p = 0; p < runs.size(); ++p) {
      SCOPED_TRACE(p);
      auto alone = this->device({runs[p]}, room + 2);  // nor does the room matter
      take_epochs(*alone, {runs[p]}, 0, 4);
      EXPECT_EQ(alone->state(0), crowd->state(p));
      EXPECT_EQ(other->state(2 - p), crowd->state(p));
      EXPECT_GE(crowd->state(p).heads, 2U) << "the test means nothing unless networks grow";
    }
  }
}

TYPED_TEST(RecurrentLawsOnDevice, ResumedIsUnbroken) {
  const auto runs = device_crowd(true);
  auto unbroken = this->device(runs, room);
  take_epochs(*unbroken, runs, 0, 4);
  auto first = this->device(runs, room);
  take_epochs(*first, runs, 0, 2);
  first->train(std::vector<std::uint64_t>(3, 7));  // within an epoch
  auto second = this->device(runs, room);
  for (std::uint32_t p = 0; p < 3; ++p) second->set_state(p, first->state(p));
  take_epochs(*second, runs, 2, 4);
  for (std::uint32_t p = 0; p < 3; ++p) EXPECT_EQ(second->state(p), unbroken->state(p)) << p;
}

TYPED_TEST(RecurrentLawsOnDevice, ADivergingNetworkHurtsNobody) {
  using T = typename TestFixture::T;
  const auto runs = device_crowd(true);
  auto crowd = this->device(runs, room);
  auto broken = this->device(runs, room);
  auto state = broken->state(1);
  state.values[0] = std::numeric_limits<T>::quiet_NaN();
  broken->set_state(1, state);
  take_epochs(*crowd, runs, 0, 3);
  take_epochs(*broken, runs, 0, 3);
  EXPECT_EQ(broken->state(1).diverged, 1U);
  EXPECT_EQ(broken->state(1).step, 0U);
  EXPECT_EQ(broken->state(0), crowd->state(0));
  EXPECT_EQ(broken->state(2), crowd->state(2));
}

/// Bits, lengths and states are the same draws; sums are added in other orders.
TYPED_TEST(RecurrentLawsOnDevice, ARunWithGrowthIsTheCpus) {
  using T = typename TestFixture::T;
  for (const bool modular : {true, false}) {
    const auto runs = device_crowd(modular);
    auto device = this->device(runs, room);
    std::vector<std::vector<std::uint64_t>> right;
    take_epochs(*device, runs, 0, 4, &right);
    recurrent::RecurrentTraining<T> cpu(runs, cpu::best_isa(), 1);
    cpu.advance(12);
    for (std::uint32_t p = 0; p < runs.size(); ++p) {
      SCOPED_TRACE(p);
      const auto got = device->state(p);
      const auto& want = cpu.state(p).network;
      ASSERT_EQ(got.heads, want.heads);
      EXPECT_EQ(got.rates, want.rates);
      const auto records = cpu.take_records(p);
      for (std::size_t h = 0; h < right[p].size(); ++h)
        EXPECT_EQ(static_cast<double>(right[p][h]) / (test_batches * runs[p].batch),
                  records.back().accuracy[h]);
      // 12 steps of rounding; some 100 additions each.
      const double bound = TestFixture::fp64 ? 1e-12 : 1e-4;
      for (std::size_t i = 0; i < want.values.size(); ++i)
        ASSERT_NEAR(static_cast<double>(got.values[i]), static_cast<double>(want.values[i]), bound) << i;
      double losses = 0.0;
      for (const auto& record : records) losses += record.loss * runs[p].steps_per_epoch;
      EXPECT_NEAR(got.loss_sum, losses, 12.0 * bound);
    }
  }
}

}  // namespace
}  // namespace modsweep::test
