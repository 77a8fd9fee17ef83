// `modsweep reproduce` on stores whose numbers are known.
#include "change_rows.h"
#include "program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace modsweep {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing_support::change_rows;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::read_text;

class ReproduceTest : public ProgramTest {
 protected:
  /// Trains figure 5 for two steps, then sets its modules to those of the paper.
  void make_store(const std::string& name) const {
    const Outcome outcome = modsweep({"run", MODSWEEP_SOURCE_DIR "/sweeps/fig05.toml", "-o", name, "--quiet",
                                      "--set", "training.steps=2", "--set", "training.seed=[0,1,2]"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    change_rows(path(name),
                {"UPDATE layers SET modules_live = CASE WHEN layer = 1 AND (SELECT json_extract(settings,"
                 " '$.\"task.mixing\"') FROM cells WHERE num = cell) = 'early' THEN 3 ELSE 4 END"});
  }

  [[nodiscard]] json figure_5(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = {"reproduce", "--format", "json", "--resamples", "100"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Outcome outcome = modsweep(all);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const json report = json::parse(outcome.out, nullptr, false);
    for (const json& claim : report.value("claims", json::array()))
      if (claim.at("figure") == "5") return claim;
    ADD_FAILURE() << outcome.out;
    return {};
  }
};

TEST_F(ReproduceTest, ReadsStoresAndFolders) {
  make_store("fig05.db");
  const json claim = figure_5({"fig05.db"});
  EXPECT_EQ(claim.at("verdict"), "holds");
  EXPECT_EQ(claim.at("full_protocol"), false);
  EXPECT_EQ(claim.at("cells"), 6);
  EXPECT_EQ(claim.at("steps"), 2);
  EXPECT_EQ(claim.at("seeds"), 3);
  EXPECT_EQ(claim.at("changes"), json::array());
  EXPECT_EQ(claim.at("engines"), json::array({"cpu"}));
  EXPECT_EQ(claim.at("numbers").at(0).at("value"), 1.0);
  // A copy adds nothing: cells count once.
  std::filesystem::copy_file(path("fig05.db"), path("again.db"));
  EXPECT_EQ(figure_5({"."}), claim);
  EXPECT_EQ(figure_5({"again.db", "fig05.db", "."}), claim);
  // Unfinished cells do not count.
  change_rows(path("fig05.db"), {"UPDATE cells SET status = 'running' WHERE num = 1"});
  EXPECT_EQ(figure_5({"fig05.db"}).at("cells"), 5);
}

TEST_F(ReproduceTest, WritesAFileAtOnce) {
  make_store("fig05.db");
  const Outcome outcome = modsweep({"reproduce", "fig05.db", "--note", "Commit abc.", "-o", "report.md"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(read_text(path("report.md")),
              testing::AllOf(testing::StartsWith("# Reproduction report\n"), HasSubstr(" Commit abc.\n"),
                             HasSubstr("## Figure 5: holds\n")));
}

TEST_F(ReproduceTest, AClaimThatDoesNotHoldIsNoError) {
  make_store("fig05.db");
  change_rows(path("fig05.db"), {"UPDATE layers SET modules_live = 2"});
  const Outcome outcome = modsweep({"reproduce", "fig05.db"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("## Figure 5: does not hold\n"));
}

TEST_F(ReproduceTest, StoresOfOtherSweepsAreSaid) {
  write("mine.toml", "name = \"mine\"\n[network]\nhidden = [3]\n[training]\nsteps = 1\n");
  ASSERT_EQ(modsweep({"run", "mine.toml", "--quiet"}).code, 0);
  const Outcome outcome = modsweep({"reproduce", "mine.db"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "no claim can be judged: there are no finished cells of the paper's sweeps\n");
  EXPECT_THAT(outcome.out, HasSubstr("0 hold, 0 do not hold, 40 cannot be judged"));
}

TEST_F(ReproduceTest, ReadsTheTablesOfRecurrentNetworks) {
  const Outcome outcome =
      modsweep({"run", MODSWEEP_SOURCE_DIR "/sweeps/rfig2a_quick.toml", "-o", "r.db", "--quiet", "--set",
                "growth.epochs=3", "--set", "growth.epoch_steps=1", "--set", "growth.test_batches=1"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json report = json::parse(modsweep({"reproduce", "r.db", "--format", "json"}).out, nullptr, false);
  for (const json& claim : report.at("claims")) {
    if (claim.at("figure") != "r2a") continue;
    EXPECT_EQ(claim.at("cells"), 6);
    std::size_t shares = 0;
    for (const json& number : claim.at("numbers")) {
      if (number.at("label") != "N solved over the most that the epochs allow, modular 10") continue;
      ++shares;
      EXPECT_EQ(number.at("value"), 0.25);  // a step teaches nothing: 1 of 4
    }
    EXPECT_EQ(shares, 1U);
  }
}

TEST_F(ReproduceTest, WrongInputIsNamedAndNothingIsWritten) {
  make_store("fig05.db");
  write("text.db", "no store\n");
  std::filesystem::create_directory(path("empty"));
  const auto before = files();
  expect_error(modsweep({"reproduce"}), 2, {"stores", "modsweep reproduce --help"});
  expect_error(modsweep({"reproduce", "absent.db", "-o", "report.md"}), 2, {"absent.db"});
  expect_error(modsweep({"reproduce", "fig05.db", "text.db", "-o", "report.md"}), 2, {"text.db"});
  expect_error(modsweep({"reproduce", "empty", "-o", "report.md"}), 2, {"empty: has no store"});
  expect_error(modsweep({"reproduce", "fig05.db", "--format", "xml"}), 2, {"--format"});
  expect_error(modsweep({"reproduce", "fig05.db", "--note", "two\nlines"}), 2, {"--note"});
  expect_error(modsweep({"reproduce", "fig05.db", "-o", "absent/report.md"}), 2, {"absent/report.md"});
  EXPECT_EQ(files(), before);
}

}  // namespace
}  // namespace modsweep
