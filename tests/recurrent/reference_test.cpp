// Recurrent networks against the float64 vectors made with PyTorch.
#include "recurrent/under_test.h"
#include "recurrent/vectors.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace modsweep::test {
namespace {

using recurrent::NamedTensor;

double largest(const std::vector<double>& values) {
  double out = 0.0;
  for (const double v : values) out = std::max(out, std::abs(v));
  return out;
}

TEST(RecurrentReferenceFiles, AreThoseOfTheIndex) {
  std::ifstream index(reference_dir() + "/recurrent/index.json");
  if (!index) GTEST_SKIP() << "no index.json in " << reference_dir() << "/recurrent";
  std::map<std::string, std::set<std::string>> listed;
  for (const auto& entry : nlohmann::json::parse(index)) {
    const std::filesystem::path file = entry.at("file").get<std::string>();
    listed[file.parent_path()].insert(file.stem());
  }
  EXPECT_EQ(listed.size(), 6U);
  for (const auto& [folder, names] : listed) {
    std::set<std::string> found;
    for (const RecurrentCase& one : recurrent_cases(folder)) found.insert(one.name);
    EXPECT_EQ(found, names) << folder;
  }
}

template <typename Case>
class RecurrentReference : public OnEveryIsa<Case> {
 protected:
  /// Within the tolerance relative to the largest value of each tensor.
  template <typename Got>
  void expect_tensors(const Got& got, const RecurrentCase& from, const recurrent::TensorLayout& layout,
                      const std::string& prefix, double factor = 1.0) {
    std::size_t compared = 0;
    for (const NamedTensor& one : layout.tensors()) {
      if (!from.has(prefix + one.name)) continue;
      const auto& want = from.values(prefix + one.name);
      const double bound = factor * this->tolerance * std::max(largest(want), 1e-3);
      for (std::size_t i = 0; i < want.size(); ++i)
        ASSERT_NEAR(static_cast<double>(got[one.offset + i]), want[i], bound)
            << prefix << one.name << " " << i;
      ++compared;
    }
    EXPECT_GT(compared, 0U) << prefix;
  }
};
TYPED_TEST_SUITE(RecurrentReference, EveryIsa, IsaName);

TYPED_TEST(RecurrentReference, LossesGradientsAndStepsOfEveryNetwork) {
  using T = typename TestFixture::T;
  const double bound = this->tolerance;
  for (const RecurrentCase& from : recurrent_cases("networks")) {
    SCOPED_TRACE(from.name);
    auto network = network_of<T>(from);
    const auto layout = network.layout();
    const auto settings = step_settings(from);
    const auto sequences = sequences_of<T>(from, this->kernels().chunk);
    const auto heads = from.get<std::vector<std::uint32_t>>("loss_heads");
    recurrent::NetworkStep<T> step(this->kernels());

    const auto result = step.gradient(network, settings, sequences, heads);
    const auto& by_head = from.values("loss_by_head");
    for (std::size_t h = 0; h < heads.size(); ++h)
      EXPECT_NEAR(result.losses[h], by_head[h], bound * by_head[h]);
    EXPECT_NEAR(result.loss, from.scalar("loss"), bound * from.scalar("loss"));
    EXPECT_NEAR(result.norm, from.scalar("gradient_norm"), bound * from.scalar("gradient_norm"));
    this->expect_tensors(step.gradient(), from, layout, "g.");
    for (std::size_t n = 0; n < layout.tensors().size(); ++n) {
      if (network.rates[n] > 0.0) continue;
      const NamedTensor& one = layout.tensors()[n];
      for (std::size_t i = 0; i < one.size(); ++i)
        EXPECT_EQ(step.gradient()[one.offset + i], T(0)) << one.name;
    }

    const auto before = network;
    const auto& losses = from.values("loss_by_step");
    for (std::size_t t = 0; t < 10; ++t) {
      EXPECT_NEAR(step.train(network, settings, sequences, heads).loss, losses[t], 10.0 * bound)
          << "step " << t;
      if (t == 0) this->expect_tensors(network.values, from, layout, "p1.");
    }
    // Ten steps, each with rounding errors of its own.
    this->expect_tensors(network.values, from, layout, "p10.", 10.0);
    this->expect_tensors(network.velocity, from, layout, "v10.", 10.0);
    for (std::size_t n = 0; n < layout.tensors().size(); ++n) {
      if (network.rates[n] > 0.0) continue;
      const NamedTensor& one = layout.tensors()[n];
      for (std::size_t i = one.offset; i < one.offset + one.size(); ++i)
        ASSERT_EQ(network.values[i], before.values[i]) << one.name << " is frozen";
    }
  }
}

TYPED_TEST(RecurrentReference, StatesAndLogitsOfEveryNetwork) {
  using T = typename TestFixture::T;
  for (const RecurrentCase& from : recurrent_cases("networks")) {
    SCOPED_TRACE(from.name);
    const auto network = network_of<T>(from);
    const std::size_t samples = this->kernels().chunk;
    const auto sequences = sequences_of<T>(from, samples);
    std::vector<std::uint32_t> heads(network.heads);
    for (std::uint32_t h = 0; h < network.heads; ++h) heads[h] = h;
    recurrent::NetworkStep<T> step(this->kernels());
    const auto result = step.test(network, step_settings(from), sequences, heads, true);
    const auto& logits = from.values("logits");
    const auto& labels = from.values("labels");
    const std::size_t batch = sequences.count;
    for (std::size_t h = 0; h < heads.size(); ++h) {
      std::uint64_t right = 0;
      for (std::size_t b = 0; b < batch; ++b) {
        const std::size_t at = h * batch + b;
        const double margin = logits[2 * at + 1] - logits[2 * at];
        EXPECT_NEAR(static_cast<double>(step.margins()[h][b]), margin, this->tolerance * largest(logits));
        if ((margin > 0.0) == (labels[at] > 0.0)) ++right;
      }
      EXPECT_EQ(result.right[h], right) << "head " << h;
    }
    // The kept states are of the last chunk; states of samples that have ended stay.
    const std::size_t first = (batch - 1) / samples * samples;
    const std::size_t units = network.form.units;
    const auto& last = from.values("rT");
    for (std::uint32_t m = 0; m < network.modules; ++m)
      for (std::size_t b = first; b < batch; ++b)
        for (std::size_t i = 0; i < units; ++i) {
          const auto got = [&](std::size_t t) {
            return static_cast<double>(step.states(m)[(t * units + i) * samples + b - first]);
          };
          ASSERT_NEAR(got(sequences.longest), last[(m * batch + b) * units + i],
                      this->tolerance * largest(last));
          for (std::size_t t = 0; from.has("r") && t <= sequences.longest; ++t)
            ASSERT_NEAR(got(t), from.values("r")[((t * network.modules + m) * batch + b) * units + i],
                        this->tolerance * largest(last));
        }
  }
}

/// Parameters that are perturbed by about one unit in the last place: what rounding does through a
/// trajectory's conditioning, measured rather than assumed, and multiplied by the roundings of a step.
template <typename T>
recurrent::Network<double> perturbed(const recurrent::Network<double>& network, std::uint32_t seed) {
  auto out = network;
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    const double u =
        math::recurrent_initial(seed, math::RecurrentTensor::head, 0, static_cast<std::uint32_t>(i), 0);
    out.values[i] *= 1.0 + (sizeof(T) == 8 ? 0x1p-52 : 0x1p-23) * (2.0 * u - 1.0);
  }
  return out;
}

/// Batches of 200 steps.
template <typename T>
recurrent::GivenSequences<T> batch_of_step(const RecurrentCase& from, std::size_t chunk, std::size_t step) {
  const auto& lengths = from.values("length_by_step");
  recurrent::GivenSequences<T> out;
  out.chunk_size = chunk;
  out.units = from.get<std::uint32_t>("units");
  out.count = from.get<std::uint32_t>("batch");
  out.longest = static_cast<std::uint32_t>(lengths[step]);
  std::size_t row = 0;
  for (std::size_t s = 0; s < step; ++s) row += static_cast<std::size_t>(lengths[s]);
  const auto& bits = from.values("bits");
  out.bit.assign(bits.begin() + static_cast<std::ptrdiff_t>(row * out.count),
                 bits.begin() + static_cast<std::ptrdiff_t>((row + out.longest) * out.count));
  return out;
}

TYPED_TEST(RecurrentReference, TrajectoriesOfTwoHundredSteps) {
  using T = typename TestFixture::T;
  constexpr double roundings = 16.0;
  constexpr std::uint32_t draws = 4;
  const double bound = this->tolerance;
  for (const RecurrentCase& from : recurrent_cases("trajectories")) {
    SCOPED_TRACE(from.name);
    auto network = network_of<T>(from);
    std::vector<recurrent::Network<double>> moved = {network_of<double>(from)};
    for (std::uint32_t d = 1; d <= draws; ++d) moved.push_back(perturbed<T>(moved[0], d));
    const auto heads = from.get<std::vector<std::uint32_t>>("loss_heads");
    const auto settings = step_settings(from);
    const auto& exact = recurrent::kernels_for<double>(TypeParam::isa);
    recurrent::NetworkStep<T> step(this->kernels());
    recurrent::NetworkStep<double> exact_step(exact);
    double spread = 0.0;
    for (std::size_t t = 0; t < from.get<std::size_t>("steps"); ++t) {
      const auto batch = batch_of_step<double>(from, exact.chunk, t);
      std::vector<double> losses;
      for (auto& one : moved) losses.push_back(exact_step.train(one, settings, batch, heads).loss);
      for (const double loss : losses) spread = std::max(spread, std::abs(loss - losses[0]));
      const auto result =
          step.train(network, settings, batch_of_step<T>(from, this->kernels().chunk, t), heads);
      const double want = from.values("loss_by_step")[t];
      ASSERT_NEAR(result.loss, want, bound * want + roundings * spread) << "step " << t;
      const double norm = from.values("norm_by_step")[t];
      ASSERT_NEAR(result.norm, norm, 10.0 * bound * std::max(norm, 1.0) + 10.0 * roundings * spread)
          << "step " << t;
    }
    double moved_by = 0.0;
    for (const auto& one : moved)
      for (std::size_t i = 0; i < one.values.size(); ++i)
        moved_by = std::max(moved_by, std::abs(one.values[i] - moved[0].values[i]));
    const auto layout = network.layout();
    for (const NamedTensor& one : layout.tensors()) {
      if (!from.has("end." + one.name)) continue;
      const auto& want = from.values("end." + one.name);
      for (std::size_t i = 0; i < want.size(); ++i)
        ASSERT_NEAR(static_cast<double>(network.values[one.offset + i]), want[i],
                    bound * std::max(1.0, largest(want)) + roundings * moved_by)
            << one.name << " " << i;
    }
    EXPECT_LT(roundings * spread, TestFixture::fp64 ? 1e-6 : 0.1) << "the allowance says nothing";
  }
}

/// Fresh values as a case lists them.
class ListedValues final : public recurrent::FreshValues {
 public:
  explicit ListedValues(const RecurrentCase& from) : from_(from) {}
  [[nodiscard]] std::vector<double> of(const NamedTensor& tensor) const override {
    return from_.values("fresh." + tensor.name);
  }

 private:
  const RecurrentCase& from_;
};

TEST(RecurrentReferenceGrowth, OfEveryCase) {
  const std::map<std::string, recurrent::Group> groups = {{"recurrent", recurrent::Group::recurrent},
                                                          {"feedforward", recurrent::Group::feedforward},
                                                          {"input", recurrent::Group::input},
                                                          {"tau", recurrent::Group::tau},
                                                          {"head", recurrent::Group::head}};
  for (const RecurrentCase& from : recurrent_cases("growth")) {
    SCOPED_TRACE(from.name);
    auto network = network_of<double>(from);
    const auto before = network;
    recurrent::Growth growth;
    growth.duplicate.clear();
    for (const auto& name : from.get<std::vector<std::string>>("duplicate"))
      growth.duplicate.push_back(groups.at(name));
    recurrent::grow(network, growth, ListedValues(from));
    const auto layout = network.layout();
    std::size_t compared = 0;
    for (const NamedTensor& one : layout.tensors()) {
      if (!from.has("after." + one.name)) continue;
      const auto& want = from.values("after." + one.name);
      const auto begin = network.values.begin() + static_cast<std::ptrdiff_t>(one.offset);
      EXPECT_EQ(std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(one.size())), want)
          << one.name;
      ++compared;
    }
    EXPECT_EQ(compared, layout.tensors().size() - before.layout().tensors().size());
    EXPECT_TRUE(std::equal(before.values.begin(), before.values.end(), network.values.begin()));
  }
}

}  // namespace
}  // namespace modsweep::test
