// Shapes of networks, and the only code that computes where a parameter is stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "modsweep/recurrent_tensors.h"
#include "modsweep/settings.h"

namespace modsweep {

/// Layer sizes and groups of a fully connected network (science.md section 1). Weight layer l, l = 0..H, maps
/// sizes[l] units to sizes[l+1]; it is split into groups[l] equal groups with no weights between them. A
/// recurrent network (section 8) has no layers: it has a form, and as many modules and heads as it has grown.
struct Shape {
  std::vector<std::uint32_t> sizes;   ///< d_0 = inputs, hidden widths, d_{H+1} = outputs
  std::vector<std::uint32_t> groups;  ///< one per weight layer, divides both its sizes
  bool bias = true;
  bool prelu = false;  ///< one trainable slope per hidden layer
  Family family = Family::feedforward;
  recurrent::Form form = {};  ///< this and the next two: of recurrent networks
  std::uint32_t modules = 0;
  std::uint32_t heads = 0;

  [[nodiscard]] std::size_t weight_layers() const { return sizes.empty() ? 0 : sizes.size() - 1; }
  [[nodiscard]] std::size_t hidden_layers() const { return sizes.size() < 2 ? 0 : sizes.size() - 2; }
  [[nodiscard]] std::uint32_t inputs() const { return sizes.front(); }
  [[nodiscard]] std::uint32_t outputs() const { return sizes.back(); }
  /// "4-32-32-32-4", groups as "2x128" in front of the layer they split: "2-2x128-2x2-128-1"; "60 recurrent
  /// modules of 10", "recurrent, 54 units, 60 heads".
  [[nodiscard]] std::string text() const;

  bool operator==(const Shape&) const = default;
};

/// The same network with its layers spelled out: `hidden` and `groups` of a named architecture for n inputs.
/// modular: n blocks of block_depth layers of block_width units and one output each, then joint_depth layers
/// of joint_width units that see all block outputs; bottleneck: the same sizes without blocks; full: without
/// blocks and with joint_width units instead of the n block outputs.
[[nodiscard]] NetworkSettings spelled_out(const NetworkSettings& network, std::uint32_t inputs);

/// The shape of a cell's network; of a recurrent one with the most modules and heads that its epochs allow.
/// Throws InputError where groups do not divide the sizes they split.
[[nodiscard]] Shape shape_of(const CellSettings& cell, std::uint32_t outputs);

/// Offsets of one weight layer's parameters in a network's parameter vector, in scalars.
struct LayerSlice {
  std::uint32_t inputs = 0;   ///< I, all groups together
  std::uint32_t outputs = 0;  ///< O, all groups together
  std::uint32_t groups = 1;   ///< G
  std::size_t weights =
      0;  ///< offset of W, row-major [O][I/G]: row o holds the incoming weights of unit o within its group
  std::size_t biases = 0;  ///< offset of b, [O]; meaningful only with bias
  std::size_t slope =
      0;  ///< offset of the PReLU slope of the hidden layer this one feeds; only with prelu, l < H

  [[nodiscard]] std::uint32_t group_inputs() const { return inputs / groups; }
  [[nodiscard]] std::uint32_t group_outputs() const { return outputs / groups; }
  [[nodiscard]] std::size_t weight_count() const { return std::size_t{outputs} * group_inputs(); }
};

/// The layout of one network's parameters: W^0 b^0 s^0 W^1 b^1 s^1 ... W^H b^H, without gaps; the whole is
/// padded with zeros to a multiple of `alignment` scalars so that element-wise kernels need no tail. Of a
/// recurrent network, which has no layers: the sizes of its recurrent::TensorLayout.
class ParameterLayout {
 public:
  static constexpr std::size_t alignment = 16;

  explicit ParameterLayout(const Shape& shape);

  [[nodiscard]] const std::vector<LayerSlice>& layers() const { return layers_; }
  [[nodiscard]] std::size_t parameters() const { return parameters_; }  ///< without padding
  [[nodiscard]] std::size_t weights() const { return weights_; }  ///< entries of all W, no biases or slopes
  [[nodiscard]] std::size_t padded() const { return padded_; }
  [[nodiscard]] bool bias() const { return bias_; }
  [[nodiscard]] bool prelu() const { return prelu_; }

 private:
  std::vector<LayerSlice> layers_;
  std::size_t parameters_ = 0;
  std::size_t weights_ = 0;
  std::size_t padded_ = 0;
  bool bias_ = true;
  bool prelu_ = false;
};

/// Parameters of one network outside of engines: in double whatever the engine's precision, so that values of
/// either precision are exact. `values` has ParameterLayout::parameters() entries.
struct Parameters {
  Shape shape;
  std::vector<double> values;

  /// Weight layer l as a dense row-major matrix [O][I], zeros between groups.
  [[nodiscard]] std::vector<double> dense_weights(std::size_t layer) const;
};

}  // namespace modsweep
