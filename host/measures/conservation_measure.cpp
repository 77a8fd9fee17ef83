// How much of its weights a module has of the one before (science.md section 8.6).
#include "measures/growing.h"

namespace modsweep {
namespace {

constexpr Setting<bool> conservation_wanted{
    .key = "measure.conservation",
    .standard = true,
    .doc = "at the end, how unlike the weights of each module are to those of the one before"};

void compare(const MeasuredNetwork& network, MeasureOutput& out) {
  const auto recurrent = network.training->conservations(network.index, math::RecurrentTensor::recurrent);
  const auto feedforward = network.training->conservations(network.index, math::RecurrentTensor::feedforward);
  // The second module is the first with feed-forward weights, so the third is the first that has some before
  // it.
  for (std::size_t i = 0; i < recurrent.size(); ++i)
    out.row("conservation", {i + 2},
            {recurrent[i], i == 0 ? MeasuredValue() : MeasuredValue(feedforward.at(i - 1))});
}

}  // namespace

Measure conservation_measure() {
  return {
      .name = "conservation",
      .family = Family::recurrent,
      .keys = {conservation_wanted},
      .only_last = true,
      .tables =
          {{.name = "conservation",
            .doc =
                "one module of a trained recurrent network beside the one before: 0 where they are copies, 2 "
                "where they are unrelated",
            .keys = {{.name = "module", .doc = "from 2", .since = 7, .type = ColumnType::integer}},
            .columns = {{.name = "recurrent", .doc = "of W_R", .since = 7},
                        {.name = "feedforward", .doc = "of W_FF; none of the second module", .since = 7}},
            .since = 7}},
      .compute = compare,
      .bytes = [](const Shape& shape, const CellSettings&) { return bytes_of_rows(shape.modules, 2); },
  };
}

}  // namespace modsweep
