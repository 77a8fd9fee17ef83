// Measurements of trained recurrent networks, against the vectors and against plain loops.
#include "recurrent/measures.h"

#include "recurrent/naive_recurrent.h"
#include "recurrent/timescales.h"
#include "recurrent/under_test.h"
#include "recurrent/vectors.h"

#include <algorithm>
#include <cmath>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

using math::RecurrentTensor;
using recurrent::NamedTensor;
using recurrent::Perturbed;

/// Normal numbers as a case lists them.
class ListedNormals final : public recurrent::FreshValues {
 public:
  explicit ListedNormals(const RecurrentCase& from) : from_(from) {}
  [[nodiscard]] std::vector<double> of(const NamedTensor& tensor) const override {
    return from_.values("xi." + tensor.name);
  }

 private:
  const RecurrentCase& from_;
};

template <typename Case>
class RecurrentReferenceMeasures : public OnEveryIsa<Case> {};
TYPED_TEST_SUITE(RecurrentReferenceMeasures, EveryIsa, IsaName);

TYPED_TEST(RecurrentReferenceMeasures, RobustnessOfEveryCase) {
  using T = typename TestFixture::T;
  for (const RecurrentCase& from : recurrent_cases("robustness")) {
    SCOPED_TRACE(from.name);
    const auto groups = from.get<std::vector<std::string>>("perturbed_groups");
    const Perturbed what = groups[0] == "tau"   ? Perturbed::tau
                           : groups.size() == 2 ? Perturbed::weights
                                                : Perturbed::recurrent;
    const auto network = network_of<T>(from);
    const auto moved =
        recurrent::perturbed(network, what, from.template get<double>("strength"), ListedNormals(from));
    const auto layout = network.layout();
    std::size_t compared = 0;
    for (const NamedTensor& one : layout.tensors()) {
      const bool listed = from.has("perturbed." + one.name);
      compared += listed ? 1 : 0;
      for (std::size_t i = 0; i < one.size(); ++i)
        ASSERT_NEAR(static_cast<double>(moved.values[one.offset + i]),
                    listed ? from.values("perturbed." + one.name)[i]
                           : static_cast<double>(network.values[one.offset + i]),
                    TestFixture::fp64 ? 1e-12 : 1e-6)
            << one.name;
    }
    EXPECT_GT(compared, 0U);

    const recurrent::StepSettings settings{.slope = from.template get<double>("negative_slope")};
    const auto warmup = from.template get<std::uint32_t>("warmup");
    recurrent::GivenSequences<T> sequence;
    sequence.chunk_size = this->kernels().chunk;
    sequence.units = network.form.units;
    sequence.count = 1;
    sequence.bit = from.values("bits");
    sequence.longest = static_cast<std::uint32_t>(sequence.bit.size());
    sequence.state = from.values("r0");
    recurrent::NetworkStep<T> step(this->kernels());
    // In float a logit at a tie may fall to the other side at a few of the time steps.
    const double bound = TestFixture::fp64 ? 1e-12 : 2.0 / (sequence.longest - warmup);
    const auto clean = recurrent::continuous_accuracy(step, network, settings, sequence, warmup);
    const auto noisy = recurrent::continuous_accuracy(step, moved, settings, sequence, warmup);
    ASSERT_EQ(clean.size(), from.values("accuracy").size());
    for (std::size_t h = 0; h < clean.size(); ++h) {
      EXPECT_NEAR(clean[h], from.values("accuracy")[h], bound) << h;
      EXPECT_NEAR(noisy[h], from.values("accuracy_perturbed")[h], bound) << h;
    }
  }
}

TEST(RecurrentReferenceTimescales, OfEveryCase) {
  for (const RecurrentCase& from : recurrent_cases("timescales")) {
    SCOPED_TRACE(from.name);
    const auto& shape = tensor(from.file, from, "x").shape;
    const auto& x = from.values("x");
    recurrent::Autocovariances sums(shape[0], 40);
    std::vector<double> now(shape[0]);
    for (std::size_t t = 0; t < shape[1]; ++t) {
      for (std::size_t s = 0; s < shape[0]; ++s) now[s] = x[s * shape[1] + t];
      sums.add(now);
    }
    std::vector<std::vector<double>> covariances;
    for (std::size_t s = 0; s < shape[0]; ++s) covariances.push_back(sums.of(s));
    const auto correlation = recurrent::autocorrelation(covariances);
    const auto& want = from.values("autocorrelation");
    ASSERT_EQ(correlation.size(), want.size());
    for (std::size_t k = 0; k < want.size(); ++k) {
      double mean = 0.0;  // the vectors are not divided by a(0)
      for (const auto& one : covariances) mean += one[k] / static_cast<double>(covariances.size());
      EXPECT_NEAR(mean, want[k], 1e-10 * want[0]) << k;
      EXPECT_NEAR(correlation[k], want[k] / want[0], 1e-10) << k;
    }

    const auto lags = from.get<std::size_t>("fit_lags");
    const auto fits = recurrent::fit_decay(std::span(correlation).first(lags + 1));
    EXPECT_EQ(fits.two_are_better ? 2 : 1, from.get<int>("best"));
    EXPECT_NEAR(fits.timescale(), from.scalar("tau"), 1e-4 * std::max(1.0, from.scalar("tau")));
    EXPECT_NEAR(fits.one.residual, from.values("rss")[0], 1e-6 * from.values("rss")[0]);
    EXPECT_NEAR(fits.two.residual, from.values("rss")[1], 1e-6 * from.values("rss")[1]);
    EXPECT_NEAR(fits.one.information, from.values("aic")[0], 1e-4);
    EXPECT_NEAR(fits.two.information, from.values("aic")[1], 1e-4);
    EXPECT_NEAR(fits.one.amplitude, from.values("one")[0], 1e-4);
  }
}

TEST(RecurrentReferenceConservation, OfEveryCase) {
  for (const RecurrentCase& from : recurrent_cases("conservation")) {
    SCOPED_TRACE(from.name);
    const auto& before = from.values("before");
    const auto units = from.get<std::size_t>("units");
    EXPECT_NEAR(recurrent::conservation(before, from.values("after"), units, true),
                from.scalar("variance_all"), 1e-12);
    EXPECT_NEAR(recurrent::conservation(before, from.values("after"), units, false),
                from.scalar("variance_off_diagonal"), 1e-12);
    EXPECT_NEAR(recurrent::conservation(before, before, units, true), 0.0, 1e-12);
  }
}

/// A modular network of three modules.
recurrent::Network<double> small_network(bool modular = true) {
  const recurrent::Form form{.units = 4, .modular = modular};
  const recurrent::DrawnValues fresh(2, form);
  auto network = recurrent::first_network<double>(form, fresh);
  for (int i = 0; i < 2; ++i) recurrent::grow(network, {.duplicate = {}}, fresh);
  return network;
}

TEST(RecurrentMeasures, ContinuousReadingIsThatOfPlainLoops) {
  const auto& kernels = recurrent::kernels_for<double>(cpu::best_isa());
  for (const bool modular : {true, false}) {
    const auto network = small_network(modular);
    const auto sequence = recurrent::continuous_sequence(kernels, network, 3, 250);
    recurrent::NetworkStep<double> step(kernels);
    const auto got = recurrent::continuous_accuracy(step, network, {}, sequence, 100);
    std::vector<std::vector<double>> first(network.modules, std::vector<double>(4));
    for (std::size_t m = 0; m < network.modules; ++m)
      for (std::size_t i = 0; i < 4; ++i) first[m][i] = sequence.state[m * 4 + i];
    const auto states = naive_states(network, {}, sequence.bit, first);
    for (std::uint32_t head = 0; head < network.heads; ++head) {
      int right = 0;
      for (std::size_t t = 101; t <= 250; ++t) {
        int ones = 0;
        for (std::size_t back = 0; back < network.tasks[head]; ++back)
          ones += sequence.bit[t - 1 - back] > 0.5 ? 1 : 0;
        const auto y = naive_logits(network, head, states[t]);
        right += (y[1] > y[0]) == (ones % 2 == 1) ? 1 : 0;
      }
      EXPECT_NEAR(got[head], right / 150.0, 1e-12) << head;
    }
  }
  EXPECT_EQ(recurrent::continuous_warmup(50), 100U);
  EXPECT_EQ(recurrent::continuous_warmup(51), 102U);
}

TEST(RecurrentMeasures, TooShortSequencesAreRefused) {
  const auto& kernels = recurrent::kernels_for<double>(cpu::best_isa());
  const auto network = small_network();
  recurrent::NetworkStep<double> step(kernels);
  const auto sequence = recurrent::continuous_sequence(kernels, network, 3, 20);
  EXPECT_THROW(recurrent::continuous_accuracy(step, network, {}, sequence, 20), LogicError);
  EXPECT_THROW(recurrent::continuous_accuracy(step, network, {}, sequence, 3), LogicError);
  EXPECT_NO_THROW(recurrent::continuous_accuracy(step, network, {}, sequence, 4));
}

/// Windows join without a seam: the same timescales from a plain run over the whole sequence.
TEST(RecurrentMeasures, EffectiveTimescalesAreThoseOfPlainLoops) {
  const auto& kernels = recurrent::kernels_for<double>(cpu::best_isa());
  const auto network = small_network();
  const recurrent::TimescaleSettings chosen{.trials = 2, .dropped = 50, .steps = 2100, .lags = 30};
  const auto got = recurrent::effective_timescales(network, kernels, {}, 4, chosen);
  const auto word = [](math::SequenceDraw what, std::uint32_t layer, std::uint32_t sample,
                       std::uint32_t item) {
    const auto stream = math::sequence_stream(math::SequencePurpose::timescale, what);
    return math::random_block(4, stream, 0, layer, sample, item / 4).word[item % 4];
  };
  std::vector<NaiveStates> trials;
  for (std::uint32_t trial = 0; trial < 2; ++trial) {
    std::vector<double> bits;
    for (std::uint32_t t = 0; t < 2150; ++t)
      bits.push_back(word(math::SequenceDraw::bits, 0, trial, t) <
                             word(math::SequenceDraw::probability, 0, trial, 0)
                         ? 1.0
                         : 0.0);
    std::vector<std::vector<double>> first(3, std::vector<double>(4));
    for (std::uint32_t m = 0; m < 3; ++m)
      for (std::uint32_t i = 0; i < 4; ++i)
        first[m][i] = 0.1 * math::uniform(word(math::SequenceDraw::state, m, trial, i));
    trials.push_back(naive_states(network, {}, bits, first));
  }
  for (std::size_t m = 0; m < 3; ++m)
    for (std::size_t i = 0; i < 4; ++i) {
      std::vector<double> correlation(31, 0.0);
      for (const auto& states : trials) {
        double mean = 0.0;
        for (std::size_t t = 51; t <= 2150; ++t) mean += states[t][m][i] / 2100.0;
        for (std::size_t k = 0; k <= 30; ++k)
          for (std::size_t t = 51; t + k <= 2150; ++t)
            correlation[k] +=
                (states[t][m][i] - mean) * (states[t + k][m][i] - mean) / (2100.0 - static_cast<double>(k));
      }
      const double variance = correlation[0];
      for (double& value : correlation) value /= variance;
      const double want = recurrent::fit_decay(correlation).timescale();
      EXPECT_NEAR(got[m][i], want, 1e-4 * std::max(1.0, want)) << m << " " << i;
    }
}

TEST(RecurrentMeasures, StatesThatDoNotVaryHaveNoTimescale) {
  recurrent::Autocovariances sums(1, 3);
  for (int t = 0; t < 10; ++t) sums.add(std::vector<double>{7.0});
  EXPECT_TRUE(recurrent::autocorrelation({sums.of(0)}).empty());
  recurrent::Autocovariances few(1, 3);
  for (int t = 0; t < 3; ++t) few.add(std::vector<double>{7.0});
  EXPECT_THROW(static_cast<void>(few.of(0)), LogicError);
}

TEST(RecurrentMeasures, PerturbationsHaveTheirStrengthAndMoveOnlyTheirGroup) {
  const auto network = small_network();
  const auto layout = network.layout();
  for (const Perturbed what :
       {Perturbed::weights, Perturbed::recurrent, Perturbed::feedforward, Perturbed::input, Perturbed::tau}) {
    const auto moved = recurrent::perturbed(network, what, 0.3, recurrent::DrawnNormals(1, 0));
    for (const NamedTensor& one : layout.tensors()) {
      double length = 0.0, distance = 0.0;
      for (std::size_t i = one.offset; i < one.offset + one.size(); ++i) {
        length += network.values[i] * network.values[i];
        distance += (moved.values[i] - network.values[i]) * (moved.values[i] - network.values[i]);
        if (what == Perturbed::tau) {
          EXPECT_GE(moved.values[i], network.values[i]);
        }
      }
      const bool both = what == Perturbed::weights;
      const bool moves =
          (one.kind == RecurrentTensor::recurrent && (both || what == Perturbed::recurrent)) ||
          (one.kind == RecurrentTensor::feedforward && (both || what == Perturbed::feedforward)) ||
          (one.kind == RecurrentTensor::input && what == Perturbed::input) ||
          (one.kind == RecurrentTensor::timescale && what == Perturbed::tau);
      EXPECT_NEAR(std::sqrt(distance), moves ? 0.3 * std::sqrt(length) : 0.0, 1e-12) << one.name;
      for (std::size_t i = 0; i < one.rows && !one.has_diagonal(); ++i) {
        EXPECT_EQ(moved.values[one.offset + i * one.columns + i], 0.0);
      }
    }
  }
  EXPECT_NE(recurrent::perturbed(network, Perturbed::input, 0.3, recurrent::DrawnNormals(1, 0)),
            recurrent::perturbed(network, Perturbed::input, 0.3, recurrent::DrawnNormals(1, 1)));
}

TEST(RecurrentMeasures, ConservationIsBetweenConsecutiveModulesThatHaveTheMatrix) {
  const auto network = small_network();
  EXPECT_EQ(recurrent::conservations(network, RecurrentTensor::recurrent).size(), 2U);
  EXPECT_EQ(recurrent::conservations(network, RecurrentTensor::feedforward).size(), 1U);
  const recurrent::Form form{.units = 4};
  const recurrent::DrawnValues fresh(2, form);
  auto copied = recurrent::first_network<double>(form, fresh);
  for (int i = 0; i < 2; ++i) recurrent::grow(copied, {}, fresh);
  EXPECT_NEAR(recurrent::conservations(copied, RecurrentTensor::recurrent).back(), 0.0, 1e-12);
}

}  // namespace
}  // namespace modsweep::test
