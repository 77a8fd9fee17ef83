// modsweep plot STORE network: spectra and reordered weights of one network (the paper's figure 1c and d).
#include "core/formats.h"
#include "core/text.h"
#include "figures/kinds.h"
#include "figures/line_figure.h"
#include "figures/scales.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/partition.h"
#include "modsweep/spectrum.h"

namespace modsweep::figures {
namespace {

using nlohmann::json;

constexpr std::uint32_t most_clusters = 64;  // as `spectrum` looks for

struct Candidate {
  double number = 0.0;
  std::string cell;
};

/// The finished network whose weights are kept and whose gap, or other column, is the middle one.
std::string typical_cell(const Source& source, const Request& request) {
  const std::string column =
      request.y.empty() ? drawn_columns(source, request, Table::results, 2).back() : request.y.front();
  std::vector<std::string> kept;
  source.store.read_kept_weights(
      [&](const Store::KeptWeights& weights) { kept.emplace_back(bare_id(weights.cell_id)); });
  std::ranges::sort(kept);
  std::vector<Candidate> candidates;
  source.store.read_rows(Table::results, {"cell", column}, [&](std::span<const std::string> row) {
    const std::string cell = json::parse(row[0]);
    const json number = json::parse(row[1]);
    if (!number.is_number() || (request.cells && !request.cells->contains(cell))) return;
    if (std::ranges::binary_search(kept, std::string(bare_id(cell))))
      candidates.push_back({number.get<double>(), cell});
  });
  if (candidates.empty())
    throw InputError(fmt::format(
        "{}: the weights of none of these networks were kept; run the sweep with measure.weights = true "
        "into another store",
        source.name));
  std::ranges::sort(candidates, {},
                    [](const Candidate& candidate) { return std::pair(candidate.number, candidate.cell); });
  return candidates[candidates.size() / 2].cell;
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

Figure make_network(const Source& source, const Request& request) {
  const std::string cell = request.cell.empty() ? typical_cell(source, request) : request.cell;
  const Store::StoredWeights stored = source.store.weights(cell);
  if (stored.weights.shape.weight_layers() == 0)
    throw InputError(
        fmt::format("{}: a picture of layers has nothing to show of {}; modsweep weights writes them",
                    source.name, stored.weights.shape.text()));
  UnitOrder inputs;
  for (std::uint32_t unit = 0; unit < stored.weights.shape.inputs(); ++unit) inputs.units.push_back(unit);
  Figure figure;
  figure.name = source.name;
  figure.columns = stored.weights.shape.weight_layers();
  std::vector<Frame> matrices;
  for (std::size_t l = 0; l < figure.columns; ++l) {
    OrderedLayer layer = ordered_layer(stored.weights, l, inputs.units);
    figure.frames.push_back(spectrum_frame(layer, l + 1));
    matrices.push_back(weight_frame(layer, inputs));
    inputs = std::move(layer.order);
  }
  for (Frame& matrix : matrices) figure.frames.push_back(std::move(matrix));
  for (std::size_t i = 0; i < figure.frames.size(); ++i)
    if (i % figure.columns != 0) figure.frames[i].y.label.clear();
  figure.notes.push_back(fmt::format(
      "cell {}{}; |W| of each layer below, strongest where it is largest, units in the order of their "
      "modules",
      shown_id(bare_id(stored.cell_id)), request.cell.empty() ? ", whose gap is the middle one of all" : ""));
  const double side = 6.2;
  figure.width_cm = std::min(3.0 + side * static_cast<double>(figure.columns), 30.0);
  figure.height_cm = 2.0 + 2.0 * (figure.width_cm - 2.0) / static_cast<double>(figure.columns);
  return figure;
}

}  // namespace

extern const Kind network_plot;
const Kind network_plot = {
    "network", "of one network: each layer's spectrum, and its weights in the order of their modules",
    make_network};

}  // namespace modsweep::figures
