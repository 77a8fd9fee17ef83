// The kinds of plots of recurrent networks: rows that are chosen, and the points that are computed of them by
// hand.
#include "figures/gnuplot.h"
#include "figures/kinds.h"
#include "figures/made_store.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "modsweep/error.h"
#include "modsweep/measure.h"
#include "modsweep/store.h"

namespace modsweep::figures {
namespace {

using testing::HasSubstr;

using FillRows = std::function<void(const CellSettings&, Measurement&)>;

/// Two seeds each of modular networks of 5 units and flat ones of 20, with the rows of `fill` at each of
/// three epochs.
class GrownStore {
 public:
  explicit GrownStore(const FillRows& fill) : store(folder_.file("grown.db"), Store::Access::read_write) {
    const Sweep sweep = parse_sweep(
        "name = \"grown\"\n[network]\nfamily = \"recurrent\"\n[growth]\nepochs = 3\nepoch_steps = 1\n[axes]\n"
        "size = [{ \"network.topology\" = \"modular\", \"network.units\" = 5 }, { \"network.topology\" = "
        "\"flat\", \"network.units\" = 20 }]\n\"training.seed\" = [0, 1]\n",
        "grown.toml");
    store.add_sweep(sweep);
    std::vector<Cell> cells;
    cells.reserve(sweep.size());
    std::vector<CellProgress> all;
    for (std::uint64_t i = 0; i < sweep.size(); ++i) {
      const Cell& cell = cells.emplace_back(sweep.cell(i));
      CellProgress& progress = all.emplace_back();
      progress.cell = &cell;
      progress.status = CellStatus::done;
      progress.step = 3;
      for (std::uint64_t step = 1; step <= 3; ++step) {
        Measurement& measurement = progress.measurements.emplace_back();
        measurement.step = step;
        fill(cell.settings, measurement);
      }
    }
    store.commit(sweep.id(), all, "cpu", "plain");
  }

 private:
  test::TemporaryFolder folder_;

 public:
  Store store;
};

Figure figure_of(const GrownStore& made, const std::string& kind) {
  return make_figure({made.store, "grown.db"}, {.kind = kind});
}

bool is_modular(const CellSettings& cell) {
  return cell.network.topology == Topology::modular;
}

void expect_points(const Series& series, const std::vector<std::pair<double, double>>& expected) {
  ASSERT_EQ(series.points.size(), expected.size()) << series.label;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_DOUBLE_EQ(series.points[i].x, expected[i].first) << series.label;
    EXPECT_DOUBLE_EQ(series.points[i].y, expected[i].second) << series.label;
  }
}

/// A value of a column of whole numbers.
std::uint64_t whole(double value) {
  return static_cast<std::uint64_t>(value);
}

/// Modular networks solve N = 2, 3, 3 (seed 1: 2, 3, 4) with 50 parameters more each; flat ones N = 2 with
/// 500.
void grow(const CellSettings& cell, Measurement& m) {
  const auto epoch = static_cast<double>(m.step);
  const bool more = cell.training.seed == 1 || epoch < 3.0;
  const double n = is_modular(cell) ? (more ? epoch + 1.0 : 3.0) : 2.0;
  const double parameters = is_modular(cell) ? 50.0 * epoch + test::seed_of(cell) : 500.0 + epoch;
  test::output("growth", m)
      .network({whole(epoch), whole(n), whole(n), 1.0, 1.0, 0.1, whole(parameters), whole(parameters), 1.2});
}

TEST(RecurrentKinds, GrowthIsTheMedianOfNOverEpochs) {
  const GrownStore made(grow);
  const Figure figure = figure_of(made, "growth");
  ASSERT_EQ(figure.frames.size(), 1U);
  const Frame& frame = figure.frames[0];
  EXPECT_EQ(frame.x.label, "epoch");
  EXPECT_EQ(frame.y.label, "n_solved");
  std::size_t lines = 0;
  for (const Series& series : frame.series) {
    if (series.mark != Mark::line) continue;
    ++lines;
    if (series.label.find("flat") == std::string::npos)
      expect_points(series, {{1.0, 2.0}, {2.0, 3.0}, {3.0, 3.5}});
    else
      expect_points(series, {{1.0, 2.0}, {2.0, 2.0}, {3.0, 2.0}});
  }
  EXPECT_EQ(lines, 2U);
}

TEST(RecurrentKinds, ParametersAreThoseOfTheEpochThatSolved) {
  const GrownStore made(grow);
  const Figure figure = figure_of(made, "parameters");
  ASSERT_EQ(figure.frames.size(), 1U);
  ASSERT_EQ(figure.frames[0].series.size(), 2U);
  for (const Series& series : figure.frames[0].series)
    if (series.label.find("flat") == std::string::npos)
      expect_points(series, {{2.0, 50.5}, {3.0, 100.5}, {4.0, 151.0}});
    else
      expect_points(series, {{2.0, 501.0}});
}

TEST(RecurrentKinds, RobustnessIsTheShareOfTasks) {
  const GrownStore made([](const CellSettings& cell, Measurement& m) {
    if (m.step < 3) return;
    for (const char* what : {"tau", "weights"})
      for (const double strength : {0.1, 1.0})
        for (const double n : {2.0, 3.0, 4.0, 5.0}) {
          // Of four tasks seed 0 bears all at 0.1 and two at 1, seed 1 one less; of tau all.
          const double bears = (strength < 0.5 ? 5.0 : 3.0) - test::seed_of(cell);
          test::output("robustness", m)
              .row("robustness", {std::string(what), strength, whole(n)},
                   {what[0] == 't' || n <= bears ? 0.91 : 0.9, 0.0});
        }
  });
  const Figure figure = figure_of(made, "robustness");
  ASSERT_EQ(figure.frames.size(), 2U);
  EXPECT_EQ(figure.frames[0].title, "tau");
  EXPECT_EQ(figure.frames[1].title, "weights");
  for (const Series& series : figure.frames[0].series) expect_points(series, {{0.1, 1.0}, {1.0, 1.0}});
  for (const Series& series : figure.frames[1].series) expect_points(series, {{0.1, 0.875}, {1.0, 0.375}});
}

TEST(RecurrentKinds, TimescalesAreMeansOverTheUnitsThatHaveOne) {
  const GrownStore made([](const CellSettings& cell, Measurement& m) {
    if (m.step < 3) return;
    for (int module = 1; module <= (is_modular(cell) ? 2 : 1); ++module)
      for (int unit = 1; unit <= 2; ++unit)
        test::output("timescales", m)
            .row("timescales", {whole(module), whole(unit)},
                 {1.0 + 0.5 * unit, unit == 2 && module == 2
                                        ? MeasuredValue()
                                        : MeasuredValue(2.0 * module + unit + test::seed_of(cell))});
  });
  const Figure figure = figure_of(made, "timescales");
  ASSERT_EQ(figure.frames.size(), 2U);
  EXPECT_EQ(figure.frames[0].y.label, "trained");
  EXPECT_EQ(figure.frames[1].y.label, "effective");
  for (const Series& series : figure.frames[1].series)
    if (series.label == "modular")
      expect_points(series, {{1.0, 4.0}, {2.0, 5.5}});
    else
      expect_points(series, {{1.0, 4.0}});
}

TEST(RecurrentKinds, LongerTasksAndConservationAreLines) {
  const GrownStore made([](const CellSettings&, Measurement& m) {
    if (m.step < 3) return;
    for (const double extra : {1.0, 2.0})
      test::output("generalization", m).row("generalization", {whole(extra)}, {1.0 / extra});
    for (const double module : {2.0, 3.0})
      test::output("conservation", m)
          .row("conservation", {whole(module)},
               {0.1 * module, module > 2.0 ? MeasuredValue(0.7) : MeasuredValue()});
  });
  const Figure longer = figure_of(made, "generalization");
  for (const Series& series : longer.frames.at(0).series) expect_points(series, {{1.0, 1.0}, {2.0, 0.5}});
  const Figure figure = figure_of(made, "conservation");
  ASSERT_EQ(figure.frames.size(), 2U);
  for (const Series& series : figure.frames[1].series) expect_points(series, {{3.0, 0.7}});
}

TEST(RecurrentKinds, WithoutRowsSayHowToGetThem) {
  const GrownStore made(grow);
  const test::MadeStore other(test::made_sweep({test::seeds(2)}),
                              [](const CellSettings&) { return test::MadeNetwork{}; });
  for (const char* kind : {"robustness", "generalization", "timescales", "conservation"})
    for (const Store* store : {&made.store, &other.store}) {
      try {
        (void)make_figure({*store, "a.db"}, {.kind = kind});
        ADD_FAILURE() << kind;
      } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr(std::string("measure.") + kind + " = true"));
      }
    }
  for (const char* kind : {"growth", "parameters"})
    EXPECT_THROW((void)make_figure({other.store, "a.db"}, {.kind = kind}), InputError) << kind;
}

}  // namespace
}  // namespace modsweep::figures
