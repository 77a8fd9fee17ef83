#include "tasks/square_points.h"

#include "tasks/regression_stream.h"

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

Samples draw(std::uint32_t count, Region wanted, const SquareTask& square, NumpyRandom& random) {
  Samples samples;
  samples.count = count;
  samples.inputs = 2;
  samples.outputs = 1;
  samples.x.reserve(std::size_t{count} * 2);
  samples.y.reserve(count);
  while (samples.y.size() < count) {
    Point point;
    point.x = 2.0 * random.uniform() - 1.0;
    point.y = 2.0 * random.uniform() - 1.0;
    if (square.region(point) != wanted) continue;
    samples.x.push_back(point.x);
    samples.x.push_back(point.y);
    samples.y.push_back(square.target(point));
  }
  return samples;
}

}  // namespace

Dataset make_square(const TaskSettings& task, const SquareTask& square, NumpyRandom& random, bool has_ood) {
  Dataset data;
  data.train = draw(task.train_samples, Region::id, square, random);
  data.test = draw(task.test_samples, Region::id, square, random);
  data.ood = draw(has_ood ? task.ood_samples : 0, Region::ood, square, random);
  data.validation = draw(task.validation_samples, Region::id, square, random);
  return data;
}

void check_square(const TaskSettings& task) {
  if (task.inputs != 2)
    throw InputError(
        fmt::format("task.inputs = {}: task.kind = \"{}\" has the inputs x and y; set task.inputs "
                    "= 2",
                    task.inputs, task.kind));
  check_regression(task, 2);
}

}  // namespace modsweep
