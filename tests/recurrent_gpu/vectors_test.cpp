// Recurrent networks on the emulated device against the float64 vectors made with PyTorch.
#include "recurrent/vectors.h"

#include "recurrent_gpu/under_device_test.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace modsweep::test {
namespace {

using recurrent::NamedTensor;

double largest_of(const std::vector<double>& values) {
  double out = 0.0;
  for (const double v : values) out = std::max(out, std::abs(v));
  return out;
}

recurrent::RunSettings run_of(const RecurrentCase& from) {
  recurrent::RunSettings run;
  run.form = form_of(from);
  if (from.has("bits") && from.settings.contains("negative_slope")) run.step = step_settings(from);
  run.batch = from.settings.value("batch", 1U);
  return run;
}

template <typename Case>
class RecurrentReferenceOnDevice : public OnEveryPass<Case> {
 protected:
  /// Within the tolerance relative to the largest value of each tensor.
  template <typename Got>
  void expect_tensors(const Got& got, const RecurrentCase& from, const recurrent::TensorLayout& layout,
                      const std::string& prefix, double factor = 1.0) {
    std::size_t compared = 0;
    ASSERT_EQ(got.size(), layout.size());
    for (const NamedTensor& one : layout.tensors()) {
      if (!from.has(prefix + one.name)) continue;
      const auto& want = from.values(prefix + one.name);
      const double bound = factor * this->tolerance * std::max(largest_of(want), 1e-3);
      for (std::size_t i = 0; i < want.size(); ++i)
        ASSERT_NEAR(static_cast<double>(got[one.offset + i]), want[i], bound)
            << prefix << one.name << " " << i;
      ++compared;
    }
    EXPECT_GT(compared, 0U) << prefix;
  }
};
TYPED_TEST_SUITE(RecurrentReferenceOnDevice, EveryPass, PassName);

TYPED_TEST(RecurrentReferenceOnDevice, LossesGradientsAndStepsOfEveryNetwork) {
  using T = typename TestFixture::T;
  const double bound = this->tolerance;
  for (const RecurrentCase& from : recurrent_cases("networks")) {
    SCOPED_TRACE(from.name);
    const auto network = network_of<T>(from);
    const auto layout = network.layout();
    const auto heads = from.get<std::vector<std::uint32_t>>("loss_heads");
    auto device = this->device({run_of(from)}, network.heads);
    device->set_state(0, state_of(network));
    device->give(0, given(sequences_of<T>(from, 1), heads));

    device->differentiate();
    const auto& by_head = from.values("loss_by_head");
    for (std::size_t h = 0; h < heads.size(); ++h)
      EXPECT_NEAR(device->loss(0, heads[h]), by_head[h], bound * by_head[h]);
    EXPECT_NEAR(device->outcome(0).loss, from.scalar("loss"), bound * from.scalar("loss"));
    EXPECT_NEAR(device->outcome(0).norm, from.scalar("gradient_norm"), bound * from.scalar("gradient_norm"));
    this->expect_tensors(device->gradient(0), from, layout, "g.");

    const auto& losses = from.values("loss_by_step");
    for (std::uint64_t t = 0; t < 10; ++t) {
      device->train({t + 1});
      EXPECT_NEAR(device->outcome(0).loss, losses[t], 10.0 * bound) << "step " << t;
      if (t == 0) this->expect_tensors(device->state(0).values, from, layout, "p1.");
    }
    // Ten steps, each with rounding errors of its own.
    const auto after = device->state(0);
    this->expect_tensors(after.values, from, layout, "p10.", 10.0);
    this->expect_tensors(after.velocity, from, layout, "v10.", 10.0);
    EXPECT_EQ(after.step, 10U);
    for (std::size_t n = 0; n < layout.tensors().size(); ++n) {
      if (network.rates[n] > 0.0) continue;
      const NamedTensor& one = layout.tensors()[n];
      for (std::size_t i = one.offset; i < one.offset + one.size(); ++i)
        ASSERT_EQ(after.values[i], network.values[i]) << one.name << " is frozen";
    }
  }
}

TYPED_TEST(RecurrentReferenceOnDevice, LogitsOfEveryNetwork) {
  using T = typename TestFixture::T;
  for (const RecurrentCase& from : recurrent_cases("networks")) {
    SCOPED_TRACE(from.name);
    const auto network = network_of<T>(from);
    auto device = this->device({run_of(from)}, network.heads);
    device->set_state(0, state_of(network));
    device->give(0, given(sequences_of<T>(from, 1), {}));
    const auto right = device->test({{0, 1}});
    const auto& logits = from.values("logits");
    const auto& labels = from.values("labels");
    const std::size_t batch = from.get<std::size_t>("batch");
    for (std::uint32_t h = 0; h < network.heads; ++h) {
      const auto margins = device->margins(0, h);
      std::uint64_t wanted = 0;
      for (std::size_t b = 0; b < batch; ++b) {
        const std::size_t at = h * batch + b;
        const double margin = logits[2 * at + 1] - logits[2 * at];
        EXPECT_NEAR(static_cast<double>(margins[b]), margin, this->tolerance * largest_of(logits));
        if ((margin > 0.0) == (labels[at] > 0.0)) ++wanted;
      }
      EXPECT_EQ(right[0][h], wanted) << "head " << h;
    }
  }
}

/// In double: float's trajectories are tests/recurrent's, whose step is compared in RecurrentOnDevice.
TEST(RecurrentReferenceTrajectoriesOnDevice, OfTwoHundredSteps) {
  for (const RecurrentCase& from : recurrent_cases("trajectories")) {
    SCOPED_TRACE(from.name);
    const auto network = network_of<double>(from);
    const auto heads = from.get<std::vector<std::uint32_t>>("loss_heads");
    auto device = on_device<double>({run_of(from)}, network.heads);
    device->set_state(0, state_of(network));
    const auto& lengths = from.values("length_by_step");
    const auto& bits = from.values("bits");
    const auto batch = from.get<std::uint32_t>("batch");
    auto row = bits.begin();
    for (std::uint64_t t = 0; t < lengths.size(); ++t) {
      const auto steps = static_cast<std::uint32_t>(lengths[t]);
      const auto end = row + static_cast<std::ptrdiff_t>(steps * batch);
      device->give(0, {.steps = steps, .lengths = {}, .bits = {row, end}, .states = {}, .heads = heads});
      row = end;
      device->train({t + 1});
      const double want = from.values("loss_by_step")[t];
      // As tests/recurrent finds, rounding grows to less than this within the 200 steps.
      ASSERT_NEAR(device->outcome(0).loss, want, 1e-6) << "step " << t;
      if (t < 20) {
        ASSERT_NEAR(device->outcome(0).loss, want, 1e-10 * want) << "step " << t;
      }
    }
    const auto layout = network.layout();
    for (const NamedTensor& one : layout.tensors()) {
      if (!from.has("end." + one.name)) continue;
      const auto& want = from.values("end." + one.name);
      for (std::size_t i = 0; i < want.size(); ++i)
        ASSERT_NEAR(device->state(0).values[one.offset + i], want[i], 1e-6) << one.name << " " << i;
    }
  }
}

/// Copies of what the vectors copy; fresh values are drawn, which RecurrentGrowthOnDevice compares.
TEST(RecurrentReferenceGrowthOnDevice, OfEveryCase) {
  const std::map<std::string, recurrent::Group> groups = {{"recurrent", recurrent::Group::recurrent},
                                                          {"feedforward", recurrent::Group::feedforward},
                                                          {"input", recurrent::Group::input},
                                                          {"tau", recurrent::Group::tau},
                                                          {"head", recurrent::Group::head}};
  for (const RecurrentCase& from : recurrent_cases("growth")) {
    SCOPED_TRACE(from.name);
    const auto network = network_of<double>(from);
    recurrent::RunSettings run = run_of(from);
    run.growth.duplicate.clear();
    for (const auto& name : from.get<std::vector<std::string>>("duplicate"))
      run.growth.duplicate.push_back(groups.at(name));
    auto device = on_device<double>({run}, network.heads + 1);
    device->set_state(0, state_of(network));
    device->grow({1});
    const auto after = device->state(0);
    const recurrent::TensorLayout layout(network.form, after.modules, after.heads);
    std::size_t compared = 0;
    for (const NamedTensor& one : layout.tensors()) {
      if (!from.has("after." + one.name)) continue;
      if (from.values("after." + one.name) == from.values("fresh." + one.name)) continue;
      const auto begin = after.values.begin() + static_cast<std::ptrdiff_t>(one.offset);
      EXPECT_EQ(std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(one.size())),
                from.values("after." + one.name))
          << one.name;
      ++compared;
    }
    EXPECT_GE(compared, 2U);
    EXPECT_TRUE(std::equal(network.values.begin(), network.values.end(), after.values.begin()));
  }
}

}  // namespace
}  // namespace modsweep::test
