// Names that users of other programs try: every command that reads names says what is meant.
#include "program.h"

#include <gmock/gmock.h>

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;

constexpr const char* sweep_of_names = R"(name = "s"
[network]
hidden = [3]
[training]
steps = 2
[axes]
"noise.strength" = [0.1, 0.2, 0.3, 0.4, 0.5]
"training.seed" = [0, 1]
)";

class NamesTest : public ProgramTest {
 protected:
  NamesTest() { write("s.toml", sweep_of_names); }
};

TEST_F(NamesTest, ReluIsTakenAndTold) {
  for (const char* command : {"plan", "run"}) {
    const Outcome outcome = modsweep({command, "s.toml", "--set", "network.activation=relu"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(
        outcome.err,
        HasSubstr("note: network.activation = \"relu\" is \"leaky_relu\" with network.leaky_slope = 0\n"));
  }
  const std::string relu = modsweep({"plan", "s.toml", "--set", "network.activation=relu"}).out;
  const std::string leaky = modsweep({"plan", "s.toml", "--set", "network.leaky_slope=0"}).out;
  EXPECT_EQ(relu.substr(0, relu.find('\n')), leaky.substr(0, leaky.find('\n'))) << "the sweep's id";
}

TEST_F(NamesTest, OfSettingsAreKnown) {
  for (const auto& [set, meant] : {std::pair("training.lr=1", "did you mean training.learning_rate?"),
                                   std::pair("wd=1", "did you mean training.weight_decay?"),
                                   std::pair("hidden_sizes=[3]", "did you mean network.hidden?"),
                                   std::pair("n_samples=[3]", "did you mean task.train_samples?")})
    for (const char* command : {"run", "plan", "refine"})
      expect_error(modsweep({command, "s.toml", "--set", set}), 2, {meant});
}

TEST_F(NamesTest, OfColumnsAreKnown) {
  ASSERT_EQ(modsweep({"run", "s.toml", "--quiet"}).code, 0);
  for (const auto& [column, meant] :
       {std::pair("loss", "did you mean test_loss or train_loss?"),
        std::pair("mse", "did you mean test_loss or train_loss?"),
        std::pair("test_mse", "did you mean test_loss?"),
        std::pair("gap", "did you mean gap_live_layer1 or gap_layer1?"),
        std::pair("modules", "did you mean modules_live_layer1 or modules_layer1?"),
        std::pair("sigma", "did you mean noise.strength?"),
        std::pair("strength", "did you mean noise.strength?")}) {
    expect_error(modsweep({"aggregate", "s.db", "--value", column}), 2, {column, meant});
    expect_error(modsweep({"aggregate", "s.db", "--value", "test_loss", "--by", column}), 2, {meant});
    expect_error(modsweep({"fit", "s.db", "transition", "--x", "noise.strength", "--y", column}), 2, {meant});
    expect_error(modsweep({"fit", "s.db", "transition", "--x", column, "--y", "test_loss"}), 2, {meant});
  }
  expect_error(modsweep({"aggregate", "s.db", "--value", "lr"}), 2,
               {"settings are columns where they vary", "it is called training.learning_rate here"});
  expect_error(modsweep({"refine", "s.toml", "-o", "r.db", "--x", "noise.strength", "--y", "loss"}), 2,
               {"did you mean test_loss or train_loss?"});
  expect_error(modsweep({"refine", "s.toml", "-o", "r.db", "--x", "sigma", "--y", "test_loss"}), 2,
               {"did you mean noise.strength?"});
}

}  // namespace
}  // namespace modsweep
