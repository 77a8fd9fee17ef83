// modsweep spectrum: modularity of weights from any source.
#include "modsweep/spectrum.h"

#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/number_options.h"
#include "cli/result_table.h"
#include "cli/spectrum_graph.h"
#include "cli/weight_matrices.h"
#include "core/formats.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "modsweep/names.h"
#include "modsweep/partition.h"

namespace modsweep::cli {
namespace {

// A number of modules that the user did not give is clustered only up to this, which takes little time.
constexpr std::uint32_t most_modules = 64;

constexpr const char* not_finite = "entries that are not finite";

struct SpectrumArguments {
  std::string path;
  std::vector<std::string> tensors;  // empty: every one that looks like weights
  std::string cluster_by = "incoming";
  std::uint32_t modules = 0;  // 0: as many as the gaps of the live units indicate
  bool order = false;
  std::string format = "table";
  GraphOptions graph;
};

std::vector<double> gaps(const Spectrum& spectrum) {
  std::vector<double> result;
  for (std::size_t k = 1; k < spectrum.eigenvalues.size(); ++k) result.push_back(*spectrum.gap(k));
  return result;
}

nlohmann::ordered_json to_json(const Spectrum& spectrum) {
  return {{"eigenvalues", spectrum.eigenvalues}, {"gaps", gaps(spectrum)}, {"modules", spectrum.modules()}};
}

/// The results for one matrix.
struct Finding {
  LayerSpectra spectra;
  std::uint32_t modules = 0;  ///< clusters of the partition
  std::optional<LayerPartition> partition;
  UnitOrder order;  ///< chained to the matrix before, where that feeds this one
};

/// The order of the units that the last matrix feeds, for the next one.
class OrderChain {
 public:
  /// Orders the units of a matrix. The columns stand in the order of the rows before, if there are as many
  /// and the networks are the same; else as they are. With `outgoing` columns are the units, and nothing is
  /// chained.
  [[nodiscard]] UnitOrder next(const WeightMatrix& matrix, const std::vector<double>& values,
                               const Finding& found, ClusterBy by) {
    if (by == ClusterBy::outgoing)
      return found.partition ? UnitOrder{found.partition->order, {}} : UnitOrder{};
    std::vector<std::uint32_t> inputs = std::move(units_);
    if (inputs.size() != matrix.columns || network_ != matrix.network) {
      inputs.resize(matrix.columns);
      std::iota(inputs.begin(), inputs.end(), 0U);
    }
    UnitOrder order =
        chained_order(values, matrix.rows, matrix.columns, found.spectra.dead,
                      found.partition ? found.partition->cluster_of : std::vector<std::uint32_t>(), inputs);
    units_ = order.units;
    network_ = matrix.network;
    return order;
  }

 private:
  std::vector<std::uint32_t> units_;
  std::optional<std::uint64_t> network_;
};

/// The partition into the given number of modules, or the number found. One module is no partition, and very
/// many indicate that there are none.
Finding find(const SpectrumArguments& options, const WeightMatrix& matrix, const std::vector<double>& values,
             ClusterBy by) {
  Finding found{layer_spectra(values, matrix.rows, matrix.columns, by), 0, std::nullopt, {}};
  found.modules = options.modules;
  if (found.modules == 0) {
    found.modules = found.spectra.live.modules();
    if (found.modules < 2 || found.modules > most_modules) return found;
  }
  found.partition = layer_partition(values, matrix.rows, matrix.columns, found.modules, by);
  return found;
}

nlohmann::ordered_json to_json(const Finding& found) {
  if (!found.partition) return nullptr;
  return {{"modules", found.modules},
          {"modularity", found.partition->modularity},
          {"normalized_cut", found.partition->normalized_cut},
          {"block_share", found.partition->block_share},
          {"order", found.order.units},
          {"cluster_of", found.partition->cluster_of}};
}

nlohmann::ordered_json to_json(const WeightMatrix& matrix, const Finding& found) {
  const LayerSpectra& spectra = found.spectra;
  return {{"tensor", matrix.tensor},       {"network", json_or_null(matrix.network)},
          {"dtype", matrix.dtype},         {"shape", {matrix.rows, matrix.columns}},
          {"dead", spectra.dead},          {"all", to_json(spectra.all)},
          {"live", to_json(spectra.live)}, {"partition", to_json(found)}};
}

void print_numbers(std::ostream& out, std::string_view title, std::vector<double> values) {
  constexpr std::size_t per_line = 12;
  for (double& value : values)
    if (std::fabs(value) < 5e-5) value = 0.0;  // avoids "-0.0000"
  for (std::size_t i = 0; i < values.size(); i += per_line) {
    const auto count = std::min(per_line, values.size() - i);
    fmt::print(out, "    {:<12}{:.4f}\n", i == 0 ? title : "",
               fmt::join(values.begin() + static_cast<std::ptrdiff_t>(i),
                         values.begin() + static_cast<std::ptrdiff_t>(i + count), " "));
  }
}

void print_spectrum(std::ostream& out, std::string_view title, const Spectrum& spectrum) {
  const std::uint32_t modules = spectrum.modules();
  fmt::print(out, "  {}: {}", title, format_plural(modules, "module"));
  if (const auto gap = spectrum.gap(modules))
    fmt::print(out, ", gap_{} {:.4f}", modules, *gap);
  else if (modules > 0)
    fmt::print(out, ", 1 - lambda_{} {:.4f}", modules, 1.0 - spectrum.eigenvalues.back());
  fmt::print(out, "\n");
  print_numbers(out, "eigenvalues", spectrum.eigenvalues);
  print_numbers(out, "gaps", gaps(spectrum));
}

/// The units cluster by cluster; dead units are reported elsewhere.
void print_order(std::ostream& out, const UnitOrder& order, const LayerPartition& partition,
                 std::uint32_t modules) {
  fmt::print(out, "    order, from 0:");
  std::uint32_t cluster = partition.cluster_of[order.units.front()];
  for (const std::uint32_t unit : order.units) {
    if (partition.cluster_of[unit] == modules) break;
    if (partition.cluster_of[unit] != cluster) fmt::print(out, " |");
    cluster = partition.cluster_of[unit];
    fmt::print(out, " {}", unit);
  }
  fmt::print(out, "\n");
}

void print_partition(std::ostream& out, const Finding& found, bool order) {
  if (!found.partition) return;
  fmt::print(out, "  units without dead ones in {}: Q {:.4f}, ncut {:.4f}, block share {:.4f}\n",
             format_plural(found.modules, "cluster"), found.partition->modularity,
             found.partition->normalized_cut, found.partition->block_share);
  if (order) print_order(out, found.order, *found.partition, found.modules);
}

void print_spectra(std::ostream& out, const WeightMatrix& matrix, const LayerSpectra& spectra) {
  fmt::print(out, "{}: {} x {}, {}\n", matrix.label(), matrix.rows, matrix.columns, matrix.dtype);
  if (spectra.dead.empty()) {
    print_spectrum(out, "all units", spectra.all);
    return;
  }
  fmt::print(out, "  dead units ({}, from 0): {}\n", spectra.dead.size(), fmt::join(spectra.dead, " "));
  print_spectrum(out, "all units", spectra.all);
  print_spectrum(out, "without dead units", spectra.live);
}

/// Throws for a matrix that was asked for by itself and has no spectrum, before anything is printed.
void check_named(TensorReader& file, const std::string& path, const std::vector<WeightMatrix>& matrices) {
  for (const WeightMatrix& matrix : matrices)
    if (matrix.named && !read_finite(file, matrix))
      throw InputError(fmt::format("{}: tensor '{}' has no spectrum: {}; choose another --tensor", path,
                                   matrix.label(), not_finite));
}

[[noreturn]] void refuse_file(const TensorReader& file, const std::string& path) {
  throw InputError(
      fmt::format("{}: none of its {} has a spectrum; give weight matrices [out, in] with "
                  "finite entries",
                  path, format_plural(static_cast<double>(file.header().tensors.size()), "tensor")));
}

/// The matrices as networks.
ExitCode graphs(const SpectrumArguments& options, TensorReader& file,
                const std::vector<WeightMatrix>& matrices, LeftOut& left_out, Console& console) {
  GraphOptions asked = options.graph;
  asked.modules = options.modules;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::size_t printed = 0;
  for (const LayerChain& chain : layer_chains(options.path, matrices)) {
    std::vector<std::vector<double>> weights;
    for (const WeightMatrix& layer : chain.layers)
      if (auto values = read_finite(file, layer)) weights.push_back(std::move(*values));
    if (weights.size() < chain.layers.size()) {
      left_out.add(not_finite, chain.label());
      continue;
    }
    ++printed;
    const GraphFinding found = find_graph(chain, std::move(weights), asked);
    if (options.format == "json")
      list.push_back(graph_json(chain, found));
    else
      print_graph(console.out, chain, found);
  }
  left_out.print(options.path, console.err);
  if (printed == 0) refuse_file(file, options.path);
  if (options.format == "json") write_json(list, console.out);
  return ExitCode::done;
}

ExitCode spectrum(const SpectrumArguments& options, Console& console) {
  check_standard_output({options.path});
  TensorReader file(options.path);
  const ClusterBy by = value_of<ClusterBy>(options.cluster_by).value();
  const bool as_json = options.format == "json";
  LeftOut left_out;
  const auto matrices = select_matrices(file.header(), options.path, options.tensors, by, left_out);
  check_named(file, options.path, matrices);
  if (options.graph.graph) return graphs(options, file, matrices, left_out, console);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::size_t printed = 0;
  OrderChain chain;
  for (const WeightMatrix& matrix : matrices) {
    const auto values = read_finite(file, matrix);
    if (!values) {
      left_out.add(not_finite, matrix.label());
      continue;
    }
    ++printed;
    Finding found = find(options, matrix, *values, by);
    found.order = chain.next(matrix, *values, found, by);
    if (as_json) {
      list.push_back(to_json(matrix, found));
    } else {
      print_spectra(console.out, matrix, found.spectra);
      print_partition(console.out, found, options.order);
    }
  }
  left_out.print(options.path, console.err);
  if (printed == 0) refuse_file(file, options.path);
  if (as_json) write_json(list, console.out);
  return ExitCode::done;
}

void add_graph_options(CLI::App& command, GraphOptions& graph) {
  CLI::Option* flag = command.add_flag(
      "--graph", graph.graph,
      "The matrices as the layers of one network, in the order of --tensor or of their names: its graph");
  command
      .add_flag("--no-outputs", graph.no_outputs,
                "With --graph: without the weights of the outputs, where these mix the modules")
      ->needs(flag);
  whole_number(command.add_option("--permutations", graph.permutations,
                                  "With --graph: copies with permuted hidden units that the relative cut "
                                  "compares with [12]"),
               0, 10000)
      ->type_name("COUNT")
      ->needs(flag);
  whole_number(command.add_option("--shuffles", graph.shuffles,
                                  "With --graph: copies with shuffled weights that Filan's z compares with "
                                  "[0]"),
               0, 10000)
      ->type_name("COUNT")
      ->needs(flag);
  flag->excludes("--order")->excludes("--cluster-by");
}

}  // namespace

void add_spectrum(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<SpectrumArguments>();
  CLI::App* command = app.add_subcommand(
      "spectrum",
      "Laplacian eigenvalues, gaps, modules and dead units of weight matrices in a safetensors file");
  command
      ->add_option("file", options->path,
                   "The weights, as PyTorch has them: [out, in], or [P, out, in] of P networks")
      ->required()
      ->type_name("FILE.safetensors");
  command
      ->add_option("--tensor", options->tensors,
                   "A tensor to look at, or network I of a stack; may be given many times [all weights]")
      ->type_name("NAME or NAME[I]")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  command
      ->add_option(
          "--cluster-by", options->cluster_by,
          "Cluster the receiving units (incoming: rows) or the sending ones (outgoing: columns) [incoming]")
      ->check(CLI::IsMember({"incoming", "outgoing"}))
      ->type_name("SIDE");
  whole_number(
      command->add_option("--modules", options->modules,
                          "Clusters to look for [where the largest gap of the live units is, up to 64]"),
      1, 4096)
      ->type_name("COUNT");
  command->add_flag(
      "--order", options->order,
      "Print the units in the order of their clusters, along the diagonal from layer to layer, for pictures");
  add_graph_options(*command, options->graph);
  add_format_option(*command, options->format);
  command
      ->add_flag_callback(
          "--json", [options] { options->format = "json"; }, "The same as --format json")
      ->excludes(command->get_option("--format"));
  command->footer(
      "Clusters: k-means on the first eigenvectors of the Laplacian. Q: Newman's modularity of the "
      "similarity\n"
      "graph; ncut: its normalized cut, 0 where nothing is shared; block share: of the sum of |W|, each "
      "column\n"
      "belonging to the cluster that has most of it.\n"
      "A stack [P, out, in], as torch.func.stack_module_state makes it, has a spectrum for each network,\n"
      "NAME[0] and so on. --graph: a relative cut of 0 means modules, of 1 none.\n"
      "Vectors and kernels of convolutions are left out, which is said.\n"
      "Examples:\n"
      "  modsweep spectrum network.safetensors\n"
      "  modsweep spectrum network.safetensors --graph\n"
      "  modsweep spectrum model.safetensors --tensor encoder.fc1.weight --format json");
  on_chosen(command, chosen, options, spectrum);
}

}  // namespace modsweep::cli
