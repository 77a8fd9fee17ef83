// How recurrent networks grow (science.md section 8.6): what every epoch's test said.
#include "measures/growing.h"

#include <numeric>

namespace modsweep {
namespace {

double mean(const std::vector<double>& values) {
  return values.empty()
             ? 0.0
             : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void record_epoch(const MeasuredNetwork& network, MeasureOutput& out) {
  const recurrent::EpochRecord& record = network.training->epoch(network.index);
  // A network that diverged within an epoch has nothing new to say.
  if (record.epoch == 0 || network.step % network.settings.growth.epoch_steps != 0) return;
  out.network({record.epoch, record.task, record.solved, record.accuracy.back(), mean(record.accuracy),
               record.loss, record.parameters, record.trained, mean(record.timescale)});
  for (std::size_t head = 0; head < record.accuracy.size(); ++head)
    out.row("heads", {head + 2}, {record.accuracy[head]});
  for (std::size_t module = 0; module < record.timescale.size(); ++module)
    out.row("modules", {module + 1}, {record.timescale[module]});
}

}  // namespace

Measure growth_measure() {
  constexpr std::int32_t since = 7;
  const auto whole = [](std::string_view name, std::string_view doc, RunColumn run = {}) {
    return MeasureColumn{.name = name, .doc = doc, .since = since, .type = ColumnType::integer, .run = run};
  };
  const auto real = [](std::string_view name, std::string_view doc, RunColumn run = {}) {
    return MeasureColumn{.name = name, .doc = doc, .since = since, .run = run};
  };
  return {
      .name = "growth",
      .family = Family::recurrent,
      .finite_weights = false,
      .network = {whole("epoch", "epochs trained; of recurrent networks, as the next eight"),
                  whole("task", "N that was learned in this epoch"),
                  whole("n_solved", "largest N that was solved; 1: none",
                        {.heading = "N solved", .format = "{:.0f}", .order = 5}),
                  real("accuracy", "share of right answers of the newest head in the epoch's test",
                       {.heading = "accuracy", .format = "{:.3f}", .order = 6}),
                  real("mean_accuracy", "mean share of right answers of all heads"),
                  real("epoch_loss",
                       "mean over the epoch's steps of the loss, cross-entropy of the heads that learn"),
                  whole("parameters", "parameters of the network",
                        {.heading = "parameters", .format = "{:.0f}", .order = 7}),
                  whole("trained_parameters", "of these, those that were trained in this epoch"),
                  real("timescale", "mean over modules and units of max(tau, 1)")},
      .tables = {{.name = "heads",
                  .doc = "one head of a recurrent network after an epoch",
                  .keys = {whole("n", "task N of the head")},
                  .columns = {real("accuracy", "share of right answers in the epoch's test")},
                  .since = since},
                 {.name = "modules",
                  .doc = "one module of a recurrent network after an epoch",
                  .keys = {whole("module", "from 1, the oldest")},
                  .columns = {real("timescale", "mean over units of max(tau, 1)")},
                  .since = since}},
      .compute = record_epoch,
      .bytes =
          [](const Shape& shape, const CellSettings&) {
            return 72.0 + bytes_of_rows(0.5 * (shape.heads + shape.modules), 1);
          },
  };
}

}  // namespace modsweep
