#include "core/text.h"

#include <string>

#include <gmock/gmock.h>

namespace modsweep {
namespace {

TEST(OneLine, LeavesPlainTextAlone) {
  EXPECT_EQ(one_line(""), "");
  EXPECT_EQ(one_line("noise.strength"), "noise.strength");
  EXPECT_EQ(one_line("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
}

TEST(OneLine, ReplacesControlCharacters) {
  EXPECT_EQ(one_line("a\nb\tc\rd\x1b"
                     "e\x7F"),
            "a?b?c?d?e?");
  EXPECT_EQ(one_line(std::string("a\0b", 3)), "a?b");
  EXPECT_EQ(one_line("a\xC2\x9B"
                     "31m"),
            "a??31m");  // CSI in its one-character form
}

TEST(OneLine, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(one_line("m\xFCller"), "m?ller");
  EXPECT_EQ(one_line("\xE2\x82"), "??");
}

TEST(Utf8, IsRecognized) {
  for (const char* text : {"", "abc", "gr\xC3\xBC\xC3\x9F", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                           "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text :
       {"m\xFCller", "\xC3", "\xC3x", "\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xE2\x82",
        "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "ab\xFF"})
    EXPECT_FALSE(is_utf8(text)) << text;
}

TEST(OneLine, CutsLongTextBetweenCharacters) {
  EXPECT_EQ(one_line("abcdef", 6), "abcdef");
  EXPECT_EQ(one_line("abcdefg", 6), "abcdef...");
  EXPECT_EQ(one_line("abc\xC3\xBC"
                     "def",
                     4),
            "abc...");
  EXPECT_EQ(one_line("ab\xE2\x82\xAC"
                     "def",
                     4),
            "ab...");
}

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("strength", "strenght"), 2U);
}

TEST(Nearest, FindsMisspellingsOnly) {
  const std::string_view names[] = {"strength", "exponent", "l1", "l12"};
  EXPECT_EQ(nearest("strenght", names), "strength");
  EXPECT_EQ(nearest("exponents", names), "exponent");
  EXPECT_EQ(nearest("l3", names), "l1");
  EXPECT_EQ(nearest("plugh", names), std::nullopt);
  EXPECT_EQ(nearest("ab", names), std::nullopt);
  EXPECT_EQ(nearest(std::string(100000, 's'), names), std::nullopt);
}

TEST(Id, HasALetterWhereItIsShownAndNoneInTheStore) {
  EXPECT_EQ(shown_id("5313467e75195238"), "c5313467e75195238");
  for (const char* form : {"5313467e75195238", "c5313467e75195238", "C5313467e75195238"})
    EXPECT_EQ(bare_id(form), "5313467e75195238");
  for (const char* other : {"", "c", "c5313", "c313467e75195238", "c5313467e75195238a", "d5313467e75195238"})
    EXPECT_EQ(bare_id(other), other);
}

TEST(PlainName, IsLettersDigitsAndThreeSigns) {
  for (const char* good : {"a", "noise-strength", "fig01_linear", "A.b-3"})
    EXPECT_TRUE(is_plain_name(good)) << good;
  for (const char* bad : {"", "a b", "a/b", "a\n", "\"a\"", "\xC3\xBC"})
    EXPECT_FALSE(is_plain_name(bad)) << bad;
  EXPECT_TRUE(is_plain_name(std::string(100, 'a')));
  EXPECT_FALSE(is_plain_name(std::string(101, 'a')));
}

}  // namespace
}  // namespace modsweep
