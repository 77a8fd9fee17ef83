// The tables of a shape: where its layers, units and parameters lie.
#pragma once

#include "pack/arrays.h"

#include <vector>

#include "modsweep/network.h"

namespace modsweep::pack {

/// Where a network's parameters lie in the backend's memory: as ParameterLayout says, or with the weights of
/// each layer at a multiple of four values, which products read in quads.
enum class Spacing : std::uint8_t { none, quads };

[[nodiscard]] inline std::vector<Layer> layer_table(const Shape& shape, Spacing spacing = Spacing::none) {
  const ParameterLayout layout(shape);
  std::vector<Layer> layers;
  std::uint32_t unit = 0;
  std::size_t gaps = 0;
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
    if (spacing == Spacing::quads) gaps += (quad - (slice.weights + gaps) % quad) % quad;
    layer.weights = slice.weights + gaps;
    layer.biases = slice.biases + gaps;
    layer.slope = slice.slope + gaps;
    layer.row_stride = slice.group_inputs();
    layers.push_back(layer);
    unit += layer.output_stride;
  }
  return layers;
}

/// The parameters of a network in ParameterLayout's order, and where they lie in the backend's memory.
class ParameterPlaces {
 public:
  /// `layers`: of layer_table(shape, ...).
  ParameterPlaces(const Shape& shape, const std::vector<Layer>& layers)
      : parameters_(ParameterLayout(shape).parameters()) {
    const ParameterLayout layout(shape);
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const std::size_t first = layout.layers()[l].weights;
      const std::size_t end = l + 1 < layers.size() ? layout.layers()[l + 1].weights : parameters_;
      runs_.push_back({first, layers[l].weights, end - first});
    }
    const std::size_t used = runs_.back().place + runs_.back().count;
    stride_ =
        (used + ParameterLayout::alignment - 1) / ParameterLayout::alignment * ParameterLayout::alignment;
  }

  /// Values from one network's to the next one's; what is no parameter is zero.
  [[nodiscard]] std::size_t stride() const { return stride_; }

  /// `values`, [parameters], to their places from `to` on, [stride].
  template <typename U, typename T>
  void scatter(const std::vector<U>& values, T* to) const {
    for (const Run& run : runs_)
      for (std::size_t i = 0; i < run.count; ++i) to[run.place + i] = static_cast<T>(values[run.first + i]);
  }
  /// The values, [parameters], at their places from `from` on, [stride].
  template <typename T>
  [[nodiscard]] std::vector<T> gather(const T* from) const {
    std::vector<T> values(parameters_);
    for (const Run& run : runs_)
      for (std::size_t i = 0; i < run.count; ++i) values[run.first + i] = from[run.place + i];
    return values;
  }

 private:
  /// The parameters of a layer.
  struct Run {
    std::size_t first = 0;
    std::size_t place = 0;
    std::size_t count = 0;
  };
  std::size_t parameters_;
  std::vector<Run> runs_;
  std::size_t stride_ = 0;
};

[[nodiscard]] inline std::vector<UnitIndex> unit_table(const std::vector<Layer>& layers) {
  std::vector<UnitIndex> indices;
  for (const Layer& layer : layers)
    for (std::uint32_t k = 0; k < layer.output_stride; ++k) indices.push_back({layer.number, k});
  return indices;
}

/// [parameter stride], padded like the parameters.
[[nodiscard]] inline std::vector<WeightEndpoints> ends_table(const Shape& shape,
                                                             const std::vector<Layer>& layers) {
  std::vector<WeightEndpoints> ends(ParameterPlaces(shape, layers).stride());
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
