// modsweep modules: what each block of a network has learned.
#include "cli/command.h"
#include "cli/number_options.h"
#include "cli/result_table.h"
#include "core/text.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "modsweep/blocks.h"
#include "modsweep/statistics.h"
#include "modsweep/store.h"
#include "modsweep/task.h"

namespace modsweep::cli {
namespace {

using nlohmann::json;

struct ModulesArguments {
  std::string store_path;
  std::string cell;
  std::string table = "blocks";
  std::size_t points = 101;
  std::optional<double> from;
  std::optional<double> to;
  ResultOptions result;
};

/// A network of a store, its settings and its data.
struct Network {
  Store::StoredWeights stored;
  CellSettings settings;
  std::shared_ptr<const Dataset> data;

  [[nodiscard]] std::size_t blocks() const { return stored.weights.shape.inputs(); }
  /// The files that were read for it.
  [[nodiscard]] std::vector<std::string> files(const std::string& store_path) const {
    std::vector<std::string> paths = {store_path};
    if (!settings.task.file.empty()) paths.push_back(settings.task.file);
    return paths;
  }
  /// Whether each block has a target of its own.
  [[nodiscard]] bool has_targets() const { return stored.weights.shape.outputs() == blocks(); }
  /// Row-major [count][blocks].
  [[nodiscard]] std::vector<double> outputs(std::span<const double> x, std::size_t count) const {
    return block_outputs(stored.weights, settings.network.activation, settings.network.leaky_slope, x, count);
  }
};

Network read_network(const ModulesArguments& options) {
  const Store store(options.store_path, Store::Access::read_only);
  Network network{store.weights(options.cell), {}, {}};
  network.settings = recorded_settings(network.stored.settings_json, options.store_path);
  if (block_layers(network.stored.weights.shape) == 0)
    throw InputError(fmt::format(
        "{}: cell {} is a network {} without blocks; choose one of network.architecture = "
        "\"modular\", or of a group for each input up to a layer of one unit a group",
        options.store_path, shown_id(network.stored.cell_id), network.stored.weights.shape.text()));
  DatasetCache datasets;
  network.data = datasets.get(network.settings.task);
  return network;
}

/// One column of a row-major matrix.
std::vector<double> column_of(std::span<const double> values, std::size_t columns, std::size_t column) {
  std::vector<double> picked;
  for (std::size_t i = column; i < values.size(); i += columns) picked.push_back(values[i]);
  return picked;
}

/// A block on evenly spaced values of its input, with the best line and parabola through its outputs.
struct SampledBlock {
  std::vector<double> x;
  std::vector<double> output;
  PolynomialFit line;
  PolynomialFit parabola;
};

std::vector<SampledBlock> sample_blocks(const Network& network, const ModulesArguments& options) {
  const std::size_t blocks = network.blocks();
  std::vector<SampledBlock> sampled(blocks);
  std::vector<double> x(options.points * blocks);
  for (std::size_t b = 0; b < blocks; ++b) {
    const auto seen = column_of(network.data->train.x, blocks, b);
    const double low = options.from.value_or(*std::ranges::min_element(seen));
    const double high = options.to.value_or(*std::ranges::max_element(seen));
    if (!(low < high))
      throw InputError(
          fmt::format("block {} has inputs from {:g} to {:g}: no range to sample; give --from and "
                      "--to",
                      b + 1, low, high));
    for (std::size_t k = 0; k < options.points; ++k) {
      const double share = static_cast<double>(k) / static_cast<double>(options.points - 1);
      x[k * blocks + b] = low + (high - low) * share;
    }
  }
  const auto outputs = network.outputs(x, options.points);
  for (std::size_t b = 0; b < blocks; ++b) {
    SampledBlock& block = sampled[b];
    block.x = column_of(x, blocks, b);
    block.output = column_of(outputs, blocks, b);
    block.line = fit_polynomial(block.x, block.output, 1);
    block.parabola = fit_polynomial(block.x, block.output, 2);
  }
  return sampled;
}

/// Test samples of a block: its inputs, its outputs, its targets, and the best line from output to target.
struct BlockTargets {
  std::vector<double> x;
  std::vector<double> output;
  std::vector<double> target;
  PolynomialFit line;
};

std::vector<BlockTargets> block_targets(const Network& network) {
  const std::size_t blocks = network.blocks();
  const Samples& test = network.data->test;
  const auto outputs = network.outputs(test.x, test.count);
  std::vector<BlockTargets> found(blocks);
  for (std::size_t b = 0; b < blocks; ++b) {
    found[b] = {
        column_of(test.x, blocks, b), column_of(outputs, blocks, b), column_of(test.y, blocks, b), {}};
    found[b].line = fit_polynomial(found[b].output, found[b].target, 1);
  }
  return found;
}

ResultTable blocks_table(const Network& network, const ModulesArguments& options) {
  ResultTable table{{"block", "from", "to", "output_sd", "line_rmse", "quadratic_rmse", "c0", "c1", "c2",
                     "target_rmse", "target_offset", "target_scale"},
                    {}};
  const auto sampled = sample_blocks(network, options);
  const auto targets = network.has_targets() ? block_targets(network) : std::vector<BlockTargets>{};
  for (std::size_t b = 0; b < sampled.size(); ++b) {
    const SampledBlock& block = sampled[b];
    const auto& c = block.parabola.coefficients;
    auto& row = table.rows.emplace_back();
    row = {b + 1,
           block.x.front(),
           block.x.back(),
           fit_polynomial(block.x, block.output, 0).rmse,
           block.line.rmse,
           block.parabola.rmse,
           c[0],
           c[1],
           c[2]};
    if (targets.empty())
      row.resize(row.size() + 3);
    else
      row.insert(row.end(),
                 {targets[b].line.rmse, targets[b].line.coefficients[0], targets[b].line.coefficients[1]});
  }
  return table;
}

ResultTable grid_table(const Network& network, const ModulesArguments& options) {
  ResultTable table{{"block", "x", "output", "line", "quadratic"}, {}};
  const auto sampled = sample_blocks(network, options);
  for (std::size_t b = 0; b < sampled.size(); ++b)
    for (std::size_t k = 0; k < sampled[b].x.size(); ++k) {
      const double x = sampled[b].x[k];
      table.rows.push_back({b + 1, x, sampled[b].output[k], sampled[b].line(x), sampled[b].parabola(x)});
    }
  return table;
}

ResultTable samples_table(const Network& network, const ModulesArguments& options) {
  if (!network.has_targets())
    throw InputError(
        fmt::format("{}: cell {} has {} blocks and {} outputs: blocks have no targets of their own; "
                    "leave --table samples out",
                    options.store_path, shown_id(network.stored.cell_id), network.blocks(),
                    network.stored.weights.shape.outputs()));
  ResultTable table{{"block", "sample", "x", "output", "target", "line"}, {}};
  const auto targets = block_targets(network);
  for (std::size_t b = 0; b < targets.size(); ++b)
    for (std::size_t i = 0; i < targets[b].x.size(); ++i)
      table.rows.push_back({b + 1, i, targets[b].x[i], targets[b].output[i], targets[b].target[i],
                            targets[b].line(targets[b].output[i])});
  return table;
}

ExitCode modules(const ModulesArguments& options, Console& console) {
  const Network network = read_network(options);
  ResultOutput output(options.result, network.files(options.store_path), console);
  output.write(options.table == "blocks" ? blocks_table(network, options)
               : options.table == "grid" ? grid_table(network, options)
                                         : samples_table(network, options));
  return ExitCode::done;
}

}  // namespace

void add_modules(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<ModulesArguments>();
  CLI::App* command =
      app.add_subcommand("modules", "What the blocks of a network have learned, against lines and parabolas");
  command->add_option("store", options->store_path, "The store")->required()->type_name("FILE.db");
  command->add_option("--cell", options->cell, "The network: the first digits of its id, enough to be unique")
      ->required()
      ->type_name("ID");
  command
      ->add_option(
          "--table", options->table,
          "blocks: a row a block; grid: the blocks on evenly spaced inputs; samples: the test set, with "
          "targets [blocks]")
      ->check(CLI::IsMember({"blocks", "grid", "samples"}))
      ->type_name("NAME");
  whole_number(command->add_option("--points", options->points, "Of the grid, for each block [101]"), 4,
               1'000'000)
      ->type_name("COUNT");
  for (const auto& [flag, end] : {std::pair("--from", &options->from), std::pair("--to", &options->to)})
    finite_number(command->add_option(flag, *end, "Where the grid begins or ends [the training set's range]"))
        ->type_name("X");
  add_result_options(command, options->result);
  command->footer(
      "On the grid: output_sd is the standard deviation of a block's outputs, line_rmse and quadratic_rmse "
      "are\n"
      "the root mean squares of what the best line and the best parabola c0 + c1 x + c2 x^2 leave of them.\n"
      "On the test set: target_rmse is that of target - (target_offset + target_scale * output), for "
      "networks\n"
      "of a target for each block; its mean over the blocks is block_error.\n"
      "Examples:\n"
      "  modsweep modules fig08.db --cell 3f2a\n"
      "  modsweep modules fig09.db --cell 3f2a --table samples -o samples.csv");
  on_chosen(command, chosen, options, modules);
}

}  // namespace modsweep::cli
