// gnuplot's text, the process that reads it, and axes.
#include "figures/draw.h"
#include "figures/gnuplot.h"
#include "figures/pictures.h"
#include "figures/scales.h"
#include "figures/ticks.h"
#include "support/temporary_folder.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "modsweep/error.h"

namespace modsweep::figures {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> labels(const DrawnAxis& axis) {
  std::vector<std::string> found;
  for (const Tick& tick : axis.ticks) found.push_back(tick.label);
  return found;
}

/// A figure of one line with this label everywhere.
Figure labelled(const std::string& text) {
  Frame frame;
  frame.title = text;
  frame.x.label = text;
  frame.y.label = text;
  frame.x.ticks = {{1.0, text}, {2.0, "2"}};
  frame.series.push_back({.label = text, .points = {{1.0, 1.0}, {2.0, 3.0}}});
  return {.name = text, .legend_title = text, .frames = {frame}, .notes = {text}};
}

/// A program named gnuplot, first in PATH as long as this object lives.
class FakeGnuplot {
 public:
  explicit FakeGnuplot(const std::string& script) : path_(std::getenv("PATH")) {
    if (!script.empty()) {
      std::ofstream(folder_.file("gnuplot")) << "#!/bin/sh\n" << script << "\n";
      std::filesystem::permissions(folder_.file("gnuplot"), std::filesystem::perms::owner_all);
    }
    ::setenv("PATH",
             (script.empty() ? folder_.path().string() : folder_.path().string() + ":" + path_).c_str(), 1);
  }
  ~FakeGnuplot() { ::setenv("PATH", path_.c_str(), 1); }
  FakeGnuplot(const FakeGnuplot&) = delete;
  FakeGnuplot& operator=(const FakeGnuplot&) = delete;

 private:
  test::TemporaryFolder folder_;
  std::string path_;
};

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const IoError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Quoting, LeavesNothingToCarryOut) {
  EXPECT_EQ(single_quoted("it's"), "'it\u2019s'");
  EXPECT_EQ(single_quoted("a\nb\\"), "'a?b\\'");
  EXPECT_EQ(single_quoted("`date` $(x) @y \"z\" {/Bold} %s"), "'`date` $(x) @y \"z\" {/Bold} %s'");
}

TEST(Quoting, HostileNamesAreLetters) {
  const test::TemporaryFolder folder;
  const std::string victim = folder.file("made");
  for (const std::string& name :
       {"`touch " + victim + "`", "$(touch " + victim + ")", std::string("@GPVAL_VERSION"),
        std::string("100 % of %s %d"), std::string("it's '' quoted"),
        "''; system('touch " + victim + "'); ''", "a'''; system('touch " + victim + "')",
        std::string("{/Bold=30 big}_{x}^{y}"), std::string("a\\nb\\"), "'; system('touch " + victim + "'); '",
        std::string("\"double\""), std::string("tanh # no comment")}) {
    SCOPED_TRACE(name);
    const GnuplotOutput output = run_gnuplot(gnuplot_text(labelled(name), Format::svg, themes().front()));
    EXPECT_EQ(output.messages, "");
    EXPECT_TRUE(test::is_well_formed(output.bytes));
    EXPECT_FALSE(std::filesystem::exists(victim));
    std::string shown;
    for (const char c : name.substr(0, 29)) shown += c == '\'' ? "\u2019" : std::string(1, c);
    std::size_t times = 0;
    for (const std::string& text : test::texts_of(output.bytes)) times += text.starts_with(shown) ? 1U : 0U;
    EXPECT_EQ(times, 7U) << "title, both axes, tick, legend and its title, note: " << output.bytes;
  }
}

TEST(Quoting, LineBreaksDoNotBreakLines) {
  const std::string text = gnuplot_text(labelled("two\nlines"), Format::svg, themes().front());
  EXPECT_THAT(text, Not(HasSubstr("two\nlines")));
  EXPECT_EQ(run_gnuplot(text).messages, "");
}

TEST(Process, WithoutGnuplotSaysHowToGetIt) {
  const FakeGnuplot none("");
  EXPECT_EQ(message_of([] { (void)run_gnuplot("plot x"); }),
            "gnuplot is not installed: apt-get install gnuplot-nox, or take --script FILE.gp");
}

TEST(Process, AnErrorIsTold) {
  EXPECT_THAT(message_of([] { (void)run_gnuplot("set terminal nonsense\nplot x\n"); }),
              HasSubstr("unknown or ambiguous terminal"));
  const FakeGnuplot failing("echo oh dear >&2; exit 4");
  EXPECT_THAT(message_of([] { (void)run_gnuplot("plot x"); }),
              HasSubstr("gnuplot failed (exit code 4): oh dear"));
}

TEST(Process, OneThatHangsIsEnded) {
  const FakeGnuplot hanging("exec sleep 1000");
  EXPECT_THAT(message_of([] { (void)run_gnuplot("plot x", std::chrono::milliseconds(200)); }),
              HasSubstr("gnuplot took longer than 0.2 s"));
}

TEST(Process, OneThatIsKilledIsNoPicture) {
  const FakeGnuplot killed("kill -9 $$");
  EXPECT_THAT(message_of([] { (void)run_gnuplot("plot x"); }), HasSubstr("ended by signal 9"));
}

TEST(Process, APictureThatEndsEarlyIsRefused) {
  const FakeGnuplot cut("echo '<?xml version=\"1.0\"?><svg>'");
  EXPECT_THAT(message_of([] { (void)draw(labelled("a"), Format::svg); }), HasSubstr("no whole picture"));
}

TEST(Process, ManyMessagesBlockNobody) {
  const FakeGnuplot loud(
      "i=0; while [ $i -lt 20000 ]; do echo warning number $i >&2; i=$((i+1)); done; echo done");
  const GnuplotOutput output = run_gnuplot("plot x");
  EXPECT_EQ(output.bytes, "done\n");
  EXPECT_GT(output.messages.size(), 300'000U);
}

TEST(Process, DoesNotReadTheUsersSettings) {
  const test::TemporaryFolder home;
  std::ofstream(home.file(".gnuplot")) << "set title 'mine'\nthis is no command\n";
  const std::string before = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
  ::setenv("HOME", home.path().c_str(), 1);
  const GnuplotOutput output = run_gnuplot(gnuplot_text(labelled("a"), Format::svg, themes().front()));
  ::setenv("HOME", before.c_str(), 1);
  EXPECT_EQ(output.messages, "");
  EXPECT_THAT(output.bytes, Not(HasSubstr("mine")));
}

TEST(Pictures, AreNotBlank) {
  Figure blank = labelled("a");
  blank.frames[0].series.clear();
  for (const Format format : {Format::png, Format::svg, Format::pdf, Format::text})
    EXPECT_NE(draw(labelled("a"), format), draw(blank, format));
}

TEST(Pictures, ThemesDiffer) {
  std::vector<std::string> pictures;
  for (const Theme& theme : themes()) {
    const std::string svg = draw(labelled("a"), Format::svg, theme);
    EXPECT_THAT(svg, HasSubstr(std::string(theme.background)));
    EXPECT_THAT(svg, HasSubstr(fmt::format("'{}'", theme.colors[0]))) << theme.name;
    EXPECT_THAT(pictures, Not(Contains(svg)));
    pictures.push_back(svg);
  }
  EXPECT_THROW((void)find_theme("pink"), InputError);
}

TEST(Pictures, AnEmptyFrameMayHaveTheLegend) {
  Figure figure = labelled("a");
  figure.frames.insert(figure.frames.begin(), Frame{});
  for (const Format format : {Format::svg, Format::text}) {
    const GnuplotOutput output = run_gnuplot(gnuplot_text(figure, format, themes().front()));
    EXPECT_EQ(output.messages, "");
    EXPECT_THAT(output.bytes, HasSubstr("no values"));
  }
}

TEST(Pictures, AGapInALineIsNotBridged) {
  Figure figure = labelled("a");
  figure.frames[0].series[0].points = {{1.0, 1.0}, {1.5, none}, {2.0, 3.0}};
  EXPECT_THAT(gnuplot_text(figure, Format::svg, themes().front()), HasSubstr("\n1 1 1 1\n\n2 3 3 3\n"));
}

TEST(Pictures, OnALogarithmicAxisWhatHasNoLogarithmIsLeftOut) {
  Figure figure = labelled("a");
  figure.frames[0].y.logarithmic = true;
  figure.frames[0].series[0].points = {{1.0, 0.0}, {1.5, 2.0, -1.0, 3.0}, {2.0, 20.0}};
  const GnuplotOutput output = run_gnuplot(gnuplot_text(figure, Format::svg, themes().front()));
  EXPECT_EQ(output.messages, "");
  EXPECT_THAT(gnuplot_text(figure, Format::svg, themes().front()), Not(HasSubstr("\n1 0")));
}

TEST(Formats, AreToldByTheEnding) {
  EXPECT_EQ(format_of("a.svg"), Format::svg);
  EXPECT_EQ(format_of("b.c.pdf"), Format::pdf);
  for (const char* name : {"svg", "a.jpg", "a.svg.gz", ""})
    EXPECT_THROW((void)format_of(name), InputError) << name;
}

TEST(Ticks, OfALinearAxisAreRound) {
  const DrawnAxis axis = drawn_axis({}, 0.013, 0.94, 6);
  EXPECT_EQ(axis.low, 0.0);
  EXPECT_EQ(axis.high, 1.0);
  EXPECT_THAT(labels(axis), ElementsAre("0", "0.2", "0.4", "0.6", "0.8", "1"));
}

TEST(Ticks, OfDecadesArePowersOfTen) {
  const DrawnAxis axis = drawn_axis({.logarithmic = true}, 0.001, 1.0, 6);
  EXPECT_TRUE(axis.decades);
  ASSERT_EQ(axis.ticks.size(), 4U);
  EXPECT_EQ(axis.ticks[0].at, 0.001);
  EXPECT_LT(axis.low, 0.001);
  EXPECT_GT(axis.high, 1.0);
}

TEST(Ticks, OfLessThanTwoDecadesAreDigits) {
  const DrawnAxis axis = drawn_axis({.logarithmic = true, .tight = true}, 2.0, 50.0, 6);
  EXPECT_FALSE(axis.decades);
  EXPECT_THAT(labels(axis), ElementsAre("2", "5", "10", "20", "50"));
}

TEST(Ticks, OfOneValueHaveRoom) {
  for (const bool log : {false, true})
    for (const double value : {1e-12, 3.0, 1e300}) {
      const DrawnAxis axis = drawn_axis({.logarithmic = log}, value, value, 5);
      EXPECT_LT(axis.low, axis.high);
      EXPECT_LE(axis.low, value);
      EXPECT_GE(axis.high, value);
    }
  EXPECT_LT(drawn_axis({}, 0.0, 0.0, 5).low, 0.0);
}

TEST(Ticks, GivenEndsStay) {
  const DrawnAxis axis = drawn_axis({.low = 0.25, .high = 0.5}, 0.0, 1.0, 5);
  EXPECT_EQ(axis.low, 0.25);
  EXPECT_EQ(axis.high, 0.5);
  const DrawnAxis beyond = drawn_axis({.low = 5.0}, 0.0, 1.0, 5);
  EXPECT_EQ(beyond.low, 5.0);
  EXPECT_GT(beyond.high, 5.0);
}

TEST(Scales, AreLogarithmicWhereStepsAreGeometric) {
  EXPECT_TRUE(is_geometric(std::vector{1.0, 10.0, 100.0}));
  EXPECT_TRUE(is_geometric(std::vector{1.0, 2.0, 3.0, 6.0, 10.0, 17.0, 31.0, 55.0}));  // rounded logspace
  EXPECT_FALSE(is_geometric(std::vector{1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0}));
  EXPECT_FALSE(is_geometric(std::vector{0.0, 1.0, 10.0, 100.0}));
  EXPECT_FALSE(is_geometric(std::vector{1.0, 100.0})) << "two values have one step";
  EXPECT_FALSE(is_geometric(std::vector{2.0, 4.0, 8.0})) << "less than a factor of 8";
}

TEST(Scales, GapsAreNeverLogarithmicAndLossesWhereTheySpanMuch) {
  const auto is_logarithmic = [](const char* column, bool fits) {
    Frame frame;
    frame.series.push_back({.points = {{1.0, 1e-15}, {2.0, 0.9}}});
    share_y({&frame}, column, {.fits = fits});
    return frame.y.logarithmic;
  };
  EXPECT_FALSE(is_logarithmic("gap_live_layer1", false));
  EXPECT_FALSE(is_logarithmic("modularity_layer1", false));
  EXPECT_TRUE(is_logarithmic("test_loss", false));
  EXPECT_FALSE(is_logarithmic("test_loss", true)) << "a sigmoid is one in the values";
}

TEST(Scales, EvenChoicesHaveBothEnds) {
  EXPECT_THAT(evenly(3, 7), ElementsAre(0, 1, 2));
  EXPECT_THAT(evenly(13, 7), ElementsAre(0, 2, 4, 6, 8, 10, 12));
  EXPECT_EQ(evenly(1000, 7).front(), 0U);
  EXPECT_EQ(evenly(1000, 7).back(), 999U);
}

}  // namespace
}  // namespace modsweep::figures
