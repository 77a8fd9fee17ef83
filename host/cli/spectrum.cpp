// modsweep spectrum: modularity of weights from any source.
#include "modsweep/spectrum.h"

#include "cli/command.h"
#include "cli/number_options.h"
#include "core/formats.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "modsweep/names.h"
#include "modsweep/partition.h"
#include "modsweep/safetensors.h"

namespace modsweep::cli {
namespace {

// An eigenvalue problem of this size takes about a minute and half a gigabyte.
constexpr std::uint64_t most_units = 4096;

// A number of modules that the user did not give is clustered only up to this, which takes little time.
constexpr std::uint32_t most_modules = 64;

struct SpectrumArguments {
  std::string path;
  std::vector<std::string> tensors;  // empty: every 2-D one
  std::string cluster_by = "incoming";
  std::uint32_t modules = 0;  // 0: as many as the gaps of the live units indicate
  bool order = false;
  bool json = false;
};

/// Why a tensor has no spectrum; empty if it has one.
std::string unfit(const Tensor& tensor, ClusterBy by) {
  if (tensor.shape.size() != 2)
    return fmt::format("has {} dimensions, a weight matrix has 2", tensor.shape.size());
  const std::uint64_t units = tensor.shape[by == ClusterBy::incoming ? 0 : 1];
  if (tensor.values.empty()) return "is empty";
  if (units > most_units)
    return fmt::format("has {} units, more than the {} that spectra are made for", units, most_units);
  if (!std::all_of(tensor.values.begin(), tensor.values.end(), [](double v) { return std::isfinite(v); }))
    return "has entries that are not finite";
  return {};
}

std::vector<double> gaps(const Spectrum& spectrum) {
  std::vector<double> result;
  for (std::size_t k = 1; k < spectrum.eigenvalues.size(); ++k) result.push_back(*spectrum.gap(k));
  return result;
}

nlohmann::ordered_json to_json(const Spectrum& spectrum) {
  return {{"eigenvalues", spectrum.eigenvalues}, {"gaps", gaps(spectrum)}, {"modules", spectrum.modules()}};
}

/// The results for one tensor.
struct Finding {
  LayerSpectra spectra;
  std::uint32_t modules = 0;  ///< clusters of the partition
  std::optional<LayerPartition> partition;
};

/// The partition into the given number of modules, or the number found. One module is no partition, and very
/// many indicate that there are none.
Finding find(const SpectrumArguments& options, const Tensor& tensor, ClusterBy by) {
  Finding found{layer_spectra(tensor.values, tensor.shape[0], tensor.shape[1], by), 0, std::nullopt};
  found.modules = options.modules;
  if (found.modules == 0) {
    found.modules = found.spectra.live.modules();
    if (found.modules < 2 || found.modules > most_modules) return found;
  }
  found.partition = layer_partition(tensor.values, tensor.shape[0], tensor.shape[1], found.modules, by);
  return found;
}

nlohmann::ordered_json to_json(const Finding& found) {
  if (!found.partition) return nullptr;
  return {{"modules", found.modules},
          {"modularity", found.partition->modularity},
          {"normalized_cut", found.partition->normalized_cut},
          {"block_share", found.partition->block_share},
          {"order", found.partition->order},
          {"cluster_of", found.partition->cluster_of}};
}

nlohmann::ordered_json to_json(const std::string& name, const Tensor& tensor, const Finding& found) {
  const LayerSpectra& spectra = found.spectra;
  return {{"tensor", name},
          {"dtype", tensor.dtype},
          {"shape", tensor.shape},
          {"dead", spectra.dead},
          {"all", to_json(spectra.all)},
          {"live", to_json(spectra.live)},
          {"partition", to_json(found)}};
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
  if (const auto gap = spectrum.gap(modules)) fmt::print(out, ", gap_{} {:.4f}", modules, *gap);
  fmt::print(out, "\n");
  print_numbers(out, "eigenvalues", spectrum.eigenvalues);
  print_numbers(out, "gaps", gaps(spectrum));
}

/// The units cluster by cluster; dead units are reported elsewhere.
void print_order(std::ostream& out, const LayerPartition& partition, std::uint32_t modules) {
  fmt::print(out, "    order, from 0:");
  std::uint32_t cluster = 0;
  for (const std::uint32_t unit : partition.order) {
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
  if (order) print_order(out, *found.partition, found.modules);
}

void print_spectra(std::ostream& out, const std::string& name, const Tensor& tensor,
                   const LayerSpectra& spectra) {
  fmt::print(out, "{}: {} x {}, {}\n", name, tensor.shape[0], tensor.shape[1], tensor.dtype);
  if (spectra.dead.empty()) {
    print_spectrum(out, "all units", spectra.all);
    return;
  }
  fmt::print(out, "  dead units ({}, from 0): {}\n", spectra.dead.size(), fmt::join(spectra.dead, " "));
  print_spectrum(out, "all units", spectra.all);
  print_spectrum(out, "without dead units", spectra.live);
}

/// The tensors to analyze: the named ones, or every one that has a spectrum. Prints which ones are left out.
std::vector<std::string> select(const SpectrumArguments& options, const TensorFile& file, ClusterBy by,
                                std::ostream& err) {
  for (const std::string& name : options.tensors) {
    const auto entry = file.tensors.find(name);
    if (entry == file.tensors.end()) {
      std::vector<std::string> all;
      for (const auto& [other, tensor] : file.tensors) all.push_back(other);
      if (all.size() > 12) all.resize(12);
      throw InputError(fmt::format("{}: no tensor '{}'; there are {}{}", options.path, name,
                                   fmt::join(all, ", "), all.size() < file.tensors.size() ? ", ..." : ""));
    }
    if (const std::string reason = unfit(entry->second, by); !reason.empty())
      throw InputError(
          fmt::format("{}: tensor '{}' {}; choose another --tensor", options.path, name, reason));
  }
  if (!options.tensors.empty()) return options.tensors;
  std::vector<std::string> names;
  for (const auto& [name, tensor] : file.tensors) {
    const std::string reason = unfit(tensor, by);
    if (reason.empty())
      names.push_back(name);
    else if (tensor.shape.size() == 2)
      fmt::print(err, "{}: left out, {}\n", name, reason);
  }
  if (names.empty())
    throw InputError(
        fmt::format("{}: none of its {} tensors is a weight matrix (2 dimensions, finite entries)",
                    options.path, file.tensors.size()));
  return names;
}

ExitCode spectrum(const SpectrumArguments& options, Console& console) {
  check_standard_output({options.path});
  const TensorFile file = read_safetensors(options.path);
  const ClusterBy by = value_of<ClusterBy>(options.cluster_by).value();
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const std::string& name : select(options, file, by, console.err)) {
    const Tensor& tensor = file.tensors.at(name);
    const Finding found = find(options, tensor, by);
    if (options.json) {
      list.push_back(to_json(name, tensor, found));
    } else {
      print_spectra(console.out, name, tensor, found.spectra);
      print_partition(console.out, found, options.order);
    }
  }
  if (options.json) console.out << list.dump(2) << '\n';
  return ExitCode::done;
}

}  // namespace

void add_spectrum(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<SpectrumArguments>();
  CLI::App* command = app.add_subcommand(
      "spectrum",
      "Laplacian eigenvalues, gaps, modules and dead units of weight matrices in a safetensors file");
  command->add_option("file", options->path, "The weights, as PyTorch has them: [out, in]")
      ->required()
      ->type_name("FILE.safetensors");
  command
      ->add_option("--tensor", options->tensors,
                   "A tensor to look at; may be given many times [every 2-D one]")
      ->type_name("NAME")
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
  command->add_flag("--order", options->order,
                    "Print the units in the order of their clusters, for pictures");
  command->add_flag("--json", options->json, "Print JSON, with the order");
  command->footer(
      "Clusters: k-means on the first eigenvectors of the Laplacian. Q: Newman's modularity of the "
      "similarity\n"
      "graph; ncut: its normalized cut, 0 where nothing is shared; block share: of the sum of |W|, each "
      "column\n"
      "belonging to the cluster that has most of it.\n"
      "Examples:\n"
      "  modsweep spectrum network.safetensors\n"
      "  modsweep spectrum model.safetensors --tensor encoder.fc1.weight --json");
  on_chosen(command, chosen, options, spectrum);
}

}  // namespace modsweep::cli
