// Gradients of recurrent networks on the emulated device against finite differences of plain loops, and
// against the CPU's step.
#include "recurrent/naive_recurrent.h"
#include "recurrent/network_step.h"
#include "recurrent_gpu/under_device_test.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace modsweep::test {
namespace {

using recurrent::Network;

/// A network to differentiate, and a batch for it.
struct DeviceCase {
  const char* name = "";
  recurrent::Form form;
  std::uint32_t heads = 1;  ///< of a modular network also modules
  double old_rate = 0.0;    ///< above 0: everything is trained
  math::ActivationSite site = math::ActivationSite::drive;
  bool ragged = false;
  std::uint32_t samples = 5;
  std::vector<std::uint32_t> loss_heads = {};  ///< empty: those that learn
};

// Sizes around tiles of 5, 8 and 10 units and chunks of 64 samples, modules around the four warps, and
// lengths around stretches of four time steps.
const std::vector<DeviceCase> device_cases = {
    {.name = "one module", .form = {.units = 3}, .heads = 1},
    {.name = "newest of six", .form = {.units = 4}, .heads = 6},
    {.name = "newest of nine, own lengths", .form = {.units = 2}, .heads = 9, .ragged = true},
    {.name = "all of five, own lengths", .form = {.units = 3}, .heads = 5, .old_rate = 0.5, .ragged = true},
    {.name = "all of six, loss of the newest",
     .form = {.units = 2},
     .heads = 6,
     .old_rate = 0.5,
     .loss_heads = {5}},
    {.name = "all of four, loss of two",
     .form = {.units = 2},
     .heads = 4,
     .old_rate = 0.5,
     .loss_heads = {0, 2}},
    {.name = "all of three at the state",
     .form = {.units = 3},
     .heads = 3,
     .old_rate = 0.5,
     .site = math::ActivationSite::state,
     .ragged = true},
    {.name = "one bias", .form = {.units = 3, .one_bias = true}, .heads = 2},
    {.name = "a unit more than a tile", .form = {.units = 9}, .heads = 2},
    {.name = "flat, four heads", .form = {.units = 7, .modular = false}, .heads = 4, .ragged = true},
    {.name = "a unit", .form = {.units = 1, .modular = false}, .heads = 2},
    {.name = "flat, more tiles than warps", .form = {.units = 41, .modular = false}, .heads = 1},
    {.name = "a chunk and a sample", .form = {.units = 2}, .heads = 2, .samples = 65},
};

Network<double> network_of(const DeviceCase& test_case) {
  const recurrent::DrawnValues fresh(5, test_case.form);
  auto network = recurrent::first_network<double>(test_case.form, fresh);
  recurrent::Growth growth;
  growth.duplicate = {};
  growth.old_rate = test_case.old_rate;
  while (network.heads < test_case.heads) recurrent::grow(network, growth, fresh);
  for (std::size_t n = 0; n < network.layout().tensors().size(); ++n) {
    const auto layout = network.layout();
    const auto& one = layout.tensors()[n];
    if (one.group == recurrent::Group::tau) network.values[one.offset] -= 1.0;  // acts as 1
  }
  return network;
}

recurrent::GivenSequences<double> batch_of(const DeviceCase& test_case, const Network<double>& network,
                                           std::uint32_t further) {
  recurrent::GivenSequences<double> out;
  out.chunk_size = 1;
  out.units = network.form.units;
  out.count = test_case.samples;
  out.longest = network.tasks.back() + further;
  const auto draw = [](std::size_t i, std::uint32_t what) {
    return math::uniform(
        math::random_block(78, math::Stream::order, what, 0, static_cast<std::uint32_t>(i), 0).word[0]);
  };
  for (std::size_t i = 0; i < std::size_t{out.longest} * out.count; ++i)
    out.bit.push_back(draw(i, 0) < 0.5 ? 1.0 : 0.0);
  for (std::size_t i = 0; i < std::size_t{network.modules} * out.count * out.units; ++i)
    out.state.push_back(draw(i, 1));
  for (std::uint32_t b = 0; test_case.ragged && b < out.count; ++b)
    out.sample_lengths.push_back(out.longest - (b * 3) % (further + 1));
  return out;
}

recurrent::RunSettings run_of(const DeviceCase& test_case) {
  recurrent::RunSettings run;
  run.form = test_case.form;
  run.step.slope = 0.1;
  run.step.site = test_case.site;
  run.batch = test_case.samples;
  return run;
}

template <typename Case>
class RecurrentGradientsOnDevice : public OnEveryPass<Case> {};
TYPED_TEST_SUITE(RecurrentGradientsOnDevice, DoublePasses, PassName);

TYPED_TEST(RecurrentGradientsOnDevice, AreFiniteDifferences) {
  for (const DeviceCase& test_case : device_cases) {
    if (test_case.form.units > 10) continue;  // thousands of losses; AreTheCpus has it
    SCOPED_TRACE(test_case.name);
    const auto network = network_of(test_case);
    const auto batch = batch_of(test_case, network, 7);
    const auto heads =
        test_case.loss_heads.empty() ? recurrent::learning_heads(network) : test_case.loss_heads;
    auto device = this->device({run_of(test_case)}, network.heads);
    device->set_state(0, state_of(network));
    device->give(0, given(batch, heads));
    device->differentiate();
    const auto gradient = device->gradient(0);
    const auto settings = run_of(test_case).step;
    EXPECT_NEAR(device->outcome(0).loss, naive_loss(network, settings, batch, heads), 1e-12);
    double largest = 0.0;
    for (const double g : gradient) largest = std::max(largest, std::abs(g));
    ASSERT_GT(largest, 1e-3);
    const auto layout = network.layout();
    for (std::size_t n = 0; n < layout.tensors().size(); ++n) {
      const auto& one = layout.tensors()[n];
      const bool other_head =
          one.group == recurrent::Group::head && std::ranges::count(heads, one.index) == 0;
      for (std::size_t i = 0; i < one.size(); i += 1 + one.size() / 8) {  // some of each tensor
        const double got = gradient[one.offset + i];
        const bool diagonal = !one.has_diagonal() && i / one.columns == i % one.columns;
        if (network.rates[n] == 0.0 || diagonal || other_head) {
          EXPECT_EQ(got, 0.0) << one.name << " " << i;
          continue;
        }
        constexpr double h = 1e-5;
        auto moved = network;
        moved.values[one.offset + i] += h;
        const double above = naive_loss(moved, settings, batch, heads);
        moved.values[one.offset + i] -= 2.0 * h;
        const double below = naive_loss(moved, settings, batch, heads);
        // Second differences of the loss are of order 1: the error of a central difference is some h^2.
        EXPECT_NEAR(got, (above - below) / (2.0 * h), 1e-7 * std::max(1.0, largest)) << one.name << " " << i;
      }
    }
  }
}

/// Every entry, on lengths of all remainders modulo a stretch.
TYPED_TEST(RecurrentGradientsOnDevice, AreTheCpus) {
  for (const DeviceCase& test_case : device_cases)
    for (const std::uint32_t further : {2U, 3U, 4U, 5U}) {
      SCOPED_TRACE(std::string(test_case.name) + " " + std::to_string(further));
      const auto network = network_of(test_case);
      auto batch = batch_of(test_case, network, further);
      const auto heads =
          test_case.loss_heads.empty() ? recurrent::learning_heads(network) : test_case.loss_heads;
      auto device = this->device({run_of(test_case)}, network.heads);
      device->set_state(0, state_of(network));
      device->give(0, given(batch, heads));
      device->differentiate();
      const auto& kernels = recurrent::kernels_for<double>(cpu::best_isa());
      batch.chunk_size = kernels.chunk;
      recurrent::NetworkStep<double> step(kernels);
      const auto want = step.gradient(network, run_of(test_case).step, batch, heads);
      EXPECT_NEAR(device->outcome(0).loss, want.loss, 1e-12);
      EXPECT_NEAR(device->outcome(0).norm, want.norm, 1e-12 * want.norm);
      const auto got = device->gradient(0);
      for (std::size_t i = 0; i < got.size(); ++i)
        ASSERT_NEAR(got[i], step.gradient()[i], 1e-12 * std::max(1.0, want.norm)) << i;
    }
}

TYPED_TEST(RecurrentGradientsOnDevice, LossesThatAreNotFiniteChangeNothing) {
  auto network = network_of(device_cases[1]);
  network.values.back() = std::numeric_limits<double>::infinity();
  auto device = this->device({run_of(device_cases[1])}, network.heads);
  device->set_state(0, state_of(network));
  device->train({5});
  const auto after = device->state(0);
  EXPECT_EQ(after.values, network.values);
  EXPECT_EQ(after.velocity, network.velocity);
  EXPECT_EQ(after.diverged, 1U);
  EXPECT_EQ(after.step, 0U);
}

}  // namespace
}  // namespace modsweep::test
