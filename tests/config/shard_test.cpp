// Which texts are shards ("2/8") and which are not.
#include "modsweep/shard.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

TEST(Shard, IsReadAsItIsWritten) {
  for (const char* text : {"1/1", "1/8", "2/8", "8/8", "999999/1000000"}) {
    EXPECT_EQ(Shard::parse(text).text(), text);
    EXPECT_EQ(Shard::parse(text).whole(), std::string(text) == "1/1");
  }
  EXPECT_EQ(Shard::parse("02/8"), (Shard{2, 8}));
  EXPECT_TRUE(Shard{}.whole());
}

class WrongShard : public testing::TestWithParam<const char*> {};

TEST_P(WrongShard, IsOneLineThatQuotesIt) {
  const std::string text = GetParam();
  const std::string quoted = "'" + (text.find('\n') == std::string::npos ? text : "1?/2") + "'";
  try {
    (void)Shard::parse(text);
    FAIL() << text << " was taken";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(quoted));
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n")));
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, WrongShard,
                         testing::Values("", " ", "/", "1", "1/", "/4", "0/4", "5/4", "1/0", "0/0", "a/b",
                                         "1/b", "-1/4", "+1/4", "1/-4", "1/4/2", " 1/4", "1/4 ", "1 / 4",
                                         "1.0/4", "0x1/4", "1e0/4", "1,4", "1/1000001", "1/99999999999",
                                         "1/99999999999999999999999", "99999999999999999999999/4",
                                         "18446744073709551617/4", "1\n/2"));

}  // namespace
}  // namespace modsweep
