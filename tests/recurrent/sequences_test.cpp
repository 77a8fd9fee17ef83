// The sequences that networks learn from (science.md sections 8.2 and 8.7).
#include "recurrent/sequences.h"

#include "recurrent/under_test.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace modsweep::test {
namespace {

using math::SequencePurpose;
using recurrent::DrawnSequences;
using recurrent::ParitySettings;

template <typename Case>
class RecurrentSequences : public OnEveryIsa<Case> {
 protected:
  using T = typename Case::T;
  static const cpu::Kernels<T>& random() { return cpu::kernels_for<T>(Case::isa); }
  DrawnSequences<T> draw(const ParitySettings& settings, std::uint32_t step, std::uint32_t samples = 256,
                         std::uint32_t seed = 1, SequencePurpose purpose = SequencePurpose::training,
                         std::uint32_t task = 5) {
    return DrawnSequences<T>(this->kernels(), random(), settings, seed, purpose, step, task, 6, samples);
  }
  /// [time][sample]
  std::vector<T> bits(const DrawnSequences<T>& from) {
    const std::size_t chunk = this->kernels().chunk;
    std::vector<T> out(std::size_t{from.steps()} * from.samples());
    cpu::AlignedVector<T> some((from.steps() + 3) * chunk);
    for (std::size_t first = 0; first < from.samples(); first += chunk) {
      from.bits(first / chunk, some.data());
      for (std::size_t t = 0; t < from.steps(); ++t)
        for (std::size_t b = 0; b < chunk && first + b < from.samples(); ++b)
          out[t * from.samples() + first + b] = some[t * chunk + b];
    }
    return out;
  }
};
TYPED_TEST_SUITE(RecurrentSequences, EveryIsa, IsaName);

/// Word by word from math/rng.h: a bit has the same value on every instruction set and in every precision.
TYPED_TEST(RecurrentSequences, BitsAreThoseOfTheirCounters) {
  using T = typename TestFixture::T;
  const auto drawn = this->draw({}, 9, 70);
  const auto got = this->bits(drawn);
  const auto word = [](math::SequenceDraw what, std::uint32_t sample, std::uint32_t t) {
    const auto stream = math::sequence_stream(SequencePurpose::training, what);
    return math::random_block(1, stream, 9, 0, sample, t / 4).word[t % 4];
  };
  for (std::uint32_t b = 0; b < 70; ++b)
    for (std::uint32_t t = 0; t < drawn.steps(); ++t) {
      const bool one = word(math::SequenceDraw::bits, b, t) < word(math::SequenceDraw::probability, b, 0);
      ASSERT_EQ(got[t * 70 + b], one ? T(1) : T(0)) << "sample " << b << " time " << t;
    }
}

/// Of every module, time and purpose its own.
TYPED_TEST(RecurrentSequences, NoiseIsThatOfItsCounters) {
  using T = typename TestFixture::T;
  for (const auto purpose : {SequencePurpose::training, SequencePurpose::generalization}) {
    const auto drawn = this->draw({}, 9, 70, 1, purpose);
    const std::size_t chunk = this->kernels().chunk;
    cpu::AlignedVector<T> got(8 * chunk);
    for (const std::uint32_t module : {0U, 3U})
      for (const std::uint32_t time : {0U, 1U, 300U}) {
        drawn.noise(1, module, time, got.data());
        for (std::uint32_t unit = 0; unit < 6; ++unit)
          for (std::uint32_t b = 0; b < chunk; ++b) {
            double normals[4];
            math::block_normals(
                math::random_block(1, math::sequence_noise_stream(purpose), 9, time * 65536 + module,
                                   static_cast<std::uint32_t>(chunk) + b, unit / 4),
                normals);
            // Single precision has a logarithm and an angle of its own.
            ASSERT_NEAR(static_cast<double>(got[unit * chunk + b]), normals[unit % 4],
                        TestFixture::fp64 ? 1e-12 : 2e-5);
          }
      }
  }
  std::set<math::Stream> streams;
  for (std::uint32_t p = 0; p < 6; ++p) {
    const auto purpose = static_cast<SequencePurpose>(p);
    streams.insert(math::sequence_noise_stream(purpose));
    for (std::uint32_t draw = 0; draw < 4; ++draw)
      streams.insert(math::sequence_stream(purpose, static_cast<math::SequenceDraw>(draw)));
  }
  EXPECT_EQ(streams.size(), 30U);
}

TYPED_TEST(RecurrentSequences, StatesAreThoseOfTheirCounters) {
  using T = typename TestFixture::T;
  const std::size_t chunk = this->kernels().chunk;
  const auto drawn = this->draw({}, 9, 70);
  cpu::AlignedVector<T> states(8 * chunk);
  for (const std::uint32_t module : {0U, 3U})
    for (std::size_t c = 0; c < 2; ++c) {
      drawn.states(c, module, states.data());
      for (std::uint32_t i = 0; i < 6; ++i)
        for (std::size_t b = 0; b < chunk; ++b) {
          const auto stream = math::sequence_stream(SequencePurpose::training, math::SequenceDraw::state);
          const auto sample = static_cast<std::uint32_t>(c * chunk + b);
          const auto word = math::random_block(1, stream, 9, module, sample, i / 4).word[i % 4];
          ASSERT_NEAR(static_cast<double>(states[i * chunk + b]), 0.1 * math::uniform(word), 1e-8);
        }
    }
  this->draw({.zero_state = true}, 9).states(0, 0, states.data());
  EXPECT_TRUE(std::all_of(states.begin(), states.begin() + static_cast<std::ptrdiff_t>(6 * chunk),
                          [](T x) { return x == T(0); }));
}

TYPED_TEST(RecurrentSequences, LengthsAreUniformBetweenTheirBounds) {
  std::vector<int> count(21, 0);
  for (std::uint32_t step = 0; step < 2800; ++step) ++count.at(this->draw({}, step, 1).steps());
  // {7, ..., 20}: 200 each, standard deviation 13.6.
  for (std::size_t length = 0; length <= 20; ++length)
    EXPECT_NEAR(count[length], length >= 7 ? 200 : 0, length >= 7 ? 75 : 0) << length;
  EXPECT_EQ(recurrent::longest_sequence({}, 5), 20U);
  EXPECT_EQ(recurrent::longest_sequence({.length_factor = 2.5}, 5), 13U);
  EXPECT_EQ(recurrent::longest_sequence({.length_factor = 2.5}, 4), 11U);
}

TYPED_TEST(RecurrentSequences, SamplesMayHaveTheirOwnLengths) {
  using T = typename TestFixture::T;
  const auto drawn = this->draw({.length = ParitySettings::Length::sequence}, 3);
  ASSERT_EQ(drawn.lengths().size(), 256U);
  EXPECT_EQ(std::set<std::uint32_t>(drawn.lengths().begin(), drawn.lengths().end()).size(), 14U);
  EXPECT_EQ(*std::ranges::max_element(drawn.lengths()), drawn.steps());
  const auto got = this->bits(drawn);
  for (std::size_t b = 0; b < 256; ++b)
    for (std::size_t t = drawn.lengths()[b]; t < drawn.steps(); ++t) ASSERT_EQ(got[t * 256 + b], T(0));
}

/// The variance of a sequence's share of ones, which is larger where each has a probability of its own.
TYPED_TEST(RecurrentSequences, ProbabilitiesAreOfASequenceOfABatchOrEven) {
  const auto shares = [&](ParitySettings::BitProbability choice, std::uint32_t step) {
    const auto drawn = this->draw({.length_factor = 20.0, .bit_probability = choice}, step);
    const auto got = this->bits(drawn);
    std::vector<double> out(256, 0.0);
    for (std::size_t i = 0; i < got.size(); ++i) out[i % 256] += static_cast<double>(got[i]) / drawn.steps();
    return out;
  };
  const auto mean_and_variance = [](const std::vector<double>& x) {
    double mean = 0.0, squares = 0.0;
    for (const double v : x) mean += v / static_cast<double>(x.size());
    for (const double v : x) squares += (v - mean) * (v - mean) / static_cast<double>(x.size());
    return std::pair(mean, squares);
  };
  // Uniform p: variance 1/12 and more; p of the batch: below 1/4L; several batches differ by p's own
  // variance.
  EXPECT_GT(mean_and_variance(shares(ParitySettings::BitProbability::sequence, 2)).second, 0.06);
  const auto even = mean_and_variance(shares(ParitySettings::BitProbability::even, 2));
  EXPECT_NEAR(even.first, 0.5, 0.05);
  EXPECT_LT(even.second, 0.04);
  std::vector<double> means;
  for (std::uint32_t step = 0; step < 40; ++step) {
    const auto batch = mean_and_variance(shares(ParitySettings::BitProbability::batch, step));
    EXPECT_LT(batch.second, 0.04);
    means.push_back(batch.first);
  }
  EXPECT_GT(mean_and_variance(means).second, 0.03);
}

TYPED_TEST(RecurrentSequences, SeedsStepsAndPurposesShareNoBits) {
  ParitySettings even;
  even.bit_probability = ParitySettings::BitProbability::even;
  const auto first = this->bits(this->draw(even, 1));
  for (const auto& other : {this->bits(this->draw(even, 2)), this->bits(this->draw(even, 1, 256, 2)),
                            this->bits(this->draw(even, 1, 256, 1, SequencePurpose::test)),
                            this->bits(this->draw(even, 1, 256, 1, SequencePurpose::generalization))}) {
    std::size_t equal = 0;
    const std::size_t both = std::min(first.size(), other.size());
    for (std::size_t i = 0; i < both; ++i) equal += first[i] == other[i] ? 1 : 0;
    EXPECT_NEAR(static_cast<double>(equal) / static_cast<double>(both), 0.5, 0.08);
  }
}

}  // namespace
}  // namespace modsweep::test
