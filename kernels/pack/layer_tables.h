// The tables of a shape: where its layers, units and parameters lie.
#pragma once

#include "pack/arrays.h"

#include <vector>

#include "modsweep/network.h"

namespace modsweep::pack {

[[nodiscard]] inline std::vector<Layer> layer_table(const Shape& shape) {
  const ParameterLayout layout(shape);
  std::vector<Layer> layers;
  std::uint32_t unit = 0;
  for (std::uint32_t l = 0; l < layout.layers().size(); ++l) {
    const LayerSlice& slice = layout.layers()[l];
    Layer layer;
    layer.number = l;
    layer.inputs = slice.inputs;
    layer.outputs = slice.outputs;
    layer.all_outputs = slice.outputs;
    layer.groups = slice.groups;
    layer.input_stride = round_up(slice.inputs, quad);
    layer.output_stride = round_up(slice.outputs, quad);
    layer.first_unit = unit;
    layer.bias = shape.bias;
    layer.output = l + 1 == layout.layers().size();
    layer.weights = slice.weights;
    layer.biases = slice.biases;
    layer.slope = slice.slope;
    layer.row_stride = slice.group_inputs();
    layers.push_back(layer);
    unit += layer.output_stride;
  }
  return layers;
}

[[nodiscard]] inline std::vector<UnitIndex> unit_table(const std::vector<Layer>& layers) {
  std::vector<UnitIndex> indices;
  for (const Layer& layer : layers)
    for (std::uint32_t k = 0; k < layer.output_stride; ++k) indices.push_back({layer.number, k});
  return indices;
}

/// [parameter stride], padded like the parameters.
[[nodiscard]] inline std::vector<WeightEndpoints> ends_table(const Shape& shape,
                                                             const std::vector<Layer>& layers) {
  std::vector<WeightEndpoints> ends(ParameterLayout(shape).padded());
  for (const Layer& layer : layers)
    for (std::uint32_t o = 0; o < layer.outputs; ++o)
      for (std::uint32_t i = 0; i < layer.group_inputs(); ++i) {
        WeightEndpoints& weight = ends[layer.weights + std::size_t{o} * layer.group_inputs() + i];
        const std::uint32_t group = o / layer.group_outputs();
        weight.to = layer.first_unit + o;
        weight.from = group * layer.group_inputs() + i;
        if (layer.number > 0) weight.from += layers[layer.number - 1].first_unit;
        weight.layer = layer.number;
      }
  return ends;
}

}  // namespace modsweep::pack
