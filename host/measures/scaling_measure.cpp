// How the columns of a table were scaled (task.scale), so that weights can be used on other rows.
#include "modsweep/measure.h"

namespace modsweep {
namespace {

void scales_of(const MeasuredNetwork& network, MeasureOutput& out) {
  for (const auto& [role, scales] :
       {std::pair("input", &network.data.input_scales), {"target", &network.data.target_scales}}) {
    std::size_t position = 0;
    for (const ColumnScale& own : *scales)
      out.row("scaling", {std::string(role), ++position}, {own.column, own.mean, own.scale});
  }
}

}  // namespace

Measure scaling_measure() {
  return {
      .name = "scaling",
      .asked = [](const CellSettings& cell) { return cell.task.own.find("task.scale") != nullptr; },
      .finite_weights = false,
      .only_last = true,
      .tables = {{.name = "scaling",
                  .doc = "a column of a table that was scaled: the network sees (value - mean) / scale",
                  .keys = {{.name = "role", .doc = "'input' or 'target'", .type = ColumnType::text},
                           {.name = "position",
                            .doc = "of the network's unit, from 1",
                            .type = ColumnType::integer}},
                  .columns = {{.name = "name", .doc = "of the column", .since = 5, .type = ColumnType::text},
                              {.name = "mean", .doc = "over the training rows", .since = 5},
                              {.name = "scale",
                               .doc = "standard deviation over the training rows, or 1",
                               .since = 5}},
                  .since = 5}},
      .compute = scales_of,
      .bytes = [](const Shape& shape,
                  const CellSettings&) { return 50.0 * (shape.inputs() + shape.outputs()); },
  };
}

}  // namespace modsweep
