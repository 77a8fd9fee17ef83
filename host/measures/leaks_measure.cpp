// How much an output depends on inputs that its function does not use: path leak and Jacobian leak.
#include "modsweep/measure.h"

namespace modsweep {
namespace {

void leaks_of(const MeasuredNetwork& network, MeasureOutput& out) {
  const NetworkSettings& own = network.settings.network;
  const Samples& test = network.data.test;
  out.network({path_leak(network.weights),
               jacobian_leak(network.weights, own.activation, own.leaky_slope, test.x, test.count)});
}

bool leaks_on_device(Training& training, std::span<const MeasuredNetwork> networks,
                     std::span<MeasureOutput> out) {
  std::vector<std::size_t> indices;
  for (const MeasuredNetwork& network : networks) indices.push_back(network.index);
  const auto leaks = training.leaks(indices);
  if (!leaks) return false;
  for (std::size_t i = 0; i < networks.size(); ++i) out[i].network({(*leaks)[i].path, (*leaks)[i].jacobian});
  return true;
}

}  // namespace

Measure leaks_measure() {
  return {
      .name = "leaks",
      .asked = [](const CellSettings& cell) { return cell.measure.leaks; },
      .network = {{.name = "path_leak", .doc = "off-diagonal share of |W^H| ... |W^0|"},
                  {.name = "jacobian_leak",
                   .doc = "off-diagonal share of the mean |dy_i/dx_j| over the test set"}},
      .compute = leaks_of,
      .compute_pack = leaks_on_device,
  };
}

}  // namespace modsweep
