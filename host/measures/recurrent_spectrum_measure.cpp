// Laplacian spectra of W_R of recurrent networks (science.md section 8.8).
#include "measures/growing.h"

#include "modsweep/spectrum.h"

namespace modsweep {
namespace {

constexpr Setting<bool> recurrent_spectrum_wanted{
    .key = "measure.recurrent_spectrum",
    .doc = "at the end, Laplacian spectra and gaps of W_R of every module"};

void write_recurrent_spectra(const MeasuredNetwork& network, MeasureOutput& out) {
  const Shape& shape = network.weights.shape;
  const std::uint32_t n = shape.heads;
  for (std::uint32_t module = 0; module < shape.modules; ++module) {
    const auto spectra =
        layer_spectra(recurrent_weights(network.weights, module), shape.form.units, shape.form.units);
    if (module + 1 == shape.modules)
      out.network({n, spectra.all.gap(n), spectra.live.gap(n), spectra.live.modules()});
    out.row("recurrent_spectra", {module + 1},
            {spectra.all.gap(n), spectra.live.gap(n), spectra.live.modules(), spectra.dead.size(),
             json_list(spectra.all.eigenvalues)});
  }
}

}  // namespace

Measure recurrent_spectrum_measure() {
  constexpr std::int32_t since = 7;
  constexpr auto integer = ColumnType::integer;
  return {
      .name = "recurrent_spectrum",
      .family = Family::recurrent,
      .keys = {recurrent_spectrum_wanted},
      .only_last = true,
      .network = {{.name = "recurrent_n",
                   .doc = "n of recurrent_gap: the heads of the trained network",
                   .since = since,
                   .type = integer},
                  {.name = "recurrent_gap",
                   .doc = "gap_n of W_R of the newest module, all rows; none: n rows or fewer",
                   .since = since},
                  {.name = "recurrent_gap_live", .doc = "the same without dead rows", .since = since},
                  {.name = "recurrent_modules",
                   .doc = "modules found in its live rows: k of the largest gap",
                   .since = since,
                   .type = integer}},
      .tables = {{.name = "recurrent_spectra",
                  .doc = "the Laplacian spectrum of W_R of one module of a trained recurrent network",
                  .keys = {{.name = "module", .doc = "from 1", .since = since, .type = integer}},
                  .columns = {{.name = "gap",
                               .doc = "gap_n of all rows, n the network's heads; none: n rows or fewer",
                               .since = since},
                              {.name = "gap_live", .doc = "gap_n without dead rows", .since = since},
                              {.name = "modules",
                               .doc = "modules found in the live rows: k of the largest gap",
                               .since = since,
                               .type = integer},
                              {.name = "dead",
                               .doc = "dead rows: norm 0 or below 1e-3 of the largest",
                               .unit = "rows",
                               .since = since,
                               .type = integer},
                              {.name = "eigenvalues",
                               .doc = "JSON array: of all rows, ascending",
                               .since = since,
                               .type = ColumnType::json}},
                  .since = since}},
      .compute = write_recurrent_spectra,
      .bytes = [](const Shape& shape,
                  const CellSettings&) { return 32.0 + shape.modules * (64.0 + 19.0 * shape.form.units); },
  };
}

}  // namespace modsweep
