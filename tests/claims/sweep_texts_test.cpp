// The sweep files inside the program are those of the folder, and the shorter forms in their comments can be
// run.
#include "claims/claim.h"
#include "claims/sweep_files.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <gmock/gmock.h>

#include "modsweep/settings.h"

namespace modsweep::claims {
namespace {

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(SweepTexts, AreThoseOfTheFolder) {
  std::size_t files = 0;
  for (const char* folder : {"/sweeps", "/sweeps/start"})
    for (const auto& entry : std::filesystem::directory_iterator(std::string(MODSWEEP_SOURCE_DIR) + folder))
      files += entry.path().extension() == ".toml" ? 1U : 0U;
  EXPECT_EQ(sweep_files().size(), files);
  for (const SweepFile& file : sweep_files())
    EXPECT_EQ(file.text, read_text(std::string(MODSWEEP_SOURCE_DIR) + "/" + std::string(file.path)))
        << file.name;
}

TEST(SweepTexts, FindTheShorterForm) {
  EXPECT_EQ(quick_command("# Title.\n#\n#     modsweep run sweeps/a.toml --set b=1 \\\n#         --set "
                          "'c=[1, 2]'\n#\nname\n"),
            "modsweep run sweeps/a.toml --set b=1 --set 'c=[1, 2]'");
  EXPECT_EQ(quick_command("# What:\n#     a table\n#     modsweep run sweeps/a.toml --set b=1"),
            "modsweep run sweeps/a.toml --set b=1");
  EXPECT_EQ(quick_command("#     modsweep run sweeps/a.toml\n"), std::nullopt) << "that is all of it";
  EXPECT_EQ(quick_command("#     modsweep run sweeps/a_quick.toml\n#     modsweep plot a_quick.db"),
            "modsweep run sweeps/a_quick.toml");
  EXPECT_EQ(quick_command("name = \"a\"\n#     modsweep run sweeps/a.toml --set b=1\n"), std::nullopt)
      << "not in the first comment";
  EXPECT_EQ(quick_command(""), std::nullopt);
}

/// The words of a command, split as a shell does.
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words(1);
  bool quoted = false;
  for (const char c : command) {
    if (c == '\'')
      quoted = !quoted;
    else if (c == ' ' && !quoted)
      words.emplace_back();
    else
      words.back() += c;
  }
  std::erase(words, "");
  return words;
}

std::uint64_t all_steps(const Sweep& sweep) {
  return sweep.size() * total_steps(sweep.cell(0).settings);
}

TEST(SweepTexts, HaveAShorterFormOfEveryFigure) {
  std::set<std::string_view> names;
  for (const Claim& claim : all_claims()) names.insert(claim.sweep);
  names.erase("fig03");         // the whole sweep takes seconds
  names.erase("paper_table");   // the whole sweep takes half a minute
  names.erase("causes_adapt");  // these begin with the networks of another sweep, which may be a shorter form
  names.erase("causes_xor");
  for (const std::string_view name : names) {
    SCOPED_TRACE(name);
    const auto command = shipped_quick_command(name);
    ASSERT_TRUE(command.has_value());
    const std::vector<std::string> words = words_of(*command);
    if (name.starts_with("rfig")) {  // a file of its own
      EXPECT_EQ(*command, "modsweep run sweeps/" + quick_name(name) + ".toml");
      EXPECT_LT(2 * all_steps(shipped_sweep(quick_name(name))), all_steps(shipped_sweep(name)));
      continue;
    }
    ASSERT_GE(words.size(), 5U);
    const std::string path = "sweeps/" + std::string(name) + ".toml";
    EXPECT_THAT(std::vector<std::string>(words.begin(), words.begin() + 3),
                testing::ElementsAre("modsweep", "run", path));
    std::vector<std::string> overrides;
    for (std::size_t i = 3; i + 1 < words.size(); i += 2) {
      ASSERT_EQ(words[i], "--set");
      overrides.push_back(words[i + 1]);
    }
    const Sweep quick = read_sweep(std::string(MODSWEEP_SOURCE_DIR) + "/" + path, overrides);
    EXPECT_LT(2 * all_steps(quick), all_steps(shipped_sweep(name)));
  }
}

}  // namespace
}  // namespace modsweep::claims
