// modsweep weights: final weights of one cell as a safetensors file.
#include "cli/command.h"
#include "cli/json_output.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "modsweep/merge.h"
#include "modsweep/safetensors.h"
#include "modsweep/store.h"

namespace modsweep::cli {
namespace {

struct WeightsArguments {
  std::vector<std::string> store_paths;
  std::string cell;
  std::string output_path;
  std::string format = "table";
};

/// W0 [out, in], b0 [out], s0 [1] (PReLU slope), W1, ...: the layout of torch.nn.Linear's weight and bias.
/// Layers with groups become dense, with zeros between the groups.
TensorFile tensor_file(const Store::StoredWeights& stored) {
  // The store has weights in the precision of their training; doubles hold either exactly.
  const bool fp64 = nlohmann::json::parse(stored.settings_json).value("training.precision", "fp32") == "fp64";
  const std::string dtype = fp64 ? "F64" : "F32";
  const Parameters& network = stored.weights;
  const ParameterLayout layout(network.shape);
  const auto slice = [&](std::size_t offset, std::size_t count) {
    const auto begin = network.values.begin() + static_cast<std::ptrdiff_t>(offset);
    return std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(count));
  };
  TensorFile file;
  file.metadata = {{"format", "pt"},
                   {"cell", stored.cell_id},
                   {"settings", stored.settings_json},
                   {"shape", network.shape.text()},
                   {"engine", stored.engine},
                   {"device", stored.device}};
  if (!stored.scaling.empty()) file.metadata["scaling"] = stored.scaling;
  if (stored.run) {
    file.metadata["modsweep"] = fmt::format("{} ({})", stored.run->version, stored.run->revision);
    file.metadata["host"] = stored.host;
    file.metadata["began"] = stored.began;
    file.metadata["command"] = stored.run->command;
  }
  for (std::size_t l = 0; l < layout.layers().size(); ++l) {
    const LayerSlice& layer = layout.layers()[l];
    file.tensors[fmt::format("W{}", l)] = {dtype, {layer.outputs, layer.inputs}, network.dense_weights(l)};
    if (layout.bias())
      file.tensors[fmt::format("b{}", l)] = {dtype, {layer.outputs}, slice(layer.biases, layer.outputs)};
    if (layout.prelu() && l + 1 < layout.layers().size())
      file.tensors[fmt::format("s{}", l)] = {dtype, {1}, slice(layer.slope, 1)};
  }
  return file;
}

/// The weights of a cell from whichever store has them. Throws InputError if no store has them, naming the
/// last one, or if stores have different weights.
Store::StoredWeights find_weights(const std::vector<std::string>& files, const std::string& cell) {
  std::optional<Store::StoredWeights> found;
  std::string where;
  std::string reason;
  for (const std::string& file : files) {
    try {
      Store::StoredWeights here = Store(file, Store::Access::read_only).weights(cell);
      if (found && here.cell_id != found->cell_id)
        throw LogicError(fmt::format("the ids of several cells begin with '{}' ({}, {}); give more digits",
                                     cell, found->cell_id, here.cell_id));
      if (found && here.weights.values != found->weights.values)
        throw LogicError(fmt::format("{} and {} have different weights of cell {}; name one of them", where,
                                     file, here.cell_id));
      if (!found) where = file;
      if (!found) found = std::move(here);
    } catch (const InputError& error) {
      reason = error.what();
    } catch (const LogicError& error) {
      throw InputError(error.what());
    }
  }
  if (!found) throw InputError(reason);
  return std::move(*found);
}

ExitCode weights(const WeightsArguments& options, Console& console) {
  const std::vector<std::string> files = store_files(options.store_paths);
  check_standard_output(files);
  const Store::StoredWeights stored = find_weights(files, options.cell);
  write_safetensors(options.output_path, tensor_file(stored), files);
  if (options.format == "json")
    write_json(
        {{"file", options.output_path}, {"cell", stored.cell_id}, {"shape", stored.weights.shape.text()}},
        console.out);
  else
    fmt::print(console.out, "{}: cell {}, shape {}\n", options.output_path, stored.cell_id,
               stored.weights.shape.text());
  return ExitCode::done;
}

}  // namespace

void add_weights(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<WeightsArguments>();
  CLI::App* command = app.add_subcommand("weights", "Write the final weights of a cell as safetensors");
  command->add_option("stores", options->store_paths, "Stores, or folders of stores")
      ->required()
      ->type_name("FILE.db");
  command->add_option("--cell", options->cell, "The cell: its id or the beginning of it")
      ->required()
      ->type_name("ID");
  command->add_option("-o,--output", options->output_path, "The file to write")
      ->required()
      ->type_name("FILE.safetensors");
  add_format_option(*command, options->format);
  command->footer(
      "Tensors W0 [out, in], b0 [out], W1, ... (s0, ... are PReLU slopes). Of a table with task.scale the "
      "metadata\n"
      "have the means and scales of its columns, as `scaling`. Example:\n"
      "  modsweep weights quickstart.db --cell 1f3a -o network.safetensors\n"
      "Ids are in the column `cell` of `modsweep export`.");
  on_chosen(command, chosen, options, weights);
}

}  // namespace modsweep::cli
