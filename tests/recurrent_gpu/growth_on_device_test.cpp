// How recurrent networks grow on the emulated device: as host/recurrent's do.
#include "recurrent_gpu/under_device_test.h"

#include <algorithm>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

using recurrent::Freeze;
using recurrent::Group;

struct GrowthCase {
  const char* name = "";
  recurrent::Form form = {.units = 4};
  recurrent::Growth growth;
};

const std::vector<GrowthCase> growth_cases = {
    {.name = "standard", .growth = {}},
    {.name = "nothing is copied", .growth = {.duplicate = {}}},
    {.name = "everything is copied",
     .growth = {.duplicate = {Group::recurrent, Group::feedforward, Group::input, Group::tau, Group::head}}},
    {.name = "copies are untrained",
     .growth = {.duplicate = {Group::recurrent, Group::feedforward, Group::tau, Group::head},
                .from_untrained = true}},
    {.name = "frozen recurrent", .growth = {.duplicate = {}, .freeze = Freeze::recurrent}},
    {.name = "frozen feedforward", .growth = {.freeze = Freeze::feedforward}},
    {.name = "old modules learn", .growth = {.old_rate = 0.5}},
    {.name = "one bias", .form = {.units = 3, .one_bias = true}, .growth = {}},
    {.name = "flat", .form = {.units = 6, .modular = false}, .growth = {.duplicate = {Group::head}}},
};

TEST(RecurrentGrowthOnDevice, IsTheHosts) {
  for (const GrowthCase& test_case : growth_cases) {
    SCOPED_TRACE(test_case.name);
    recurrent::RunSettings run;
    run.form = test_case.form;
    run.growth = test_case.growth;
    run.batch = 1;
    run.seed = 11;
    const recurrent::DrawnValues fresh(run.seed, run.form);
    auto network = recurrent::first_network<double>(run.form, fresh);
    auto device = on_device<double>({run, run}, 5);
    ASSERT_EQ(device->state(0), state_of(network)) << "it begins otherwise";
    for (int g = 0; g < 4; ++g) {
      // As if it had learned, so that copies of the trained and the untrained differ.
      const auto layout = network.layout();
      for (std::size_t n = 0; n < layout.tensors().size(); ++n)
        for (std::size_t i = 0; network.rates[n] > 0.0 && i < layout.tensors()[n].size(); ++i) {
          network.values[layout.tensors()[n].offset + i] += 0.25;
          network.velocity[layout.tensors()[n].offset + i] = 7.0;
        }
      device->set_state(0, state_of(network));
      recurrent::grow(network, run.growth, fresh);
      device->grow({1, 0});
      const auto got = device->state(0);
      const auto want = state_of(network);
      EXPECT_EQ(got.values, want.values);
      EXPECT_EQ(got.velocity, want.velocity);
      EXPECT_EQ(got.rates, want.rates);
      EXPECT_EQ(got.tasks, want.tasks);
      EXPECT_EQ(got.modules, want.modules);
    }
    EXPECT_EQ(device->state(1).heads, 1U);
    EXPECT_THROW(device->grow({1, 0}), LogicError) << "there is room for five heads";
  }
}

}  // namespace
}  // namespace modsweep::test
