// Every broken sweep file of tests/data/bad_sweeps ends in one clear line: the position, the error, and what
// to do.
#include <algorithm>
#include <filesystem>
#include <ostream>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "modsweep/error.h"
#include "modsweep/sweep.h"

namespace modsweep {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct BadSweep {
  const char* file;
  int line;
  int column;
  const char* what;
  const char* remedy;
};

void PrintTo(const BadSweep& bad, std::ostream* out) {
  *out << bad.file;
}

std::string path_of(const std::string& file) {
  return fmt::format("{}/bad_sweeps/{}.toml", MODSWEEP_TEST_DATA, file);
}

// clang-format off: a table, one file a line
const BadSweep bad_sweeps[] = {
    {"architecture_and_hidden", 3, 10,
     "network.hidden = [8,8] is given beside network.architecture = \"full\"", "keep one of the two"},
    {"architecture_sizes_alone", 2, 15, "network.block_depth = 3 has no effect without network.architecture",
     "name one, as \"modular\""},
    {"axes_no_table", 1, 8, "axes is a table", "write [axes] on a line and lines like"},
    {"axis_duplicate_value", 4, 1, "the axis noise.exponent holds 1 twice",
     "leave one out (spaced values: lower the"},
    {"axis_empty", 4, 20, "the axis noise.strength is empty", "give it at least one value"},
    {"axis_empty_table", 4, 20, "the axis noise.strength is a table without values",
     "write { range = [first, end], step = n }, {"},
    {"axis_flat_list_of_lists", 4, 21, "the axis network.hidden holds the integer 32",
     "its values are lists, as in [[32, 32], [64,"},
    {"axis_negative_zero", 4, 1, "the axis noise.strength holds 0 twice",
     "leave one out (spaced values: lower the"},
    {"axis_out_of_range", 5, 8, "regularizer.dropout = 1.5, which is out of range",
     "give a number at least 0 and below 1"},
    {"axis_over_table", 4, 1, "noise is a table and cannot be an axis",
     R"(name one of its keys: "noise.exponent",)"},
    {"axis_over_table_range", 4, 1, "noise is a table and cannot be an axis",
     R"(name one of its keys: "noise.exponent",)"},
    {"axis_scalar", 4, 20, "the axis noise.strength is the number 0.1",
     "give a list of values, or move it to"},
    {"axis_twice", 5, 7, "the axis noise.strength is there twice", "keep one"},
    {"axis_two_forms", 4, 20, "the axis noise.strength has both linspace and logspace",
     "write { range = [first, end], step = n }, {"},
    {"axis_unknown_form", 4, 38, "unknown key count beside range in the axis noise.strength",
     "write { range = [first, end], step = n }, {"},
    {"axis_wrong_type", 4, 26, R"(noise.strength is the string "0.2")", "give a number from 0 to 1e+30"},
    {"batch_zero", 3, 14, "training.batch_size = 0, which is out of range",
     "give an integer from 1 to 100000000"},
    {"beta_one", 3, 9, "training.beta1 = 1, which is out of range", "give a number at least 0 and below 1"},
    {"cell_groups", 4, 10, "network.groups[1] = 4 does not divide the 32 inputs and 30 outputs of that layer",
     "choose a common divisor (cell 1:"},
    {"cell_momentum", 5, 1, "training.momentum = 0.9 has no effect with adam",
     R"(set training.optimizer = "sgd" or leave it)"},
    {"cell_of_large_grid", 4, 1, "the length of the run is missing",
     "set training.steps or training.epochs to at"},
    {"cell_task", 5, 1, "task.inputs = 2", "needs at least 3"},
    {"choice_activation", 2, 14, R"(network.activation = "leakyrelu" is unknown)",
     R"(did you mean "leaky_relu"?)"},
    {"choice_in_capitals", 2, 13, "training.optimizer = \"SGD\" is unknown", "did you mean \"sgd\"?"},
    {"choice_mixing", 3, 10, R"(task.mixing = "Early" is unknown)", R"(did you mean "early"?)"},
    {"choice_unlike_any", 2, 14, R"(network.activation = "swish-2" is unknown)",
     R"(give one of "leaky_relu", "linear", "tanh",)"},
    {"draws_without_noise", 2, 15, "measure.noisy_draws = 8 has no effect with measure.noisy_strength = 0",
     "set that above 0 or leave"},
    {"dropout_one", 2, 11, "regularizer.dropout = 1, which is out of range",
     "give a number at least 0 and below 1"},
    {"exponent_huge", 2, 12, "noise.exponent = 17, which is out of range", "give a number from 0 to 16"},
    {"float_with_exponent", 2, 9, "training.steps is the number 10000.0",
     "without a decimal point or exponent, as 10000"},
    {"grid_beyond_64_bits", 4, 1, "the grid has about 1e+24 cells, more than 1000000000",
     "shorten axes or zip some of them"},
    {"grid_of_1e12_cells", 4, 1, "the grid has 1000000000000 cells, more than 1000000000",
     "shorten axes or zip some of them"},
    {"groups_count", 3, 10, "network.groups has 2 entries but 2 hidden layers make 3 weight layers",
     "give one number per weight layer"},
    {"groups_divide", 3, 10,
     "network.groups[1] = 4 does not divide the 30 inputs and 32 outputs of that layer",
     "choose a common divisor"},
    {"hidden_empty", 2, 10, "network.hidden has 0 entries", "give a list of 1 to 64 integers from 1 to"},
    {"hidden_too_many", 2, 10, "network.hidden has 65 entries", "give a list of 1 to 64 integers from 1 to"},
    {"integer_huge", 2, 9, "training.steps = 2147483649, which is out of range",
     "give an integer from 0 to 2147483648"},
    {"integer_overflow", 2, 28,
     "not TOML: decimal integer: '99999999999999999999' is not representable in 64 bits",
     "give a smaller number"},
    {"learning_rate_zero", 3, 17, "training.learning_rate = 0, which is out of range",
     "give a number above 0 and at most 1e+30"},
    {"linspace_count_float", 4, 49, "count of the axis noise.strength is the number 3.0", "give an integer"},
    {"linspace_count_one", 4, 49, "count of the axis noise.strength is 1", "give at least 2 (both ends)"},
    {"linspace_nan", 4, 37, "linspace of the axis noise.strength is the number nan", "give a finite number"},
    {"linspace_of_three", 4, 33, "linspace of the axis noise.strength is not a pair",
     "write { linspace = [0, 0.5], count = 6 }"},
    {"linspace_rounds_to_equal", 4, 1, "the axis task.inputs holds 1 twice",
     "leave one out (spaced values: lower the"},
    {"linspace_without_count", 4, 20, "the axis noise.strength has no count",
     "write { linspace = [first, last], count = n"},
    {"logspace_count_huge", 4, 52, "the axis noise.strength has 1000000000000 values, more than 1000000",
     "shorten it"},
    {"logspace_from_zero", 4, 33, "logspace of the axis noise.strength has an end that is not positive",
     "both ends are values, not exponents of 10"},
    {"logspace_of_exponents", 4, 33, "logspace of the axis noise.strength has an end that is not positive",
     "both ends are values, not exponents of 10: give numbers above 0, or use linspace"},
    {"momentum_with_adam", 3, 12, "training.momentum = 0.9 has no effect with adam",
     R"(set training.optimizer = "sgd" or leave it)"},
    {"name_characters", 1, 8, R"(name = "noise/strength" is no name)",
     "use 1 to 100 letters, digits, '.', '_' and"},
    {"name_empty", 1, 8, R"(name = "" is no name)", "use 1 to 100 letters, digits, '.', '_' and"},
    {"name_number", 1, 8, "name is no string", R"(write name = "my-sweep")"},
    {"nesterov_without_momentum", 4, 12, "training.nesterov = true needs momentum",
     "set training.momentum above 0"},
    {"number_huge", 2, 12, "noise.strength = 1e+300, which is out of range", "give a number from 0 to 1e+30"},
    {"number_infinite", 3, 17, "training.learning_rate = inf, which is out of range",
     "give a number above 0 and at most 1e+30"},
    {"number_nan", 2, 12, "noise.strength = nan, which is out of range", "give a number from 0 to 1e+30"},
    {"number_negative", 2, 12, "noise.strength = -0.1, which is out of range",
     "give a number from 0 to 1e+30"},
    {"number_overflow", 2, 17, "not TOML: floating-point: '1e400' could not be interpreted as a value",
     "check the quotes (texts need them),"},
    {"partition_without_spectrum", 3, 13, "measure.partition = true needs the similarity graphs",
     "leave the partition out"},
    {"quoted_key_at_top", 1, 1, R"("noise.strength" in quotes stands only under [axes])",
     "write noise.strength without quotes"},
    {"range_backwards", 4, 29, "the axis training.seed is empty: range = [10, 0] with step 1 holds nothing",
     "from 10 to 0 the step is negative, as step = -1"},
    {"range_empty", 4, 29, "the axis training.seed is empty: range = [3, 3] with step 1 holds nothing",
     "the second number is left out, so widen the"},
    {"range_float", 4, 31, "range of the axis noise.strength is the number 0.1",
     "give an integer, or use { linspace = [first, last], count = n }"},
    {"range_no_pair", 4, 29, "range of the axis training.seed is not a pair",
     "write { range = [first, end], step = n }"},
    {"range_of_choice", 4, 16, "the axis noise.site takes no range",
     R"(list its values, each one of "post", "pre")"},
    {"range_of_three", 4, 29, "range of the axis training.seed is not a pair",
     "write { range = [0, 10], step = 2 }, without the end"},
    {"range_out_of_limits", 4, 29, "training.seed = -3, which is out of range",
     "give an integer from 0 to 4294967295"},
    {"range_step_float", 4, 45, "step of the axis noise.strength is the number 0.1",
     "give an integer, or use { linspace = [first, last], count = n }"},
    {"range_step_zero", 4, 45, "step of the axis training.seed is 0", "give an integer other than 0"},
    {"range_too_long", 4, 29, "the axis training.seed has 18446744073709551614 values, more than 1000000",
     "shorten it"},
    {"relu_and_axis_of_slopes", 5, 1, "the axis network.leaky_slope is given beside \"relu\"",
     "leave it out, or write \"leaky_relu\""},
    {"relu_and_slope", 3, 15,
     "network.leaky_slope = 0.1 is given beside \"relu\", which is \"leaky_relu\" with",
     "leave it out, or write \"leaky_relu\""},
    {"samples_zero", 2, 17, "task.train_samples = 0, which is out of range",
     "give an integer from 1 to 100000000"},
    {"schedule_missing", 1, 1, "the length of the run is missing",
     "set training.steps or training.epochs to at"},
    {"schedule_too_long", 4, 10,
     "training.epochs = 10000000 makes 1000000000000000 steps with training.batch_size = 1, more than "
     "2147483648",
     "lower the epochs"},
    {"schedule_twice", 2, 9, "training.steps = 100 and training.epochs = 10 are both given",
     "keep one of them"},
    {"schedule_two_axes", 2, 1, "training.steps and training.epochs are both axes", "keep one of them"},
    {"schedule_zero", 2, 9, "the length of the run is missing",
     "set training.steps or training.epochs to at"},
    {"seed_huge", 3, 8, "training.seed = 4294967296, which is out of range",
     "give an integer from 0 to 4294967295"},
    {"seed_negative", 3, 8, "training.seed = -1, which is out of range",
     "give an integer from 0 to 4294967295"},
    {"synonym_at_top", 1, 1, "unknown key sigma", "did you mean noise.strength?"},
    {"synonym_choice", 2, 13, "training.precision = \"float64\" is unknown", "did you mean \"fp64\"?"},
    {"synonym_key", 2, 1, "unknown key training.lr", "did you mean training.learning_rate?"},
    {"synonym_table", 1, 2, "unknown key model", "did you mean network?"},
    {"syntax_control_character", 1, 10,
     "not TOML: string: unescaped control characters other than TAB (U+0009) are explicitly prohibited",
     "check the quotes (texts need them),"},
    {"syntax_deep_key", 1, 1, "a key of more than 64 names", "settings have two, as noise.strength"},
    {"syntax_duplicate_key", 3, 12,
     "not TOML: key-value pair: cannot redefine existing floating-point 'strength'", "keep one of the two"},
    {"syntax_duplicate_table", 3, 1, "not TOML: table header: cannot redefine existing table 'noise'",
     "keep one of the two"},
    {"syntax_missing_value", 2, 11, R"(not TOML: key-value pair: expected value, saw '\n')",
     "check the quotes (texts need them),"},
    {"syntax_no_leading_zero", 2, 12, "not TOML: floating-point: expected decimal digit, saw '.'",
     "check the quotes (texts need them),"},
    {"syntax_two_on_a_line", 2, 16, "not TOML: key-value pair: expected a comment or whitespace, saw 'e'",
     "check the quotes (texts need them),"},
    {"syntax_unclosed_list", 4, 30, "not TOML: array: encountered end-of-file",
     "check the quotes (texts need them),"},
    {"syntax_unclosed_string", 1, 14,
     "not TOML: string: unescaped control characters other than TAB (U+0009) are explicitly prohibited",
     "check the quotes (texts need them),"},
    {"syntax_unquoted_string", 2, 15, "not TOML: boolean: expected 'true', saw 'ta'",
     "check the quotes (texts need them),"},
    {"syntax_wrong_table_name", 1, 2, "not TOML: key: expected bare key starting character",
     "check the quotes"},
    {"table_no_file", 3, 8, "there is no such file", "from the folder of the sweep file"},
    {"task_no_name", 2, 8, R"(task.kind = "modular regression?" is unknown)",
     R"(did you mean "modular_regression"?)"},
    {"task_unknown", 2, 8, R"(task.kind = "modular_regresion" is unknown)",
     R"(did you mean "modular_regression"?)"},
    {"task_unused_setting", 2, 10,
     R"(task.sparse = true has no effect with task.kind = "modular_regression")",
     "leave it out or choose another task"},
    {"type_array_of_tables", 1, 1, "noise is a table of settings",
     "write [noise] on a line and its keys below"},
    {"type_date_for_integer", 2, 8, "task.seed is a date or time", "give an integer from 0 to 4294967295"},
    {"type_float_for_integer", 2, 10, "task.inputs is the number 4.0",
     "give an integer from 1 to 65536 without a"},
    {"type_integer_for_boolean", 2, 8, "network.bias is the integer 1", "give true or false"},
    {"type_list_for_number", 2, 12, "noise.strength is a list",
     "give a number from 0 to 1e+30 here, or vary"},
    {"type_list_in_list", 2, 11, "network.hidden holds a list", "give a list of 1 to 64 integers from 1 to"},
    {"type_number_for_choice", 2, 8, "noise.site is the integer 3", R"(give one of "post", "pre")"},
    {"type_number_for_list", 2, 10, "network.hidden is the integer 32",
     "give a list of 1 to 64 integers from 1 to"},
    {"type_number_for_table", 1, 9, "noise is a table of settings",
     "write [noise] on a line and its keys below"},
    {"type_string_for_number", 2, 12, R"(noise.strength is the string "0.1")",
     "give a number from 0 to 1e+30"},
    {"type_string_in_list", 2, 15, R"(network.hidden is the string "32")",
     "give a list of 1 to 64 integers from 1 to"},
    {"type_table_for_number", 2, 12, "noise.strength is a table", "give a number from 0 to 1e+30"},
    {"unknown_axis", 4, 1, "unknown axis noise.strenth", "did you mean noise.strength?"},
    {"unknown_axis_without_table", 4, 1, "unknown axis strength", "did you mean noise.strength?"},
    {"unknown_key", 2, 1, "unknown key noise.strenght", "did you mean noise.strength?"},
    {"unknown_key_of_other_table", 2, 1, "unknown key network.dropout", "did you mean regularizer.dropout?"},
    {"unknown_key_unlike_any", 2, 1, "unknown key noise.xyzzy_plugh",
     "[noise] has exponent, gradient, site,"},
    {"unknown_key_with_escapes", 1, 1, "unknown key ?[31m?size",
     "settings are in the tables [growth], [measure],"},
    {"unknown_nested_table", 1, 8, "unknown key noise.more", "[noise] has exponent, gradient, site,"},
    {"unknown_table", 1, 2, "unknown key nosie", "did you mean noise?"},
    {"unknown_table_unlike_any", 1, 2, "unknown key xyzzy_plugh",
     "settings are in the tables [growth], [measure],"},
    {"unknown_top_level", 1, 1, "unknown key strength", "did you mean noise.strength?"},
    {"width_huge", 2, 11, "network.hidden holds 65537, which is out of range",
     "give a list of 1 to 64 integers from 1 to"},
    {"width_negative", 2, 15, "network.hidden holds -1, which is out of range",
     "give a list of 1 to 64 integers from 1 to"},
    {"width_zero", 2, 15, "network.hidden holds 0, which is out of range",
     "give a list of 1 to 64 integers from 1 to"},
    {"zip_duplicate_pairs", 5, 1, "the axis noise.strength, noise.exponent holds 0.1, 1 twice",
     "leave one out (spaced values: lower the"},
    {"zip_flat", 1, 8, "zip holds something else than groups of two or more keys",
     R"(write zip = [["noise.strength",)"},
    {"zip_key_twice", 1, 47, "noise.exponent is in zip twice", "leave it in one group"},
    {"zip_no_axis", 1, 8, "regularizer.l2 in zip is no axis", "give it values under [axes] or take it out"},
    {"zip_no_list", 1, 7, "zip is no list of groups", R"(write zip = [["noise.strength",)"},
    {"zip_number", 1, 27, "a zip group holds names of axes", R"(write zip = [["noise.strength",)"},
    {"zip_one_key", 1, 8, "zip holds something else than groups of two or more keys",
     R"(write zip = [["noise.strength",)"},
    {"zip_unequal", 6, 1, "noise.exponent has 3 values but noise.strength, zipped with it, has 2",
     "give both the same number"},
    {"zip_unknown_key", 1, 27, "unknown key noise.exponnent in zip", "did you mean noise.exponent?"},
};
// clang-format on

class BadSweepFile : public testing::TestWithParam<BadSweep> {};

TEST_P(BadSweepFile, EndsInOneLineWithPlaceAndRemedy) {
  const BadSweep& bad = GetParam();
  const std::string path = path_of(bad.file);
  try {
    (void)read_sweep(path);
    FAIL() << "was accepted";
  } catch (const InputError& error) {
    const std::string message = error.what();
    EXPECT_EQ(error.code(), ExitCode::bad_input);
    EXPECT_THAT(message, StartsWith(fmt::format("{}:{}:{}: ", path, bad.line, bad.column)));
    EXPECT_THAT(message, HasSubstr(bad.what));
    EXPECT_THAT(message, HasSubstr(bad.remedy));
    EXPECT_TRUE(std::ranges::none_of(
        message, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
        << "control characters in: " << message;
    EXPECT_LT(message.size(), path.size() + 500);
  }
}

INSTANTIATE_TEST_SUITE_P(All, BadSweepFile, testing::ValuesIn(bad_sweeps),
                         [](const auto& info) { return std::string(info.param.file); });

TEST(BadSweepFiles, TableAndFolderHoldTheSame) {
  std::set<std::string> listed, found;
  for (const BadSweep& bad : bad_sweeps)
    EXPECT_TRUE(listed.insert(bad.file).second) << bad.file << " is listed twice";
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(MODSWEEP_TEST_DATA) + "/bad_sweeps"))
    found.insert(entry.path().stem().string());
  EXPECT_EQ(listed, found);
  EXPECT_GE(found.size(), 40U);
}

}  // namespace
}  // namespace modsweep
