// Networks that begin with the final weights of another store's cells.
#include "program.h"
#include "run/store_rows.h"

#include <gmock/gmock.h>

namespace modsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;

class ParentsProgramTest : public ProgramTest {
 protected:
  ParentsProgramTest() {
    const std::string network =
        "[network]\nhidden = [4]\n[task]\ntrain_samples = 30\ntest_samples = 10\n[training]\nsteps = 20\n"
        "batch_size = 30\n";
    write("parents.toml", network + "[axes]\n\"regularizer.l1\" = [0, 1e-3]\n\"training.seed\" = [0, 1]\n");
    write("children.toml", network +
                               "[start]\nfrom = \"parents.db\"\nwhere = [\"regularizer.l1=0.001\"]\n"
                               "[measure]\ninitial = true\n[axes]\n\"noise.strength\" = [0, 0.5]\n");
  }
  [[nodiscard]] Outcome run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "run");
    arguments.insert(arguments.end(), {"--engine", "cpu"});
    return modsweep(arguments);
  }
};

TEST_F(ParentsProgramTest, EachParentHasAChildForEachPoint) {
  EXPECT_THAT(run({"children.toml"}).err, HasSubstr("parents.db"));  // there is none yet
  ASSERT_EQ(run({"parents.toml", "--set", "training.seed=[0]"}).code, 0);
  const Outcome first = run({"children.toml"});
  ASSERT_EQ(first.code, 0) << first.err;
  const char* children =
      "SELECT count(*), count(DISTINCT \"start.cell\"), count(DISTINCT \"start.label\") FROM results";
  EXPECT_THAT(query_rows(path("children.db"), "SELECT count(*) FROM results"), ElementsAre("2|"));
  // A sweep that has begun keeps its parents.
  ASSERT_EQ(run({"parents.toml"}).code, 0);
  EXPECT_THAT(run({"children.toml"}).err, HasSubstr("all 2 cells are done"));
  ASSERT_EQ(run({"children.toml", "-o", "anew.db"}).code, 0);
  EXPECT_THAT(query_rows(path("anew.db"), "SELECT count(*), count(DISTINCT \"start.cell\") FROM results"),
              ElementsAre("4|2|"));
  ASSERT_EQ(run({"children.toml", "-o", "all.db", "--set", "start.where=[\"training.seed=0\"]"}).code, 0);
  EXPECT_THAT(query_rows(path("all.db"), children), ElementsAre("4|2|2|"));
  EXPECT_THAT(query_rows(path("all.db"), "SELECT DISTINCT \"start.label\" FROM results ORDER BY 1"),
              ElementsAre("regularizer.l1=0.0|", "regularizer.l1=0.001|"));
}

TEST_F(ParentsProgramTest, WrongOnesAreToldBeforeAnythingBegins) {
  ASSERT_EQ(run({"parents.toml"}).code, 0);
  const Outcome none = run({"children.toml", "--set", "start.where=[\"regularizer.l1=7\"]"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err,
              HasSubstr("no finished network with weights meets start.where: regularizer.l1 is none of"));
  const Outcome wider = run({"children.toml", "--set", "network.hidden=[5]"});
  EXPECT_EQ(wider.code, 2);
  EXPECT_THAT(wider.err, HasSubstr("is a network 4-4-4, but this sweep has networks 4-5-4"));
  EXPECT_EQ(run({"children.toml", "-o", "parents.db"}).code, 2);
  EXPECT_FALSE(std::filesystem::exists(path("children.db")));
}

}  // namespace
}  // namespace modsweep
