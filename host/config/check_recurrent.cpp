#include "config/check_recurrent.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"
#include "modsweep/names.h"

namespace modsweep {
namespace {

void check_learning(const TrainingSettings& t) {
  if (t.optimizer != Optimizer::sgd)
    throw InputError(fmt::format(
        "training.optimizer = \"{}\" does not train recurrent networks; leave it out, which means \"sgd\"",
        name_of(t.optimizer)));
  if (t.nesterov && t.momentum == 0)
    throw InputError("training.momentum = 0 leaves training.nesterov without effect; set that to false");
}

void check_growth(const CellSettings& cell) {
  constexpr std::array<std::string_view, 5> groups = {"recurrent", "feedforward", "input", "tau", "head"};
  const GrowthSettings& g = cell.growth;
  for (auto name = g.duplicate.begin(); name != g.duplicate.end(); ++name) {
    if (std::ranges::find(groups, *name) == groups.end())
      throw InputError(fmt::format("growth.duplicate: \"{}\" is no group of tensors; give any of {}", *name,
                                   fmt::join(groups, ", ")));
    if (std::find(g.duplicate.begin(), name, *name) != name)
      throw InputError(fmt::format("growth.duplicate: \"{}\" is there twice; keep one", *name));
  }
  if (g.freeze != Freeze::none && g.old_rate > 0.0)
    throw InputError(
        fmt::format("growth.freeze = \"{}\" keeps copies of weights that growth.old_rate = {} goes on "
                    "training; keep one of the two",
                    name_of(g.freeze), g.old_rate));
}

}  // namespace

void check_recurrent(const CellSettings& cell) {
  check_learning(cell.training);
  check_growth(cell);
  if (cell.network.leaky_slope < 0.0)
    throw InputError(
        fmt::format("network.leaky_slope = {} is below 0, which the gradient of a recurrent network does not "
                    "know; give 0 or more",
                    cell.network.leaky_slope));
}

}  // namespace modsweep
