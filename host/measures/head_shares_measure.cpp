// Which heads the units of a flat network serve (science.md section 8.8).
#include "measures/growing.h"

#include "modsweep/recurrent_graph.h"

namespace modsweep {
namespace {

constexpr Setting<bool> head_shares_wanted{
    .key = "measure.head_shares",
    .doc = "at the end, of flat networks: how much each unit gives to each head"};

void write_head_shares(const MeasuredNetwork& network, MeasureOutput& out) {
  if (network.weights.shape.form.modular) return;
  const auto weights = head_weights(network.weights);
  out.network({head_separation(weights)});
  for (std::size_t unit = 0; unit < weights.front().size(); ++unit) {
    double sum = 0.0;
    for (const auto& head : weights) sum += head[unit];
    for (std::size_t head = 0; head < weights.size(); ++head)
      out.row("head_shares", {unit + 1, head + 2},
              {weights[head][unit], sum > 0.0 ? MeasuredValue(weights[head][unit] / sum) : MeasuredValue()});
  }
}

}  // namespace

Measure head_shares_measure() {
  constexpr std::int32_t since = 7;
  constexpr auto integer = ColumnType::integer;
  return {
      .name = "head_shares",
      .family = Family::recurrent,
      .keys = {head_shares_wanted},
      .only_last = true,
      .network = {{.name = "head_separation",
                   .doc = "of flat networks: 1 where each unit serves one head, 1 / heads where all serve "
                          "all alike",
                   .since = since}},
      .tables =
          {{.name = "head_shares",
            .doc = "what one unit of a trained flat network gives to one head",
            .keys = {{.name = "unit", .doc = "from 1", .since = since, .type = integer},
                     {.name = "n", .doc = "task N of the head", .since = since, .type = integer}},
            .columns = {{.name = "weight", .doc = "the unit's share of the head's |W_O|", .since = since},
                        {.name = "share",
                         .doc = "of what the unit gives to all heads; none: it gives nothing",
                         .since = since}},
            .since = since}},
      .compute = write_head_shares,
      .bytes =
          [](const Shape& shape, const CellSettings&) {
            return shape.form.modular
                       ? 0.0
                       : 8.0 + bytes_of_rows(static_cast<double>(shape.heads) * shape.form.units, 2);
          },
  };
}

}  // namespace modsweep
