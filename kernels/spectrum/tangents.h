// Kernels of the functional leaks (science.md section 5), in double whatever the weights are. R requested
// networks, I inputs, O outputs, B samples at once. Each is a function of (request, item), like those of
// kernels/pack.
#pragma once

#include "pack/arrays.h"

#include "modsweep/math/leak.h"

namespace modsweep::spectrum {

/// The larger of two numbers, for a backend's reductions.
struct Larger {
  MODSWEEP_HD double operator()(double a, double b) const { return a < b ? b : a; }
};
/// The sum of two numbers.
struct Plus {
  MODSWEEP_HD double operator()(double a, double b) const { return a + b; }
};

/// Test set and activation of one network of the pack. x is [count][I] in the backend's memory.
struct LeakSubject {
  const double* x = nullptr;
  std::uint32_t count = 0;
  Activation activation = Activation::leaky_relu;
  double leaky_slope = 0.0;
};

/// The arrays that the kernels work on.
///
/// Values and their derivatives with respect to all inputs are propagated together, as (1 + I) B rows of a
/// matrix: row b holds the values on sample b, row (1 + j) B + b their derivatives with respect to input j.
template <typename T>
struct LeakView {
  std::uint32_t inputs = 0;   ///< I
  std::uint32_t samples = 0;  ///< B
  std::uint32_t first = 0;    ///< index in the test set of the sample in row 0
  bool prelu = false;
  const std::uint32_t* networks = nullptr;  ///< [R]: indices in the pack
  const LeakSubject* subjects = nullptr;    ///< [P]
  const T* parameters = nullptr;            ///< [P][stride]
  std::size_t parameter_stride = 0;

  double* values = nullptr;      ///< [R][stride]: the parameters
  double* magnitudes = nullptr;  ///< [R][stride]: their absolute values
  double* paths = nullptr;       ///< [R][units][I]: |W^l| ... |W^0| up to a factor
  double* largest = nullptr;     ///< [R]: largest entry of that product
  double* part = nullptr;        ///< [R][O][I]: sums of |dy_i/dx_j| over these samples
  double* jacobian = nullptr;    ///< [R][O][I]: sums over all samples so far
  double* path_leak = nullptr;   ///< [R]; NaN: there is none
  double* jacobian_leak = nullptr;

  [[nodiscard]] MODSWEEP_HD std::uint32_t rows() const { return (1 + inputs) * samples; }
};

/// Items: stride. Weights in double, with and without their signs.
template <typename T>
struct CopyParameters {
  LeakView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t r, std::uint32_t item) const {
    const auto value = static_cast<double>(v.parameters[v.networks[r] * v.parameter_stride + item]);
    v.values[r * v.parameter_stride + item] = value;
    v.magnitudes[r * v.parameter_stride + item] = math::absolute(value);
  }
};

/// Items: I I. The empty product.
template <typename T>
struct BeginPaths {
  LeakView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t r, std::uint32_t item) const {
    v.paths[std::size_t{r} * v.inputs * v.inputs + item] = item / v.inputs == item % v.inputs ? 1.0 : 0.0;
  }
};

/// Entry of one request's product; segment r.
template <typename T>
struct PathEntry {
  LeakView<T> v;
  std::size_t count = 0;  ///< entries of a product
  MODSWEEP_HD double operator()(std::size_t segment, std::size_t item) const {
    return v.paths[segment * count + item];
  }
};

/// Items: units I. Divides a product by its largest entry: the leak does not depend on scale, and products of
/// many layers would overflow or vanish. NaN where all entries are 0.
template <typename T>
struct ScalePaths {
  LeakView<T> v;
  std::uint32_t units = 0;

  MODSWEEP_HD void operator()(std::uint32_t r, std::uint32_t item) const {
    v.paths[std::size_t{r} * units * v.inputs + item] /= v.largest[r];
  }
};

/// Items: (1 + I) B I. Samples and the derivatives of inputs with respect to inputs; zeros past a network's
/// samples.
template <typename T>
struct BeginRows {
  LeakView<T> v;
  double* rows = nullptr;  ///< [R][(1 + I) B][I]

  MODSWEEP_HD void operator()(std::uint32_t r, std::uint32_t item) const {
    const std::uint32_t column = item % v.inputs;
    const std::uint32_t block = item / v.inputs / v.samples;
    const std::uint32_t sample = v.first + item / v.inputs % v.samples;
    const LeakSubject& subject = v.subjects[v.networks[r]];
    double value = 0.0;
    if (sample < subject.count)
      value = block == 0            ? subject.x[std::size_t{sample} * v.inputs + column]
              : block == column + 1 ? 1.0
                                    : 0.0;
    rows[std::size_t{r} * v.rows() * v.inputs + item] = value;
  }
};

/// Items: B units. Bias and activation of a hidden layer, and its derivatives by the chain rule.
template <typename T>
struct ActivateRows {
  LeakView<T> v;
  pack::Layer layer;
  double* rows = nullptr;  ///< [R][(1 + I) B][units]

  MODSWEEP_HD void operator()(std::uint32_t r, std::uint32_t item) const {
    const std::uint32_t unit = item % layer.outputs;
    const double* values = v.values + r * v.parameter_stride;
    const LeakSubject& subject = v.subjects[v.networks[r]];
    const double slope = v.prelu ? values[layer.slope] : subject.leaky_slope;
    const std::size_t step = std::size_t{v.samples} * layer.outputs;
    double* at = rows + (1 + v.inputs) * step * r + item;
    const double z = *at + (layer.bias ? values[layer.biases + unit] : 0.0);
    const math::UnitTangent tangent = math::unit_tangent(subject.activation, z, slope);
    *at = tangent.value;
    for (std::uint32_t j = 1; j <= v.inputs; ++j) at[j * step] *= tangent.derivative;
  }
};

/// |dy_i/dx_j| of one sample; segment (r O + i) I + j. Rows past a network's samples are zeros.
template <typename T>
struct JacobianEntry {
  LeakView<T> v;
  std::uint32_t outputs = 0;
  const double* rows = nullptr;  ///< [R][(1 + I) B][O]

  MODSWEEP_HD double operator()(std::size_t segment, std::size_t b) const {
    const std::size_t j = segment % v.inputs;
    const std::size_t i = segment / v.inputs % outputs;
    const std::size_t r = segment / v.inputs / outputs;
    return math::absolute(rows[(r * v.rows() + (1 + j) * v.samples + b) * outputs + i]);
  }
};

/// Items: O I. Adds the sums over these samples to those over all samples so far.
template <typename T>
struct AddPartial {
  LeakView<T> v;
  std::uint32_t outputs = 0;

  MODSWEEP_HD void operator()(std::uint32_t r, std::uint32_t item) const {
    const std::size_t at = std::size_t{r} * outputs * v.inputs + item;
    v.jacobian[at] = (v.first == 0 ? 0.0 : v.jacobian[at]) + v.part[at];
  }
};

/// Items: 1. Off-diagonal fraction of a matrix of non-negative entries; NaN where it is zero or not finite.
struct OffDiagonalFraction {
  std::uint32_t order = 0;
  const double* matrices = nullptr;  ///< [R][order][order]
  double* shares = nullptr;          ///< [R]

  MODSWEEP_HD void operator()(std::uint32_t r, std::uint32_t) const {
    const std::uint32_t count = order * order;
    const double* matrix = matrices + std::size_t{r} * count;
    double largest = 0.0;
    for (std::uint32_t k = 0; k < count; ++k) largest = matrix[k] > largest ? matrix[k] : largest;
    double total = 0.0;  // of scaled entries: the sum of huge ones would overflow
    for (std::uint32_t k = 0; k < count; ++k) total += matrix[k] / largest;
    const auto scaled = [&](std::size_t i, std::size_t j) { return matrix[i * order + j] / largest; };
    shares[r] = math::off_diagonal_sum(order, scaled) / total;
  }
};

}  // namespace modsweep::spectrum
