// The report as text.
#include "claims/made_up.h"
#include "claims/reproduction_report.h"

#include <sstream>

#include <gmock/gmock.h>

namespace modsweep::claims {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

/// Ten networks with gaps 0.10 to 0.19: the linear control, which holds.
std::vector<ResultCell> control_cells() {
  return made_up_cells("fig01_linear", [](ResultCell& cell) {
    cell.numbers["gap_live_layer1"] = 0.1 + 0.01 * setting(cell, "training.seed");
  });
}

std::vector<Judgment> judgments(const std::vector<ResultCell>& cells) {
  return judge_claims(cells, {});
}

std::string markdown(const std::vector<ResultCell>& cells) {
  std::ostringstream out;
  write_markdown({"1.2.3", "2026-01-31", "On a small machine.", {}}, judgments(cells), out);
  return out.str();
}

json json_report(const std::vector<ResultCell>& cells) {
  std::ostringstream out;
  write_json({"1.2.3", "2026-01-31", "", {}}, judgments(cells), out);
  return json::parse(out.str(), nullptr, false);
}

json claim(const json& report, const char* figure) {
  for (const json& one : report.at("claims"))
    if (one.at("figure") == figure) return one;
  return {};
}

TEST(Report, SaysWhatHoldsAndFromWhat) {
  const std::string text = markdown(control_cells());
  EXPECT_THAT(text, testing::StartsWith("# Reproduction report\n\nMade by `modsweep reproduce` 1.2.3 on "
                                        "2026-01-31. On a small machine.\n"));
  EXPECT_THAT(text, HasSubstr("Of 40 claims 1 hold, 0 do not hold, 39 cannot be judged."));
  EXPECT_THAT(text,
              HasSubstr("| 1, control | A linear network without biases stays without modules under noise of "
                        "exponent 2. | holds | full |\n"));
  EXPECT_THAT(text, HasSubstr("\n## Figure 1, control: holds\n"));
  EXPECT_THAT(
      text, HasSubstr("Full protocol: 10 cells (10 of the 10 of `sweeps/fig01_linear.toml`), 10 of 10 seeds, "
                      "50000 of 50000 steps, engine cpu (made up), 6 min of training."));
  EXPECT_THAT(text, HasSubstr("| gap_4 of layer 1 | median | 0.145 | 0.1"));
  EXPECT_THAT(text, HasSubstr(" | 10 |\n"));
  EXPECT_THAT(text, HasSubstr("- gap_4 of layer 1 is below 0.3: yes\n"));
}

TEST(Report, SaysWhatDoesNotHold) {
  auto cells = control_cells();
  for (ResultCell& cell : cells) cell.numbers["gap_live_layer1"] = 0.5;
  EXPECT_THAT(markdown(cells), HasSubstr("## Figure 1, control: does not hold\n"));
  EXPECT_THAT(markdown(cells), HasSubstr("- gap_4 of layer 1 is below 0.3: **no**\n"));
}

TEST(Report, NamesTheCommandsOfWhatIsMissing) {
  const std::string text = markdown(control_cells());
  EXPECT_THAT(
      text,
      HasSubstr("| 3 | A linear network becomes modular with Poisson-like noise on sparse inputs, and with "
                "the l12 cost; not with l1 or l2. | cannot be judged | no cells |\n"));
  EXPECT_THAT(text, Not(HasSubstr("## Figure 3")));
  EXPECT_THAT(text, HasSubstr("\n    modsweep run sweeps/fig03.toml\n"));
  EXPECT_THAT(text, HasSubstr("\n    modsweep run sweeps/fig08.toml --set training.steps=4000 "));
  EXPECT_THAT(text, HasSubstr("\n    modsweep run sweeps/rfig4.toml\n    modsweep run "
                              "sweeps/rfig4_quick.toml    # for a first look\n"));
  EXPECT_THAT(text, Not(HasSubstr("run sweeps/fig01_linear.toml\n")));
  const std::size_t first = text.find("    modsweep run sweeps/fig02.toml\n");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("    modsweep run sweeps/fig02.toml\n", first + 1), std::string::npos)
      << "once for two claims";
}

TEST(Report, TellsReducedProtocolsApart) {
  auto cells = control_cells();
  cells.resize(6);
  for (ResultCell& cell : cells) {
    cell.id += "-other";
    cell.steps = 2000;
    cell.settings["noise.strength"] = 0.3;
  }
  cells[0].diverged = true;
  const std::string text = markdown(cells);
  EXPECT_THAT(text, HasSubstr("| holds | reduced |"));
  EXPECT_THAT(
      text,
      HasSubstr("Reduced protocol: 5 cells (0 of the 10 of `sweeps/fig01_linear.toml`), 5 of 10 seeds, 2000 "
                "of 50000 steps, engine cpu (made up), 3 min of training. Other settings: "
                "`noise.strength = 0.3`. Diverged and left out: 1.\n"));
}

TEST(Report, HasTheSameAsJson) {
  const json report = json_report(control_cells());
  EXPECT_EQ(report.at("version"), "1.2.3");
  EXPECT_EQ(report.at("claims").size(), 40U);
  const json control = claim(report, "1, control");
  EXPECT_EQ(control.at("verdict"), "holds");
  EXPECT_EQ(control.at("full_protocol"), true);
  EXPECT_EQ(control.at("cells"), 10);
  EXPECT_EQ(control.at("steps"), 50000);
  EXPECT_EQ(control.at("seeds"), 10);
  EXPECT_EQ(control.at("engines"), json::array({"cpu"}));
  const json number = control.at("numbers").at(0);
  EXPECT_EQ(number.at("label"), "gap_4 of layer 1");
  EXPECT_NEAR(number.at("value").get<double>(), 0.145, 1e-12);
  EXPECT_LT(number.at("interval").at(0), 0.145);
  EXPECT_GT(number.at("interval").at(1), 0.145);
  EXPECT_EQ(number.at("networks"), 10);
  EXPECT_EQ(control.at("checks").at(0).at("holds"), true);
  const json missing = claim(report, "3");
  EXPECT_EQ(missing.at("verdict"), "cannot be judged");
  EXPECT_EQ(missing.at("command"), "modsweep run sweeps/fig03.toml");
  EXPECT_TRUE(missing.at("numbers").empty());
}

TEST(Report, LeavesANumberEmptyThatNoCellHas) {
  auto cells = made_up_cells("fig01", [](ResultCell& cell) {
    cell.numbers["gap_live_layer1"] = setting(cell, "noise.exponent") == 0.0 ? 0.3 : 0.9;
  });
  std::erase_if(cells, [](const ResultCell& cell) { return setting(cell, "noise.exponent") == 1.0; });
  EXPECT_THAT(markdown(cells), HasSubstr("| gap_4 of layer 1, exponent 1 | median | none |  | 0 |\n"));
  const json one = claim(json_report(cells), "1");
  EXPECT_EQ(one.at("verdict"), "cannot be judged");
  EXPECT_TRUE(one.at("numbers").at(1).at("value").is_null());
  EXPECT_TRUE(one.at("numbers").at(1).at("interval").is_null());
  EXPECT_TRUE(one.at("checks").at(0).at("holds").is_null());
}

}  // namespace
}  // namespace modsweep::claims
