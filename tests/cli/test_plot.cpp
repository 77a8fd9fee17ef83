// modsweep plot, as a user runs it.
#include "program.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

namespace modsweep {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::read_text;
using testing_support::write_text;

constexpr const char* plotted_sweep = R"(name = "s"
[task]
inputs = 2
test_samples = 20
[network]
hidden = [4]
[training]
batch_size = 20
steps = 20
[measure]
every_steps = 10
weights = true
[axes]
"noise.strength" = [0.01, 0.1, 1]
"task.train_samples" = [10, 20]
"training.seed" = { range = [0, 2] }
)";

class PlotTest : public ProgramTest {
 protected:
  void SetUp() override {
    write("s.toml", plotted_sweep);
    ASSERT_EQ(modsweep({"run", "s.toml", "--quiet", "--engine", "cpu"}).code, 0);
    before_ = files();
  }

  /// Puts a program named gnuplot first, or an empty folder alone, where `script` is empty.
  [[nodiscard]] std::function<void()> with_gnuplot(const std::string& script) const {
    const std::string bin = path("bin");
    std::filesystem::create_directory(bin);
    if (!script.empty()) {
      write_text(bin + "/gnuplot", "#!/bin/sh\n" + script + "\n");
      std::filesystem::permissions(bin + "/gnuplot", std::filesystem::perms::owner_all);
    }
    const std::string all = script.empty() ? bin : bin + ":" + std::getenv("PATH");
    return [all] { ::setenv("PATH", all.c_str(), 1); };
  }

  std::vector<std::string> before_;
};

TEST_F(PlotTest, DrawsEveryKindInEveryFormat) {
  for (const char* kind : {"line", "map", "history", "spectrum", "network"})
    for (const char* ending : {"svg", "png", "pdf", "txt"}) {
      const std::string file = std::string(kind) + "." + ending;
      const Outcome outcome = modsweep({"plot", "s.db", kind, "-o", file});
      EXPECT_EQ(outcome.code, 0) << file << outcome.err;
      EXPECT_EQ(outcome.out + outcome.err, "") << file;
      EXPECT_GT(read_text(path(file)).size(), 500U) << file;
    }
}

TEST_F(PlotTest, WithoutAFileDrawsLetters) {
  const Outcome outcome = modsweep({"plot", "s.db"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("noise.strength"));
  EXPECT_THAT(outcome.out, HasSubstr("median of 2 networks"));
  EXPECT_EQ(files(), before_);
}

TEST_F(PlotTest, ShowsTheNumbersOfAggregate) {
  ASSERT_EQ(
      modsweep({"plot", "s.db", "line", "--y", "test_loss", "--statistic", "mean", "--script", "s.gp"}).code,
      0);
  const std::string script = read_text(path("s.gp"));
  const Outcome told = modsweep({"aggregate", "s.db", "--value", "test_loss", "--statistic", "mean", "--by",
                                 "noise.strength,task.train_samples", "--format", "json"});
  const json rows = json::parse(told.out);
  ASSERT_EQ(rows.size(), 6U);
  for (const json& row : rows) {
    const std::string line = "\n" + json(row.at("noise.strength").get<double>()).dump() + " " +
                             row.at("mean").dump() + " " + row.at("ci_low").dump() + " " +
                             row.at("ci_high").dump() + "\n";
    const std::string whole =
        "\n" + std::to_string(row.at("noise.strength").get<int>()) + line.substr(line.find(' '));
    EXPECT_TRUE(script.find(line) != std::string::npos || script.find(whole) != std::string::npos)
        << line << script;
  }
}

TEST_F(PlotTest, DrawsOnlyCellsThatMeetConditions) {
  const Outcome outcome = modsweep({"plot", "s.db", "line", "--where", "task.train_samples=20", "--where",
                                    "training.seed=1", "--y", "test_loss"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("one network a point"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("task.train_samples")));
  expect_error(modsweep({"plot", "s.db", "--where", "task.train_samples=30"}), 2,
               {"no network meets", "task.train_samples"});
}

TEST_F(PlotTest, AScriptNeedsNoGnuplotAndDrawsTheSame) {
  ASSERT_EQ(modsweep({"plot", "s.db", "--script", "s.gp"}, "", with_gnuplot("")).code, 0);
  EXPECT_THAT(read_text(path("s.gp")), HasSubstr("set output 's.svg'"));
  ASSERT_EQ(modsweep({"plot", "s.db", "-o", "drawn.png", "--script", "d.gp"}).code, 0);
  const std::string drawn = read_text(path("drawn.png"));
  std::filesystem::remove(path("drawn.png"));
  ASSERT_EQ(std::system(("cd '" + path("") + "' && gnuplot -d s.gp && gnuplot -d d.gp").c_str()), 0);
  EXPECT_THAT(read_text(path("s.svg")), HasSubstr("</svg>"));
  EXPECT_EQ(read_text(path("drawn.png")), drawn);
}

TEST_F(PlotTest, WithoutGnuplotSaysHowToGetIt) {
  const Outcome outcome = modsweep({"plot", "s.db", "-o", "s.svg"}, "", with_gnuplot(""));
  expect_error(outcome, 3,
               {"gnuplot is not installed: apt-get install gnuplot-nox, or take --script FILE.gp"});
  EXPECT_FALSE(std::filesystem::exists(path("s.svg")));
}

TEST_F(PlotTest, LeavesNothingHalfWritten) {
  write("s.svg", "before");
  for (const char* script : {"exit 1", "echo '<?xml ?>'; kill -9 $$", "echo '<?xml ?><svg>'"}) {
    expect_error(modsweep({"plot", "s.db", "-o", "s.svg"}, "", with_gnuplot(script)), 3, {"gnuplot"});
    EXPECT_EQ(read_text(path("s.svg")), "before") << script;
  }
  const auto full_disk = [] {
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  };
  expect_error(modsweep({"plot", "s.db", "-o", "s.svg"}, "", full_disk), 3);
  EXPECT_EQ(read_text(path("s.svg")), "before");
  for (const std::string& name : files()) EXPECT_THAT(name, Not(HasSubstr("tmp")));
}

TEST_F(PlotTest, DoesNotWriteOverWhatItReads) {
  expect_error(modsweep({"plot", "s.db", "-o", "s.db"}), 2);
  expect_error(modsweep({"plot", "s.db", "--script", "s.db"}), 2);
  EXPECT_EQ(modsweep({"status", "s.db"}).code, 0);
}

TEST_F(PlotTest, AnswersWrongUsage) {
  expect_error(modsweep({"plot", "s.db", "lines"}), 2, {"did you mean line?"});
  expect_error(modsweep({"plot", "s.db", "-o", "s.jpg"}), 2, {".svg, .pdf"});
  expect_error(modsweep({"plot", "s.db", "--size", "8.6"}), 2, {"--size", "8.6x6cm"});
  expect_error(modsweep({"plot", "s.db", "--size", "1x900cm"}), 2, {"--size"});
  expect_error(modsweep({"plot", "s.db", "--xlim", "1,0"}), 2, {"--xlim", "smaller"});
  expect_error(modsweep({"plot", "s.db", "--log", "x", "--linear", "x"}), 2, {"--log x"});
  expect_error(modsweep({"plot", "s.db", "--theme", "pink"}), 2, {"--theme"});
  expect_error(modsweep({"plot", "s.db", "--y", "tset_loss"}), 2, {"test_loss"});
  expect_error(modsweep({"plot", "s.db", "network", "--cell", "zzz"}), 2, {"zzz"});
  expect_error(modsweep({"plot", "absent.db"}), 2, {"absent.db"});
}

TEST_F(PlotTest, SizeAndThemeAreThoseOfThePicture) {
  ASSERT_EQ(modsweep({"plot", "s.db", "--size", "10x5cm", "--theme", "dark", "-o", "s.svg"}).code, 0);
  const std::string svg = read_text(path("s.svg"));
  EXPECT_THAT(svg, HasSubstr("width=\"378\" height=\"189\""));  // at 96 dots an inch
  EXPECT_THAT(svg, HasSubstr("#16191d"));
}

TEST_F(PlotTest, SeveralStoresAreOne) {
  write("t.toml", std::string(plotted_sweep)
                      .replace(0, 10, "name = \"t\"")
                      .replace(std::string(plotted_sweep).find("[0.01, 0.1, 1]"), 14, "[2, 3, 4]     "));
  ASSERT_EQ(modsweep({"run", "t.toml", "--quiet", "--engine", "cpu"}).code, 0);
  ASSERT_EQ(modsweep({"plot", "s.db", "t.db", "line", "--y", "test_loss", "--script", "both.gp"}).code, 0);
  const std::string script = read_text(path("both.gp"));
  for (const char* x : {"\n0.01 ", "\n0.1 ", "\n1 ", "\n2 ", "\n3 ", "\n4 "})
    EXPECT_THAT(script, HasSubstr(x));
}

}  // namespace
}  // namespace modsweep
