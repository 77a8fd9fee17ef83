// modsweep weights: final weights of one cell, or of many stacked, as a safetensors file.
#include "cli/cell_conditions.h"
#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/network_tensors.h"
#include "cli/stacked_weights.h"
#include "core/formats.h"
#include "core/text.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include "modsweep/merge.h"
#include "modsweep/safetensors.h"
#include "modsweep/store.h"

namespace modsweep::cli {
namespace {

struct WeightsArguments {
  std::vector<std::string> store_paths;
  std::string cell;                     // empty: many
  std::vector<std::string> conditions;  // on those
  std::string output_path;
  std::string format = "table";
};

TensorFile tensor_file(const Store::StoredWeights& stored) {
  TensorFile file;
  file.tensors = network_tensors(stored);
  file.metadata = {{"format", "pt"},
                   {"cell", shown_id(stored.cell_id)},
                   {"settings", stored.settings_json},
                   {"shape", stored.weights.shape.text()},
                   {"engine", stored.engine},
                   {"device", stored.device}};
  if (!stored.scaling.empty()) file.metadata["scaling"] = stored.scaling;
  if (stored.run) {
    file.metadata["modsweep"] = fmt::format("{} ({})", stored.run->version, stored.run->revision);
    file.metadata["host"] = stored.host;
    file.metadata["began"] = stored.began;
    file.metadata["command"] = stored.run->command;
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
                                     cell, shown_id(found->cell_id), shown_id(here.cell_id)));
      if (found && here.weights.values != found->weights.values)
        throw LogicError(fmt::format("{} and {} have different weights of cell {}; name one of them", where,
                                     file, shown_id(here.cell_id)));
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
  if (options.cell.empty()) {
    const StackedWeights stacked =
        write_stacked_weights(files, options.conditions, options.output_path, console.err);
    if (options.format == "json")
      write_json(
          {{"file", options.output_path}, {"networks", stacked.networks}, {"shape", stacked.shape.text()}},
          console.out);
    else
      fmt::print(console.out, "{}: {}, {} [{}, {}]\n", options.output_path,
                 format_plural(static_cast<double>(stacked.networks), "network"), stacked.first_name,
                 stacked.networks, fmt::join(stacked.first, ", "));
    return ExitCode::done;
  }
  const Store::StoredWeights stored = find_weights(files, options.cell);
  write_safetensors(options.output_path, tensor_file(stored), files);
  if (options.format == "json")
    write_json({{"file", options.output_path},
                {"cell", shown_id(stored.cell_id)},
                {"shape", stored.weights.shape.text()}},
               console.out);
  else
    fmt::print(console.out, "{}: cell {}, shape {}\n", options.output_path, shown_id(stored.cell_id),
               stored.weights.shape.text());
  return ExitCode::done;
}

}  // namespace

void add_weights(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<WeightsArguments>();
  CLI::App* command = app.add_subcommand("weights", "Write the final weights of networks as safetensors");
  command->add_option("stores", options->store_paths, "Stores, or folders of stores")
      ->required()
      ->type_name("FILE.db");
  CLI::Option* cell = command->add_option(
      "--cell", options->cell, "This cell alone, by its id or the beginning of it [all finished ones]");
  cell->type_name("ID");
  add_where(command, options->conditions);
  command->get_option("--where")->excludes(cell);
  command->add_option("-o,--output", options->output_path, "The file to write")
      ->required()
      ->type_name("FILE.safetensors");
  add_format_option(*command, options->format);
  command->footer(
      "Tensors W0 [out, in], b0 [out], W1, ... (s0, ... are PReLU slopes); without --cell stacked, W0\n"
      "[cells, out, in], b0 [cells, out], ..., in the order of the varied settings, for networks of one "
      "shape\n"
      "and precision. The metadata tell the ids (cells), common settings (settings), those that vary "
      "(varied)\n"
      "and, of tables with task.scale, the means and scales of their columns (scaling), as JSON.\n"
      "Recurrent networks: those of the last pass, W_R0 [units, units], W_FF1, W_I0 [units], b_R0, b_FF1, "
      "b_I0,\n"
      "tau0 of module 0, 1, ..., and W_O0 [2, units], b_O0 [2] of head 0, 1, ..., which learned N = 2, 3, "
      "...\n"
      "Examples:\n"
      "  modsweep weights quickstart.db --cell c1f3a -o network.safetensors\n"
      "  modsweep weights quickstart.db --where noise.exponent=2 -o networks.safetensors\n"
      "Ids are in the column `cell` of `modsweep export`.");
  on_chosen(command, chosen, options, weights);
}

}  // namespace modsweep::cli
