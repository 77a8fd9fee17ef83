// What the marks of a picture say.
#include "figures/draw.h"
#include "figures/kinds.h"
#include "figures/made_store.h"
#include "figures/pictures.h"

#include <cmath>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace modsweep::figures {
namespace {

using test::MadeStore;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> titles_of(const std::string& svg) {
  std::vector<std::string> titles;
  for (std::size_t at = svg.find("<title>"); at != std::string::npos; at = svg.find("<title>", at + 1))
    titles.push_back(svg.substr(at + 7, svg.find("</title>", at) - at - 7));
  return titles;
}

std::vector<std::string> titles_of(const MadeStore& made, const Request& request) {
  const std::string svg = draw(make_figure({made.store, "made.db"}, request), Format::svg);
  EXPECT_TRUE(test::is_well_formed(svg));
  return titles_of(svg);
}

TEST(Hovers, PointsTellTheirValues) {
  const std::vector<std::string> titles = titles_of(test::sizes_store(), {.kind = "line"});
  EXPECT_EQ(titles.size(), 28U) << "two columns of two lines of seven points";
  EXPECT_THAT(titles, Contains("0: task.train_samples 10, test_loss 0.10025 [0.1, 0.1005]"));
  EXPECT_THAT(titles, Contains(StartsWith("2: task.train_samples 640, gap_live_layer1 0.6")));
}

TEST(Hovers, InnerFramesHaveTheNamesOfTheirRow) {
  const std::vector<std::string> titles =
      titles_of(test::sizes_store(), {.kind = "line", .x = "task.train_samples", .col = "noise.exponent"});
  EXPECT_EQ(titles.size(), 28U);
  EXPECT_THAT(titles[20], HasSubstr("gap_live_layer1"));
  EXPECT_THAT(titles[27], HasSubstr("gap_live_layer1"));
  EXPECT_THAT(titles[13], HasSubstr("test_loss"));
}

TEST(Hovers, CellsOfMapsTellTheirValues) {
  const std::vector<std::string> titles = titles_of(test::plane_store(), {.kind = "map"});
  ASSERT_EQ(titles.size(), 36U);
  EXPECT_THAT(titles[0], HasSubstr(": no value"));
  EXPECT_THAT(titles, Contains(HasSubstr(": 0.03")));
  EXPECT_THAT(titles, Contains(HasSubstr(": 0.96")));
}

TEST(Hovers, SpectraAndWeightsTellTheirValues) {
  const std::vector<std::string> titles = titles_of(test::balance_store(), {.kind = "network"});
  EXPECT_THAT(titles, Contains(StartsWith("index 1, eigenvalue ")));
  EXPECT_THAT(titles, Contains(StartsWith("|W| ")));
  EXPECT_THAT(titles_of(test::balance_store(), {.kind = "spectrum"}), Each(HasSubstr("eigenvalue")));
}

TEST(Hovers, MarksOfAnInsetTellTheirValues) {
  EXPECT_THAT(titles_of(test::law_store(), {.kind = "transition"}),
              Contains(HasSubstr("noise.exponent 3, x* 3")));
}

TEST(Hovers, NamesAreNoMarkup) {
  const std::string evil = "<img src=x onerror='a(1)'> & \"q\" </title>";
  Figure figure;
  Frame& frame = figure.frames.emplace_back();
  frame.x.label = frame.y.label = evil;
  frame.series.push_back({.label = evil, .points = {{1.0, 1.0}, {2.0, 3.0}}});
  const std::string svg = draw(figure, Format::svg);
  EXPECT_TRUE(test::is_well_formed(svg));
  EXPECT_EQ(svg.find("<img"), std::string::npos);
  ASSERT_EQ(titles_of(svg).size(), 2U);
  EXPECT_THAT(titles_of(svg)[0], HasSubstr("&lt;img src=x onerror=&#39;a(1)&#39;&gt; &amp; &quot;q&quot;"));
}

/// A frame of weights, none like another.
Frame weights(std::size_t rows, std::size_t columns, double salt) {
  Frame frame;
  frame.x.hidden = frame.y.hidden = true;
  frame.color.from_white = true;
  frame.color.low = 0.0;
  Matrix matrix{rows, columns, {}, {}, {}};
  for (std::size_t i = 0; i < rows * columns; ++i)
    matrix.values.push_back(std::fabs(std::sin(salt + 12.9 * static_cast<double>(i * i))));
  frame.matrix = matrix;
  return frame;
}

TEST(Hovers, AMatrixIsSmallHoweverMixedItIs) {
  Figure figure;
  figure.columns = 2;
  figure.frames = {weights(32, 4, 1.0), weights(32, 32, 2.0), weights(32, 32, 3.0), weights(4, 32, 4.0)};
  const std::string svg = draw(figure, Format::svg);
  EXPECT_TRUE(test::is_well_formed(svg));
  EXPECT_LT(svg.size(), 40'000U);
  EXPECT_EQ(test::count_of(svg, "<polygon"), 0U);
}

TEST(Hovers, CellsOfAColorTellTheirRange) {
  Figure figure;
  figure.frames = {weights(3, 4, 1.0)};
  figure.frames[0].matrix->values = {1.0, 0.0, 0.51, 0.52, 1.0, 1.0, 0.0, 0.0, 0.0, 0.26, 0.0, 0.99};
  const std::string svg = draw(figure, Format::svg);
  EXPECT_THAT(titles_of(svg),
              testing::UnorderedElementsAre("|W| 0.99 to 1", "|W| 0.51 to 0.52", "|W| 0.26 to 0.26"));
  EXPECT_EQ(test::count_of(svg, "<path stroke='#08306b'"), 1U) << "the highest color";
  const std::size_t path = svg.find("d='", svg.find("<path stroke='#08306b'"));
  const std::string highest = svg.substr(path, svg.find('>', path) - path);
  EXPECT_EQ(highest, "d='M0 0h1M0 1h2M3 2h1'") << "one alone, two neighbors, one alone";
}

}  // namespace
}  // namespace modsweep::figures
