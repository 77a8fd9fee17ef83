// Task 5 of science.md section 6: z = f3(f1(x) + f2(y)) on [-1, 1]^2, f_i(t) = A_i sin(w_i t + p_i). The
// square is cut into 8 x 8 patches; a random fraction of them, task.patch_fraction, is learned, the rest is
// out of distribution.
//
// Two seeds, to vary the functions, or only the patches of the same functions: task.seed draws the functions
// (A: 3 uniform numbers, 0.7 + 0.3u; w: 3, 0.8 + 2.8u; p: 3, 2 pi u), and task.data_seed an order of the
// patches and then the points. The first round(64 * patch_fraction) patches of that order are learned, so
// that a larger fraction adds patches to those of a smaller one.
#include "tasks/data_seed.h"
#include "tasks/regression_stream.h"
#include "tasks/square_points.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr Setting<double> patch_fraction{.key = "task.patch_fraction",
                                         .standard = 0.8,
                                         .limits = {0, 1},
                                         .doc = "random_composition: the share of patches that is learned"};

constexpr std::uint32_t side = 8;
constexpr std::uint32_t patches = side * side;

SineFunctions draw_functions(std::uint32_t seed) {
  NumpyRandom random(seed);
  SineFunctions f;
  for (int i = 0; i < 3; ++i) f.amplitudes.push_back(0.7 + 0.3 * random.uniform());
  for (int i = 0; i < 3; ++i) f.frequencies.push_back(0.8 + 2.8 * random.uniform());
  for (int i = 0; i < 3; ++i) f.phases.push_back(2.0 * std::numbers::pi * random.uniform());
  return f;
}

std::uint32_t learned_patches(const TaskSettings& task) {
  return static_cast<std::uint32_t>(std::lround(patches * patch_fraction.of(task)));
}

/// Which patches are learned, by row of y and column of x, counted from (-1, -1).
std::array<bool, patches> draw_mask(std::uint32_t learned, NumpyRandom& random) {
  std::array<std::uint32_t, patches> order{};
  std::iota(order.begin(), order.end(), 0U);
  for (std::uint32_t i = 0; i < patches; ++i) std::swap(order[i], order[i + random.index(patches - i)]);
  std::array<bool, patches> mask{};
  for (std::uint32_t i = 0; i < learned; ++i) mask[order[i]] = true;
  return mask;
}

std::uint32_t patch_of(const Point& p) {
  const auto cell = [](double t) {
    return std::min(static_cast<std::uint32_t>((t + 1.0) / 2.0 * side), side - 1);
  };
  return cell(p.y) * side + cell(p.x);
}

void check_composition(const TaskSettings& task) {
  check_square(task);
  const double fraction = patch_fraction.of(task);
  if (!(fraction >= 1.0 / patches && fraction <= 1.0))
    throw InputError(fmt::format("task.patch_fraction = {}: give a share of the {} patches, from 1/{} to 1",
                                 fraction, patches, patches));
}

Dataset make_composition(const TaskSettings& task) {
  const SineFunctions f = draw_functions(task.seed);
  NumpyRandom random(data_seed.of(task));
  const auto mask = draw_mask(learned_patches(task), random);
  const SquareTask square{[&](const Point& p) { return mask[patch_of(p)] ? Region::id : Region::ood; },
                          [&](const Point& p) { return f(2, f(0, p.x) + f(1, p.y)); }};
  return make_square(task, square, random, learned_patches(task) < patches);
}

}  // namespace

TaskKind random_composition_task() {
  return {.name = "random_composition",
          .settings = {data_seed, patch_fraction},
          .uses_ood_samples = true,
          .outputs = [](const TaskSettings&) { return 1U; },
          .check = check_composition,
          .make = make_composition};
}

}  // namespace modsweep
