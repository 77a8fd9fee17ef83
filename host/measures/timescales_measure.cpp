// Trained and effective timescales of a recurrent network's units (science.md section 8.6).
#include "measures/growing.h"

#include <algorithm>

namespace modsweep {
namespace {

constexpr Setting<bool> timescales_wanted{
    .key = "measure.timescales",
    .doc = "at the end, trained timescales of all units, and effective ones from their autocorrelations"};
constexpr Setting<std::uint32_t> timescale_steps{.key = "measure.timescale_steps",
                                                 .standard = 100000,
                                                 .limits = {100, 1e9},
                                                 .doc = "timescales: time steps of each sequence"};
constexpr Setting<std::uint32_t> timescale_trials{
    .key = "measure.timescale_trials", .standard = 10, .limits = {1, 16}, .doc = "timescales: sequences"};

void fit_timescales(const MeasuredNetwork& network, MeasureOutput& out) {
  const MeasureSettings& settings = network.settings.measure;
  const auto effective = network.training->effective_timescales(
      network.index, {.trials = timescale_trials.of(settings), .steps = timescale_steps.of(settings)});
  const Shape& shape = network.weights.shape;
  const recurrent::TensorLayout layout(shape.form, shape.modules, shape.heads);
  for (std::uint32_t module = 0; module < effective.size(); ++module) {
    const recurrent::NamedTensor& tau =
        layout.tensors()[layout.position(math::RecurrentTensor::timescale, module)];
    for (std::size_t unit = 0; unit < effective[module].size(); ++unit) {
      const double found = effective[module][unit];
      out.row("timescales", {module + 1, unit + 1},
              {std::max(network.weights.values[tau.offset + unit], 1.0),
               found > 0.0 ? MeasuredValue(found) : MeasuredValue()});
    }
  }
}

}  // namespace

Measure timescales_measure() {
  return {
      .name = "timescales",
      .family = Family::recurrent,
      .keys = {timescales_wanted, timescale_steps, timescale_trials},
      .only_last = true,
      .tables =
          {{.name = "timescales",
            .doc = "one unit of a trained recurrent network",
            .keys = {{.name = "module", .doc = "from 1, the oldest", .since = 7, .type = ColumnType::integer},
                     {.name = "unit", .doc = "from 1", .since = 7, .type = ColumnType::integer}},
            .columns = {{.name = "trained", .doc = "max(tau, 1)", .unit = "time steps", .since = 7},
                        {.name = "effective",
                         .doc = "decay of its autocorrelation; none of a state that does not vary",
                         .unit = "time steps",
                         .since = 7}},
            .since = 7}},
      .compute = fit_timescales,
      .bytes =
          [](const Shape& shape, const CellSettings&) {
            return bytes_of_rows(static_cast<double>(shape.modules) * shape.form.units, 2);
          },
  };
}

}  // namespace modsweep
