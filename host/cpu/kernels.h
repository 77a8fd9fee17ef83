// The interface of the CPU engine's kernels: one table of functions per instruction set and scalar type.
//
// All work on one network and one block of samples. Activations are stored with the sample as the fastest
// index, [units][stride], so that a vector holds the same unit on neighboring samples and widths need no
// padding; stride is a multiple of `block_alignment` samples, every row is aligned to 64 bytes, and samples
// past the block's count are padding, whose mask is 0.
#pragma once

#include <cstddef>
#include <cstdint>

#include "modsweep/hyperparameters.h"
#include "modsweep/math/optimizer.h"
#include "modsweep/math/penalties.h"
#include "modsweep/math/rng.h"
#include "modsweep/math/unit.h"

namespace modsweep::cpu {

/// Samples that strides are rounded up to: a vector of floats of the widest instruction set.
constexpr std::size_t block_alignment = 16;

/// C[m][b] = start[m] + sum_k A[m, k] X[k][b], m < rows, k < inner, A[m, k] = a[m * a_row + k *
/// a_column].
template <typename T>
struct GemmArguments {
  const T* a = nullptr;
  std::size_t a_row = 0;
  std::size_t a_column = 0;
  const T* start = nullptr;  ///< null: 0
  const T* x = nullptr;      ///< [inner][stride]
  T* c = nullptr;            ///< [rows][stride]
  std::size_t rows = 0;
  std::size_t inner = 0;
  std::size_t stride = 0;
};

/// G[m * g_row + n] (+)= sum_b D[m][b] X[n][b], m < rows, n < columns; sums over whole strides.
template <typename T>
struct WeightGradientArguments {
  const T* d = nullptr;  ///< [rows][stride]
  const T* x = nullptr;  ///< [columns][stride]
  T* g = nullptr;
  std::size_t g_row = 0;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t stride = 0;
  bool accumulate = false;
};

/// Buffers of one hidden layer, each [units][stride]. Buffers with equal values are stored once, as noted.
template <typename T>
struct ForwardUnitsArguments {
  T* out = nullptr;       ///< z on entry, g on return
  T* out_by_z = nullptr;  ///< may be eps's memory; null: not needed, without noise and dropout only
  T* clean = nullptr;     ///< null: not needed; never written without noise and dropout, where it equals out
  T* clean_by_z = nullptr;         ///< likewise, equal to out_by_z
  T* out_by_slope = nullptr;       ///< null unless prelu
  T* clean_by_slope = nullptr;     ///< null unless prelu with noise or dropout
  const T* eps = nullptr;          ///< null: no noise
  const T* uniform = nullptr;      ///< null: no dropout
  const T* sample_mask = nullptr;  ///< [stride]: 1 for samples, 0 for padding
  /// [penalty of activity][units] += sum_b h(a); for the penalties that are on.
  T* activity_sums[math::activity_penalties] = {};
  std::size_t units = 0;
  std::size_t stride = 0;
};

template <typename T>
struct BackwardUnitsArguments {
  T* delta = nullptr;           ///< dL/dg on entry, dL/dz on return
  const T* out_by_z = nullptr;  ///< null: f'(z), which is also clean_by_z, is computed from clean
  const T* clean = nullptr;
  const T* clean_by_z = nullptr;
  const T* out_by_slope = nullptr;
  const T* clean_by_slope = nullptr;
  const T* sample_mask = nullptr;
  /// [penalty of activity][units]: coefficient times g(unit) / B; for the penalties that are on.
  const T* activity_factors[math::activity_penalties] = {};
  T* bias_gradient = nullptr;   ///< [units] +=; null without bias
  T* slope_gradient = nullptr;  ///< [1] +=; null unless prelu
  std::size_t units = 0;
  std::size_t stride = 0;
};

/// d[o][b] = scale * mask_b * (y - target), and the sum of squared errors.
template <typename T>
struct OutputErrorArguments {
  T* output = nullptr;  ///< y on entry, dL/dy on return (unchanged if scale is 0)
  const T* target = nullptr;
  const T* sample_mask = nullptr;
  T scale{};
  T* bias_gradient = nullptr;  ///< [units] +=; null: none
  std::size_t units = 0;
  std::size_t stride = 0;
};

/// Random numbers of one layer on one block of samples: counters (step, layer, first_sample + b, unit / 4).
template <typename T>
struct RandomArguments {
  T* values = nullptr;  ///< [units, rounded up to a multiple of 4][stride]
  std::uint32_t seed = 0;
  math::Stream stream = math::Stream::noise;
  std::uint32_t step = 0;
  std::uint32_t layer = 0;
  std::uint32_t first_sample = 0;
  std::size_t units = 0;
  std::size_t stride = 0;
  T scale{1};  ///< of uniforms
};

/// Sums over the weights of a layer's units, W row-major [rows][columns]; each array is added to; null ones
/// are skipped.
template <typename T>
struct WeightSumsArguments {
  const T* w = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  T* row_absolute = nullptr;     ///< [rows]
  T* row_square = nullptr;       ///< [rows]
  T* column_absolute = nullptr;  ///< [columns]
  T* column_square = nullptr;    ///< [columns]
};

/// g += 2 w (row_quadratic + column_quadratic) + sign(w) (row_absolute + column_absolute), all
/// [rows][columns]; the absolute factors are both null where all are 0.
template <typename T>
struct RegularizeArguments {
  const T* w = nullptr;
  T* g = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  const T* row_quadratic = nullptr;
  const T* column_quadratic = nullptr;
  const T* row_absolute = nullptr;
  const T* column_absolute = nullptr;
  /// Penalties of ends, whose factors are added to these; null: none is on.
  const math::PenaltyRules<T>* penalties = nullptr;
  math::WeightEnds<T> first = {};  ///< the ends of W[0][0]
  const T* numbers = nullptr;      ///< 0, 1, 2, ..., as many as columns; with penalties only
};

/// The functions. `count` of element-wise ones is a multiple of ParameterLayout::alignment.
template <typename T>
struct Kernels {
  const char* name = "";  ///< "AVX-512"
  std::size_t lanes = 0;  ///< of a vector of T
  void (*gemm)(const GemmArguments<T>&);
  void (*weight_gradient)(const WeightGradientArguments<T>&);
  void (*forward_units)(const LayerHyperparameters<T>&, const ForwardUnitsArguments<T>&);
  void (*backward_units)(const LayerHyperparameters<T>&, const BackwardUnitsArguments<T>&);
  double (*output_error)(const OutputErrorArguments<T>&);
  void (*normals)(const RandomArguments<T>&);
  void (*uniforms)(const RandomArguments<T>&);
  void (*weight_sums)(const WeightSumsArguments<T>&);
  void (*regularize)(const RegularizeArguments<T>&);
  /// Adam, or AdamW where the step decays parameters.
  void (*adam)(const math::AdamStep<T>&, T* parameters, const T* gradients, T* moment1, T* moment2,
               std::size_t count);
  void (*sgd)(const math::SgdStep<T>&, T* parameters, const T* gradients, T* velocity, std::size_t count);
  /// `count` independent fused multiply-adds of vectors in registers, to measure the machine's peak. Returns
  /// a result that the caller must use.
  T (*fma_chain)(std::size_t count);
};

enum class Isa : std::uint8_t { baseline, avx2, avx512 };

/// The tables; valid to call only on a machine that has the instructions.
template <typename T>
const Kernels<T>& baseline_kernels();
template <typename T>
const Kernels<T>& avx2_kernels();
template <typename T>
const Kernels<T>& avx512_kernels();

/// The best instruction set of this machine.
[[nodiscard]] Isa best_isa();
/// Whether this machine can run the instruction set.
[[nodiscard]] bool has_isa(Isa isa);

template <typename T>
[[nodiscard]] const Kernels<T>& kernels_for(Isa isa) {
  switch (isa) {
    case Isa::avx512:
      return avx512_kernels<T>();
    case Isa::avx2:
      return avx2_kernels<T>();
    case Isa::baseline:
      break;
  }
  return baseline_kernels<T>();
}

}  // namespace modsweep::cpu
