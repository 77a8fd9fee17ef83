// Settings of the learning rate and of early stopping that belong together.
#include "config/parse.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "modsweep/settings.h"

namespace modsweep {
namespace {

using test::error_of;
using test::parse;
using test::run;
using testing::HasSubstr;

TEST(LearningRate, FollowsTheSettings) {
  const auto rate = [](const std::vector<std::string>& options) {
    return learning_rate_of(parse(run, options).cell(0).settings);  // a run of 100 steps
  };
  EXPECT_EQ(rate({}).after(99), 1e-3);
  const auto steps = rate({"training.schedule=step", "training.step_size=30"});
  EXPECT_EQ(steps.after(29), 1e-3);
  EXPECT_DOUBLE_EQ(steps.after(30), 1e-4);
  EXPECT_DOUBLE_EQ(steps.after(99), 1e-6);
  const auto cosine = rate({"training.schedule=cosine", "training.schedule_minimum=2e-4",
                            "training.warmup_steps=20", "training.warmup_start=0.5"});
  EXPECT_DOUBLE_EQ(cosine.after(0), 5e-4);
  EXPECT_DOUBLE_EQ(cosine.after(10), 7.5e-4);
  EXPECT_DOUBLE_EQ(cosine.after(20), 1e-3);
  EXPECT_DOUBLE_EQ(cosine.after(60), 6e-4);
  EXPECT_DOUBLE_EQ(cosine.after(100), 2e-4);
  // The steps of 7 epochs of 5 batches.
  EXPECT_DOUBLE_EQ(rate({"training.epochs=7", "training.schedule=cosine"}).after(35), 0.0);
}

TEST(LearningRate, ASettingWithoutEffectOrSenseIsRefused) {
  struct Case {
    std::vector<std::string> options;
    const char* what;
  };
  const std::vector<Case> cases = {
      {{"training.schedule_minimum=1e-4"},
       "training.schedule_minimum = 1e-04 has no effect with training.schedule = \"constant\"; leave it out"},
      {{"training.schedule=step", "training.step_size=5", "training.schedule_minimum=1e-4"},
       "training.schedule_minimum = 1e-04 has no effect with training.schedule = \"step\""},
      {{"training.schedule=cosine", "training.step_size=5"},
       "training.step_size = 5 has no effect with training.schedule = \"cosine\""},
      {{"training.gamma=0.5"}, "training.gamma = 0.5 has no effect with training.schedule = \"constant\""},
      {{"training.warmup_start=0.5"},
       "training.warmup_start = 0.5 has no effect without training.warmup_steps; set that"},
      {{"training.schedule=step"},
       "training.schedule = \"step\" needs training.step_size; set the steps between two decays"},
      {{"training.schedule=cosine", "training.schedule_minimum=0.01"},
       "training.schedule_minimum = 0.01 is above training.learning_rate = 0.001; lower it"},
      {{"training.warmup_steps=100"},
       "training.warmup_steps = 100 leaves nothing of a run of 100 steps; lower it"},
      {{"training.optimizer=adamw", "training.momentum=0.9"},
       "training.momentum = 0.9 has no effect with adamw; set training.optimizer = \"sgd\""},
      {{"training.optimizer=adamw", "training.momentum=0.9", "training.nesterov=true"},
       "training.nesterov = true has no effect with adamw"},
  };
  for (const Case& bad : cases) EXPECT_THAT(error_of(run, bad.options), HasSubstr(bad.what));
}

TEST(EarlyStopping, NeedsAValidationSetAndMeasuredSteps) {
  EXPECT_EQ(error_of(run, {"training.patience=9", "task.validation_samples=5", "measure.every_steps=3"}), "");
  EXPECT_EQ(error_of(run, {"task.validation_samples=5"}), "") << "to be looked at";
  for (const char* setting : {"training.patience=9", "training.keep=best"}) {
    EXPECT_THAT(error_of(run, {setting, "measure.every_steps=3"}),
                HasSubstr("needs a validation set; set task.validation_samples above 0"));
    EXPECT_THAT(
        error_of(run, {setting, "task.validation_samples=5"}),
        HasSubstr("needs measured steps; set measure.every_steps or measure.points_per_decade above 0"));
  }
}

TEST(LearningRate, SchedulesAreAxes) {
  const Sweep sweep = parse(R"(
zip = [["training.schedule", "training.step_size"]]
[training]
steps = 100
optimizer = "adamw"
[axes]
"training.schedule" = ["constant", "cosine", "step"]
"training.step_size" = [0, 0, 10]
"training.warmup_steps" = [0, 10]
)");
  ASSERT_EQ(sweep.size(), 6U);
  std::vector<double> rates;
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const CellSettings cell = sweep.cell(i).settings;
    EXPECT_EQ(cell.training.optimizer, Optimizer::adamw);
    rates.push_back(learning_rate_of(cell).after(55));
  }
  EXPECT_EQ(rates[0], 1e-3);
  EXPECT_EQ(rates[1], 1e-3);
  EXPECT_LT(rates[2], rates[3]);
  EXPECT_DOUBLE_EQ(rates[4], 1e-8);
  EXPECT_DOUBLE_EQ(rates[5], 1e-7);
}

}  // namespace
}  // namespace modsweep
