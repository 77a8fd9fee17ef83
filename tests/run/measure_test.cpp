// Measurements of packs whose networks have different measure settings.
#include "measures/measure_tables.h"
#include "run/fake_engine.h"
#include "run/measure_pack.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "modsweep/blocks.h"
#include "modsweep/partition.h"
#include "modsweep/spectrum.h"

namespace modsweep {
namespace {

using testing_support::FakeControl;
using testing_support::FakeEngine;

double test_loss(const Measured& of) {
  return of.measurement.number("test_loss").value();
}

/// The stored text of a layer's spectrum.
std::string eigenvalues(const Measured& of, std::size_t layer) {
  const auto table = std::ranges::find(measured_tables(), "eigenvalues", &MeasuredTable::name);
  const auto number = static_cast<std::size_t>(table - measured_tables().begin());
  const MeasuredRow& row = of.measurement.tables.at(number).at(layer);
  EXPECT_EQ(row.at(0), MeasuredValue(layer + 1));
  return row.at(1 + table->column("eigenvalues")).text();
}

class MeasureTest : public testing::Test {
 protected:
  void add(const CellSettings& cell) {
    settings_.push_back(cell);
    pack_.add(cell, datasets_.get(cell.task));
  }

  std::vector<Measured> measure_all(std::size_t threads = 1) {
    training_ = engine_.start(pack_);
    training_->advance(3);
    std::vector<MeasureRequest> requests;
    for (std::size_t p = 0; p < settings_.size(); ++p) requests.push_back({p, &settings_[p]});
    return measure(*training_, pack_, requests, threads);
  }

  static CellSettings small_cell(std::uint32_t seed) {
    CellSettings cell;
    cell.network.hidden = {6, 5};
    cell.task.train_samples = cell.task.test_samples = 20;
    cell.training.steps = 10;
    cell.training.seed = seed;
    return cell;
  }

  FakeControl control_;
  FakeEngine engine_{control_};
  DatasetCache datasets_;
  Pack pack_;
  std::vector<CellSettings> settings_;
  std::unique_ptr<Training> training_;
};

TEST_F(MeasureTest, FillsInWhatIsAskedFor) {
  add(small_cell(1));
  CellSettings bare = small_cell(2);
  bare.measure.spectrum = false;
  bare.measure.leaks = false;
  add(bare);
  CellSettings noisy = small_cell(3);
  noisy.measure.noisy_strength = 0.5;
  noisy.measure.noisy_exponent = 1.0;
  noisy.measure.cluster_by = ClusterBy::outgoing;
  add(noisy);
  CellSettings noisier = small_cell(4);
  noisier.measure.noisy_strength = 0.25;
  add(noisier);
  const std::vector<Measured> all = measure_all();
  ASSERT_EQ(all.size(), 4u);
  for (std::size_t p = 0; p < 4; ++p) {
    const Measurement& row = all[p].measurement;
    EXPECT_EQ(row.step, 3u);
    double sum = 0.0;
    for (const double value : training_->weights(p).values) sum += value * value;
    EXPECT_EQ(row.number("train_loss"), sum);
    EXPECT_EQ(row.number("test_loss"), sum + 1.0);
    EXPECT_EQ(row.number("weighted_activity"), 2.0 * sum);
    EXPECT_EQ(row.number("activity"), 3.0 * sum);
    const RegularizerValues of_weights = weight_regularizers(training_->weights(p));
    EXPECT_EQ(row.number("sum_w2"), of_weights.l2);
    EXPECT_EQ(row.number("l1"), of_weights.l1);
    EXPECT_EQ(row.number("l12"), of_weights.l12);
    EXPECT_EQ(row.number("l21"), of_weights.l21);
    EXPECT_EQ(all[p].weights.values, training_->weights(p).values);
  }
  EXPECT_FALSE(all[0].measurement.number("noisy_test_loss").has_value());
  EXPECT_EQ(all[2].measurement.number("noisy_test_loss").value(), test_loss(all[2]) + 0.5 + 1.0);
  EXPECT_EQ(all[3].measurement.number("noisy_test_loss").value(), test_loss(all[3]) + 0.5 + 1.0);
  EXPECT_TRUE(all[1].measurement.tables[layer_table].empty());
  EXPECT_FALSE(all[1].measurement.number("path_leak").has_value());
  EXPECT_FALSE(all[0].measurement.number("block_error").has_value());
  EXPECT_TRUE(all[0].measurement.number("path_leak").has_value());
  EXPECT_TRUE(all[0].measurement.number("jacobian_leak").has_value());
  ASSERT_EQ(all[0].measurement.tables[layer_table].size(), 3u);
  const Parameters network = training_->weights(0);
  EXPECT_EQ(eigenvalues(all[0], 0), json_list(layer_spectra(network.dense_weights(0), 6, 4).all.eigenvalues));
  const LayerSpectra second = layer_spectra(network.dense_weights(1), 5, 6);
  EXPECT_EQ(eigenvalues(all[0], 1), json_list(second.all.eigenvalues));
  EXPECT_EQ(all[0].measurement.number("gap", 1), second.all.gap(4));
  EXPECT_EQ(all[0].measurement.number("modules_live", 1), second.live.largest_gap());
  const Parameters third = training_->weights(2);
  EXPECT_EQ(eigenvalues(all[2], 0),
            json_list(layer_spectra(third.dense_weights(0), 6, 4, ClusterBy::outgoing).all.eigenvalues));
}

TEST_F(MeasureTest, OutOfDistributionLossesAreOfThoseThatHaveSuchSamples) {
  CellSettings without = small_cell(1);
  without.task.kind = "gaussian2d";
  without.task.inputs = 2;
  CellSettings with = without;
  with.task.ood_samples = 7;
  add(without);
  add(with);
  const std::vector<Measured> all = measure_all();
  EXPECT_FALSE(all[0].measurement.number("ood_loss").has_value());
  EXPECT_EQ(all[1].measurement.number("ood_loss").value(),
            all[1].measurement.number("train_loss").value() + 2.0);
}

TEST_F(MeasureTest, ValidationLossesAreOfThoseThatHaveAValidationSet) {
  CellSettings with = small_cell(1);
  with.task.validation_samples = 7;
  CellSettings keeping = with;
  keeping.training.keep = Keep::best;
  for (const CellSettings& cell : {small_cell(1), with, keeping}) add(cell);
  const std::vector<Measured> all = measure_all();  // at step 3, the first measured one
  EXPECT_FALSE(all[0].measurement.number("validation_loss").has_value());
  for (const std::size_t p : {1U, 2U})
    EXPECT_EQ(all[p].measurement.number("validation_loss").value(),
              all[p].measurement.number("train_loss").value() + 3.0);
  EXPECT_FALSE(all[1].measurement.number("kept_step").has_value());
  EXPECT_EQ(all[2].measurement.number("kept_step"), 3.0);
}

TEST(EarlyStopping, TheFirstOfEqualStepsIsTheBest) {
  BestStep best;
  EXPECT_FALSE(best.update(2, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_TRUE(best.update(3, 1.0));
  EXPECT_FALSE(best.update(5, 1.0));
  EXPECT_TRUE(best.update(7, 0.5));
  EXPECT_EQ(best.step, 7U);
  EXPECT_FALSE(best.exhausts(0, 1000)) << "0: never";
  EXPECT_FALSE(best.exhausts(4, 10));
  EXPECT_TRUE(best.exhausts(4, 11));
}

TEST_F(MeasureTest, BlocksAreMeasuredWhereThereAreBlocks) {
  CellSettings blocks = small_cell(1);
  blocks.network.architecture = Architecture::modular;
  blocks.network.block_width = 3;
  blocks.network.joint_width = 5;
  add(blocks);
  const std::vector<Measured> all = measure_all();
  const Measurement& row = all[0].measurement;
  EXPECT_EQ(row.number("block_error"),
            block_error(training_->weights(0), Activation::leaky_relu, 0.1, pack_.dataset[0]->test));
  EXPECT_TRUE(row.number("block_error").has_value());
}

TEST_F(MeasureTest, NoisyLossesAreMeansOverTheDrawsThatEachAsksFor) {
  for (const std::uint32_t draws : {1U, 4U, 3U}) {
    CellSettings noisy = small_cell(draws);
    noisy.measure.noisy_strength = draws == 3 ? 0.25 : 0.5;
    noisy.measure.noisy_draws = draws;
    add(noisy);
  }
  const std::vector<Measured> all = measure_all();
  const auto loss = [&](std::size_t p) { return all[p].measurement.number("noisy_test_loss").value(); };
  const auto clean = [&](std::size_t p) { return test_loss(all[p]); };
  // Draw k adds 10^k.
  EXPECT_EQ(loss(0), clean(0) + 1.0 + 1.0);
  EXPECT_DOUBLE_EQ(loss(1), clean(1) + 1.0 + 1111.0 / 4.0);
  EXPECT_DOUBLE_EQ(loss(2), clean(2) + 0.5 + 111.0 / 3.0);
}

TEST_F(MeasureTest, PartitionsAreScoredWhereTheyAreAskedFor) {
  CellSettings scored = small_cell(1);
  scored.measure.partition = true;
  scored.measure.modules = 2;
  CellSettings outgoing = small_cell(2);
  outgoing.measure.partition = true;  // into as many modules as inputs, 4
  outgoing.measure.cluster_by = ClusterBy::outgoing;
  CellSettings many = small_cell(3);
  many.measure.partition = true;
  many.measure.modules = 6;
  for (const CellSettings& cell : {scored, outgoing, many, small_cell(4)}) add(cell);
  const std::vector<Measured> all = measure_all();
  const auto expected = [&](std::size_t p, std::size_t l, std::size_t n, ClusterBy by) {
    const Parameters network = training_->weights(p);
    const auto found =
        layer_partition(network.dense_weights(l), network.shape.sizes[l + 1], network.shape.sizes[l], n, by);
    return found ? std::optional<PartitionScores>(*found) : std::nullopt;
  };
  const auto scores = [&](std::size_t p, std::size_t l) -> std::optional<PartitionScores> {
    const Measurement& row = all[p].measurement;
    const auto modularity = row.number("modularity", l);
    if (!modularity) return std::nullopt;
    return PartitionScores{*modularity, row.number("normalized_cut", l).value(),
                           row.number("block_share", l).value()};
  };
  for (std::size_t l = 0; l < 3; ++l) {
    EXPECT_EQ(scores(0, l), expected(0, l, 2, ClusterBy::incoming)) << l;
    EXPECT_EQ(scores(1, l), expected(1, l, 4, ClusterBy::outgoing)) << l;
  }
  EXPECT_TRUE(scores(2, 0).has_value());
  EXPECT_FALSE(scores(2, 1).has_value()) << "5 units cannot be 6 modules";
  EXPECT_FALSE(scores(3, 0).has_value());
}

TEST_F(MeasureTest, ThreadsDoNotChangeAnything) {
  for (std::uint32_t seed = 0; seed < 13; ++seed) add(small_cell(seed));
  const std::vector<Measured> one = measure_all(1);
  const std::vector<Measured> three = measure_all(3);
  for (std::size_t p = 0; p < one.size(); ++p) {
    EXPECT_EQ(one[p].measurement, three[p].measurement);
    EXPECT_FALSE(one[p].measurement.tables[layer_table].empty());
  }
}

TEST_F(MeasureTest, LeavesOutSpectraOfWeightsThatAreNotFinite) {
  CellSettings broken = small_cell(1);
  broken.training.steps = 3;
  broken.training.learning_rate = testing_support::overflowing_rate;
  add(broken);
  add(small_cell(2));
  const std::vector<Measured> all = measure_all();
  EXPECT_TRUE(all[0].measurement.tables[layer_table].empty());
  EXPECT_FALSE(all[0].measurement.number("path_leak").has_value());
  EXPECT_FALSE(std::isfinite(all[0].measurement.number("train_loss").value()));
  EXPECT_EQ(all[1].measurement.tables[layer_table].size(), 3u);
}

}  // namespace
}  // namespace modsweep
