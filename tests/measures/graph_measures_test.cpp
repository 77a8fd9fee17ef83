// The measures of the whole network's graph, from a sweep file to the table of results.
#include "config/parse.h"
#include "run/runner_fixture.h"

#include <algorithm>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "modsweep/cpu_engine.h"
#include "modsweep/network_graph.h"
#include "modsweep/partition.h"

namespace modsweep::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string graph_sweep = R"(
name = "graphs"
[task]
train_samples = 20
test_samples = 20
[network]
hidden = [8, 8]
[training]
batch_size = 10
steps = 40
[measure]
graph = true
shuffles = 5
[axes]
"measure.graph_outputs" = [true, false]
"measure.permutations" = [0, 12]
)";

class GraphMeasures : public testing_support::RunnerTest {
 protected:
  GraphMeasures() {
    engines_.clear();
    engines_.push_back(make_cpu_engine({.threads = 1, .instruction_set = {}}));
  }
  std::vector<json> results(const std::string& store) const {
    std::stringstream out;
    Store(store, Store::Access::read_only).export_table(Table::results, ExportFormat::jsonl, out);
    std::vector<json> rows;
    for (std::string line; std::getline(out, line);) rows.push_back(json::parse(line));
    return rows;
  }
};

/// A value of the table: null where there is none.
json cell_of(const std::optional<double>& value) {
  return value ? json(*value) : json(nullptr);
}

TEST_F(GraphMeasures, AreThoseOfTheStoredWeights) {
  const auto file = path("graphs.db");
  ASSERT_EQ(run(parse(graph_sweep), file).interrupted, false);
  const Store store(file, Store::Access::read_only);
  const auto rows = results(file);
  ASSERT_EQ(rows.size(), 4U);
  for (const json& row : rows) {
    const bool outputs = row["measure.graph_outputs"];
    const std::uint32_t copies = row["measure.permutations"];
    const WeightMagnitudes network = weight_magnitudes(store.weights(row["cell"]).weights);
    const auto part = [&](const WeightMagnitudes& whole) { return outputs ? whole : without_outputs(whole); };
    const NetworkGraph graph = network_graph(part(network));
    const auto partition = graph_partition(graph, 4);
    EXPECT_EQ(row["graph_cut"], partition->normalized_cut);
    EXPECT_GE(row["graph_modularity"].get<double>(), partition->modularity);
    EXPECT_GE(row["graph_modularity"].get<double>(),
              modularity(graph.edges, louvain(graph.edges, graph.units.size())));
    const WeightMagnitudes trimmed = part(trim(network));
    EXPECT_EQ(row["trimmed_units"], trimmed.units());
    EXPECT_EQ(row["components"], connected_components(network_graph(trimmed)));
    EXPECT_EQ(row["relative_cut"], cell_of(relative_cut(trimmed, 4, copies)));
    EXPECT_EQ(row["relative_cut"].is_null(), copies == 0);
    const auto scores = shuffle_scores(part(network), 4, 5);
    EXPECT_EQ(row["shuffle_z"], cell_of(scores->z));
    EXPECT_EQ(row["shuffle_percentile"], scores->percentile);
    const auto separation = separations(network, std::vector<std::uint32_t>{0, 1, 2, 3});
    EXPECT_EQ(row["separation_layer1"], separation[0].value());
    EXPECT_EQ(row["separation_layer2"], separation[1].value());
    EXPECT_TRUE(!row.contains("separation_layer3") || row["separation_layer3"].is_null());
  }
  EXPECT_NE(rows[1]["relative_cut"], rows[3]["relative_cut"]);
}

TEST_F(GraphMeasures, AreNoColumnsWhereNoSweepAsksForThem) {
  ASSERT_EQ(run(parse(test::run), path("plain.db")).interrupted, false);
  for (const json& row : results(path("plain.db")))
    for (const char* column : {"graph_cut", "relative_cut", "components", "shuffle_z", "separation_layer1"})
      EXPECT_FALSE(row.contains(column)) << column;
}

TEST(GraphSettings, LeaveIdsOfOthersAsTheyAreAndNeedTheGraph) {
  const std::string id = parse(run).cell(0).id;
  EXPECT_EQ(id, "a4dbf21d225490ad");  // as in config/ids_test.cpp
  EXPECT_EQ(parse(run, {"measure.graph=false"}).cell(0).id, id);
  EXPECT_NE(parse(run, {"measure.graph=true"}).cell(0).id, id);
  EXPECT_NE(parse(run, {"measure.graph=true", "measure.shuffles=9"}).cell(0).id,
            parse(run, {"measure.graph=true"}).cell(0).id);
  for (const char* setting : {"measure.graph_outputs=false", "measure.permutations=3", "measure.shuffles=3"})
    EXPECT_THAT(error_of(run, {setting}), HasSubstr("has no effect with measure.graph = false")) << setting;
  EXPECT_THAT(error_of(run, {"measure.graph=true", "network.hidden=[3000, 1100]"}),
              HasSubstr("measure.graph = true with 4108 units in all layers: it is for at most 4096"));
}

}  // namespace
}  // namespace modsweep::test
