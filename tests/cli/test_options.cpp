// Numbers on the command line: a value that is not a number, not finite or out of range is refused in one
// line that names the option and its range.
#include "cli/number_options.h"
#include "program.h"

#include <gtest/gtest.h>

namespace modsweep {
namespace {

using cli::span_seconds;
using testing_support::expect_error;
using testing_support::ProgramTest;

class NumberTest : public ProgramTest {
 protected:
  NumberTest() {
    write("s.toml", "name = \"s\"\n[training]\nsteps = 3\n");
    write("s.db", "read by nobody: options come first");
  }
};

TEST_F(NumberTest, WhatIsNoNumberInRangeIsRefused) {
  struct Option {
    std::vector<std::string> command;
    std::string name;
    std::vector<std::string> wrong;
    std::string range;
  };
  const std::vector<std::string> never = {"nan",   "-nan", "inf", "-inf", "",       " ",
                                          "1e999", "0x10", "--",  "1,5",  "1_000",  "1'0",
                                          "1 2",   "four", "+-1", "\xff", "1e-4000"};
  const std::vector<std::string> not_whole = {"-1",
                                              "-0",
                                              "+1",
                                              "0.5",
                                              "1e3",
                                              "1.0",
                                              "18446744073709551616",
                                              "99999999999999999999999",
                                              "-18446744073709551615"};
  const auto both = [&](std::vector<std::string> more) {
    more.insert(more.end(), not_whole.begin(), not_whole.end());
    return more;
  };
  const std::vector<Option> options = {
      {{"run", "s.toml"}, "--threads", both({"0", "4097", "000"}), "1 to 4096"},
      {{"plan", "s.toml"}, "--threads", both({"0", "4097"}), "1 to 4096"},
      {{"run", "s.toml"}, "--checkpoint-seconds", {"0", "-1", "0.009", "60.01", "1e9"}, "0.01 to 60"},
      {{"refine", "s.toml"}, "--checkpoint-seconds", {"0"}, "0.01 to 60"},
      {{"run", "s.toml"},
       "--time-limit",
       {"0", "-5", "0s", "1:2:3:4", "1001d", "5 m", "5x", "m"},
       "1 s to 1000 days"},
      {{"refine", "s.toml"}, "--time-limit", {"0"}, "1 s to 1000 days"},
      {{"spectrum", "s.db"}, "--modules", both({"0", "4097"}), "1 to 4096"},
      {{"modules", "s.db", "--cell", "00"}, "--points", both({"3", "1000001"}), "4 to 1000000"},
      {{"modules", "s.db", "--cell", "00"}, "--from", {}, "finite number"},
      {{"modules", "s.db", "--cell", "00"}, "--to", {}, "finite number"},
      {{"bench"}, "--threads", both({"0", "4097"}), "1 to 4096"},
      {{"bench"}, "--networks", both({"0", "1048577"}), "1 to 1048576"},
      {{"bench"}, "--batch", both({"0", "1001"}), "1 to 1000"}};
  const auto before = files();
  for (const Option& option : options) {
    std::vector<std::string> wrong = option.wrong;
    wrong.insert(wrong.end(), never.begin(), never.end());
    for (const std::string& text : wrong) {
      auto command = option.command;
      command.push_back(option.name + "=" + text);
      SCOPED_TRACE(command.front() + " " + command.back());
      expect_error(modsweep(command), 2, {option.name, text.empty() ? "" : option.range});
    }
  }
  EXPECT_EQ(files(), before);
}

TEST_F(NumberTest, WhatIsOneIsTaken) {
  for (const std::vector<std::string>& more : {std::vector<std::string>{"--threads", "1"},
                                               {"--threads", "0010"},  // ten, not eight
                                               {"--checkpoint-seconds", "0.01"},
                                               {"--checkpoint-seconds", "6e1"},
                                               {"--time-limit", "1:00:00"}}) {
    std::vector<std::string> command = {"run", "s.toml", "--quiet", "-o", "new.db"};
    command.insert(command.end(), more.begin(), more.end());
    EXPECT_EQ(modsweep(command).code, 0) << more[0] << ' ' << more[1];
  }
}

TEST(TimeSpan, IsWrittenAsSlurmDoesOrWithAUnit) {
  constexpr double minute = 60.0;
  constexpr double hour = 3600.0;
  constexpr double day = 86400.0;
  const std::vector<std::pair<std::string, double>> spans = {{"90", 90 * minute},
                                                             {"5:30", 5 * minute + 30},
                                                             {"90:00", 90 * minute},
                                                             {"23:50:00", 23 * hour + 50 * minute},
                                                             {"100:00:01", 100 * hour + 1},
                                                             {"2-12", 2 * day + 12 * hour},
                                                             {"2-12:30", 2 * day + 12 * hour + 30 * minute},
                                                             {"2-12:00:00", 2 * day + 12 * hour},
                                                             {"0-00:00:01", 1.0},
                                                             {"90s", 90.0},
                                                             {"1.5s", 1.5},
                                                             {"30m", 30 * minute},
                                                             {"12h", 12 * hour},
                                                             {"1.5d", 1.5 * day},
                                                             {"1000d", 1000 * day}};
  for (const auto& [text, seconds] : spans) EXPECT_EQ(span_seconds(text), seconds) << text;
}

TEST(TimeSpan, IsNothingElse) {
  for (const char* text : {"",      "0",     "0:00",    "0s",    "0.5s",       "-1",      "+1",      "1e3",
                           "nan",   "nans",  "infs",    "1:60",  "1:2:60",     "1:60:00", "1:2:3:4", "1-",
                           "-1:00", "1-2-3", "1-60:60", "1:",    ":1",         "1::2",    "s",       "1 s",
                           "1S",    "1ms",   "1h30m",   "1001d", "4294967296", "1.5",     "1.5:00",  "0x1"})
    EXPECT_FALSE(span_seconds(text).has_value()) << text;
}

}  // namespace
}  // namespace modsweep
