#include "modsweep/network.h"

#include <algorithm>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {

std::string Shape::text() const {
  if (family == Family::recurrent)
    return (form.modular ? fmt::format("{} recurrent modules of {}", modules, form.units)
                         : fmt::format("recurrent, {} units, {} heads", form.units, heads)) +
           (form.one_bias ? ", one bias" : "");
  std::string out = std::to_string(sizes.front());
  for (std::size_t l = 0; l < weight_layers(); ++l) {
    out += '-';
    if (groups[l] > 1) out += fmt::format("{}x", groups[l]);
    out += std::to_string(sizes[l + 1]);
  }
  return out;
}

NetworkSettings spelled_out(const NetworkSettings& network, std::uint32_t inputs) {
  if (network.architecture == Architecture::layers) return network;
  const NetworkSettings standard;
  NetworkSettings out = network;
  const bool full = network.architecture == Architecture::full;
  out.hidden.assign(network.block_depth, inputs * network.block_width);
  out.hidden.push_back(full ? network.joint_width : inputs);
  out.hidden.insert(out.hidden.end(), network.joint_depth, network.joint_width);
  out.groups.clear();
  if (network.architecture == Architecture::modular) {
    out.groups.assign(network.block_depth + 1, inputs);
    out.groups.insert(out.groups.end(), network.joint_depth + 1, 1);
  }
  out.architecture = Architecture::layers;
  out.block_depth = standard.block_depth;
  out.block_width = standard.block_width;
  out.joint_depth = standard.joint_depth;
  out.joint_width = standard.joint_width;
  return out;
}

Shape shape_of(const CellSettings& cell, std::uint32_t outputs) {
  if (cell.network.family == Family::recurrent) {
    const NetworkSettings& own = cell.network;
    const auto most = static_cast<std::uint32_t>(std::max<std::uint64_t>(cell.growth.epochs, 1));
    const bool modular = own.topology == Topology::modular;
    Shape shape;
    shape.family = Family::recurrent;
    shape.form = {own.units, modular, own.biases == Biases::one};
    shape.modules = modular ? most : 1;
    shape.heads = most;
    return shape;
  }
  const NetworkSettings network = spelled_out(cell.network, cell.task.inputs);
  Shape shape;
  shape.sizes.push_back(cell.task.inputs);
  shape.sizes.insert(shape.sizes.end(), network.hidden.begin(), network.hidden.end());
  shape.sizes.push_back(outputs);
  shape.bias = network.bias;
  shape.prelu = math::trains_slope(network.activation);
  shape.groups = network.groups;
  if (shape.groups.empty()) shape.groups.assign(shape.weight_layers(), 1);
  if (shape.groups.size() != shape.weight_layers())
    throw InputError(
        fmt::format("network.groups has {} entries but {} hidden layers make {} weight layers; give one "
                    "number per weight layer",
                    shape.groups.size(), network.hidden.size(), shape.weight_layers()));
  for (std::size_t l = 0; l < shape.weight_layers(); ++l) {
    const std::uint32_t g = shape.groups[l];
    if (g == 0 || shape.sizes[l] % g != 0 || shape.sizes[l + 1] % g != 0)
      throw InputError(
          fmt::format("network.groups[{}] = {} does not divide the {} inputs and {} outputs of that layer; "
                      "choose a common divisor",
                      l, g, shape.sizes[l], shape.sizes[l + 1]));
  }
  return shape;
}

ParameterLayout::ParameterLayout(const Shape& shape) : bias_(shape.bias), prelu_(shape.prelu) {
  std::size_t next = 0;
  if (shape.family == Family::recurrent) {
    const recurrent::TensorLayout layout(shape.form, shape.modules, shape.heads);
    for (const recurrent::NamedTensor& tensor : layout.tensors())
      if (tensor.columns > 1) weights_ += tensor.parameters();
    next = layout.size();
  }
  for (std::size_t l = 0; l < shape.weight_layers(); ++l) {
    LayerSlice slice;
    slice.inputs = shape.sizes[l];
    slice.outputs = shape.sizes[l + 1];
    slice.groups = shape.groups[l];
    slice.weights = next;
    next += slice.weight_count();
    weights_ += slice.weight_count();
    slice.biases = next;
    if (bias_) next += slice.outputs;
    slice.slope = next;
    if (prelu_ && l + 1 < shape.weight_layers()) ++next;
    layers_.push_back(slice);
  }
  parameters_ = next;
  padded_ = (next + alignment - 1) / alignment * alignment;
}

std::vector<double> Parameters::dense_weights(std::size_t layer) const {
  const ParameterLayout layout(shape);
  if (layer >= layout.layers().size())
    throw LogicError(fmt::format("dense_weights: layer {} of {}", layer, layout.layers().size()));
  const LayerSlice& slice = layout.layers()[layer];
  const std::size_t columns = slice.group_inputs();
  std::vector<double> dense(std::size_t{slice.outputs} * slice.inputs, 0.0);
  for (std::size_t o = 0; o < slice.outputs; ++o) {
    const std::size_t group = o / slice.group_outputs();
    for (std::size_t i = 0; i < columns; ++i)
      dense[o * slice.inputs + group * columns + i] = values[slice.weights + o * columns + i];
  }
  return dense;
}

}  // namespace modsweep
