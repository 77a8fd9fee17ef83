#include "cli/network_tensors.h"

#include <cstddef>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace modsweep::cli {

std::map<std::string, Tensor> network_tensors(const Store::StoredWeights& stored) {
  // The store has weights in the precision of their training; doubles hold either exactly.
  const bool fp64 = nlohmann::json::parse(stored.settings_json).value("training.precision", "fp32") == "fp64";
  const std::string dtype = fp64 ? "F64" : "F32";
  const Parameters& network = stored.weights;
  const ParameterLayout layout(network.shape);
  const auto slice = [&](std::size_t offset, std::size_t count) {
    const auto begin = network.values.begin() + static_cast<std::ptrdiff_t>(offset);
    return std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(count));
  };
  std::map<std::string, Tensor> tensors;
  if (network.shape.family == Family::recurrent) {
    const recurrent::TensorLayout named(network.shape.form, network.shape.modules, network.shape.heads);
    for (const recurrent::NamedTensor& tensor : named.tensors())
      tensors[tensor.name] = {dtype,
                              tensor.columns == 1 ? std::vector<std::uint64_t>{tensor.rows}
                                                  : std::vector<std::uint64_t>{tensor.rows, tensor.columns},
                              slice(tensor.offset, tensor.size())};
    return tensors;
  }
  for (std::size_t l = 0; l < layout.layers().size(); ++l) {
    const LayerSlice& layer = layout.layers()[l];
    tensors[fmt::format("W{}", l)] = {dtype, {layer.outputs, layer.inputs}, network.dense_weights(l)};
    if (layout.bias())
      tensors[fmt::format("b{}", l)] = {dtype, {layer.outputs}, slice(layer.biases, layer.outputs)};
    if (layout.prelu() && l + 1 < layout.layers().size())
      tensors[fmt::format("s{}", l)] = {dtype, {1}, slice(layer.slope, 1)};
  }
  return tensors;
}

}  // namespace modsweep::cli
