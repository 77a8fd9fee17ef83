// The settings of goals, swaps and parents: what is refused, and what counts in ids.
#include "config/inert.h"
#include "config/parse.h"

#include <algorithm>

#include <gmock/gmock.h>

namespace modsweep {
namespace {

using test::error_of;
using test::run;
using testing::HasSubstr;

TEST(CausesSettings, WithoutEffectOrSenseAreRefused) {
  struct Case {
    std::vector<std::string> options;
    const char* what;
  };
  const std::vector<std::string> retina = {"task.kind=retina", "task.inputs=8", "task.train_samples=256",
                                           "task.test_samples=256"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), retina.begin(), retina.end());
    return more;
  };
  EXPECT_EQ(error_of(run, with({"task.goals=[\"left\", \"right\"]", "training.goal_steps=20"})), "");
  const std::vector<Case> cases = {
      {with({"training.goal_steps=20"}), "training.goal_steps = 20 has no effect with 0 of task.goals; name"},
      {with({"task.goals=[\"left\"]", "training.goal_steps=20"}), "has no effect with 1 of task.goals"},
      {with({"task.goals=[\"left\", \"rigth\"]"}), "task.goals: \"rigth\" is no goal of task.kind"},
      {with({"task.goals=[\"left\", \"right\", \"left\"]"}), "task.goals has \"left\" twice"},
      {with({"task.goals=[\"left\", \"both\"]"}), "\"both\" has 2 outputs, but \"left\" has 1"},
      {{"regularizer.connection_cost=1e-3", "regularizer.swap_every=10", "network.hidden=[8,8]",
        "network.groups=[4,1,1]"},
       "regularizer.swap_every = 10 needs networks without groups"},
      {{"pruning.keep=true"}, "pruning.keep = true has no effect without start.from"},
      {{"start.where=[\"training.seed=0\"]"}, "start.where has no effect without start.from"},
      {{"start.cell=c0123456789abcdef"}, "start.cell has no effect without start.from"},
  };
  for (const Case& bad : cases) EXPECT_THAT(error_of(run, bad.options), HasSubstr(bad.what));
}

TEST(CausesSettings, AParentCountsByItsIdAlone) {
  const auto id = [](const std::vector<std::string>& options) {
    return test::parse(run, options).cell(0).id;
  };
  const std::string parent = id({"start.from=a.db", "start.cell=c0123456789abcdef"});
  EXPECT_EQ(id({"start.from=b.db", "start.cell=c0123456789abcdef", "start.where=[\"training.seed=0\"]",
                "start.label=x"}),
            parent);
  EXPECT_NE(id({"start.from=a.db", "start.cell=c0123456789abcdee"}), parent);
  EXPECT_NE(id({}), parent);
}

TEST(CausesSettings, SwapsNeedAConnectionCost) {
  const auto rule = std::ranges::find(inert_rules(), "regularizer.swap_every", &InertRule::key);
  ASSERT_NE(rule, inert_rules().end());
  CellSettings cell;
  EXPECT_TRUE(rule->applies(cell));
  cell.regularizer.connection_cost = 1e-4;
  EXPECT_FALSE(rule->applies(cell));
}

}  // namespace
}  // namespace modsweep
