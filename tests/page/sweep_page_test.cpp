// Pages of stores with known numbers.
#include "page/sweep_page.h"

#include "cli/change_rows.h"
#include "page/html.h"
#include "page/numbers.h"
#include "page/warnings.h"
#include "page/what_matters.h"
#include "results/group_statistics.h"
#include "store/fixtures.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <stdexcept>

#include <gmock/gmock.h>

namespace modsweep::page {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string exponent = "json_extract(settings, '$.\"noise.exponent\"')";
const std::string seed = "json_extract(settings, '$.\"training.seed\"')";

/// Exponents 0, 1, 2 and some seeds, of networks 2-3-2.
class SweepPageTest : public testing::Test {
 protected:
  void make(std::uint32_t seeds, const std::vector<std::string>& sql = {}, bool exponents = true) {
    {
      Sweep sweep = test::seed_sweep(seeds);
      if (exponents) sweep.axes.insert(sweep.axes.begin(), {{"noise.exponent"}, {{"0"}, {"1"}, {"2"}}});
      Store store(path_, Store::Access::read_write);
      store.add_sweep(sweep);
      for (std::uint64_t i = 0; i < sweep.size(); ++i) {
        const Cell cell = sweep.cell(i);
        const CellProgress progress = test::finished(cell);
        store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
      }
    }
    if (!sql.empty()) testing_support::change_rows(path_, sql);
    store_.emplace(path_, Store::Access::read_only);
  }
  void make_again(std::uint32_t seeds, const std::vector<std::string>& sql = {}) {
    store_.reset();
    path_ = folder_.file("s" + std::to_string(++made_) + ".db");
    make(seeds, sql);
  }
  /// The loss of a cell by its exponent e and its seed s.
  static std::string loss(const std::string& formula) {
    return "UPDATE measurements SET test_loss = (SELECT " + formula + " FROM (SELECT " + exponent +
           " AS e, " + seed + " AS s FROM cells WHERE num = cell))";
  }

  [[nodiscard]] StoreData data() const { return read_store_data(*store_, "s.db", {"s.db"}); }
  [[nodiscard]] std::vector<std::string> warnings() const { return warnings_about(*store_, data()); }
  [[nodiscard]] std::string html() const {
    return html_of(sweep_page(*store_, {.name = "s.db", .files = {"s.db"}, .made = "today"}));
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_.file("s.db");
  int made_ = 0;
  std::optional<Store> store_;
};

/// The first block of a type in a section.
template <typename Value>
Value block(const Section& section) {
  for (const Block& one : section.blocks)
    if (const Value* value = std::get_if<Value>(&one.value)) return *value;
  throw std::runtime_error("the section has no such block");
}

std::size_t column_of(const SortableTable& table, const std::string& name) {
  return static_cast<std::size_t>(std::ranges::find(table.columns, name, &TableColumn::name) -
                                  table.columns.begin());
}

TEST_F(SweepPageTest, MediansAreThoseOfTheValues) {
  make(3, {loss("10 * e + s * s")});
  const SortableTable& table = block<SortableTable>(group_numbers(data()));
  const std::size_t loss_column = column_of(table, "test_loss");
  ASSERT_EQ(table.rows.size(), 3U);
  for (std::size_t e = 0; e < 3; ++e) {
    EXPECT_EQ(table.rows[e][0].number, static_cast<double>(e));
    EXPECT_EQ(table.rows[e][1].number, 3.0);
    EXPECT_EQ(table.rows[e][loss_column].number, 10.0 * static_cast<double>(e) + 1.0);
  }
}

TEST_F(SweepPageTest, TheFileInThePageIsAggregatesTable) {
  make(3);
  const StoreData read = data();
  const Download& file = block<Download>(group_numbers(read));
  const auto groups = read_groups(*store_, "s.db", Table::results, {"noise.exponent"}, read.columns);
  std::ostringstream csv;
  write_csv(statistics_table({"noise.exponent"}, read.columns, groups, Statistic::median, {}), csv);
  EXPECT_EQ(file.text, csv.str());
  EXPECT_THAT(html(), HasSubstr(data_link("text/csv", csv.str())));
}

TEST_F(SweepPageTest, SharesAreThoseOfTheAxes) {
  make(2, {loss("4 * e + s")});  // deviations -4, 0, 4 by the exponent, +-1/2 by the seed
  const ShareBars& bars = block<ShareBars>(what_matters(data()));
  EXPECT_THAT(bars.legend, ElementsAre("noise.exponent", "axes together", "seeds"));
  const auto row = std::ranges::find(bars.rows, "test_loss", &ShareRow::label);
  ASSERT_NE(row, bars.rows.end());
  const double total = 4 * 16.0 + 6 * 0.25;
  EXPECT_NEAR(row->shares[0].value(), 64.0 / total, 1e-12);
  EXPECT_NEAR(row->shares[1].value(), 0.0, 1e-12);
  EXPECT_NEAR(row->shares[2].value(), 1.5 / total, 1e-12);
  EXPECT_EQ(row->remark, "");
}

TEST_F(SweepPageTest, NumbersOfManySizesAreComparedByTheirLogarithms) {
  make(2, {loss("pow(10, e) * (1 + s)")});
  const ShareBars& bars = block<ShareBars>(what_matters(data()));
  const auto row = std::ranges::find(bars.rows, "test_loss", &ShareRow::label);
  ASSERT_NE(row, bars.rows.end());
  EXPECT_EQ(row->remark, "log");
  const double seeds = 6 * 0.25 * std::log10(2.0) * std::log10(2.0);
  EXPECT_NEAR(row->shares[0].value(), 4.0 / (4.0 + seeds), 1e-12);
}

TEST_F(SweepPageTest, DivergedNetworksAreLeftOutAndToldOf) {
  make(3, {loss("10 * e + s"), "UPDATE cells SET status = 'diverged' WHERE " + exponent + " = 2 OR (" +
                                   exponent + " = 1 AND " + seed + " = 2)"});
  EXPECT_THAT(warnings(), Contains(StartsWith("4 of 9 networks finished diverged")));
  EXPECT_THAT(warnings(), Contains(HasSubstr("Of 1 of 3 settings every network diverged.")));
  const SortableTable& table = block<SortableTable>(group_numbers(data()));
  const std::size_t loss_column = column_of(table, "test_loss");
  EXPECT_EQ(table.rows[1][loss_column].number, 10.5);
  EXPECT_EQ(table.rows[1][column_of(table, "diverged")].number, 1.0);
  EXPECT_EQ(table.rows[2][loss_column].text, "-");
  EXPECT_THAT(html(), HasSubstr("<li class=\"alarm\"><b>4</b>diverged</li>"));
}

TEST_F(SweepPageTest, AllDiverged) {
  make(2, {"UPDATE cells SET status = 'diverged'"});
  EXPECT_THAT(warnings(), Contains(StartsWith("6 of 6 networks finished diverged")));
  EXPECT_THAT(html(), Not(HasSubstr("nan")));
}

TEST_F(SweepPageTest, MissingValuesAreCounted) {
  make(3, {"UPDATE measurements SET test_loss = NULL WHERE cell IN (SELECT num FROM cells WHERE " + exponent +
           " = 1 AND " + seed + " > 0)"});
  EXPECT_THAT(warnings(), Contains(HasSubstr("no value of test_loss (2)")));
  const SortableTable& table = block<SortableTable>(group_numbers(data()));
  EXPECT_EQ(table.rows[1][column_of(table, "test_loss")].remark, "1 of 3");
}

TEST_F(SweepPageTest, FewSeedsAreToldOf) {
  make(1);
  EXPECT_THAT(warnings(), Contains(StartsWith("One network for each setting")));
  make_again(5);
  EXPECT_THAT(warnings(), Contains(StartsWith("Few seeds: 5 networks for a setting")));
  make_again(6);
  EXPECT_THAT(warnings(), Not(Contains(HasSubstr("seeds"))));
}

TEST_F(SweepPageTest, DeadUnitsAreToldOfFromHalfOfALayerOn) {
  make(6, {"UPDATE layers SET dead = 1"});
  EXPECT_THAT(warnings(), Not(Contains(HasSubstr("dead"))));
  make_again(6,
             {"UPDATE layers SET dead = 2 WHERE cell IN (SELECT num FROM cells WHERE " + exponent + " = 1)"});
  EXPECT_THAT(warnings(), Contains(HasSubstr("layer 1 or more are dead in 1 of 3 settings")));
}

/// A second measurement of each network after `step` of its 100 steps.
std::vector<std::string> measured_before(int step, const std::string& loss) {
  return {"CREATE TEMP TABLE earlier AS SELECT * FROM measurements WHERE step = 100",
          "UPDATE earlier SET step = " + std::to_string(step) + ", test_loss = " + loss,
          "INSERT INTO measurements SELECT * FROM earlier", "DROP TABLE earlier"};
}

TEST_F(SweepPageTest, ALossThatStillFallsIsToldOf) {
  make(6, measured_before(80, "1.2 * test_loss"));
  EXPECT_THAT(warnings(), Contains(StartsWith("No plateau: in 3 of 3 settings")));
  make_again(6, measured_before(80, "1.05 * test_loss"));
  EXPECT_THAT(warnings(), Not(Contains(HasSubstr("plateau"))));
  make_again(6, measured_before(90, "1.2 * test_loss"));  // too late to be compared with
  EXPECT_THAT(warnings(), Not(Contains(HasSubstr("plateau"))));
}

TEST_F(SweepPageTest, OneNetworkAlone) {
  make(1, {}, false);
  EXPECT_THAT(html(), HasSubstr("nothing to compare"));
  EXPECT_THAT(html(), HasSubstr("modsweep run seeds.toml"));
}

TEST_F(SweepPageTest, NothingFinishedYet) {
  {
    const Sweep sweep = test::seed_sweep(2);
    Store store(path_, Store::Access::read_write);
    store.add_sweep(sweep);
    const Cell cell = sweep.cell(0);
    const CellProgress progress = test::running(cell, 40);
    store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
  }
  store_.emplace(path_, Store::Access::read_only);
  const std::string page = html_of(sweep_page(
      *store_,
      {.name = "s.db", .files = {"s.db"}, .training = true, .reload_seconds = 30.0, .made = "today"}));
  EXPECT_THAT(page, HasSubstr("No network is finished yet."));
  EXPECT_THAT(page, HasSubstr("<span class=\"state live\">training</span>"));
  EXPECT_THAT(page, HasSubstr("data-reload=\"30\""));
}

TEST_F(SweepPageTest, APageRefersToNothingOutsideAndIsSmall) {
  make(6);
  EXPECT_THAT(html(), Not(HasSubstr("http:")));
  EXPECT_THAT(html(), Not(HasSubstr("https:")));
  EXPECT_LT(html().size(), 1'000'000U);
}

TEST_F(SweepPageTest, OfManyGroupsSomeAreShownAndSaidSo) {
  Sweep sweep = test::seed_sweep(1);
  Axis axis{{"noise.strength"}, {}};
  for (int i = 1; i <= 1000; ++i) axis.values.push_back({std::to_string(i)});
  sweep.axes.push_back(axis);
  {
    Store store(path_, Store::Access::read_write);
    store.add_sweep(sweep);
    for (std::uint64_t i = 0; i < sweep.size(); ++i) {
      const Cell cell = sweep.cell(i);
      const CellProgress progress = test::finished(cell);
      store.commit(sweep.id(), {&progress, 1}, "cpu", "plain");
    }
  }
  store_.emplace(path_, Store::Access::read_only);
  const Section section = group_numbers(data());
  const SortableTable& table = block<SortableTable>(section);
  EXPECT_EQ(table.rows.size(), 300U);
  EXPECT_EQ(table.rows.front()[0].number, 1.0);
  EXPECT_EQ(table.rows.back()[0].number, 1000.0);
  EXPECT_THAT(block<Paragraph>(section).text, HasSubstr("300 of 1,000 groups, evenly chosen"));
  EXPECT_THAT(block<Code>(section).text, StartsWith("modsweep aggregate s.db --value test_loss"));
  EXPECT_LT(html().size(), 1'000'000U);
}

}  // namespace
}  // namespace modsweep::page
