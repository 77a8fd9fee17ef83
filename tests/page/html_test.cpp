// Texts as parts of pages.
#include "page/html.h"

#include "figures/svg.h"
#include "page/svg.h"

#include <string>

#include <gmock/gmock.h>

#include "modsweep/error.h"

namespace modsweep::page {
namespace {

/// The text that a link holds: the naive reading of percent signs.
std::string text_in(const std::string& link) {
  std::string text;
  for (std::size_t i = link.find(',') + 1; i < link.size(); ++i) {
    if (link[i] != '%') {
      text += link[i];
      continue;
    }
    text += static_cast<char>(std::stoi(link.substr(i + 1, 2), nullptr, 16));
    i += 2;
  }
  return text;
}

TEST(HtmlTest, NothingInATextIsMarkup) {
  EXPECT_EQ(escaped("<b a=\"1\" c='2'>&amp;</b>"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;&lt;/b&gt;");
  EXPECT_EQ(escaped("\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80"), "\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80");
  EXPECT_EQ(escaped("a\nb\tc"), "a\nb\tc");
}

TEST(HtmlTest, WhatIsNoTextIsReplaced) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(escaped(std::string("a\0b", 3)), "a" + bad + "b");
  EXPECT_EQ(escaped("\x1B[31m"), bad + "[31m");
  EXPECT_EQ(escaped("\xC3(\xFF"), bad + "(" + bad);
  EXPECT_EQ(escaped("cut \xE2\x82"), "cut " + bad + bad);
}

TEST(HtmlTest, ALinkHoldsEveryByte) {
  std::string every;
  for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
  const std::string link = data_link("text/csv", every);
  EXPECT_EQ(text_in(link), every);
  EXPECT_THAT(link, testing::StartsWith("data:text/csv;charset=utf-8,"));
  for (const char c : {'"', '<', '>', '&', ' ', '\n', '#', '\''})
    EXPECT_EQ(link.find(c), std::string::npos) << c;
}

TEST(HtmlTest, WordsForFilesArePlain) {
  EXPECT_EQ(plain_word("gap_live over a/b"), "gap-live-over-a-b");
  EXPECT_EQ(plain_word("../.."), "x");
  EXPECT_EQ(plain_word(std::string(1000, 'a')).size(), 80U);
}

constexpr const char* drawn =
    "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
    "xmlns:xlink='http://www.w3.org/1999/xlink'><defs><circle id='gpDot' r=\"1\"/><clipPath "
    "id=\"clip\"/></defs>"
    "<use xlink:href='#gpDot'/><g clip-path=\"url(#clip)\" fill='url(\"#clip\")'/></svg>\n";

TEST(HtmlTest, APictureBecomesAnElementWithIdsOfItsOwn) {
  EXPECT_EQ(inline_svg(drawn, "p3-"),
            "<svg><defs><circle id='p3-gpDot' r=\"1\"/><clipPath id=\"p3-clip\"/></defs>"
            "<use xlink:href='#p3-gpDot'/><g clip-path=\"url(#p3-clip)\" fill='url(\"#p3-clip\")'/></svg>");
}

TEST(HtmlTest, APictureGetsSmallerNotAnother) {
  EXPECT_EQ(figures::compact_svg(
                "<g fill=\"none\">\n\t<g id='a'>\n</g>\n</g>\n"
                "<g stroke='none' shape-rendering='crispEdges'>\n\t\t<polygon fill = 'rgb( 47, 112, "
                "139)' points = '1,2 3,4 '/>\n\t</g>\n\t<g stroke='none' "
                "shape-rendering='crispEdges'>\n\t\t<polygon fill = 'rgb(255,0,7)' points = '5,6 \n7,8 "
                "'/>\n\t</g>\n<text>a  b rgb(no)</text>"),
            "<g stroke='none' shape-rendering='crispEdges'><polygon fill='#2f708b' points='1,2 3,4 '/>"
            "<polygon fill='#ff0007' points='5,6 7,8 '/></g><text>a  b rgb(no)</text>");
}

TEST(HtmlTest, WhatIsNoPictureIsRefused) {
  EXPECT_THROW((void)inline_svg("gnuplot: no", "p1-"), LogicError);
  EXPECT_THROW((void)inline_svg("<svg>cut", "p1-"), LogicError);
}

}  // namespace
}  // namespace modsweep::page
