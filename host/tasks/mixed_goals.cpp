// Task 9 of science.md section 6: y = H D_g f(x) / 2, where f are the functions of modular_regression for
// four inputs, H mixes them into every output, and the goal g = 1 ... 8 chooses the signs D_g.
#include "tasks/regression_stream.h"

#include <array>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr std::uint32_t factors = 4;
constexpr std::array<std::string_view, 8> mixed_goal_names = {"1", "2", "3", "4", "5", "6", "7", "8"};
constexpr int signs_of_goal[8][factors] = {{1, 1, 1, 1},   {1, -1, 1, 1},  {1, 1, -1, 1},  {1, 1, 1, -1},
                                           {1, -1, -1, 1}, {1, 1, -1, -1}, {1, -1, 1, -1}, {1, -1, -1, -1}};
constexpr int hadamard[factors][factors] = {{1, 1, 1, 1}, {1, -1, 1, -1}, {1, 1, -1, -1}, {1, -1, -1, 1}};

void goal_targets(const SineFunctions& f, Samples& samples, std::size_t goal) {
  for (std::size_t sample = 0; sample < samples.count; ++sample) {
    const double* x = samples.x.data() + sample * factors;
    double* y = samples.y.data() + sample * factors;
    for (std::size_t i = 0; i < factors; ++i) {
      double sum = 0.0;
      for (std::size_t j = 0; j < factors; ++j) sum += hadamard[i][j] * signs_of_goal[goal][j] * f(j, x[j]);
      y[i] = 0.5 * sum;
    }
  }
}

void check_mixed_goals(const TaskSettings& task) {
  if (task.inputs != factors)
    throw InputError(fmt::format("task.inputs = {}: task.kind = \"mixed_goals\" has {}; give {}", task.inputs,
                                 factors, factors));
  check_regression(task, factors);
}

}  // namespace

TaskKind mixed_goals_task() {
  return {.name = "mixed_goals",
          .goals = {mixed_goal_names.begin(), mixed_goal_names.end()},
          .outputs = [](const TaskSettings&) { return factors; },
          .check = check_mixed_goals,
          .make =
              [](const TaskSettings& task) {
                const auto goal = static_cast<std::size_t>(goal_of(task).front() - '1');
                return make_regression(task, [goal](const SineFunctions& f, Samples& samples, NumpyRandom&) {
                  goal_targets(f, samples, goal);
                });
              }};
}

}  // namespace modsweep
