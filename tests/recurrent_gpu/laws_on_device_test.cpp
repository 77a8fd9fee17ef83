// The laws of every engine on the emulated device, whose order of items may be the opposite one; a run with
// growth is the CPU's; the memory that the planner counts with is what a pack takes.
#include "recurrent/laws.h"
#include "recurrent_gpu/under_device_test.h"

#include <cmath>
#include <limits>

namespace modsweep::test {
namespace {

using recurrent::DeviceTraining;
using recurrent::RunSettings;

constexpr std::uint32_t room = 5;

template <typename Case>
struct LawsOnDevice {
  using T = typename Case::T;
  static constexpr bool form_of_packs = true;
  static constexpr std::uint32_t epochs = 4;
  static constexpr std::uint32_t epoch_steps = 3;
  /// A pack's room and the order of items must not matter.
  static std::unique_ptr<recurrent::Runs<T>> make(const std::vector<RunSettings>& runs, std::size_t threads) {
    const EmulatedStarter starter({.pass = Case::pass, .backwards = threads > 1});
    return std::make_unique<DeviceTraining<T>>(starter, runs,
                                               room + static_cast<std::uint32_t>(runs.size() % 2));
  }
};
using OnDevices = testing::Types<
    LawsOnDevice<OnDevice<float, PassKind::fused>>, LawsOnDevice<OnDevice<double, PassKind::fused>>,
    LawsOnDevice<OnDevice<float, PassKind::gemm>>, LawsOnDevice<OnDevice<double, PassKind::gemm>>>;
class LawsName {
 public:
  template <typename Case>
  static std::string GetName(int i) {
    constexpr const char* names[] = {"fused_fp32", "fused_fp64", "gemm_fp32", "gemm_fp64"};
    return names[i];
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Device, RecurrentLaws, OnDevices, LawsName);

template <typename Case>
class RecurrentRunsOnDevice : public OnEveryPass<Case> {
 protected:
  using T = typename Case::T;

  /// Networks of different tasks and settings that grow in every epoch.
  static std::vector<RunSettings> crowd(bool modular) {
    RunSettings run;
    run.form.units = 4;
    run.form.modular = modular;
    run.batch = 20;
    run.steps_per_epoch = 3;
    run.test_batches = 2;
    run.epochs = 4;
    run.pass = 0.4;
    std::vector<RunSettings> runs(3, run);
    for (std::uint32_t p = 0; p < 3; ++p) runs[p].seed = p + 1;
    runs[1].parity.length = recurrent::ParitySettings::Length::sequence;
    runs[1].step.site = math::ActivationSite::state;
    runs[1].parity.bit_probability = recurrent::ParitySettings::BitProbability::batch;
    runs[2].growth.old_rate = 0.5;
    runs[2].parity.length_factor = 2.5;
    return runs;
  }
  static DeviceTraining<T> training(const std::vector<RunSettings>& runs) {
    return DeviceTraining<T>(EmulatedStarter({.pass = Case::pass}), runs, 4);
  }
  /// 12 steps of rounding; some 100 additions each.
  static constexpr double bound = OnEveryPass<Case>::fp64 ? 1e-12 : 1e-4;
};
TYPED_TEST_SUITE(RecurrentRunsOnDevice, EveryPass, PassName);

/// Bits, lengths and states are the same draws; sums are added in other orders.
TYPED_TEST(RecurrentRunsOnDevice, AreTheCpus) {
  using T = typename TestFixture::T;
  for (const bool modular : {true, false}) {
    const auto runs = this->crowd(modular);
    auto device = this->training(runs);
    recurrent::RecurrentTraining<T> cpu(runs, cpu::best_isa(), 1);
    device.advance(100);
    cpu.advance(100);
    for (std::size_t p = 0; p < runs.size(); ++p) {
      SCOPED_TRACE(p);
      const auto got = device.take_records(p);
      const auto want = cpu.take_records(p);
      ASSERT_EQ(got.size(), want.size());
      for (std::size_t e = 0; e < want.size(); ++e) {
        EXPECT_EQ(got[e].task, want[e].task);
        EXPECT_EQ(got[e].accuracy, want[e].accuracy);
        EXPECT_EQ(got[e].solved, want[e].solved);
        EXPECT_EQ(got[e].parameters, want[e].parameters);
        EXPECT_EQ(got[e].trained, want[e].trained);
        EXPECT_NEAR(got[e].loss, want[e].loss, this->bound);
      }
      EXPECT_GE(want.back().solved, 3U) << "the test means nothing unless networks grow";
      const auto& there = device.state(p);
      const auto& here = cpu.state(p);
      EXPECT_EQ(there.network.rates, here.network.rates);
      EXPECT_EQ(there.network.tasks, here.network.tasks);
      ASSERT_EQ(there.network.values.size(), here.network.values.size());
      for (std::size_t i = 0; i < here.network.values.size(); ++i)
        ASSERT_NEAR(static_cast<double>(there.network.values[i]), static_cast<double>(here.network.values[i]),
                    this->bound)
            << i;
      ASSERT_EQ(there.solved.values.size(), here.solved.values.size());
    }
  }
}

TYPED_TEST(RecurrentRunsOnDevice, NextStepsAreTheCpus) {
  using T = typename TestFixture::T;
  const auto runs = this->crowd(true);
  auto device = this->training(runs);
  recurrent::RecurrentTraining<T> cpu(runs, cpu::best_isa(), 1);
  device.advance(4);
  cpu.advance(4);
  for (std::size_t p = 0; p < runs.size(); ++p) {
    const StepInspection got = device.inspect(p);
    const StepInspection want = cpu.inspect(p);
    EXPECT_NEAR(got.total, want.total, this->bound);
    ASSERT_EQ(got.gradient.size(), want.gradient.size());
    for (std::size_t i = 0; i < want.gradient.size(); ++i)
      EXPECT_NEAR(got.gradient[i], want.gradient[i], this->bound) << p << ", " << i;
  }
}

/// A checkpoint has one format for all engines.
TYPED_TEST(RecurrentRunsOnDevice, GoOnWhereTheCpuStopped) {
  using T = typename TestFixture::T;
  const auto runs = this->crowd(true);
  auto device = this->training(runs);
  recurrent::RecurrentTraining<T> cpu(runs, cpu::best_isa(), 1);
  cpu.advance(7);
  for (std::size_t p = 0; p < runs.size(); ++p) {
    device.restore(p, cpu.save(p));
    EXPECT_EQ(device.state(p), cpu.state(p));
    EXPECT_EQ(device.save(p), cpu.save(p));
  }
  auto longer = runs;
  longer[0].epochs = 6;
  longer[0].pass = 0.0;
  recurrent::RecurrentTraining<T> far(longer, cpu::best_isa(), 1);
  far.advance(100);
  const auto before = device.save(0);
  EXPECT_THROW(device.restore(0, far.save(0)), InputError) << "of six heads";
  EXPECT_EQ(device.save(0), before);
}

TYPED_TEST(RecurrentRunsOnDevice, TakeTheMemoryThatThePlannerCountsWith) {
  using T = typename TestFixture::T;
  for (const bool modular : {true, false})
    for (const double old_rate : {0.0, 0.5}) {
      auto runs = this->crowd(modular);
      for (RunSettings& run : runs) {
        run.growth.old_rate = old_rate;
        run.pass = 0.0;
      }
      std::size_t taken = 0;
      std::vector<bptt::NetworkPlan> plans;
      for (const RunSettings& run : runs) plans.push_back(recurrent::device_plan(run));
      const bptt::Form form = recurrent::device_form(runs[0], 4);
      const EmulatedStarter starter(
          {.pass = TypeParam::pass,
           .allocated = [&taken](std::byte*, std::size_t bytes) { taken += bytes; }});
      DeviceTraining<T> training(starter, runs, 4);
      const std::size_t each = emulated_bytes<T>(TypeParam::pass, form, plans);
      // Planes that a pack has but once are counted for each network.
      EXPECT_LE(taken, runs.size() * each);
      EXPECT_GE(taken, runs.size() * (each - 2 * 4 * 64 * sizeof(T)));
      const std::size_t begun = taken;
      training.advance(8);
      EXPECT_EQ(training.state(0).network.heads, 3U);
      EXPECT_LE(taken - begun, 1000U) << "a growth's rules, and which networks grow";
    }
}

/// Without the states of frozen modules, of which few are there at once.
TEST(RecurrentMemory, GrowsLittleWithFrozenModules) {
  const bptt::Form few = {.units = 10, .max_heads = 5};
  const bptt::Form many = {.units = 10, .max_heads = 10};
  const bptt::NetworkPlan frozen = {};
  const bptt::NetworkPlan learning = {.settings = {}, .growth = {.old_rate = 0.5}};
  for (const PassKind pass : {PassKind::fused, PassKind::gemm}) {
    const auto bytes = [pass](const bptt::Form& form, const bptt::NetworkPlan& plan) {
      return static_cast<double>(emulated_bytes<float>(pass, form, {plan}));
    };
    EXPECT_LT(bytes(many, frozen) / bytes(few, frozen), 2.1);
    EXPECT_GT(bytes(many, learning) / bytes(few, learning), 2.5) << "twice the modules, twice the time steps";
    EXPECT_LT(bytes(many, frozen), bytes(many, learning));
  }
}

TEST(RecurrentPacks, HaveOneFormAndBatch) {
  RunSettings run;
  run.epochs = 2;
  run.batch = 3;
  for (int which = 0; which < 3; ++which) {
    std::vector<RunSettings> runs = {run, run};
    if (which == 0) runs[1].form.units = 3;
    if (which == 1) runs[1].batch = 4;
    if (which == 2) runs[1].epochs = 4;
    EXPECT_THROW(DeviceTraining<float>(EmulatedStarter(), runs, 3), LogicError) << which;
  }
}

}  // namespace
}  // namespace modsweep::test
