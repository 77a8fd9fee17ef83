// plan and run tell which cells need no training, or only a part of it.
#include "program.h"
#include "run/store_rows.h"

#include <gmock/gmock.h>

namespace modsweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;

class ReuseProgramTest : public ProgramTest {
 protected:
  ReuseProgramTest() {
    write("grid.toml",
          "[network]\nhidden = [4]\n[task]\ntrain_samples = 30\ntest_samples = 10\n[training]\nsteps = 20\n"
          "batch_size = 30\n[axes]\n\"noise.strength\" = [0, 0.5]\n\"noise.exponent\" = [0, 1, 2]\n");
  }
  [[nodiscard]] Outcome with(const char* command, const std::vector<std::string>& sets) const {
    std::vector<std::string> arguments = {command, "grid.toml", "--engine", "cpu"};
    for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
    Outcome outcome = modsweep(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome;
  }
};

TEST_F(ReuseProgramTest, CellsThatRepeatOthers) {
  const char* told = "2 of 6 cells repeat another: noise.exponent has no effect where noise.strength = 0";
  const Outcome plan = with("plan", {});
  EXPECT_THAT(plan.out,
              AllOf(HasSubstr("cells         6\n"), HasSubstr("left          4 in 1 pack"), HasSubstr(told)));
  const Outcome run = with("run", {});
  EXPECT_THAT(run.err, AllOf(HasSubstr("6 cells, 4 to train"), HasSubstr(told), HasSubstr("6/6 cells")));
  EXPECT_THAT(query_rows(path("grid.db"), "SELECT count(*), count(DISTINCT test_loss) FROM results"),
              ElementsAre("6|4|"));
  EXPECT_THAT(with("run", {}).err, HasSubstr("all 6 cells are done"));
}

TEST_F(ReuseProgramTest, LongerRunsAndFurtherMeasures) {
  const std::string state = "measure.state=true";
  const std::string one = "noise.strength=0.5";
  EXPECT_THAT(with("plan", {state}).out, HasSubstr("final states (measure.state)"));
  EXPECT_THAT(with("plan", {}).out, Not(HasSubstr("final states")));
  (void)with("run", {state, one});
  const char* longer = "3 cells go on where finished cells of fewer steps ended";
  EXPECT_THAT(with("plan", {state, one, "training.steps=30"}).out, HasSubstr(longer));
  EXPECT_THAT(with("run", {state, one, "training.steps=30"}).err,
              AllOf(HasSubstr(longer), HasSubstr(" 30 network-steps")));
  const char* measured = "3 cells are measured from what the store keeps";
  EXPECT_THAT(with("plan", {one, "measure.partition=true"}).out, HasSubstr(measured));
  EXPECT_THAT(with("run", {one, "measure.partition=true"}).err, HasSubstr(measured));
  EXPECT_THAT(with("run", {one, "training.steps=40"}).err, HasSubstr("3 cells go on"));
  EXPECT_THAT(with("run", {one, "training.steps=50", "training.seed=1"}).err, Not(HasSubstr("note")));
}

}  // namespace
}  // namespace modsweep
