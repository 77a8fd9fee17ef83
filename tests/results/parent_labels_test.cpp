// What a label says of a parent, and what is read from it.
#include "results/parent_labels.h"

#include <gmock/gmock.h>

namespace modsweep {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::Pair;

TEST(ParentLabels, NameWhatVariesButSeedsAndMeasures) {
  const json first = {
      {"regularizer.l1", 1e-4}, {"training.seed", 0}, {"measure.graph", true}, {"noise.site", "post"}};
  json second = first;
  second["regularizer.l1"] = 0;
  second["training.seed"] = 1;
  second["measure.graph"] = false;
  EXPECT_THAT(parent_labels({{"c1", first}, {"c2", second}}),
              ElementsAre(Pair("c1", "regularizer.l1=0.0001"), Pair("c2", "regularizer.l1=0")));
  EXPECT_THAT(parent_labels({{"c1", first}}), ElementsAre(Pair("c1", "")));
}

TEST(ParentLabels, AreReadAsNumbersAndTexts) {
  EXPECT_THAT(settings_of_label(
                  "pruning.scope=layer pruning.sparsity=0.9 network.hidden=[16,16] task.file=a b=c.csv"),
              ElementsAre(Pair("network.hidden", json({16, 16})), Pair("pruning.scope", json("layer")),
                          Pair("pruning.sparsity", json(0.9)), Pair("task.file", json("a b=c.csv"))));
  EXPECT_TRUE(settings_of_label("").empty());
}

TEST(ParentLabels, BecomeSettingsOfTheCell) {
  json cell = {{"start.label", "regularizer.l1=0.5"}, {"regularizer.l1", 0}};
  add_parent_settings(cell);
  EXPECT_EQ(cell.at("start.regularizer.l1"), 0.5);
  EXPECT_EQ(cell.at("regularizer.l1"), 0);
  json without = {{"regularizer.l1", 0}};
  add_parent_settings(without);
  EXPECT_EQ(without.size(), 1U);
}

}  // namespace
}  // namespace modsweep
