// modsweep plot STORE network: spectra and reordered weights of one network (the paper's figure 1c and d).
#include "core/formats.h"
#include "core/text.h"
#include "figures/joint_keys.h"
#include "figures/kinds.h"
#include "figures/line_figure.h"
#include "figures/scales.h"
#include "results/values.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/partition.h"
#include "modsweep/spectrum.h"

namespace modsweep::figures {
namespace {

using nlohmann::json;

constexpr std::uint32_t most_clusters = 64;  // as `spectrum` looks for

/// A network, and why it is drawn.
struct Typical {
  std::string cell;
  std::string why;  ///< ", whose gap_live_layer1 is the middle one"; empty: there is no such number
};

/// The finished network whose weights are kept and whose gap, or other column, is the middle one; the first
/// where none has a number.
Typical typical_cell(const Source& source, const Request& request) {
  const std::string column =
      request.y.empty() ? drawn_columns(source, request, Table::results, 2).back() : request.y.front();
  std::vector<std::string> kept;
  source.store.read_kept_weights(
      [&](const Store::KeptWeights& weights) { kept.emplace_back(bare_id(weights.cell_id)); });
  std::ranges::sort(kept);
  std::vector<std::pair<double, std::string>> candidates;
  std::string first;
  source.store.read_rows(Table::results, {"cell", column}, [&](std::span<const std::string> row) {
    const std::string cell = json::parse(row[0]);
    const json number = json::parse(row[1]);
    if (request.cells && !request.cells->contains(cell)) return;
    if (!std::ranges::binary_search(kept, std::string(bare_id(cell)))) return;
    if (first.empty() || cell < first) first = cell;
    if (number.is_number()) candidates.emplace_back(number.get<double>(), cell);
  });
  if (first.empty())
    throw InputError(fmt::format(
        "{}: the weights of none of these networks were kept; run the sweep with measure.weights = true "
        "into another store",
        source.name));
  if (candidates.empty()) return {first, ""};
  std::ranges::sort(candidates);
  return {candidates[candidates.size() / 2].second, fmt::format(", whose {} is the middle one", column)};
}

/// A layer's units in the order of their clusters, chained to the layer before.
struct OrderedLayer {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> weights;
  LayerSpectra spectra;
  UnitOrder order;
};

OrderedLayer ordered_layer(const Parameters& network, std::size_t layer,
                           const std::vector<std::uint32_t>& inputs) {
  OrderedLayer ordered;
  ordered.rows = network.shape.sizes[layer + 1];
  ordered.columns = network.shape.sizes[layer];
  ordered.weights = network.dense_weights(layer);
  if (!std::ranges::all_of(ordered.weights, [](double weight) { return std::isfinite(weight); }))
    throw InputError(fmt::format("weights of layer {} are not finite; choose another --cell", layer + 1));
  ordered.spectra = layer_spectra(ordered.weights, ordered.rows, ordered.columns);
  const std::uint32_t modules = ordered.spectra.live.modules();
  std::optional<LayerPartition> partition;
  if (modules > 1 && modules <= most_clusters)
    partition = layer_partition(ordered.weights, ordered.rows, ordered.columns, modules);
  ordered.order = chained_order(ordered.weights, ordered.rows, ordered.columns, ordered.spectra.dead,
                                partition ? partition->cluster_of : std::vector<std::uint32_t>(), inputs);
  return ordered;
}

Frame spectrum_frame(const OrderedLayer& layer, std::size_t number) {
  const Spectrum& live = layer.spectra.live;
  Frame frame;
  const std::string dead =
      layer.spectra.dead.empty() ? "" : fmt::format(", {} dead", layer.spectra.dead.size());
  frame.title = fmt::format("layer {}: {}{}", number, format_plural(live.modules(), "module"), dead);
  frame.x = {.label = "index", .low = 0.0, .high = static_cast<double>(live.eigenvalues.size() + 1)};
  frame.y = {.label = "eigenvalue", .low = 0.0, .high = 1.05};
  Series& stems = frame.series.emplace_back();
  stems.mark = Mark::stems;
  for (std::size_t i = 0; i < live.eigenvalues.size(); ++i)
    stems.points.push_back({static_cast<double>(i + 1), std::max(0.0, live.eigenvalues[i])});
  return frame;
}

Frame weight_frame(const OrderedLayer& layer, const UnitOrder& inputs) {
  Frame frame;
  frame.x = {.label = "from unit", .hidden = true};
  frame.y = {.label = "to unit", .hidden = true};
  frame.color.from_white = true;
  frame.color.low = 0.0;
  Matrix matrix{layer.rows, layer.columns, {}, layer.order.starts, inputs.starts};
  for (const std::uint32_t row : layer.order.units)
    for (const std::uint32_t column : inputs.units)
      matrix.values.push_back(std::fabs(layer.weights[row * layer.columns + column]));
  frame.matrix = std::move(matrix);
  return frame;
}

/// All layers of a network, each in the order of its modules, which begins with that of the layer before.
struct OrderedNetwork {
  std::vector<OrderedLayer> layers;
  std::vector<UnitOrder> inputs;  ///< [layers]: the order of what comes in
};

OrderedNetwork ordered_network(const Parameters& network) {
  OrderedNetwork ordered;
  UnitOrder inputs;
  for (std::uint32_t unit = 0; unit < network.shape.inputs(); ++unit) inputs.units.push_back(unit);
  for (std::size_t l = 0; l < network.shape.weight_layers(); ++l) {
    ordered.inputs.push_back(inputs);
    ordered.layers.push_back(ordered_layer(network, l, inputs.units));
    inputs = ordered.layers.back().order;
  }
  return ordered;
}

constexpr double frame_side = 6.2;  // centimeters

Figure one_network(const Source& source, const Request& request) {
  const Typical typical = request.cell.empty() ? typical_cell(source, request) : Typical{request.cell, ""};
  const Store::StoredWeights stored = source.store.weights(typical.cell);
  if (stored.weights.shape.weight_layers() == 0)
    throw InputError(
        fmt::format("{}: a picture of layers has nothing to show of {}; modsweep weights writes them",
                    source.name, stored.weights.shape.text()));
  const OrderedNetwork network = ordered_network(stored.weights);
  Figure figure;
  figure.name = source.name;
  figure.columns = network.layers.size();
  for (std::size_t l = 0; l < figure.columns; ++l)
    figure.frames.push_back(spectrum_frame(network.layers[l], l + 1));
  for (std::size_t l = 0; l < figure.columns; ++l)
    figure.frames.push_back(weight_frame(network.layers[l], network.inputs[l]));
  for (std::size_t i = 0; i < figure.frames.size(); ++i)
    if (i % figure.columns != 0) figure.frames[i].y.label.clear();
  figure.notes.push_back(fmt::format(
      "cell {}{}; |W| of each layer below, strongest where it is largest, units in the order of their "
      "modules",
      shown_id(bare_id(stored.cell_id)), typical.why));
  figure.width_cm = std::min(3.0 + frame_side * static_cast<double>(figure.columns), 30.0);
  figure.height_cm = 2.0 + 2.0 * (figure.width_cm - 2.0) / static_cast<double>(figure.columns);
  return figure;
}

/// Finished networks by the values of a setting.
struct ByValue {
  KeyValues key;
  std::vector<std::unordered_set<std::string>> cells;  ///< [key.values]
};

ByValue cells_by_value(const Source& source, const Request& request) {
  std::vector<std::string> columns = settings_of(request.row);
  for (const std::string& setting : columns)
    check_column(setting, source.store.columns(Table::results), source.name, Table::results);
  columns.emplace_back("cell");
  std::map<json, std::unordered_set<std::string>> found;
  source.store.read_rows(Table::results, columns, [&](std::span<const std::string> row) {
    const std::string cell = json::parse(row.back());
    if (request.cells && !request.cells->contains(cell)) return;
    std::vector<json> parts;
    for (const std::string& part : row.first(row.size() - 1)) parts.push_back(json::parse(part));
    found[joint_value(parts)].insert(cell);
  });
  ByValue by_value{{request.row, {}}, {}};
  for (auto& [value, cells] : found) {
    by_value.key.values.push_back(value);
    by_value.cells.push_back(std::move(cells));
  }
  return by_value;
}

/// The weights of a typical network for each value of a setting, below one another (figure 1c).
Figure networks_by_value(const Source& source, const Request& request) {
  constexpr std::size_t most_rows = 6;
  if (!request.cell.empty())
    throw InputError("--cell names one network, and --row asks for one of each of its values; leave one out");
  const ByValue by_value = cells_by_value(source, request);
  Figure figure;
  figure.name = source.name;
  std::string shown;
  for (const std::size_t v : evenly(by_value.cells.size(), most_rows)) {
    Request of_value = request;
    of_value.cells = by_value.cells[v];
    const Store::StoredWeights stored = source.store.weights(typical_cell(source, of_value).cell);
    const OrderedNetwork network = ordered_network(stored.weights);
    if (!figure.frames.empty() && network.layers.size() != figure.columns)
      throw InputError(
          fmt::format("{}: networks have {} and {} layers at values of {}; choose some with --where",
                      source.name, figure.columns, network.layers.size(), request.row));
    figure.columns = network.layers.size();
    for (std::size_t l = 0; l < figure.columns; ++l) {
      Frame& frame = figure.frames.emplace_back(weight_frame(network.layers[l], network.inputs[l]));
      const std::uint32_t modules = network.layers[l].spectra.live.modules();
      frame.title = fmt::format("layer {}: {}", l + 1, format_plural(modules, "module"));
      frame.y.label = l == 0 ? (settings_of(request.row).size() > 1
                                    ? value_name(by_value.key, v)
                                    : fmt::format("{} = {}", request.row, value_name(by_value.key, v)))
                             : "";
    }
    shown += fmt::format("{}{}", shown.empty() ? "" : ", ", shown_id(bare_id(stored.cell_id)));
  }
  if (figure.frames.empty())
    throw InputError(fmt::format("{}: no network is finished; wait, or see modsweep status", source.name));
  figure.notes.push_back(
      fmt::format("|W| from unit (across) to unit (down), strongest where it is largest, units in the order "
                  "of their modules; "
                  "of each value the network whose gap is the middle one: {}",
                  shown));
  const auto columns = static_cast<double>(figure.columns);
  figure.width_cm = std::min(3.0 + frame_side * columns, 26.0);
  figure.height_cm =
      2.0 + (figure.width_cm - 2.0) / columns * static_cast<double>(figure.frames.size()) / columns;
  for (Frame& frame : figure.frames) frame.x.label.clear();
  return figure;
}

Figure make_network(const Source& source, const Request& request) {
  return request.row.empty() ? one_network(source, request) : networks_by_value(source, request);
}

}  // namespace

extern const Kind network_plot;
const Kind network_plot = {
    "network", "of one network: each layer's spectrum, and its weights in the order of their modules",
    make_network};

}  // namespace modsweep::figures
