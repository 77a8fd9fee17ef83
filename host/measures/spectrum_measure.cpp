// Laplacian spectra of every layer: gaps, numbers of modules, dead units, and the eigenvalues themselves.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/measure.h"
#include "modsweep/spectrum.h"

namespace modsweep {
namespace {

void write_spectra(const MeasuredNetwork& network, MeasureOutput& out) {
  const std::uint32_t n = modules_sought(network.settings);
  for (std::size_t l = 0; l < network.spectra.size(); ++l) {
    const auto& [all, live, dead] = network.spectra[l];
    out.layer(l, {n, all.gap(n), live.gap(n), all.largest_gap(), live.largest_gap(), dead.size()});
    MeasuredValue eigenvalues_live;
    if (live.eigenvalues != all.eigenvalues) eigenvalues_live = json_list(live.eigenvalues);
    out.row("eigenvalues", {l + 1},
            {json_list(all.eigenvalues), eigenvalues_live, fmt::format("[{}]", fmt::join(dead, ","))});
  }
}

double bytes_of_spectra(const Shape& shape, const CellSettings& cell) {
  // With pages and indexes; rounded from stores of two sweeps.
  constexpr double of_layer = 80.0;
  constexpr double of_eigenvalue = 19.0;
  double bytes = 0.0;
  for (std::size_t l = 0; l < shape.weight_layers(); ++l)
    bytes +=
        of_layer + of_eigenvalue * shape.sizes[cell.measure.cluster_by == ClusterBy::incoming ? l + 1 : l];
  return bytes;
}

constexpr auto integer = ColumnType::integer;
constexpr auto json = ColumnType::json;

}  // namespace

Measure spectrum_measure() {
  return {
      .name = "spectrum",
      .asked = [](const CellSettings& cell) { return cell.measure.spectrum; },
      .spectra = true,
      .layer =
          {{.name = "n", .doc = "which gap: measure.modules, or the task's", .type = integer, .shown = false},
           {.name = "gap", .doc = "gap_n = lambda_{n+1} - lambda_n, all rows; none: n rows or fewer"},
           {.name = "gap_live",
            .doc = "gap_n without dead rows",
            .run = {.heading = "gap_{n}", .format = "{:.3f}", .order = 70, .always = true, .layers = 4}},
           {.name = "modules",
            .doc = "k < rows of the largest gap, all rows; the views add the last gap, to 1",
            .type = integer},
           {.name = "modules_live",
            .doc = "the same without dead rows",
            .type = integer,
            .run = {.heading = "modules", .format = "{:g}", .order = 60, .always = true}},
           {.name = "dead",
            .doc = "dead rows: norm 0 or below 1e-3 of the largest",
            .unit = "rows",
            .type = integer}},
      .tables =
          {{.name = "eigenvalues",
            .doc = "the spectra themselves, ascending; apart, so that `layers` reads fast",
            .keys = {{.name = "layer", .doc = "from 1", .type = integer}},
            .columns = {{.name = "eigenvalues", .doc = "JSON array: of all rows", .type = json},
                        {.name = "eigenvalues_live",
                         .doc = "JSON array: without dead rows; none: the same as `eigenvalues`",
                         .type = json},
                        {.name = "dead_rows", .doc = "JSON array: the dead rows, from 0", .type = json}},
            .exported = false,  // exported as `spectra`, with columns of `layers`
            .long_rows = true}},
      .compute = write_spectra,
      .bytes = bytes_of_spectra,
  };
}

}  // namespace modsweep
