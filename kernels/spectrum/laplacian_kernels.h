// Kernels that compute Laplacians of row-similarity graphs from weights (science.md section 5), in double
// whatever the weights are. R requested networks, N rows (the neurons that are clustered), C columns. Each is
// a function of (request, item), like those of kernels/pack.
#pragma once

#include "pack/arrays.h"

#include "modsweep/math/laplacian.h"

namespace modsweep::spectrum {

/// Eigenvalue assigned to an excluded row: above all others, which are at most 2.
constexpr double left_out = 4.0;

/// One weight matrix of each requested network, and the arrays computed from it.
template <typename T>
struct LaplacianView {
  pack::Layer layer;
  bool outgoing = false;                    ///< rows are the sending units
  std::uint32_t rows = 0;                   ///< N
  std::uint32_t columns = 0;                ///< C
  const std::uint32_t* networks = nullptr;  ///< [R]: indices in the pack
  const T* parameters = nullptr;            ///< [P][stride]
  std::size_t parameter_stride = 0;

  double* unit_rows = nullptr;    ///< [R][N][C]: |W|, each row of length 1 or 0
  double* norms = nullptr;        ///< [R][N]: original lengths of the rows
  std::uint32_t* dead = nullptr;  ///< [R][N]: 1 or 0
  double* similarity = nullptr;   ///< [R][N][N]
  double* laplacian = nullptr;    ///< [R][N][N]
  double* scale = nullptr;        ///< [R][N]: degree^-1/2

  /// |W| of a row and a column, 0 between groups.
  [[nodiscard]] MODSWEEP_HD double magnitude(std::uint32_t r, std::uint32_t row, std::uint32_t column) const {
    const std::uint32_t o = outgoing ? column : row;
    const std::uint32_t i = outgoing ? row : column;
    if (o / layer.group_outputs() != i / layer.group_inputs()) return 0.0;
    const std::size_t at = networks[r] * parameter_stride + layer.weights +
                           std::size_t{o} * layer.group_inputs() + i % layer.group_inputs();
    return math::absolute(static_cast<double>(parameters[at]));
  }
};

/// Items: N. A row of |W| scaled to length 1. It is first divided by its largest entry, so that squares of
/// huge entries do not overflow and those of tiny ones do not vanish.
template <typename T>
struct UnitRows {
  LaplacianView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t r, std::uint32_t row) const {
    const std::size_t at = std::size_t{r} * v.rows + row;
    double* out = v.unit_rows + at * v.columns;
    double largest = 0.0;
    for (std::uint32_t c = 0; c < v.columns; ++c) {
      out[c] = v.magnitude(r, row, c);
      if (out[c] > largest) largest = out[c];
    }
    v.norms[at] = 0.0;
    if (!(largest > 0.0)) return;
    double square = 0.0;
    for (std::uint32_t c = 0; c < v.columns; ++c) {
      out[c] /= largest;
      square = math::multiply_add(out[c], out[c], square);
    }
    const double length = math::square_root(square);
    for (std::uint32_t c = 0; c < v.columns; ++c) out[c] /= length;
    v.norms[at] = largest * length;
  }
};

/// Items: N. Which rows are dead.
template <typename T>
struct DeadRows {
  LaplacianView<T> v;

  MODSWEEP_HD void operator()(std::uint32_t r, std::uint32_t row) const {
    const double* norms = v.norms + std::size_t{r} * v.rows;
    double longest = 0.0;
    for (std::uint32_t k = 0; k < v.rows; ++k) longest = norms[k] > longest ? norms[k] : longest;
    v.dead[std::size_t{r} * v.rows + row] = math::is_dead(norms[row], longest) ? 1 : 0;
  }
};

/// Items: N. Degree^-1/2 of all rows, or of the live ones among themselves.
template <typename T>
struct Degrees {
  LaplacianView<T> v;
  bool live = false;

  MODSWEEP_HD void operator()(std::uint32_t r, std::uint32_t row) const {
    const std::uint32_t* dead = v.dead + std::size_t{r} * v.rows;
    const double* similarity = v.similarity + (std::size_t{r} * v.rows + row) * v.rows;
    double degree = 0.0;
    for (std::uint32_t k = 0; k < v.rows; ++k)
      if (!live || dead[k] == 0) degree += similarity[k];
    v.scale[std::size_t{r} * v.rows + row] = math::root_inverse_degree(degree);
  }
};

/// Items: N N. I - D^-1/2 S D^-1/2; with `live`, dead rows are disconnected and get the eigenvalue
/// `left_out`.
template <typename T>
struct Laplacian {
  LaplacianView<T> v;
  bool live = false;

  MODSWEEP_HD void operator()(std::uint32_t r, std::uint32_t item) const {
    const std::uint32_t i = item / v.rows;
    const std::uint32_t j = item % v.rows;
    const std::uint32_t* dead = v.dead + std::size_t{r} * v.rows;
    const double* scale = v.scale + std::size_t{r} * v.rows;
    const std::size_t at = std::size_t{r} * v.rows * v.rows + item;
    if (live && (dead[i] != 0 || dead[j] != 0))
      v.laplacian[at] = i == j ? left_out : 0.0;
    else
      v.laplacian[at] = math::laplacian_entry(i == j, scale[i], v.similarity[at], scale[j]);
  }
};

}  // namespace modsweep::spectrum
