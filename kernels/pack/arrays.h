// Layout of a pack in the memory of the backend that trains it, and the plain values that its kernels
// receive. P networks, B samples of a batch, the network as the leading axis everywhere.
//
// Units of a layer lie side by side, [P][B][stride], in rows whose stride is a multiple of four, so that a
// thread owns four neighboring units: one Philox block of normals and one 16-byte access each. Arrays over
// all layers' units, [P][units], have layer l's units from `Layer::first_unit` on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "modsweep/hyperparameters.h"
#include "modsweep/math/optimizer.h"

namespace modsweep::pack {

/// Units per thread.
constexpr std::uint32_t quad = 4;
/// Samples per thread: sums over a batch add one partial sum per chunk, always in the same order.
constexpr std::uint32_t chunk_samples = 8;

/// Four neighboring values, accessed at once; addresses are multiples of four values.
template <typename T>
struct alignas(16) Quad {
  T v[quad];
};
template <typename T>
MODSWEEP_HD Quad<T> load_quad(const T* p) {
  return *reinterpret_cast<const Quad<T>*>(p);
}
template <typename T>
MODSWEEP_HD void store_quad(T* p, const Quad<T>& values) {
  *reinterpret_cast<Quad<T>*>(p) = values;
}

MODSWEEP_HD constexpr std::uint32_t round_up(std::uint32_t n, std::uint32_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

/// Weight layer l and the units it feeds: hidden layer l, or the outputs where l is the last. Where thread
/// blocks share a layer (kernels/fused), a slice of it: some of its outputs, with all of its inputs.
struct Layer {
  std::uint32_t number = 0;
  std::uint32_t inputs = 0;
  std::uint32_t outputs = 0;
  std::uint32_t first_output = 0;   ///< the slice's first output in the layer; a multiple of four
  std::uint32_t all_outputs = 0;    ///< of the layer
  std::uint32_t groups = 1;         ///< of the layer
  std::uint32_t input_stride = 0;   ///< of the rows that it reads
  std::uint32_t output_stride = 0;  ///< of the rows that it writes
  std::uint32_t first_unit = 0;     ///< in arrays over all units
  bool bias = true;
  bool output = false;           ///< the last one
  std::uint32_t row_stride = 0;  ///< from one unit's incoming weights to the next unit's, in parameters
  std::size_t weights = 0;       ///< offsets into a network's parameters, as LayerSlice
  std::size_t biases = 0;
  std::size_t slope = 0;

  [[nodiscard]] MODSWEEP_HD std::uint32_t group_inputs() const { return inputs / groups; }
  [[nodiscard]] MODSWEEP_HD std::uint32_t group_outputs() const { return all_outputs / groups; }
  [[nodiscard]] MODSWEEP_HD std::uint32_t quads() const { return (outputs + quad - 1) / quad; }
};

/// The layer and unit of an entry of the arrays over all units.
struct UnitIndex {
  std::uint32_t layer = 0;
  std::uint32_t unit = 0;  ///< index within the layer; padding from the layer's outputs on
};

/// The units that a parameter connects, by their index in the arrays over all units.
struct WeightEndpoints {
  static constexpr std::uint32_t none = 0xffffffffU;
  std::uint32_t to = none;     ///< the unit that the weight feeds
  std::uint32_t from = none;   ///< the unit that it comes from; in layer 0, the input's index
  std::uint32_t layer = none;  ///< of a weight; none: a bias, a slope or padding, which have no penalties
};

/// Data of one network. Rows are in file order: x [N][I], y [N][O].
template <typename T>
struct NetworkData {
  struct Rows {
    const T* x = nullptr;
    const T* y = nullptr;
    std::uint32_t count = 0;
  };
  Rows splits[split_count];  ///< by Split
  std::uint32_t* order =
      nullptr;  ///< [2 N + 1]: rows of an epoch, that epoch + 1, and scratch; null: not shuffled

  [[nodiscard]] MODSWEEP_HD const Rows& rows(Split split) const { return splits[static_cast<int>(split)]; }
};

/// Progress of a network.
struct Progress {
  std::uint64_t step = 0;      ///< steps taken
  std::uint64_t target = 0;    ///< step at which it stops for now
  std::uint64_t diverged = 0;  ///< step whose loss was not finite; 0: none
};

/// State of a network in the current pass over a batch.
template <typename T>
struct BatchState {
  std::uint32_t active = 0;  ///< 0: every kernel skips the network
  std::uint32_t count = 0;   ///< samples of its batch, at most B
  std::uint32_t first = 0;   ///< position of the batch in the split or in the epoch's order
  std::uint32_t offset = 0;  ///< samples of the batch before these: 0, except in micro-batches
  std::uint32_t step = 0;    ///< step that its random numbers are drawn for
  std::uint64_t next = 0;    ///< the step in progress, from 1
  T inverse_count{};
  T rate{};  ///< learning rate of the step in progress
  math::AdamStep<T> adam{};
};

/// Sums over a batch, or over a split that is evaluated batch by batch.
struct LossSums {
  double squares = 0.0;                            ///< of output errors, over samples and outputs
  double activity[math::activity_penalties] = {};  ///< sum_b sum_k g(unit) h(a) of each penalty of activity
};

/// All arrays that a kernel may read or write. Pointers point into the backend's memory.
template <typename T>
struct PackView {
  std::uint32_t networks = 0;  ///< P
  std::uint32_t batch = 0;     ///< B
  std::uint32_t chunks = 0;    ///< of a batch
  std::uint32_t units = 0;     ///< of all layers, padding included
  std::uint32_t layer_count = 0;
  std::uint32_t input_stride = 0;
  std::size_t parameter_stride = 0;  ///< ParameterPlaces::stride()

  const Layer* layers = nullptr;                        ///< [layer_count]
  const UnitIndex* unit_indices = nullptr;              ///< [units]
  const WeightEndpoints* ends = nullptr;                ///< [parameter_stride]
  const Hyperparameters<T>* hyperparameters = nullptr;  ///< [P]
  const NetworkData<T>* data = nullptr;                 ///< [P]
  const T* const* fixed_noise = nullptr;  ///< [hidden layers][P] pointers to [B][units]; null: all are drawn
  Progress* progress = nullptr;           ///< [P]
  BatchState<T>* batch_state = nullptr;   ///< [P]
  LossSums* losses = nullptr;             ///< [P]

  T* parameters = nullptr;  ///< [P][parameter_stride], as are the next three
  T* gradients = nullptr;
  T* moment1 = nullptr;
  T* moment2 = nullptr;

  /// [P]: steps taken from which on weights that are 0 stay 0 (Pack); null: no network of the pack is pruned
  const std::uint64_t* zeros_stay_from = nullptr;

  T* x = nullptr;  ///< [P][B][input_stride], zeros past a batch's samples
  T* y = nullptr;  ///< [P][B][output stride], targets
  /// Every layer's [P][B][stride]: pre-activations without bias; of the outputs, then dL/dy. Only the
  /// outputs' where a pack stores no others (PackMemory).
  T* z = nullptr;
  T* g = nullptr;    ///< every hidden layer's [P][B][stride]: the next layer's input
  T* delta[2] = {};  ///< [P][B][widest stride]: dL/dg, then dL/dz, of alternate hidden layers

  /// [P][chunks][units]: sums over a chunk's samples, of h(a) of each penalty of activity, of dL/dz and of
  /// dL/dslope.
  T* activity_partials[math::activity_penalties] = {};
  T* bias_partials = nullptr;
  T* slope_partials = nullptr;   ///< null without prelu
  T* square_partials = nullptr;  ///< [P][chunks][quads of the outputs]
  /// [P][chunks][narrow_values]: the same of the gradients of a narrow layer's weights (narrow_layer.h).
  T* first_weight_partials = nullptr;
  T* last_weight_partials = nullptr;

  T* activity_sums[math::activity_penalties] = {};  ///< [P][units]: sums over the batch
  T* slope_sums = nullptr;                          ///< null without prelu
  T* in_absolute = nullptr;                         ///< [P][units], math::UnitSums of hidden units
  T* in_square = nullptr;
  T* out_absolute = nullptr;
  T* out_square = nullptr;

  /// Offset of row b of network p in a layer's rows.
  [[nodiscard]] MODSWEEP_HD std::size_t row(const Layer& layer, std::uint32_t p, std::uint32_t b) const {
    return (std::size_t{p} * batch + b) * layer.output_stride;
  }
  /// Offset of row b of network p in x.
  [[nodiscard]] MODSWEEP_HD std::size_t input_row(std::uint32_t p, std::uint32_t b) const {
    return (std::size_t{p} * batch + b) * input_stride;
  }
  /// Bytes of a layer's rows, or of rows of `stride` values, of all networks.
  [[nodiscard]] double row_bytes(const Layer& layer) const { return row_bytes(layer.output_stride); }
  [[nodiscard]] double row_bytes(std::uint32_t stride) const {
    return static_cast<double>(sizeof(T) * networks * batch) * stride;
  }
  /// Bytes of the partial sums of `values` values of all networks.
  [[nodiscard]] double part_bytes(std::size_t values) const {
    return static_cast<double>(sizeof(T) * networks * chunks * values);
  }
  /// A layer's rows within z and g.
  [[nodiscard]] MODSWEEP_HD std::size_t layer_offset(const Layer& layer) const {
    return std::size_t{networks} * batch * layer.first_unit;
  }
  /// Offset of a chunk's partial sums of all units.
  [[nodiscard]] MODSWEEP_HD std::size_t part(std::uint32_t p, std::uint32_t chunk) const {
    return (std::size_t{p} * chunks + chunk) * units;
  }
  [[nodiscard]] MODSWEEP_HD std::size_t unit(std::uint32_t p, std::uint32_t u) const {
    return std::size_t{p} * units + u;
  }
};

/// The sums over a hidden unit's weights that the penalties of its network need; `at`: the unit's index in
/// [P][units].
template <typename T>
MODSWEEP_HD math::UnitSums<T> unit_sums(const PackView<T>& v, const Hyperparameters<T>& hyper,
                                        std::size_t at) {
  math::UnitSums<T> sums;
  if (hyper.sums.in()) {
    sums.in_absolute = v.in_absolute[at];
    sums.in_square = v.in_square[at];
  }
  if (hyper.sums.out()) {
    sums.out_absolute = v.out_absolute[at];
    sums.out_square = v.out_square[at];
  }
  return sums;
}

/// The same for four neighboring units.
template <typename T>
MODSWEEP_HD void load_unit_sums(const PackView<T>& v, const Hyperparameters<T>& hyper, std::size_t at,
                                math::UnitSums<T> (&sums)[quad]) {
  if (hyper.sums.in()) {
    const Quad<T> absolute = load_quad(v.in_absolute + at);
    const Quad<T> square = load_quad(v.in_square + at);
    for (std::uint32_t i = 0; i < quad; ++i) {
      sums[i].in_absolute = absolute.v[i];
      sums[i].in_square = square.v[i];
    }
  }
  if (hyper.sums.out()) {
    const Quad<T> absolute = load_quad(v.out_absolute + at);
    const Quad<T> square = load_quad(v.out_square + at);
    for (std::uint32_t i = 0; i < quad; ++i) {
      sums[i].out_absolute = absolute.v[i];
      sums[i].out_square = square.v[i];
    }
  }
}

}  // namespace modsweep::pack
