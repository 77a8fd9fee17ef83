// Every gradient of recurrent networks against finite differences of plain loops.
#include "recurrent/naive_recurrent.h"
#include "recurrent/under_test.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace modsweep::test {
namespace {

using recurrent::Form;
using recurrent::Network;

/// A network to differentiate, and a batch for it.
struct GradientCase {
  const char* name = "";
  Form form;
  std::uint32_t heads = 1;  ///< of a modular network also modules
  double old_rate = 0.0;    ///< above 0: everything is trained
  math::ActivationSite site = math::ActivationSite::drive;
  bool ragged = false;
  std::uint32_t samples = 5;
  std::vector<std::uint32_t> loss_heads = {};  ///< empty: those that learn
  bool short_times = false;                    ///< some tau below 1
  recurrent::Regularization terms = {};
};

const std::vector<GradientCase> cases = {
    {.name = "one module", .form = {.units = 3}, .heads = 1},
    {.name = "newest of three", .form = {.units = 4}, .heads = 3},
    {.name = "all of three", .form = {.units = 3}, .heads = 3, .old_rate = 0.5},
    {.name = "all of three, own lengths", .form = {.units = 3}, .heads = 3, .old_rate = 0.5, .ragged = true},
    {.name = "all of three, loss of the newest",
     .form = {.units = 3},
     .heads = 3,
     .old_rate = 0.5,
     .loss_heads = {2}},
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
    {.name = "tau below 1", .form = {.units = 6}, .heads = 2, .short_times = true},
    {.name = "flat, four heads", .form = {.units = 7, .modular = false}, .heads = 4, .ragged = true},
    {.name = "a unit", .form = {.units = 1, .modular = false}, .heads = 2},
    {.name = "a unit more than a tile", .form = {.units = 6}, .heads = 2},
    {.name = "a unit less than two tiles", .form = {.units = 9, .modular = false}, .heads = 1},
    {.name = "two chunks and a sample", .form = {.units = 2}, .heads = 2, .samples = 65},
    {.name = "multiplicative noise, flat",
     .form = {.units = 6, .modular = false},
     .heads = 3,
     .samples = 33,
     .terms = {.noise = 0.3}},
    {.name = "additive noise, newest of three",
     .form = {.units = 3},
     .heads = 3,
     .ragged = true,
     .terms = {.noise = 0.3, .noise_exponent = 0.0}},
    {.name = "noise of exponent 3, all of three",
     .form = {.units = 3},
     .heads = 3,
     .old_rate = 0.5,
     .ragged = true,
     .terms = {.noise = 0.5, .noise_exponent = 3.0}},
    {.name = "noise, all of four, loss of two",
     .form = {.units = 2},
     .heads = 4,
     .old_rate = 0.5,
     .loss_heads = {0, 2},
     .terms = {.noise = 0.3, .noise_exponent = 4.0}},
    {.name = "noise at the state",
     .form = {.units = 3},
     .heads = 2,
     .old_rate = 0.5,
     .site = math::ActivationSite::state,
     .terms = {.noise = 0.3}},
    {.name = "L1 and L2, flat",
     .form = {.units = 5, .modular = false},
     .heads = 3,
     .terms = {.l1 = 0.02, .l2 = 0.03}},
    {.name = "L1, newest of three", .form = {.units = 3}, .heads = 3, .terms = {.l1 = 0.02}},
    {.name = "WA, flat, own lengths",
     .form = {.units = 7, .modular = false},
     .heads = 4,
     .ragged = true,
     .samples = 33,
     .terms = {.weighted_activity = 0.5}},
    {.name = "WA of exponent 1, newest of three",
     .form = {.units = 3},
     .heads = 3,
     .terms = {.weighted_activity = 0.5, .weighted_activity_exponent = 1.0}},
    {.name = "WA, all of four, loss of two",
     .form = {.units = 2},
     .heads = 4,
     .old_rate = 0.5,
     .ragged = true,
     .loss_heads = {0, 2},
     .terms = {.weighted_activity = 0.5, .weighted_activity_exponent = 1.5}},
    {.name = "everything, tau below 1",
     .form = {.units = 6},
     .heads = 2,
     .old_rate = 0.5,
     .short_times = true,
     .terms = {.noise = 0.3, .l1 = 0.01, .l2 = 0.02, .weighted_activity = 0.3}},
};

recurrent::GivenSequences<double> batch_of(const GradientCase& test_case, const Network<double>& network) {
  recurrent::GivenSequences<double> out;
  out.units = network.form.units;
  out.count = test_case.samples;
  out.longest = network.tasks.back() + 7;
  const auto draw = [](std::size_t i, std::uint32_t what) {
    return math::uniform(
        math::random_block(77, math::Stream::order, what, 0, static_cast<std::uint32_t>(i), 0).word[0]);
  };
  for (std::size_t i = 0; i < std::size_t{out.longest} * out.count; ++i)
    out.bit.push_back(draw(i, 0) < 0.5 ? 1.0 : 0.0);
  for (std::size_t i = 0; i < std::size_t{network.modules} * out.count * out.units; ++i)
    out.state.push_back(draw(i, 1));
  // Normals as they come: their distribution is of no interest here.
  const std::size_t normals = std::size_t{network.modules} * (out.longest + 1) * out.count * out.units;
  for (std::size_t i = 0; test_case.terms.noise > 0.0 && i < normals; ++i)
    out.eps.push_back(4.0 * draw(i, 2) - 2.0);
  for (std::uint32_t b = 0; test_case.ragged && b < out.count; ++b)
    out.sample_lengths.push_back(out.longest - (b * 3) % 7);
  return out;
}

Network<double> network_of(const GradientCase& test_case) {
  const recurrent::DrawnValues fresh(5, test_case.form);
  auto network = recurrent::first_network<double>(test_case.form, fresh);
  recurrent::Growth growth;
  growth.duplicate = {};
  growth.old_rate = test_case.old_rate;
  while (network.heads < test_case.heads) recurrent::grow(network, growth, fresh);
  if (test_case.short_times) {
    const auto layout = network.layout();
    for (const auto& one : layout.tensors())
      if (one.group == recurrent::Group::tau)
        for (std::size_t i = 0; i < one.size(); i += 2) network.values[one.offset + i] -= 1.0;
  }
  return network;
}

template <typename Case>
class RecurrentGradients : public OnEveryIsa<Case> {};
using DoubleIsas = testing::Types<OnIsa<double, cpu::Isa::baseline>, OnIsa<double, cpu::Isa::avx2>,
                                  OnIsa<double, cpu::Isa::avx512>>;
TYPED_TEST_SUITE(RecurrentGradients, DoubleIsas, IsaName);

TYPED_TEST(RecurrentGradients, AreFiniteDifferences) {
  for (const GradientCase& test_case : cases) {
    SCOPED_TRACE(test_case.name);
    const auto network = network_of(test_case);
    auto batch = batch_of(test_case, network);
    batch.chunk_size = this->kernels().chunk;
    const recurrent::StepSettings settings{
        .slope = 0.1, .site = test_case.site, .regularization = test_case.terms};
    const auto heads =
        test_case.loss_heads.empty() ? recurrent::learning_heads(network) : test_case.loss_heads;
    recurrent::NetworkStep<double> step(this->kernels());
    const auto result = step.gradient(network, settings, batch, heads);
    EXPECT_NEAR(result.loss + result.penalty, naive_loss(network, settings, batch, heads), 1e-12);
    double largest = 0.0;
    for (const double g : step.gradient()) largest = std::max(largest, std::abs(g));
    ASSERT_GT(largest, 1e-3);
    const auto layout = network.layout();
    for (std::size_t n = 0; n < layout.tensors().size(); ++n) {
      const auto& one = layout.tensors()[n];
      const bool other_head =
          one.group == recurrent::Group::head && std::ranges::count(heads, one.index) == 0;
      for (std::size_t i = 0; i < one.size(); ++i) {
        const double got = step.gradient()[one.offset + i];
        const bool diagonal = !one.has_diagonal() && i / one.columns == i % one.columns;
        const bool penalized = test_case.terms.of_weights();  // of all heads
        if (network.rates[n] == 0.0 || diagonal || (other_head && !penalized)) {
          EXPECT_EQ(got, 0.0) << one.name << " " << i;
          continue;
        }
        constexpr double h = 1e-6;  // small, so that hardly a unit crosses its kink between the two
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

/// A sample alone, and in batches around a chunk: the mean of the samples' own losses.
TYPED_TEST(RecurrentGradients, PaddingIsNoSample) {
  const GradientCase base{.form = {.units = 5}, .heads = 2};
  const auto network = network_of(base);
  const auto chunk = static_cast<std::uint32_t>(this->kernels().chunk);
  for (const std::uint32_t samples : {1U, chunk - 1, chunk, chunk + 1, 3 * chunk}) {
    GradientCase sized = base;
    sized.samples = samples;
    auto batch = batch_of(sized, network);
    batch.chunk_size = chunk;
    recurrent::NetworkStep<double> step(this->kernels());
    const auto heads = recurrent::learning_heads(network);
    EXPECT_NEAR(step.gradient(network, {}, batch, heads).loss, naive_loss(network, {}, batch, heads), 1e-12)
        << samples << " samples";
  }
}

/// One workspace serves networks of any size, in any order, and carries nothing over.
TYPED_TEST(RecurrentGradients, WorkspacesCarryNothingOver) {
  recurrent::NetworkStep<double> shared(this->kernels());
  for (const bool again : {false, true})
    for (const GradientCase& test_case : cases) {
      SCOPED_TRACE(test_case.name);
      const auto network = network_of(test_case);
      auto batch = batch_of(test_case, network);
      batch.chunk_size = this->kernels().chunk;
      const auto heads = recurrent::learning_heads(network);
      const recurrent::StepSettings settings{.regularization = test_case.terms};
      recurrent::NetworkStep<double> own(this->kernels());
      own.gradient(network, settings, batch, heads);
      shared.gradient(network, settings, batch, heads);
      EXPECT_TRUE(std::ranges::equal(own.gradient(), shared.gradient())) << (again ? "again" : "first");
    }
}

/// The first step moves a parameter by its tensor's share of the rate times (1 + momentum) times the
/// gradient.
TYPED_TEST(RecurrentGradients, OldModulesLearnAtTheirOwnRate) {
  auto network = network_of(cases[2]);
  auto batch = batch_of(cases[2], network);
  batch.chunk_size = this->kernels().chunk;
  const auto before = network;
  const recurrent::StepSettings settings{.learning_rate = 0.3, .momentum = 0.1, .clip_norm = 0.0};
  recurrent::NetworkStep<double> step(this->kernels());
  step.train(network, settings, batch, recurrent::learning_heads(network));
  const auto layout = network.layout();
  for (std::size_t n = 0; n < layout.tensors().size(); ++n) {
    const auto& one = layout.tensors()[n];
    const double share = one.index == 0 ? 0.25 : one.index == 1 ? 0.5 : 1.0;
    for (std::size_t i = one.offset; i < one.offset + one.size(); ++i)
      ASSERT_NEAR(before.values[i] - network.values[i], share * 0.3 * 1.1 * step.gradient()[i], 1e-12)
          << one.name;
  }
}

TYPED_TEST(RecurrentGradients, LossesThatAreNotFiniteChangeNothing) {
  auto network = network_of(cases[1]);
  auto batch = batch_of(cases[1], network);
  batch.chunk_size = this->kernels().chunk;
  network.values.back() = std::numeric_limits<double>::infinity();
  const auto before = network;
  recurrent::NetworkStep<double> step(this->kernels());
  EXPECT_FALSE(std::isfinite(step.train(network, {}, batch, recurrent::learning_heads(network)).loss));
  EXPECT_EQ(network, before);
}

/// Tests are without noise; `detached` leaves out a part of the gradient; normals of 0 are no noise.
TYPED_TEST(RecurrentGradients, NoiseIsOfStepsThatLearn) {
  const auto& noisy =
      *std::ranges::find(cases, std::string_view("multiplicative noise, flat"), &GradientCase::name);
  const auto network = network_of(noisy);
  auto batch = batch_of(noisy, network);
  batch.chunk_size = this->kernels().chunk;
  const recurrent::StepSettings clean{.slope = 0.1};
  recurrent::StepSettings with = clean;
  with.regularization = noisy.terms;
  const auto heads = recurrent::learning_heads(network);
  recurrent::NetworkStep<double> step(this->kernels());
  const double expected = step.test(network, clean, batch, heads).loss;
  EXPECT_EQ(step.test(network, with, batch, heads).loss, expected);
  EXPECT_NE(step.gradient(network, with, batch, heads).loss, expected);
  const std::vector<double> whole(step.gradient().begin(), step.gradient().end());
  with.regularization.detached = true;
  step.gradient(network, with, batch, heads);
  EXPECT_FALSE(std::ranges::equal(step.gradient(), whole));
  std::ranges::fill(batch.eps, 0.0);
  EXPECT_EQ(step.gradient(network, with, batch, heads).loss,
            step.gradient(network, clean, batch, heads).loss);
}

}  // namespace
}  // namespace modsweep::test
