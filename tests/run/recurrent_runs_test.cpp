// Recurrent networks through the runner and into a store: growth at ends of epochs, the same bits after
// stops, in any pack, in any order, on any number of threads; longer runs that go on; what is measured.
#include "plan/recurrent_work.h"
#include "plan/schedule.h"
#include "recurrent/measures.h"
#include "recurrent/run_settings.h"
#include "recurrent/trained_network.h"
#include "recurrent/training.h"
#include "run/runner_fixture.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/cpu_engine.h"
#include "modsweep/error.h"
#include "modsweep/names.h"
#include "modsweep/recurrent_graph.h"

namespace modsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::Engines;
using testing_support::query_rows;
using testing_support::RunnerTest;

class RecurrentRuns : public RunnerTest {
 protected:
  RecurrentRuns() {
    cpu_ = engines(1);
    options_.advance_seconds = 1e-6;  // a few steps at a time, so that a run can be stopped in between
  }

  static Engines engines(std::size_t threads) {
    Engines all;
    all.push_back(make_recurrent_cpu_engine({.threads = threads, .instruction_set = {}}));
    return all;
  }

  /// Cells that grow in most epochs, since nearly any accuracy is enough; some never pass, and some diverge.
  static Sweep growing_sweep() {
    Sweep sweep = parse_sweep(R"(
network = { family = "recurrent", units = 3 }
training = { batch_size = 8 }
growth = { epochs = 4, epoch_steps = 5, test_batches = 2 }
[measure]
robustness = true
robustness_strengths = 2
robustness_draws = 2
generalization = true
generalization_most = 2
generalization_epochs = 1
timescales = true
timescale_steps = 100
timescale_trials = 2
continuous_steps = 50
recurrent_spectrum = true
recurrent_modularity = true
recurrent_copies = 2
bit_paths = true
head_shares = true
[axes]
"growth.threshold" = [0.3, 0.99]
"training.learning_rate" = [0.2, 1e30]
shape = [
  { "network.topology" = "modular" },
  { "network.topology" = "flat" },
  { "network.topology" = "flat", "noise.strength" = 0.1, "regularizer.l1" = 1e-4, "regularizer.weighted_activity" = 1e-3 },
]
"training.precision" = ["fp32", "fp64"]
)",
                              "growing.toml");
    return sweep;
  }

  /// Every row of a table, by cell.
  static std::vector<std::string> rows(const std::string& path, const std::string& table) {
    return query_rows(path, fmt::format("SELECT c.id, t.* FROM {} t JOIN cells c ON c.num = t.cell", table));
  }
  /// The same without the cells' numbers, which depend on the order of commits.
  static std::vector<std::string> results(const std::string& path) {
    std::vector<std::string> all = query_rows(path, "SELECT id, status, step, diverged_at FROM cells");
    for (const auto& [table, columns] : std::vector<std::pair<std::string, std::string>>{
             {"measurements",
              "t.step, epoch, task, n_solved, accuracy, mean_accuracy, epoch_loss, parameters, "
              "trained_parameters, timescale, continuous_accuracy, recurrent_gap, recurrent_modules, "
              "recurrent_q, recurrent_louvain, recurrent_shuffled, bit_leak, head_separation"},
             {"recurrent_spectra", "t.step, module, gap, gap_live, modules, dead, eigenvalues"},
             {"bit_paths", "t.step, n, delay, share"},
             {"head_shares", "t.step, unit, n, weight, share"},
             {"heads", "t.step, n, accuracy"},
             {"modules", "t.step, module, timescale"},
             {"continuous", "t.step, n, accuracy"},
             {"robustness", "t.step, perturbed, strength, n, accuracy, accuracy_sd"},
             {"generalization", "t.step, extra, accuracy"},
             {"timescales", "t.step, module, unit, trained, effective"},
             {"conservation", "t.step, module, recurrent, feedforward"},
             {"weights", "dtype, shape, parameters"}})
      for (const std::string& row : query_rows(
               path, fmt::format("SELECT c.id, {} FROM {} t JOIN cells c ON c.num = t.cell", columns, table)))
        all.push_back(table + " " + row);
    std::ranges::sort(all);
    return all;
  }

  Engines cpu_;
};

TEST_F(RecurrentRuns, GrowAndAreMeasuredAfterEveryEpoch) {
  const Sweep sweep = growing_sweep();
  const RunResult result = run_on(cpu_, sweep, path("grown.db"));
  EXPECT_EQ(result.done + result.diverged, sweep.size());
  const auto count = [&](const std::string& sql) { return query_rows(path("grown.db"), sql).at(0); };
  // Cells at a rate of 1e30 diverge, the others do not; the strict ones solve nothing and are results.
  EXPECT_EQ(count("SELECT count(*) FROM cells WHERE status = 'diverged'"),
            fmt::format("{}|", result.diverged));
  EXPECT_GT(result.diverged, 0U);
  EXPECT_GE(result.done, sweep.size() / 2);
  const std::string done = "FROM measurements m JOIN cells c ON c.num = m.cell WHERE c.status = 'done'";
  EXPECT_EQ(count("SELECT count(*) " + done), fmt::format("{}|", 4 * result.done));
  EXPECT_EQ(count("SELECT min(epoch * 5 = m.step AND m.task >= 2 AND accuracy BETWEEN 0 AND 1) " + done),
            "1|");
  EXPECT_EQ(count("SELECT max(n_solved) " + done), "5|") << "E epochs can reach E + 1";
  EXPECT_EQ(count("SELECT min(n_solved) " + done), "1|");
  // Each head of each epoch, and each module.
  EXPECT_EQ(count("SELECT count(*) FROM heads h JOIN measurements m USING (cell, step) WHERE h.n > m.task"),
            "0|");
  EXPECT_EQ(count("SELECT (SELECT sum(task - 1) FROM measurements) = (SELECT count(*) FROM heads)"), "1|");
  for (const char* table : {"continuous", "robustness", "generalization", "timescales", "conservation",
                            "recurrent_spectra", "bit_paths", "head_shares"})
    EXPECT_EQ(count(fmt::format("SELECT count(*) > 0 FROM {}", table)), "1|") << table;
  EXPECT_EQ(count("SELECT count(DISTINCT perturbed) FROM robustness"), "5|");
}

TEST_F(RecurrentRuns, HaveTheNumbersOfTheFamilysOwnTraining) {
  Sweep sweep = growing_sweep();
  sweep.axes.clear();
  sweep.base.growth.threshold = 0.3;
  sweep.base.training.seed = 7;
  ASSERT_EQ(run_on(cpu_, sweep, path("one.db")).done, 1U);
  recurrent::RunSettings run;
  run.form.units = 3;
  run.batch = 8;
  run.epochs = 4;
  run.steps_per_epoch = 5;
  run.test_batches = 2;
  run.pass = 0.3;
  run.seed = 7;
  recurrent::RecurrentTraining<float> training({run}, cpu::best_isa(), 1);
  training.advance(20);
  std::vector<std::string> expected;
  for (const recurrent::EpochRecord& record : training.take_records(0)) {
    std::ostringstream row;
    row << std::hexfloat << record.epoch << '|' << record.task << '|' << record.solved << '|'
        << record.accuracy.back() << '|' << record.loss << '|' << record.parameters << '|' << record.trained
        << '|';
    expected.push_back(row.str());
  }
  EXPECT_EQ(
      query_rows(path("one.db"),
                 "SELECT epoch, task, n_solved, accuracy, epoch_loss, parameters, trained_parameters FROM "
                 "measurements ORDER BY step"),
      expected);
  Store store(path("one.db"), Store::Access::read_only);
  const Parameters weights = store.weights(sweep.cell(0).id).weights;
  const auto& solved = training.state(0).solved;
  ASSERT_GT(solved.modules, 1U);
  EXPECT_EQ(weights.shape.modules, solved.modules);
  EXPECT_EQ(weights.shape.form, solved.form);
  EXPECT_EQ(weights.values, std::vector<double>(solved.values.begin(), solved.values.end()));
}

/// Rows as query_rows() has them.
std::string text_of(const std::vector<double>& values) {
  std::ostringstream row;
  row << std::hexfloat;
  for (const double value : values) row << value << '|';
  return row.str();
}

TEST_F(RecurrentRuns, TablesHaveWhatTheFamilyMeasuresOfTheSnapshot) {
  Sweep sweep = growing_sweep();
  sweep.axes.clear();
  sweep.base.growth.threshold = 0.3;
  sweep.base.training.seed = 7;
  ASSERT_EQ(run_on(cpu_, sweep, path("one.db")).done, 1U);
  const recurrent::RunSettings run = recurrent::run_settings(sweep.base);
  recurrent::RecurrentTraining<float> training({run}, cpu::best_isa(), 1);
  training.advance(20);
  const recurrent::Network<float>& solved = training.state(0).solved;
  ASSERT_GE(solved.modules, 3U);
  const auto& kernels = recurrent::kernels_for<float>(cpu::best_isa());
  recurrent::NetworkStep<float> step(kernels);
  const std::uint32_t warmup = recurrent::continuous_warmup(recurrent::task_of(solved));
  const auto sequence = recurrent::continuous_sequence(kernels, solved, run.seed, warmup + 50);
  const auto continuous = recurrent::continuous_accuracy(step, solved, run.step, sequence, warmup);
  const auto got = [&](const std::string& sql) { return query_rows(path("one.db"), sql); };
  for (std::size_t head = 0; head < continuous.size(); ++head)
    EXPECT_EQ(got(fmt::format("SELECT accuracy FROM continuous WHERE n = {}", head + 2)),
              std::vector{text_of({continuous[head]})});
  for (const auto& [column, kind, first] :
       {std::tuple("recurrent", math::RecurrentTensor::recurrent, 2),
        std::tuple("feedforward", math::RecurrentTensor::feedforward, 3)}) {
    const auto conserved = recurrent::conservations(solved, kind);
    for (std::size_t i = 0; i < conserved.size(); ++i)
      EXPECT_EQ(got(fmt::format("SELECT {} FROM conservation WHERE module = {}", column,
                                i + static_cast<std::size_t>(first))),
                std::vector{text_of({conserved[i]})})
          << column << i;
  }
  const auto effective =
      recurrent::effective_timescales(solved, kernels, run.step, run.seed, {.trials = 2, .steps = 100});
  for (std::size_t module = 0; module < effective.size(); ++module)
    for (std::size_t unit = 0; unit < 3; ++unit)
      EXPECT_EQ(
          got(fmt::format("SELECT coalesce(effective, 0.0) FROM timescales WHERE module = {} AND unit = {}",
                          module + 1, unit + 1)),
          std::vector{text_of({effective[module][unit]})});
  const auto perturbed =
      recurrent::robustness(solved, run, cpu::best_isa(),
                            {.what = recurrent::Perturbed::tau, .strengths = {0.01, 10.0}, .draws = 2});
  for (std::size_t s = 0; s < 2; ++s)
    EXPECT_EQ(
        got(fmt::format("SELECT accuracy FROM robustness WHERE perturbed = 'tau' AND n = 3 AND strength {} 1",
                        s == 0 ? "<" : ">")),
        std::vector{text_of({perturbed[s][0][1] / 2 + perturbed[s][1][1] / 2})});
  for (const std::uint32_t extra : {1U, 2U})
    EXPECT_EQ(got(fmt::format("SELECT accuracy FROM generalization WHERE extra = {}", extra)),
              std::vector{text_of({recurrent::generalization(solved, run, cpu::best_isa(), extra,
                                                             recurrent::Generalization::head, 1)})});
}

TEST_F(RecurrentRuns, AreTheSameAfterStops) {
  const Sweep sweep = growing_sweep();
  ASSERT_FALSE(run_on(cpu_, sweep, path("whole.db")).interrupted);
  int polls = 0, stops = 0;
  while (run_on(cpu_, sweep, path("stopped.db"), [&] { return ++polls % 3 == 0; }).interrupted)
    ASSERT_LT(++stops, 1000);
  EXPECT_GE(stops, 20);
  EXPECT_EQ(results(path("stopped.db")), results(path("whole.db")));
}

TEST_F(RecurrentRuns, AreTheSameInAnyPackOrderAndNumberOfThreads) {
  Sweep sweep = growing_sweep();
  options_.advance_seconds = 1.0;
  ASSERT_FALSE(run_on(cpu_, sweep, path("whole.db")).interrupted);
  options_.max_pack = 1;
  ASSERT_FALSE(run_on(cpu_, sweep, path("alone.db")).interrupted);
  EXPECT_EQ(results(path("alone.db")), results(path("whole.db")));
  options_.max_pack = 0;
  options_.threads = 2;
  for (Axis& axis : sweep.axes) std::ranges::reverse(axis.values);
  std::ranges::reverse(sweep.axes);
  ASSERT_FALSE(run_on(engines(2), sweep, path("threads.db")).interrupted);
  EXPECT_EQ(results(path("threads.db")), results(path("whole.db")));
}

TEST_F(RecurrentRuns, OfOnePackDifferInEverythingButFormBatchAndPrecision) {
  Sweep sweep = growing_sweep();
  const PlanSummary plan = summarize(sweep, {}, make_workers(cpu_), 0, 1);
  EXPECT_EQ(plan.shapes.size(), 6U) << "topologies, noise or none, and precisions";
  EXPECT_EQ(plan.growing, sweep.size());
  EXPECT_EQ(plan.shapes[0].key.text(), "4 recurrent modules of 3, batch 8, fp32");
  EXPECT_GT(plan.memory_bytes(), 0.0);
  EXPECT_EQ(plan.measurements, 4.0 * static_cast<double>(sweep.size()));
}

TEST_F(RecurrentRuns, GoOnWhereShorterOnesEnded) {
  const Sweep sweep = growing_sweep();
  CellSettings shorter = sweep.cell(0).settings;
  CellSettings longer = shorter;
  shorter.growth.epochs = 2;
  const auto engine = make_recurrent_cpu_engine({.threads = 1, .instruction_set = {}});
  const auto started = [&](const CellSettings& cell) {
    Pack pack;
    pack.add(cell, std::make_shared<const Dataset>());
    pack.check();
    return engine->start(pack);
  };
  const auto first = started(shorter);
  first->advance(100);
  ASSERT_EQ(first->step(0), 10U);
  const auto second = started(longer);
  second->restore(0, first->save(0));
  second->advance(100);
  const auto whole = started(longer);
  whole->advance(100);
  EXPECT_EQ(second->save(0), whole->save(0));
}

TEST_F(RecurrentRuns, NeedAnEngineOfTheirFamily) {
  Engines others;
  others.push_back(make_cpu_engine({.threads = 1, .instruction_set = {}}));
  EXPECT_THROW((void)run_on(others, growing_sweep(), path("other.db")), InputError);
}

/// What was measured at the end is what the functions say of the stored weights.
TEST_F(RecurrentRuns, MeasureTheModularityOfStoredWeights) {
  const Sweep sweep = growing_sweep();
  ASSERT_FALSE(run_on(cpu_, sweep, path("one.db")).interrupted);
  Store store(path("one.db"), Store::Access::read_only);
  std::size_t flat = 0;
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const Cell cell = sweep.cell(i);
    if (cell.settings.training.learning_rate > 1.0) continue;  // they diverge
    SCOPED_TRACE(i);
    const Parameters weights = store.weights(cell.id).weights;
    const recurrent::TensorLayout layout(weights.shape.form, weights.shape.modules, weights.shape.heads);
    const auto& tensor =
        layout.tensors()[layout.position(math::RecurrentTensor::recurrent, weights.shape.modules - 1)];
    const auto matrix = std::span(weights.values).subspan(tensor.offset, tensor.size());
    const auto modularity = recurrent_modularity(matrix, 3, weights.shape.heads, 2);
    std::vector<double> expected = {modularity.louvain, modularity.shuffled,
                                    static_cast<double>(layer_spectra(matrix, 3, 3).live.modules())};
    if (cell.settings.network.topology == Topology::flat) {
      ++flat;
      expected.push_back(head_separation(head_weights(weights)).value());
      double leak = 0.0;
      for (const auto& one : bit_paths(weights).leaks) leak += one.value();
      expected.push_back(leak / weights.shape.heads);
    } else {
      expected.insert(expected.end(), 2, -1.0);
    }
    EXPECT_EQ(
        query_rows(
            path("one.db"),
            fmt::format("SELECT recurrent_louvain, recurrent_shuffled, 1.0 * recurrent_modules, "
                        "coalesce(head_separation, -1.0), coalesce(bit_leak, -1.0) FROM measurements m "
                        "JOIN cells c ON c.num = m.cell WHERE c.id = '{}' AND recurrent_louvain NOT NULL",
                        cell.id)),
        std::vector{text_of(expected)});
  }
  EXPECT_EQ(flat, 8U);
}

/// Operations counted one product after the other.
double counted(bool modular, double units, double task, bool learning) {
  const double square = units * units;
  const double length = (task + 2 + 4 * task) / 2;
  double out = 0.0;
  if (!modular) return length * square * (learning ? 2 + 3 * 4 : 2) + 12 * units * (task - 1);
  for (int module = 0; module < static_cast<int>(task) - 1; ++module) {
    out += length * 2 * square;                  // W_R
    if (module > 0) out += length * 2 * square;  // W_FF from the module before
  }
  if (learning) out += 3 * length * square * (task > 2 ? 6 : 4);
  return out;
}

TEST(RecurrentWork, GrowsWithTheTasksThatEpochsCanSolve) {
  CellSettings cell = parse_sweep("network.family = \"recurrent\"\n", "work.toml").base;
  cell.growth.epochs = 5;
  cell.growth.epoch_steps = 10;
  cell.growth.test_batches = 3;
  for (const Topology topology : {Topology::modular, Topology::flat}) {
    SCOPED_TRACE(name_of(topology));
    cell.network.topology = topology;
    double expected = 0.0;
    for (int epoch = 0; epoch < 3; ++epoch)
      expected += 256 * (10 * counted(topology == Topology::modular, 10, epoch + 2, true) +
                         3 * counted(topology == Topology::modular, 10, epoch + 2, false));
    EXPECT_NEAR(recurrent_flop(cell, 30), expected, 1e-12 * expected);
    EXPECT_NEAR(recurrent_flop(cell, 34) - recurrent_flop(cell, 30),
                256 * 4 * counted(topology == Topology::modular, 10, 5, true), 1e-9 * expected);
    EXPECT_EQ(training_flop(cell, 1, 34), recurrent_flop(cell, 34));
  }
}

TEST(RecurrentSchedule, MeasuresAtTheEndsOfEpochs) {
  CellSettings cell = parse_sweep("network.family = \"recurrent\"\ngrowth.epochs = 3\n", "times.toml").base;
  std::vector<std::uint64_t> steps;
  for (auto step = next_measurement(cell, 0); step; step = next_measurement(cell, *step + 1))
    steps.push_back(*step);
  EXPECT_THAT(steps, ElementsAre(600, 1200, 1800));
  EXPECT_EQ(measurement_count(cell), 3U);
}

}  // namespace
}  // namespace modsweep
