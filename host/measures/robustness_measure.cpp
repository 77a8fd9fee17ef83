// How a recurrent network bears perturbed weights and timescales (science.md section 8.6).
#include "measures/growing.h"

#include <array>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using recurrent::Perturbed;

constexpr Setting<bool> robustness_wanted{
    .key = "measure.robustness",
    .doc = "at the end, continuous accuracy of every head under perturbations of weights and timescales"};
constexpr Setting<std::string_view> moved{
    .key = "measure.robustness_of",
    .standard = "all",
    .choices = {"all", "weights", "recurrent", "feedforward", "input", "tau"},
    .doc = "robustness: what is perturbed; weights: recurrent and feedforward together; all: each in turn"};
constexpr Setting<double> first_strength{.key = "measure.robustness_first",
                                         .standard = 0.01,
                                         .limits = {0, 1e6, true},
                                         .doc = "robustness: the least strength"};
constexpr Setting<double> last_strength{.key = "measure.robustness_last",
                                        .standard = 10.0,
                                        .limits = {0, 1e6, true},
                                        .doc = "robustness: the largest strength"};
constexpr Setting<std::uint32_t> strength_count{
    .key = "measure.robustness_strengths",
    .standard = 10,
    .limits = {1, 1000},
    .doc = "robustness: strength_count, log-spaced from first to last"};
constexpr Setting<std::uint32_t> draw_count{.key = "measure.robustness_draws",
                                            .standard = 10,
                                            .limits = {1, 10000},
                                            .doc = "robustness: perturbations of each strength"};

constexpr std::array<std::pair<std::string_view, Perturbed>, 5> all_moved = {
    {{"weights", Perturbed::weights},
     {"recurrent", Perturbed::recurrent},
     {"feedforward", Perturbed::feedforward},
     {"input", Perturbed::input},
     {"tau", Perturbed::tau}}};

std::vector<double> strengths_of(const MeasureSettings& settings) {
  const std::uint32_t count = strength_count.of(settings);
  const double low = first_strength.of(settings);
  const double high = last_strength.of(settings);
  std::vector<double> out;
  for (std::uint32_t i = 0; i < count; ++i)
    out.push_back(count == 1 ? low : low * std::pow(high / low, static_cast<double>(i) / (count - 1)));
  return out;
}

/// Mean and standard deviation over draws of a head's accuracy.
MeasuredRow over_draws(const std::vector<std::vector<double>>& accuracy, std::size_t head) {
  const auto count = static_cast<double>(accuracy.size());
  double mean = 0.0, squares = 0.0;
  for (const auto& draw : accuracy) mean += draw[head] / count;
  for (const auto& draw : accuracy) squares += (draw[head] - mean) * (draw[head] - mean);
  if (accuracy.size() < 2) return {mean, {}};
  return {mean, std::sqrt(squares / (count - 1.0))};
}

void perturb(const MeasuredNetwork& network, MeasureOutput& out) {
  const MeasureSettings& settings = network.settings.measure;
  const std::string_view chosen = moved.of(settings);
  for (const auto& [name, what] : all_moved) {
    if (chosen != "all" && chosen != name) continue;
    const recurrent::RobustnessSettings ask{
        .what = what, .strengths = strengths_of(settings), .draws = draw_count.of(settings)};
    const auto accuracy = network.training->robustness(network.index, ask);
    for (std::size_t s = 0; s < accuracy.size(); ++s)
      for (std::size_t head = 0; head < accuracy[s].front().size(); ++head)
        out.row("robustness", {std::string(name), ask.strengths[s], head + 2}, over_draws(accuracy[s], head));
  }
}

void check_strengths(const CellSettings& cell) {
  if (first_strength.of(cell.measure) > last_strength.of(cell.measure))
    throw InputError(
        fmt::format("measure.robustness_first = {} is above measure.robustness_last = {}; lower it",
                    first_strength.of(cell.measure), last_strength.of(cell.measure)));
}

double bytes_of_robustness(const Shape& shape, const CellSettings& cell) {
  const double kinds = moved.of(cell.measure) == "all" ? static_cast<double>(all_moved.size()) : 1.0;
  return bytes_of_rows(kinds * strength_count.of(cell.measure) * shape.heads, 2);
}

}  // namespace

Measure robustness_measure() {
  return {
      .name = "robustness",
      .family = Family::recurrent,
      .keys = {robustness_wanted, moved, first_strength, last_strength, strength_count, draw_count},
      .check = check_strengths,
      .only_last = true,
      .tables =
          {{.name = "robustness",
            .doc = "one head of a trained recurrent network under perturbations of one strength",
            .keys = {{.name = "perturbed", .doc = "what was perturbed", .since = 7, .type = ColumnType::text},
                     {.name = "strength", .doc = "size of the change over that of the matrix", .since = 7},
                     {.name = "n", .doc = "task N of the head", .since = 7, .type = ColumnType::integer}},
            .columns = {{.name = "accuracy",
                         .doc = "share of right answers at every step of a long sequence, mean over draws",
                         .since = 7},
                        {.name = "accuracy_sd",
                         .doc = "its standard deviation over draws; of one draw none",
                         .since = 7}},
            .since = 7}},
      .compute = perturb,
      .bytes = bytes_of_robustness,
  };
}

}  // namespace modsweep
