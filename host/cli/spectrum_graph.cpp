#include "cli/spectrum_graph.h"

#include "cli/result_table.h"
#include "core/formats.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <numeric>
#include <string_view>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"
#include "modsweep/partition.h"

namespace modsweep::cli {
namespace {

// The eigenvalue problem of a graph of this size takes about a minute.
constexpr std::uint64_t most_graph_units = 4096;

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

/// The digits at the beginning of `text`, without leading zeros; removes them from it.
std::string_view take_number(std::string_view& text) {
  const auto end =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  std::string_view number = text.substr(0, end);
  text.remove_prefix(end);
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

/// Whether a comes before b where numbers count as numbers: layer2 before layer10.
bool comes_before(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (is_digit(a.front()) && is_digit(b.front())) {
      const std::string_view x = take_number(a);
      const std::string_view y = take_number(b);
      if (x != y) return std::tuple(x.size(), x) < std::tuple(y.size(), y);
      continue;
    }
    if (a.front() != b.front()) return a.front() < b.front();
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.size() < b.size();
}

void check_chain(const std::string& path, const LayerChain& chain) {
  std::uint64_t units = chain.layers.front().columns;
  for (std::size_t l = 0; l < chain.layers.size(); ++l) {
    const WeightMatrix& layer = chain.layers[l];
    units += layer.rows;
    if (l > 0 && layer.columns != chain.layers[l - 1].rows)
      throw InputError(fmt::format(
          "{}: '{}' has {} inputs, but '{}' before it {} outputs; name a network's layers in their order by "
          "--tensor",
          path, layer.label(), layer.columns, chain.layers[l - 1].label(), chain.layers[l - 1].rows));
  }
  if (units > most_graph_units)
    throw InputError(fmt::format("{}: {} units in all layers; --graph takes at most {}; leave it out", path,
                                 units, most_graph_units));
}

std::string number_or_none(const std::optional<double>& value) {
  return value ? fmt::format("{:.4f}", *value) : "none";
}

}  // namespace

std::string LayerChain::label() const {
  std::vector<std::string> labels;
  for (const WeightMatrix& layer : layers) labels.push_back(layer.label());
  return fmt::format("{}", fmt::join(labels, ", "));
}

std::string LayerChain::sizes() const {
  std::string text = std::to_string(layers.front().columns);
  for (const WeightMatrix& layer : layers) text += fmt::format("-{}", layer.rows);
  return text;
}

std::vector<LayerChain> layer_chains(const std::string& path, const std::vector<WeightMatrix>& matrices) {
  std::map<std::optional<std::uint64_t>, LayerChain> networks;
  for (const WeightMatrix& matrix : matrices) networks[matrix.network].layers.push_back(matrix);
  std::vector<LayerChain> chains;
  for (auto& [network, chain] : networks) {
    if (!chain.layers.front().named)
      std::ranges::stable_sort(chain.layers, comes_before, &WeightMatrix::tensor);
    check_chain(path, chain);
    chains.push_back(std::move(chain));
  }
  return chains;
}

GraphFinding find_graph(const LayerChain& chain, std::vector<std::vector<double>> weights,
                        const GraphOptions& options) {
  std::vector<std::uint32_t> sizes = {static_cast<std::uint32_t>(chain.layers.front().columns)};
  for (const WeightMatrix& layer : chain.layers) sizes.push_back(static_cast<std::uint32_t>(layer.rows));
  GraphFinding found;
  found.modules = options.modules > 0 ? options.modules : sizes.front();
  const WeightMagnitudes network = weight_magnitudes(std::move(sizes), std::move(weights));
  const auto part = [&](const WeightMagnitudes& whole) {
    return options.no_outputs ? without_outputs(whole) : whole;
  };
  const NetworkGraph graph = network_graph(part(network));
  found.units = graph.units.size();
  if (const auto partition = graph_partition(graph, found.modules)) {
    found.cut = partition->normalized_cut;
    found.modularity =
        std::max(partition->modularity, modularity(graph.edges, louvain(graph.edges, graph.units.size())));
  }
  const WeightMagnitudes trimmed = part(trim(network));
  found.trimmed_units = trimmed.units();
  found.components = connected_components(network_graph(trimmed));
  found.relative_cut = relative_cut(trimmed, found.modules, options.permutations);
  std::vector<std::uint32_t> each(network.sizes.front());
  std::iota(each.begin(), each.end(), 0U);
  found.separation = separations(network, each);
  if (options.shuffles > 0) found.shuffles = shuffle_scores(part(network), found.modules, options.shuffles);
  return found;
}

nlohmann::ordered_json graph_json(const LayerChain& chain, const GraphFinding& found) {
  nlohmann::ordered_json tensors = nlohmann::ordered_json::array();
  for (const WeightMatrix& layer : chain.layers) tensors.push_back(layer.tensor);
  nlohmann::ordered_json separation = nlohmann::ordered_json::array();
  for (const auto& layer : found.separation) separation.emplace_back(json_or_null(layer));
  const auto z = found.shuffles ? found.shuffles->z : std::nullopt;
  const auto percentile = found.shuffles ? std::optional(found.shuffles->percentile) : std::nullopt;
  return {{"tensors", std::move(tensors)},
          {"network", json_or_null(chain.layers.front().network)},
          {"modules", found.modules},
          {"units", found.units},
          {"graph_cut", json_or_null(found.cut)},
          {"graph_modularity", json_or_null(found.modularity)},
          {"relative_cut", json_or_null(found.relative_cut)},
          {"components", found.components},
          {"trimmed_units", found.trimmed_units},
          {"separation", std::move(separation)},
          {"shuffle_z", json_or_null(z)},
          {"shuffle_percentile", json_or_null(percentile)}};
}

void print_graph(std::ostream& out, const LayerChain& chain, const GraphFinding& found) {
  fmt::print(out, "{}: {}, {} with weights\n", chain.label(), chain.sizes(),
             format_plural(static_cast<double>(found.units), "unit"));
  fmt::print(out, "  in {}: ncut {}, Q {}\n", format_plural(found.modules, "cluster"),
             number_or_none(found.cut), number_or_none(found.modularity));
  fmt::print(out, "  trimmed: {}, {}, relative cut {}\n",
             format_plural(static_cast<double>(found.trimmed_units), "unit"),
             format_plural(found.components, "component"), number_or_none(found.relative_cut));
  std::vector<std::string> separation;
  for (const auto& layer : found.separation) separation.push_back(number_or_none(layer));
  if (!separation.empty()) fmt::print(out, "  separation of hidden layers: {}\n", fmt::join(separation, " "));
  if (found.shuffles)
    fmt::print(out, "  among shuffled copies: z {}, above {:.0f} % of them\n",
               number_or_none(found.shuffles->z), found.shuffles->percentile);
}

}  // namespace modsweep::cli
