// How well a trained recurrent network can learn longer tasks (science.md section 8.6).
#include "measures/growing.h"

namespace modsweep {
namespace {

using recurrent::Generalization;

constexpr Setting<bool> generalization_wanted{
    .key = "measure.generalization",
    .doc = "at the end, accuracy of fresh heads that learn N + 1, N + 2, ... on what is trained"};
constexpr Setting<std::uint32_t> most_extra{.key = "measure.generalization_most",
                                            .standard = 10,
                                            .limits = {1, 1000},
                                            .doc = "generalization: the longest task is N plus this"};
constexpr Setting<std::string_view> extra_learns{
    .key = "measure.generalization_learns",
    .standard = "head",
    .choices = {"head", "all"},
    .doc = "generalization: whether the head alone learns, or with it what was trained before"};
constexpr Setting<std::uint32_t> extra_epochs{.key = "measure.generalization_epochs",
                                              .standard = 10,
                                              .limits = {1, 65536},
                                              .doc = "generalization: epochs for each task"};

void learn_more(const MeasuredNetwork& network, MeasureOutput& out) {
  const MeasureSettings& settings = network.settings.measure;
  const auto what = extra_learns.of(settings) == "all" ? Generalization::all : Generalization::head;
  for (std::uint32_t extra = 1; extra <= most_extra.of(settings); ++extra)
    out.row("generalization", {extra},
            {network.training->generalization(network.index, extra, what, extra_epochs.of(settings))});
}

}  // namespace

Measure generalization_measure() {
  return {
      .name = "generalization",
      .family = Family::recurrent,
      .keys = {generalization_wanted, most_extra, extra_learns, extra_epochs},
      .only_last = true,
      .tables = {{.name = "generalization",
                  .doc = "a fresh head of a trained recurrent network that learned a longer task",
                  .keys = {{.name = "extra",
                            .doc = "K: the head learned N_solved + K",
                            .since = 7,
                            .type = ColumnType::integer}},
                  .columns = {{.name = "accuracy", .doc = "share of right answers in a test", .since = 7}},
                  .since = 7}},
      .compute = learn_more,
      .bytes = [](const Shape&,
                  const CellSettings& cell) { return bytes_of_rows(most_extra.of(cell.measure), 1); },
  };
}

}  // namespace modsweep
