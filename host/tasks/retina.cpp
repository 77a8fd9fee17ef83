// Task 8 of science.md section 6: two sides of a retina of 2 x 4 pixels, each with an object or without one
// (Kashtan and Alon 2005). Patterns s = 0 ... 255, pixel i is on where bit i of s is set; pixels 0 to 3 are
// the left side, 4 to 7 the right one. Training and test samples are the first patterns, 256 being all,
// validation samples the last ones.
#include <algorithm>
#include <array>
#include <bit>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/task.h"

namespace modsweep {
namespace {

constexpr std::uint32_t pixels = 8;
constexpr std::uint32_t patterns = 1U << pixels;
constexpr std::array<std::string_view, 6> retina_goals = {"l_and_r", "l_or_r", "l_xor_r",
                                                          "left",    "right",  "both"};

/// Whether a side of four pixels has its object: three or four of them are on, or some but only in its outer
/// column.
bool has_object(std::uint32_t side, std::uint32_t outer_column) {
  return std::popcount(side) >= 3 || (side != 0 && (side & ~outer_column) == 0);
}

std::uint32_t goal_outputs(std::string_view goal) {
  return goal == "both" ? 2 : 1;
}

void add_targets(std::string_view goal, bool left, bool right, std::vector<double>& y) {
  const auto add = [&](bool on) { y.push_back(on ? 1.0 : -1.0); };
  if (goal == "l_and_r") add(left && right);
  if (goal == "l_or_r") add(left || right);
  if (goal == "l_xor_r") add(left != right);
  if (goal == "left" || goal == "both") add(left);
  if (goal == "right" || goal == "both") add(right);
}

/// The patterns first, first + 1, ....
Samples pattern_samples(std::string_view goal, std::uint32_t first, std::uint32_t count) {
  Samples samples;
  samples.count = count;
  samples.inputs = pixels;
  samples.outputs = goal_outputs(goal);
  for (std::uint32_t s = first; s < first + count; ++s) {
    for (std::uint32_t i = 0; i < pixels; ++i) samples.x.push_back((s >> i & 1U) != 0 ? 1.0 : -1.0);
    add_targets(goal, has_object(s & 15U, 0b0101U), has_object(s >> 4U, 0b1010U), samples.y);
  }
  return samples;
}

void check_retina(const TaskSettings& task) {
  if (task.inputs != pixels)
    throw InputError(fmt::format("task.inputs = {}: task.kind = \"retina\" has {} pixels; give {}",
                                 task.inputs, pixels, pixels));
  for (const auto& [key, count, least] : {std::tuple("train_samples", task.train_samples, 1U),
                                          {"test_samples", task.test_samples, 1U},
                                          {"validation_samples", task.validation_samples, 0U}})
    if (count < least || count > patterns)
      throw InputError(fmt::format("task.{} = {}: task.kind = \"retina\" has {} patterns; give {} to {}", key,
                                   count, patterns, least, patterns));
}

}  // namespace

TaskKind retina_task() {
  return {.name = "retina",
          .goals = {retina_goals.begin(), retina_goals.end()},
          .uses_seed = false,
          .targets_are_signs = true,
          .modules = [](const TaskSettings&) { return 2U; },
          .input_group = [](const TaskSettings&, std::uint32_t input) { return input / 4; },
          .outputs = [](const TaskSettings& task) { return goal_outputs(goal_of(task)); },
          .check = check_retina,
          .make =
              [](const TaskSettings& task) {
                const std::string_view goal = goal_of(task);
                Dataset data;
                data.train = pattern_samples(goal, 0, task.train_samples);
                data.test = pattern_samples(goal, 0, task.test_samples);
                data.validation =
                    pattern_samples(goal, patterns - task.validation_samples, task.validation_samples);
                return data;
              }};
}

}  // namespace modsweep
