// Measurements that train or perturb copies of a network.
#include "recurrent/trained_network.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace modsweep::test {
namespace {

using recurrent::Generalization;
using recurrent::RunSettings;

RunSettings small_run(bool modular) {
  RunSettings run;
  run.form = {.units = 5, .modular = modular};
  run.batch = 40;
  run.steps_per_epoch = 15;
  run.test_batches = 3;
  run.seed = 6;
  return run;
}

recurrent::Network<double> grown(const RunSettings& run) {
  const recurrent::DrawnValues fresh(run.seed, run.form);
  auto network = recurrent::first_network<double>(run.form, fresh);
  for (int i = 0; i < 2; ++i) recurrent::grow(network, {.duplicate = {}}, fresh);
  return network;
}

/// The same by hand: a head is added, what learns is marked, and steps are taken one by one.
double by_hand(const recurrent::Network<double>& network, const RunSettings& run, std::uint32_t extra,
               bool all, std::uint32_t epochs) {
  const auto& kernels = recurrent::kernels_for<double>(cpu::best_isa());
  const auto& random = cpu::kernels_for<double>(cpu::best_isa());
  auto learner = network;
  recurrent::add_head(learner, network.tasks.back() + extra, recurrent::DrawnValues(run.seed, run.form));
  const auto layout = learner.layout();
  for (std::size_t n = 0; n < layout.tensors().size(); ++n) {
    const auto& one = layout.tensors()[n];
    const bool newest = !run.form.modular || one.index + 1 == network.modules;
    const bool head = one.group == recurrent::Group::head;
    learner.rates[n] = (head ? one.index + 1 == learner.heads : all && newest) ? 1.0 : 0.0;
  }
  recurrent::NetworkStep<double> step(kernels);
  const std::vector<std::uint32_t> heads = {network.heads};
  const auto draw = [&](math::SequencePurpose purpose, std::uint32_t counter) {
    return recurrent::DrawnSequences<double>(kernels, random, run.parity, run.seed, purpose, counter,
                                             network.tasks.back() + extra, 5, run.batch);
  };
  const std::uint32_t steps = epochs * run.steps_per_epoch;
  for (std::uint32_t s = 0; s < steps; ++s)
    step.train(learner, run.step, draw(math::SequencePurpose::generalization, extra * steps + s), heads);
  double right = 0.0;
  for (std::uint32_t b = 0; b < run.test_batches; ++b)
    right += static_cast<double>(
        step.test(learner, run.step,
                  draw(math::SequencePurpose::generalization_test, extra * run.test_batches + b), heads)
            .right[0]);
  return right / (run.test_batches * run.batch);
}

TEST(RecurrentGeneralization, TrainsAFreshHeadAloneOrWithWhatWasTrained) {
  for (const bool modular : {true, false}) {
    const RunSettings run = small_run(modular);
    const auto network = grown(run);
    for (const std::uint32_t extra : {1U, 3U}) {
      EXPECT_EQ(recurrent::generalization(network, run, cpu::best_isa(), extra, Generalization::head, 2),
                by_hand(network, run, extra, false, 2));
      EXPECT_EQ(recurrent::generalization(network, run, cpu::best_isa(), extra, Generalization::all, 2),
                by_hand(network, run, extra, true, 2));
    }
  }
}

TEST(RecurrentRobustness, IsTheContinuousAccuracyOfEachPerturbedNetwork) {
  const RunSettings run = small_run(true);
  const auto network = grown(run);
  const auto& kernels = recurrent::kernels_for<double>(cpu::best_isa());
  const auto got = recurrent::robustness(network, run, cpu::best_isa(),
                                         {.strengths = {0.0, 0.5}, .draws = 3, .steps = 200});
  ASSERT_EQ(got.size(), 2U);
  ASSERT_EQ(got[1].size(), 3U);
  recurrent::NetworkStep<double> step(kernels);
  const auto sequence = recurrent::continuous_sequence(kernels, network, run.seed, 300);
  const auto clean = recurrent::continuous_accuracy(step, network, run.step, sequence, 100);
  for (std::uint32_t draw = 0; draw < 3; ++draw) {
    EXPECT_EQ(got[0][draw], clean);
    const auto moved = recurrent::perturbed(network, recurrent::Perturbed::weights, 0.5,
                                            recurrent::DrawnNormals(run.seed, draw));
    EXPECT_EQ(got[1][draw], recurrent::continuous_accuracy(step, moved, run.step, sequence, 100));
  }
}

TEST(RecurrentRobustness, StrengthsAreLogSpaced) {
  const auto strengths = recurrent::log_spaced(0.01, 10.0, 4);
  ASSERT_EQ(strengths.size(), 4U);
  EXPECT_NEAR(strengths[0], 0.01, 1e-12);
  EXPECT_NEAR(strengths[1], 0.1, 1e-12);
  EXPECT_NEAR(strengths[3], 10.0, 1e-12);
  EXPECT_EQ(recurrent::log_spaced(0.3, 5.0, 1), (std::vector<double>{0.3}));
}

}  // namespace
}  // namespace modsweep::test
