// By which paths of weights past bits reach the heads of a flat network (science.md section 8.8).
#include "measures/growing.h"

#include "modsweep/recurrent_graph.h"

namespace modsweep {
namespace {

constexpr Setting<bool> bit_paths_wanted{
    .key = "measure.bit_paths",
    .doc = "at the end, of flat networks: how much of each head's paths of weights comes from each bit"};

void write_bit_paths(const MeasuredNetwork& network, MeasureOutput& out) {
  if (network.weights.shape.form.modular) return;
  const BitPaths paths = bit_paths(network.weights);
  double sum = 0.0;
  std::size_t counted = 0;
  for (const auto& leak : paths.leaks) {
    if (!leak) continue;
    sum += *leak;
    ++counted;
  }
  out.network({counted > 0 ? MeasuredValue(sum / static_cast<double>(counted)) : MeasuredValue()});
  for (std::size_t head = 0; head < paths.shares.size(); ++head)
    for (std::size_t d = 0; d < paths.shares[head].size(); ++d)
      out.row("bit_paths", {head + 2, d}, {paths.shares[head][d]});
}

double bytes_of_bit_paths(const Shape& shape, const CellSettings&) {
  if (shape.form.modular) return 0.0;
  const double heads = shape.heads;
  return 8.0 + bytes_of_rows(heads * (4.0 * heads + 5.0), 1);
}

}  // namespace

Measure bit_paths_measure() {
  constexpr std::int32_t since = 7;
  constexpr auto integer = ColumnType::integer;
  return {
      .name = "bit_paths",
      .family = Family::recurrent,
      .keys = {bit_paths_wanted},
      .only_last = true,
      .network = {{.name = "bit_leak",
                   .doc = "of flat networks: mean over heads of the share of their paths of weights that "
                          "come from bits before the last N",
                   .since = since}},
      .tables = {{.name = "bit_paths",
                  .doc = "paths of weights from one bit to one head of a trained flat network",
                  .keys = {{.name = "n", .doc = "task N of the head", .since = since, .type = integer},
                           {.name = "delay",
                            .doc = "time steps from the bit to the end, from 0",
                            .since = since,
                            .type = integer}},
                  .columns = {{.name = "share", .doc = "share of the head's paths", .since = since}},
                  .since = since}},
      .compute = write_bit_paths,
      .bytes = bytes_of_bit_paths,
  };
}

}  // namespace modsweep
