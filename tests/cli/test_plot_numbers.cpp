// The numbers of plot, held to those of the other commands, and stores of all sorts.
#include "change_rows.h"
#include "program.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace modsweep {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing_support::change_rows;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::read_text;

constexpr const char* numbers_sweep = R"(name = "n"
[task]
inputs = 2
test_samples = 20
[network]
hidden = [4]
[training]
batch_size = 20
steps = 20
[measure]
every_steps = 10
weights = true
[axes]
"noise.strength" = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32]
"task.train_samples" = [10, 20]
"training.seed" = { range = [0, 2] }
)";

class PlotNumbersTest : public ProgramTest {
 protected:
  void SetUp() override {
    write("n.toml", numbers_sweep);
    ASSERT_EQ(modsweep({"run", "n.toml", "--quiet", "--engine", "cpu"}).code, 0);
  }
  /// The numbers in each row of the data of a plot's text.
  [[nodiscard]] std::vector<std::vector<double>> rows_of(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"plot", "n.db"});
    arguments.insert(arguments.end(), {"--script", "n.gp"});
    const Outcome outcome = modsweep(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::istringstream text(read_text(path("n.gp")));
    std::vector<std::vector<double>> rows;
    bool data = false;
    for (std::string line; std::getline(text, line);) {
      if (line.ends_with("<< EOD"))
        data = true;
      else if (line == "EOD")
        data = false;
      else if (data) {
        std::istringstream words(line);
        std::vector<double>& row = rows.emplace_back();
        for (double number = 0.0; words >> number;) row.push_back(number);
      }
    }
    return rows;
  }
  [[nodiscard]] json json_of(const std::vector<std::string>& arguments) const {
    const Outcome outcome = modsweep(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return json::parse(outcome.out);
  }
};

/// Whether a row has these numbers, as they are printed, from `first` on.
bool has_row(const std::vector<std::vector<double>>& rows, std::size_t first,
             const std::vector<double>& wanted) {
  return std::ranges::any_of(rows, [&](const std::vector<double>& row) {
    return row.size() >= first + wanted.size() &&
           std::equal(wanted.begin(), wanted.end(), row.begin() + static_cast<std::ptrdiff_t>(first));
  });
}

TEST_F(PlotNumbersTest, LinesAndMapsAndHistoriesAreThoseOfAggregate) {
  const json groups = json_of({"aggregate", "n.db", "--value", "test_loss", "--by",
                               "noise.strength,task.train_samples", "--format", "json"});
  ASSERT_EQ(groups.size(), 12U);
  const auto lines = rows_of({"line", "--y", "test_loss"});
  const auto cells = rows_of({"map", "--y", "test_loss"});
  EXPECT_EQ(cells.size(), 12U);
  for (const json& group : groups) {
    EXPECT_TRUE(
        has_row(lines, 0, {group.at("noise.strength").get<double>(), group.at("median").get<double>()}))
        << group;
    EXPECT_TRUE(has_row(cells, 6, {group.at("median").get<double>()})) << group;
  }
  const json steps = json_of({"aggregate", "n.db", "--value", "test_loss", "--table", "history", "--by",
                              "step,noise.strength,task.train_samples", "--format", "json"});
  ASSERT_GE(steps.size(), 24U);
  const auto history = rows_of({"history", "--y", "test_loss"});
  for (const json& group : steps)
    EXPECT_TRUE(has_row(history, 0, {group.at("step").get<double>(), group.at("median").get<double>()}))
        << group;
}

TEST_F(PlotNumbersTest, SpectraAreThoseOfTheStore) {
  const json table = json_of({"export", "n.db", "--table", "spectra", "--format", "json"});
  std::string cell;
  std::map<int, json> eigenvalues;  // of each layer, at the last step of one cell
  for (const json& row : table) {
    if (cell.empty()) cell = row.at("cell");
    if (row.at("cell") == cell && row.at("kind") == "live")
      eigenvalues[row.at("layer").get<int>()] = row.at("eigenvalues");
  }
  ASSERT_EQ(eigenvalues.size(), 2U);
  const auto rows = rows_of({"network", "--cell", cell});
  for (const auto& [layer, values] : eigenvalues)
    for (std::size_t i = 0; i < values.size(); ++i) {
      // The store's are of the same weights, in single precision.
      const double value = std::max(0.0, values[i].get<double>());
      EXPECT_TRUE(std::ranges::any_of(rows,
                                      [&](const std::vector<double>& row) {
                                        return row.size() == 4 && row[0] == static_cast<double>(i + 1) &&
                                               std::fabs(row[1] - value) < 1e-5;
                                      }))
          << layer << " " << i << " " << value;
    }
}

TEST_F(PlotNumbersTest, TransitionsAndBalancesAreThoseOfFit) {
  const auto text_of = [&](const std::string& kind) {
    const Outcome outcome = modsweep({"plot", "n.db", kind, "--hue", "task.train_samples"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  };
  const auto rounded = [](const json& number, const char* format) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), format, number.get<double>());
    return std::string(text.data());
  };
  const auto rows_of_fit = [&](const std::string& kind) {
    return json_of({"fit", "n.db", kind, "--x", "noise.strength", "--by", "task.train_samples", "--no-save",
                    "--format", "json"});
  };
  const std::string transitions = text_of("transition");
  ASSERT_EQ(rows_of_fit("transition").size(), 2U);
  for (const json& row : rows_of_fit("transition"))
    EXPECT_THAT(transitions,
                HasSubstr(row.at("x_star").is_number() ? "x* = " + rounded(row.at("x_star"), "%.4g")
                                                       : ": " + row.at("note").get<std::string>() + ")"));
  const std::string balances = text_of("balance");
  for (const json& row : rows_of_fit("balance"))
    EXPECT_THAT(balances,
                HasSubstr(row.at("balance").is_number() ? "balance at " + rounded(row.at("balance"), "%.3g")
                                                        : ": " + row.at("note").get<std::string>() + ")"));
}

/// A store, what trains it, and the kinds of plots that it has; all others are refused in one line.
struct Sort {
  std::string name;
  std::string axes;
  std::string more;
  std::vector<std::string> kinds;
  std::vector<std::string> sql;
};

const std::vector<Sort>& sorts() {
  static const std::vector<Sort> all = {
      {"single", "", "", {"line", "history", "spectrum", "network", "transition", "balance"}, {}},
      {"seedless",
       "\"noise.strength\" = [0.1, 0.2]\n\"noise.exponent\" = [0, 1]\n",
       "",
       {"line", "map", "history", "spectrum", "network", "transition", "balance"},
       {}},
      {"words",
       "\"network.activation\" = [\"relu\", \"tanh\"]\n\"network.hidden\" = [[3], [4, 4]]\n",
       "",
       {"line", "map", "history", "spectrum", "network", "transition", "balance"},
       {}},
      {"zips",
       "\"task.inputs\" = [2, 3]\n\"noise.strength\" = [0.1, 0.2]\n\"training.seed\" = [0, 1]\n",
       "zip = [[\"task.inputs\", \"noise.strength\"]]\n",
       {"line", "history", "spectrum", "network", "transition", "balance"},
       {}},
      {"nulls",
       "\"noise.strength\" = [0.1, 0.2, 0.3]\n\"training.seed\" = [0, 1]\n",
       "",
       {"line", "history", "spectrum", "network", "transition", "balance"},
       {"UPDATE measurements SET test_loss = NULL",
        "UPDATE measurements SET train_loss = NULL WHERE cell = 1"}}};
  return all;
}

TEST_F(PlotNumbersTest, StoresOfAllSortsAreDrawnAndReported) {
  std::vector<std::string> several = {"report"};
  for (const Sort& sort : sorts()) {
    SCOPED_TRACE(sort.name);
    write(sort.name + ".toml", "name = \"" + sort.name + "\"\n" + sort.more +
                                   "[network]\nhidden = [3]\n[training]\nsteps = 4\n[axes]\n" + sort.axes);
    ASSERT_EQ(modsweep({"run", sort.name + ".toml", "--quiet"}).code, 0);
    const std::string store = sort.name + ".db";
    if (!sort.sql.empty()) change_rows(path(store), sort.sql);
    for (const char* kind : {"line", "map", "history", "spectrum", "network", "transition", "balance"}) {
      const Outcome outcome = modsweep({"plot", store, kind, "--script", "k.gp"});
      const bool drawn = std::ranges::find(sort.kinds, kind) != sort.kinds.end();
      EXPECT_EQ(outcome.code, drawn ? 0 : 2) << kind << ": " << outcome.err;
      EXPECT_EQ(std::ranges::count(outcome.err, '\n'), drawn ? 0 : 1) << kind << ": " << outcome.err;
    }
    EXPECT_EQ(modsweep({"plot", store, "-o", "k.svg"}).code, 0);
    several.push_back(store);
  }
  several.insert(several.end(), {"n.db", "-o", "page.html"});
  EXPECT_EQ(modsweep(several).code, 0);
  EXPECT_THAT(read_text(path("page.html")), HasSubstr("<svg"));
  std::vector<std::string> plotted(several.begin() + 1, several.end() - 2);
  plotted.insert(plotted.begin(), "plot");
  plotted.insert(plotted.end(), {"line", "-o", "k.svg"});
  EXPECT_EQ(modsweep(plotted).code, 0);
}

}  // namespace
}  // namespace modsweep
