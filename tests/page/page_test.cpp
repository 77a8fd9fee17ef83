// The HTML of pages of plain values.
#include "page/page.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "modsweep/error.h"

namespace modsweep::page {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string evil = "<img src=x onerror=alert(1)> & \"q\" 'a' </script></style></pre></title>";

Picture picture() {
  return {.title = evil,
          .remark = evil,
          .svg = "<svg><path d='M0,0'/></svg>",
          .script = evil,
          .command = evil,
          .file_name = evil};
}

/// A page with `evil` wherever a text may stand.
Page evil_page() {
  Page page{.title = evil, .state = evil, .remark = evil, .tiles = {{evil, evil, true}}, .footer = evil};
  Section section{evil, {}};
  section.blocks = {{Paragraph{evil}},
                    {Notices{{evil}}},
                    {Facts{{{evil, evil}}}},
                    {ShareBars{{evil, "together", "seeds"}, {{evil, {0.5, 0.1, std::nullopt}, evil}}}},
                    {SortableTable{{{evil, evil, true}}, {{{evil, 1.0, evil}}}}},
                    {Download{evil, evil, "text/csv", evil}},
                    {Code{evil, evil}},
                    {Pictures{{picture(), {.title = "none", .instead = evil}}}},
                    {ClaimCard{evil, evil, evil, ClaimCard::Tone::bad, {{Paragraph{evil}}}, picture()}},
                    {Disclosure{evil, {{Paragraph{evil}}}}}};
  page.sections.push_back(std::move(section));
  return page;
}

/// The names of all tags, closing ones with '/', outside of <style> and <script>: read letter by letter.
std::vector<std::string> tags_of(const std::string& html) {
  std::vector<std::string> tags;
  for (std::size_t i = html.find('<'); i != std::string::npos; i = html.find('<', i + 1)) {
    std::string name;
    std::size_t j = i + 1;
    while (html[j] == '/' || html[j] == '!' || std::isalnum(static_cast<unsigned char>(html[j])) != 0)
      name += html[j++];
    tags.push_back(name);
    if (name == "style" || name == "script") {
      i = html.find("</" + name, j);
      tags.push_back("/" + name);
    }
  }
  return tags;
}

TEST(PageTest, NoTextBecomesMarkup) {
  const std::string html = html_of(evil_page());
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, HasSubstr("&lt;img src=x onerror=alert(1)&gt; &amp; &quot;q&quot; &#39;a&#39;"));
  for (const std::string& tag : tags_of(html)) EXPECT_NE(tag, "img");
}

TEST(PageTest, EveryElementIsClosed) {
  const std::vector<std::string> empty = {"!DOCTYPE", "meta", "wbr", "path"};
  std::vector<std::string> open;
  for (const std::string& tag : tags_of(html_of(evil_page()))) {
    if (std::ranges::find(empty, tag) != empty.end()) continue;
    if (!tag.starts_with('/')) {
      open.push_back(tag);
      continue;
    }
    ASSERT_FALSE(open.empty()) << tag;
    EXPECT_EQ("/" + open.back(), tag);
    open.pop_back();
  }
  EXPECT_THAT(open, ElementsAre());
}

TEST(PageTest, RefersToNothingOutside) {
  const std::string html = html_of(evil_page());
  EXPECT_THAT(html, Not(HasSubstr("http:")));
  EXPECT_THAT(html, Not(HasSubstr("https:")));
  EXPECT_THAT(html, Not(HasSubstr("//cdn")));
  EXPECT_THAT(html, Not(HasSubstr("@import")));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
}

TEST(PageTest, OnlyALivePageLoadsItselfAgain) {
  Page page{.title = "t"};
  EXPECT_THAT(html_of(page), Not(HasSubstr("data-reload=")));
  EXPECT_THAT(html_of(page), Not(HasSubstr("http-equiv=\"refresh\"")));
  page.reload_seconds = 30.0;
  EXPECT_THAT(html_of(page), HasSubstr("<body data-reload=\"30\">"));
  EXPECT_THAT(html_of(page), HasSubstr("<noscript><meta http-equiv=\"refresh\" content=\"30\"></noscript>"));
}

TEST(PageTest, CellsSortByTheirNumbers) {
  Page page{.title = "t"};
  page.sections.push_back(
      {"s", {{SortableTable{{{"n", "", true}}, {{{"6.4e-04", 0.00064}}, {{"-"}}, {{"1e9", 1e9}}}}}}});
  const std::string html = html_of(page);
  EXPECT_THAT(html, HasSubstr("<td class=\"n\" data-n=\"0.00064\">6.4e-04</td>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"n\">-</td>"));
  EXPECT_THAT(html, HasSubstr("data-n=\"1000000000\""));
}

TEST(PageTest, ARowOfAnotherLengthIsRefused) {
  Page page{.title = "t"};
  page.sections.push_back({"s", {{SortableTable{{{"a"}, {"b"}}, {{{"1"}}}}}}});
  EXPECT_THROW((void)html_of(page), LogicError);
}

TEST(PageTest, APictureThatIsMissingSaysWhy) {
  Page page{.title = "t"};
  page.sections.push_back(
      {"s", {{Pictures{{{.title = "p", .script = "plot 1", .instead = "gnuplot is not installed"}}}}}});
  const std::string html = html_of(page);
  EXPECT_THAT(html, HasSubstr("<div class=\"instead\">gnuplot is not installed</div>"));
  EXPECT_THAT(html, HasSubstr("<pre>plot 1</pre>"));
  EXPECT_THAT(html, Not(HasSubstr("class=\"svg\"")));
}

TEST(PageTest, BarsNeverGoBeyondTheirRow) {
  Page page{.title = "t"};
  page.sections.push_back(
      {"s", {{ShareBars{{"a", "b", "together", "seeds"}, {{"y", {0.9, 0.9, std::nullopt, 0.2}}}}}}});
  const std::string html = html_of(page);
  EXPECT_THAT(html, HasSubstr("width:45.00%"));
  EXPECT_THAT(html, HasSubstr("width:10.00%"));
}

}  // namespace
}  // namespace modsweep::page
