#include "plan/parents.h"

#include "config/grid.h"
#include "core/text.h"

#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/task.h"

namespace modsweep {
namespace {

Shape shape_of_cell(const CellSettings& cell) {
  return shape_of(cell, task_kind(cell.task.kind).outputs(cell.task));
}

}  // namespace

Parents::Parents(const Sweep& sweep) {
  const std::string& path = sweep.base.start.from;
  if (path.empty()) return;
  store_.emplace(path, Store::Access::read_only);
  std::unordered_map<std::string, Shape> shapes;  // of the cells with weights, by id
  store_->read_kept_weights([&](const Store::KeptWeights& kept) { shapes[kept.cell_id] = kept.shape; });
  for (std::uint64_t i = 0; i < sweep.size(); ++i) {
    const CellSettings cell = settings_at(sweep, i);
    if (cell.start.cell.empty())
      throw InputError(fmt::format("start.from = \"{}\" names no cell; add start.cell, with its id", path));
    const auto parent = shapes.find(std::string(bare_id(cell.start.cell)));
    if (parent == shapes.end())
      throw InputError(fmt::format(
          "start.cell = \"{}\": {} has no final weights of that cell; finish its sweep there, with "
          "measure.weights = true",
          cell.start.cell, one_line(path, 200)));
    if (const Shape own = shape_of_cell(cell); own != parent->second)
      throw InputError(fmt::format(
          "start.cell = \"{}\" is a network {}, but this sweep has networks {}; give the same [network] "
          "and a task with as many inputs and outputs",
          cell.start.cell, parent->second.text(), own.text()));
  }
}

Parents::Network Parents::of(const CellSettings& cell) {
  const std::scoped_lock lock(mutex_);
  if (!store_)
    throw LogicError(fmt::format("cell {} as a parent in a sweep without start.from", cell.start.cell));
  Store::StoredWeights stored = store_->weights(std::string(bare_id(cell.start.cell)));
  return {std::make_shared<const Parameters>(std::move(stored.weights)), std::move(stored.engine),
          std::move(stored.device)};
}

}  // namespace modsweep
