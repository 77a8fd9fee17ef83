// No thread of the fused pass reads or writes what another thread writes before the next barrier, in the
// backend's memory, where a block keeps its histories, or in shared memory; and every barrier has a reason.
#include "engine/race_watch.h"
#include "recurrent/network.h"
#include "recurrent_gpu/device_networks.h"

#include <gtest/gtest.h>

namespace modsweep::test {
namespace {

/// A watch on a launch's shared memory, or on other memory instead; of the first launch after arm() only.
class OneLaunch final : public BlockObserver {
 public:
  explicit OneLaunch(RaceWatch& watch) : watch_(watch) {}

  void watch_instead(std::byte* memory, std::size_t bytes) { instead_ = {memory, bytes}; }
  void arm() { armed_ = true; }

  void begin(const std::vector<std::byte*>& memory, std::size_t bytes) override {
    on_ = armed_;
    armed_ = false;
    if (!on_) return;
    if (instead_.first != nullptr)
      watch_.begin({instead_.first}, instead_.second);
    else
      watch_.begin(memory, bytes);
  }
  void thread(std::uint32_t rank, std::uint32_t thread) override {
    if (on_) watch_.thread(rank, thread);
  }
  void barrier(std::uint32_t rank, fused::Wait wait) override {
    if (on_) watch_.barrier(rank, wait);
  }
  void warp_barrier(std::uint32_t warp) override {
    if (on_) watch_.warp_barrier(warp);
  }
  void between_phases(std::uint32_t rank) override {
    if (on_) watch_.between_phases(rank);
  }
  void end() override {
    if (on_) watch_.end();
    on_ = false;
  }

 private:
  RaceWatch& watch_;
  std::pair<std::byte*, std::size_t> instead_;
  bool armed_ = false;
  bool on_ = false;
};

struct WatchedCase {
  const char* name = "";
  recurrent::Form form;
  std::uint32_t heads = 1;
  double old_rate = 0.0;
  std::uint32_t length = 12;
};

const WatchedCase newest = {"newest of six", {.units = 2}, 6, 0.0};
const WatchedCase all = {"all of six", {.units = 2}, 6, 0.5};
const WatchedCase flat = {"flat", {.units = 11, .modular = false}, 2, 0.0, 5};  // two tiles

/// The pass of one step of one network with one chunk of samples.
RaceWatch watched(const WatchedCase& test_case, bool memory, const RaceWatch::Options& options = {},
                  bool backwards = false) {
  RaceWatch watch(options);
  OneLaunch launch(watch);
  recurrent::RunSettings run;
  run.form = test_case.form;
  run.batch = 40;
  const recurrent::DrawnValues fresh(run.seed, run.form);
  auto network = recurrent::first_network<float>(run.form, fresh);
  while (network.heads < test_case.heads) recurrent::grow(network, {.old_rate = test_case.old_rate}, fresh);
  std::pair<std::byte*, std::size_t> largest;
  DeviceOptions device_options{.backwards = backwards, .observer = &launch};
  device_options.allocated = [&](std::byte* begin, std::size_t bytes) {
    if (bytes <= largest.second) return;
    largest = {begin, bytes};
    if (memory) launch.watch_instead(begin, bytes);  // the memory for histories is the largest array
  };
  auto device = on_device<float>({run}, test_case.heads, device_options);
  device->set_state(0, state_of(network));
  const std::uint32_t length = test_case.length;
  std::vector<double> bits(std::size_t{length} * run.batch);
  for (std::size_t i = 0; i < bits.size(); i += 3) bits[i] = 1.0;
  device->give(0, {.steps = length, .lengths = {}, .bits = bits, .states = {}, .heads = {}});
  launch.arm();
  device->train({1});
  return watch;
}

TEST(RecurrentRaces, ThereAreNone) {
  for (const WatchedCase& test_case : {newest, all, flat})
    for (const bool memory : {false, true})
      for (const bool backwards : {false, true}) {
        const RaceWatch watch = watched(test_case, memory, {}, backwards);
        EXPECT_EQ(watch.races(), 0U) << test_case.name << ": " << watch.first_race();
        EXPECT_GT(watch.accesses(), memory ? 10000U : 2000U) << test_case.name;
      }
}

/// Barriers of the block whose absence makes no race.
std::vector<std::uint32_t> unnoticed_barriers(const WatchedCase& test_case) {
  const auto count = static_cast<std::uint32_t>(watched(test_case, true).barriers().size());
  EXPECT_GT(count, 8U);
  std::vector<std::uint32_t> found;
  for (std::uint32_t i = 0; i < count; ++i) {
    const RaceWatch::Options options{.without = i, .within_blocks = {}, .without_of_warp = {}};
    if (watched(test_case, true, options).races() == 0 && watched(test_case, false, options).races() == 0)
      found.push_back(i);
  }
  return found;
}

TEST(RecurrentBarriers, AMissingOneIsNoticed) {
  EXPECT_EQ(unnoticed_barriers(newest), (std::vector<std::uint32_t>{}));
  EXPECT_EQ(unnoticed_barriers(all), (std::vector<std::uint32_t>{}));
  EXPECT_EQ(unnoticed_barriers(flat), (std::vector<std::uint32_t>{}));
}

/// Lanes wait for their warp for weights in shared memory, and to add up: but before the first weights, and
/// after the last sum.
TEST(RecurrentBarriers, AMissingOneOfAWarpIsNoticed) {
  const std::uint32_t waits = watched(newest, false).warp_waits();
  EXPECT_GT(waits, 4U);
  std::vector<std::uint32_t> found;
  for (std::uint32_t i = 0; i < waits; ++i) {
    const RaceWatch::Options options{.without = {}, .within_blocks = {}, .without_of_warp = i};
    if (watched(newest, false, options).races() == 0) found.push_back(i);
  }
  EXPECT_EQ(found, (std::vector<std::uint32_t>{0, waits - 1}));
}

}  // namespace
}  // namespace modsweep::test
