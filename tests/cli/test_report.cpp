// Pages: `report`, `run --report`, `reproduce -o FILE.html`.
#include "program.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::read_text;
using testing_support::Running;

class ReportTest : public ProgramTest {
 protected:
  /// Trains a sweep of small networks over `axes` into NAME.db.
  void train(const std::string& name, const std::string& axes, const std::string& more = "") const {
    write(name + ".toml", "name = \"" + name + "\"\n" + more +
                              "[network]\nhidden = [3]\n[training]\nsteps = 4\n[axes]\n" + axes);
    const Outcome outcome = modsweep({"run", name + ".toml", "--quiet"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  [[nodiscard]] std::string page(const std::vector<std::string>& stores) const {
    std::vector<std::string> arguments = {"report"};
    arguments.insert(arguments.end(), stores.begin(), stores.end());
    arguments.insert(arguments.end(), {"-o", "page.html"});
    const Outcome outcome = modsweep(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    std::string text = read_text(path("page.html"));
    EXPECT_TRUE(text.starts_with("<!DOCTYPE html>")) << text.substr(0, 100);
    EXPECT_TRUE(text.ends_with("</html>\n"));
    EXPECT_THAT(text, Not(HasSubstr("http:")));
    EXPECT_LT(text.size(), 1'000'000U);
    return text;
  }
};

constexpr const char* seeds = "\"training.seed\" = { range = [0, 2] }\n";

TEST_F(ReportTest, TellsOfAnySweep) {
  train("single", "");
  EXPECT_THAT(page({"single.db"}), HasSubstr("nothing to compare"));
  train("words", "\"network.activation\" = [\"relu\", \"tanh\"]\n\"network.hidden\" = [[3], [4, 4]]\n");
  EXPECT_THAT(page({"words.db"}), HasSubstr(">tanh</td>"));
  EXPECT_THAT(page({"words.db"}), HasSubstr(">[4, 4]</td>"));
  train("zips", "\"task.inputs\" = [2, 3]\n\"noise.strength\" = [0.1, 0.2]\n" + std::string(seeds),
        "zip = [[\"task.inputs\", \"noise.strength\"]]\n");
  EXPECT_THAT(page({"zips.db"}), HasSubstr("task.inputs, noise.strength"));
  const std::string several = page({"single.db", "words.db", "zips.db"});
  for (const char* name : {"single.toml", "words.toml", "zips.toml"}) EXPECT_THAT(several, HasSubstr(name));
}

TEST_F(ReportTest, SaysHowToGetPicturesWhereThereIsNoGnuplot) {
  train("plain", "\"noise.exponent\" = [0, 1, 2]\n" + std::string(seeds));
  std::filesystem::create_directory(path("empty"));
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", path("empty").c_str(), 1);
  const std::string text = page({"plain.db"});
  ::setenv("PATH", before.c_str(), 1);
  EXPECT_THAT(text, HasSubstr("apt-get install gnuplot-nox"));
  EXPECT_THAT(text, Not(HasSubstr("<svg")));
}

TEST_F(ReportTest, WithAGnuplotThatFailsSaysSoInThePlaceOfPictures) {
  train("plain", "\"noise.exponent\" = [0, 1, 2]\n" + std::string(seeds));
  std::filesystem::create_directory(path("bin"));
  for (const char* script : {"echo oh dear >&2; exit 4", "kill -9 $$", "echo '<?xml ?><svg>'"}) {
    testing_support::write_text(path("bin/gnuplot"),
                                "#!/bin/sh\necho called >> \"$0.log\"\n" + std::string(script) + "\n");
    std::filesystem::permissions(path("bin/gnuplot"), std::filesystem::perms::owner_all);
    const std::string before = std::getenv("PATH");
    ::setenv("PATH", (path("bin") + ":" + before).c_str(), 1);
    const std::string text = page({"plain.db"});
    ::setenv("PATH", before.c_str(), 1);
    EXPECT_THAT(text, HasSubstr("<div class=\"instead\">gnuplot ")) << script;
    EXPECT_THAT(text, Not(HasSubstr("<svg"))) << script;
    EXPECT_EQ(read_text(path("bin/gnuplot.log")), "called\ncalled\n")
        << "one that hangs takes a minute each time";
    std::filesystem::remove(path("bin/gnuplot.log"));
  }
}

TEST_F(ReportTest, IsRefusedWhereAPageMustNotBe) {
  train("plain", seeds);
  expect_error(modsweep({"report", "plain.db", "-o", "plain.db"}), 2, {"plain.db"});
  expect_error(modsweep({"report", "plain.db", "-o", "no/page.html"}), 2, {"no/page.html"});
  expect_error(modsweep({"report", "none.db", "-o", "page.html"}), 2, {"none.db"});
  expect_error(modsweep({"run", "plain.toml", "--report", "plain.db"}), 2, {"plain.db"});
  expect_error(modsweep({"run", "plain.toml", "--report", "plain.toml"}), 2, {"plain.toml"});
  expect_error(modsweep({"run", "plain.toml", "--report", "no/page.html"}), 2, {"no/page.html"});
  EXPECT_FALSE(std::filesystem::exists(path("page.html")));
}

TEST_F(ReportTest, OfAFullDiskLeavesTheEarlierPage) {
  train("plain", seeds);
  write("page.html", "earlier");
  const auto small_files = [] {
    const rlimit limit{2000, 2000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  };
  expect_error(modsweep({"report", "plain.db", "-o", "page.html"}, "", small_files), 3, {"page.html"});
  EXPECT_EQ(read_text(path("page.html")), "earlier");
  EXPECT_THAT(files(), testing::UnorderedElementsAre("plain.db", "plain.toml", "page.html"));
}

TEST_F(ReportTest, EndsToBeWatchedWhenEverythingIsFinished) {
  train("plain", seeds);
  const Outcome outcome = modsweep({"report", "plain.db", "-o", "page.html", "--watch", "60"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(read_text(path("page.html")), Not(HasSubstr("data-reload=")));
}

TEST_F(ReportTest, IsWatchedUntilAskedToEnd) {
  train("plain", seeds);
  write("more.toml",
        "name = \"more\"\n[network]\nhidden = [3]\n[training]\nsteps = 4\n[axes]\n\"training.seed\" "
        "= { range = [0, 9] }\n");
  ASSERT_EQ(modsweep({"run", "more.toml", "--shard", "1/4", "-o", "part.db", "--quiet"}).code, 0);
  Running watch(folder_, {"report", "part.db", "-o", "page.html", "--watch", "600"}, "");
  ASSERT_TRUE(watch.becomes([&] { return std::filesystem::exists(path("page.html")); }));
  EXPECT_THAT(read_text(path("page.html")), HasSubstr("data-reload=\"600\""));
  watch.send(SIGINT);
  EXPECT_EQ(watch.wait().code, 130);
  EXPECT_THAT(read_text(path("page.html")), Not(HasSubstr("data-reload=")));
  EXPECT_THAT(read_text(path("page.html")), HasSubstr("not finished"));
}

constexpr const char* long_sweep =
    "name = \"long\"\n[network]\nhidden = [32, 32]\n[training]\nsteps = 100000000\n[measure]\nevery_steps = "
    "200\n[axes]\n\"training.seed\" = { range = [0, 2] }\n";

TEST_F(ReportTest, FollowsARun) {
  write("long.toml", long_sweep);
  Running run(folder_, {"run", "long.toml", "--threads", "1", "--report", "page.html"}, "");
  ASSERT_TRUE(run.becomes([&] { return std::filesystem::exists(path("page.html")); }));
  const std::string live = read_text(path("page.html"));
  EXPECT_THAT(live, HasSubstr("data-reload=\"30\""));
  EXPECT_THAT(live, HasSubstr("<span class=\"state live\">training</span>"));
  EXPECT_THAT(live, HasSubstr("No network is finished yet."));
  run.send(SIGINT);
  const Outcome outcome = run.wait();
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  EXPECT_THAT(read_text(path("page.html")), Not(HasSubstr("data-reload=")));
}

TEST_F(ReportTest, OfARunThatCannotBeWrittenDoesNotEndIt) {
  write("plain.toml", "name = \"plain\"\n[network]\nhidden = [3]\n[training]\nsteps = 20000\n[axes]\n" +
                          std::string(seeds));
  std::filesystem::create_directory(path("there"));
  Running run(folder_, {"run", "plain.toml", "--threads", "1", "--report", "there/page.html"}, "");
  ASSERT_TRUE(run.spoke());
  std::filesystem::remove_all(path("there"));
  const Outcome outcome = run.wait();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("--report: the page was not written: "));
  EXPECT_THAT(modsweep({"status", "plain.db"}).out, HasSubstr("0\n"));
  EXPECT_EQ(modsweep({"run", "plain.toml", "--report", "page.html"}).code, 0);
  EXPECT_TRUE(std::filesystem::exists(path("page.html"))) << "of a sweep that was finished before";
}

TEST_F(ReportTest, OfTheClaimsStandsInAPage) {
  write("fig02.toml",
        "name = \"fig02\"\n[network]\nhidden = [3]\n[training]\nsteps = 4\n[axes]\n"
        "\"noise.strength\" = [0.1, 1.0]\n" +
            std::string(seeds));
  ASSERT_EQ(modsweep({"run", "fig02.toml", "--quiet"}).code, 0);
  const Outcome outcome = modsweep({"reproduce", "fig02.db", "-o", "claims.html"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::string text = read_text(path("claims.html"));
  EXPECT_TRUE(text.starts_with("<!DOCTYPE html>"));
  EXPECT_THAT(text, HasSubstr("Test loss and modularity both rise with the strength of the noise."));
  EXPECT_THAT(text, HasSubstr("modsweep run sweeps/fig03.toml"));
  EXPECT_THAT(text, HasSubstr("modsweep plot fig02.db line --x noise.strength"));
  EXPECT_THAT(text, Not(HasSubstr("http:")));
}

}  // namespace
}  // namespace modsweep
