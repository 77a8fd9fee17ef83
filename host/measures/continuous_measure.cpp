// How well a recurrent network reads an endless sequence (science.md section 8.6).
#include "measures/growing.h"

#include <numeric>

namespace modsweep {
namespace {

constexpr Setting<bool> continuous_wanted{
    .key = "measure.continuous",
    .standard = true,
    .doc = "at the end, accuracy of every head at every step of a long sequence"};
constexpr Setting<std::uint32_t> continuous_steps{
    .key = "measure.continuous_steps",
    .standard = 1000,
    .limits = {1, 1e7},
    .doc = "continuous: time steps that are read, after the warm-up"};

void read_continuously(const MeasuredNetwork& network, MeasureOutput& out) {
  const auto accuracy =
      network.training->continuous_accuracy(network.index, continuous_steps.of(network.settings.measure));
  out.network(
      {std::accumulate(accuracy.begin(), accuracy.end(), 0.0) / static_cast<double>(accuracy.size())});
  for (std::size_t head = 0; head < accuracy.size(); ++head)
    out.row("continuous", {head + 2}, {accuracy[head]});
}

}  // namespace

Measure continuous_measure() {
  return {
      .name = "continuous",
      .family = Family::recurrent,
      .keys = {continuous_wanted, continuous_steps},
      .only_last = true,
      .network = {{.name = "continuous_accuracy",
                   .doc = "mean over heads of the share of right answers at every step of a long sequence",
                   .since = 7}},
      .tables =
          {{.name = "continuous",
            .doc = "one head of a trained recurrent network",
            .keys = {{.name = "n", .doc = "task N of the head", .since = 7, .type = ColumnType::integer}},
            .columns = {{.name = "accuracy",
                         .doc = "share of right answers at every step of a long sequence",
                         .since = 7}},
            .since = 7}},
      .compute = read_continuously,
      .bytes = [](const Shape& shape, const CellSettings&) { return 8.0 + bytes_of_rows(shape.heads, 1); },
  };
}

}  // namespace modsweep
