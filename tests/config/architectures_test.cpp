// Named architectures: the layers that they stand for, and that both forms give the same networks.
#include "config/parse.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "modsweep/network.h"

namespace modsweep {
namespace {

using testing::HasSubstr;

const std::string square = "[task]\nkind = \"gaussian2d\"\ninputs = 2\n[training]\nsteps = 100\n";
const std::string four = "[training]\nsteps = 100\n";

struct Form {
  std::string task;
  std::vector<std::string> named;
  std::vector<std::string> listed;
  std::string shape;
};

// The paper's networks, and others, by name and layer by layer.
const std::vector<Form> forms = {
    {square,
     {"network.architecture=modular"},
     {"network.hidden=[128,2,128]", "network.groups=[2,2,1,1]"},
     "2-2x128-2x2-128-1"},
    {square, {"network.architecture=bottleneck"}, {"network.hidden=[128,2,128]"}, "2-128-2-128-1"},
    {square, {"network.architecture=full"}, {"network.hidden=[128,128,128]"}, "2-128-128-128-1"},
    {four,
     {"network.architecture=modular", "network.block_width=16", "network.block_depth=3",
      "network.joint_width=64", "network.joint_depth=2"},
     {"network.hidden=[64,64,64,4,64,64]", "network.groups=[4,4,4,4,1,1,1]"},
     "4-4x64-4x64-4x64-4x4-64-64-4"},
    {four,
     {"network.architecture=full", "network.block_width=8", "network.joint_depth=3",
      "network.joint_width=10"},
     {"network.hidden=[32,10,10,10,10]"},
     "4-32-10-10-10-10-4"},
};

TEST(Architectures, StandForTheirLayers) {
  for (const Form& form : forms) {
    const Cell named = test::parse(form.task, form.named).cell(0);
    const Cell listed = test::parse(form.task, form.listed).cell(0);
    const std::uint32_t outputs = named.settings.task.inputs == 2 ? 1 : 4;
    EXPECT_EQ(shape_of(named.settings, outputs).text(), form.shape);
    EXPECT_EQ(shape_of(named.settings, outputs), shape_of(listed.settings, outputs));
    EXPECT_EQ(named.id, listed.id) << form.shape;
  }
}

TEST(Architectures, AndTheirSizesCanBeAxes) {
  const Sweep sweep = test::parse(four + R"([axes]
"network.architecture" = ["modular", "full", "bottleneck"]
"network.block_depth" = { range = [1, 6] }
"network.joint_depth" = [1, 2, 3, 4]
)");
  ASSERT_EQ(sweep.size(), 60U);
  EXPECT_EQ(sweep.max_hidden_layers(), 10U);
  std::size_t most = 0;
  for (std::uint64_t i = 0; i < sweep.size(); ++i)
    most = std::max(most, shape_of(sweep.cell(i).settings, 4).hidden_layers());
  EXPECT_EQ(most, 10U);
}

TEST(Architectures, TheOrderOfAnAxisDoesNotChangeTheSweep) {
  const auto with = [](const std::string& values) {
    return test::parse(four + "[axes]\n\"network.architecture\" = " + values + "\n");
  };
  EXPECT_EQ(with("[\"modular\", \"full\"]").id(), with("[\"full\", \"modular\"]").id());
  EXPECT_NE(with("[\"modular\", \"full\"]").id(), with("[\"modular\", \"bottleneck\"]").id());
}

TEST(Architectures, MostHiddenLayersOfListedOnes) {
  EXPECT_EQ(test::parse(four).max_hidden_layers(), 3U);
  EXPECT_EQ(test::parse(four + "[axes]\n\"network.hidden\" = [[8], [8, 8]]\n").max_hidden_layers(), 2U);
}

TEST(Architectures, WhatHasNoEffectIsRefused) {
  struct Case {
    std::vector<std::string> overrides;
    std::string says;
  };
  const std::vector<Case> cases = {
      {{"network.architecture=modular", "network.hidden=[8]"},
       "network.hidden = [8] is given beside network.architecture = \"modular\""},
      {{"network.architecture=full", "network.groups=[1,2,2,1]"}, "keep one of the two"},
      {{"network.block_depth=2"}, "network.block_depth = 2 has no effect without network.architecture"},
      {{"network.joint_width=7"}, "network.joint_width = 7 has no effect"},
      {{"network.architecture=modular", "network.block_width=65536"},
       "network.block_width = 65536 makes layers of 262144 units with task.inputs = 4"},
      {{"network.architecture=moduler"}, "did you mean \"modular\"?"},
      {{"network.architecture=modular", "network.block_depth=32"}, "give an integer from 1 to 31"},
  };
  for (const Case& c : cases)
    EXPECT_THAT(test::error_of(four, c.overrides), HasSubstr(c.says)) << c.overrides.front();
}

}  // namespace
}  // namespace modsweep
