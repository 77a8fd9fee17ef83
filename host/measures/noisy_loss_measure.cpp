// The loss of the test set with the noise of [measure], averaged over independent draws.
#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/measure.h"

namespace modsweep {
namespace {

/// Evaluates the pack for each noise that its networks ask for: only one in nearly every sweep. Draw k is the
/// same for a network whatever the others ask for.
bool evaluate_noisy(Training& training, std::span<const MeasuredNetwork> networks,
                    std::span<MeasureOutput> out) {
  std::map<std::pair<double, double>, std::vector<std::size_t>> by_noise;  // (strength, exponent) -> networks
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const MeasureSettings& ask = networks[i].settings.measure;
    by_noise[{ask.noisy_strength, ask.noisy_exponent}].push_back(i);
  }
  for (const auto& [noise, members] : by_noise) {
    std::uint32_t most = 0;
    for (const std::size_t i : members) most = std::max(most, networks[i].settings.measure.noisy_draws);
    std::vector<double> sums(members.size());
    for (std::uint32_t draw = 0; draw < most; ++draw) {
      const auto losses =
          training.evaluate(Split::test, {.strength = noise.first, .exponent = noise.second, .draw = draw});
      for (std::size_t k = 0; k < members.size(); ++k)
        if (draw < networks[members[k]].settings.measure.noisy_draws)
          sums[k] += losses[networks[members[k]].index].mse;
    }
    for (std::size_t k = 0; k < members.size(); ++k)
      out[members[k]].network(
          {sums[k] / static_cast<double>(networks[members[k]].settings.measure.noisy_draws)});
  }
  return true;
}

void check_noise(const CellSettings& cell) {
  const MeasureSettings& m = cell.measure;
  if (m.noisy_draws > 1 && m.noisy_strength == 0)
    throw InputError(fmt::format(
        "measure.noisy_draws = {} has no effect with measure.noisy_strength = 0; set that above 0 "
        "or leave the draws out",
        m.noisy_draws));
}

}  // namespace

Measure noisy_loss_measure() {
  return {
      .name = "noisy_loss",
      .asked = [](const CellSettings& cell) { return cell.measure.noisy_strength > 0.0; },
      .check = check_noise,
      .finite_weights = false,
      .network = {{.name = "noisy_test_loss",
                   .doc = "test_loss with the noise of measure.noisy_strength",
                   .unit = "target^2"}},
      .compute_pack = evaluate_noisy,
  };
}

}  // namespace modsweep
