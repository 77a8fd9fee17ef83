// Networks with one block per input: what each block has learned (science.md section 6, tasks 4 to 6).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "modsweep/network.h"
#include "modsweep/settings.h"
#include "modsweep/task.h"

namespace modsweep {

/// Number of weight layers up to the blocks' outputs: the first hidden layer with one unit per group, if all
/// layers up to it have as many groups as there are inputs (2 or more). 0 where the network has no blocks.
[[nodiscard]] std::size_t block_layers(const Shape& shape);

/// The blocks' outputs after their activation, row-major [count][blocks], for inputs x, row-major
/// [count][inputs]. `leaky_slope` is used by leaky_relu only. Throws LogicError where sizes disagree or the
/// network has no blocks.
[[nodiscard]] std::vector<double> block_outputs(const Parameters& network, Activation activation,
                                                double leaky_slope, std::span<const double> x,
                                                std::size_t count);

/// A polynomial by least squares.
struct PolynomialFit {
  std::vector<double> coefficients;  ///< of x^0, x^1, ...
  double rmse = 0.0;                 ///< root mean square of y minus polynomial

  [[nodiscard]] double operator()(double x) const;
};

/// Fits a polynomial of the given degree to the points (x, y); where x has too few distinct values to
/// determine the coefficients, the smallest ones that fit best. Throws LogicError for no points or different
/// numbers of x and y.
[[nodiscard]] PolynomialFit fit_polynomial(std::span<const double> x, std::span<const double> y,
                                           std::size_t degree);

/// How far the blocks of a network are from the functions they are to learn (science.md section 6, task 6):
/// the root mean square error of the best straight line from block i's output to target i over the samples,
/// averaged over i; 0 where every block has learned its function up to scale and offset. None where the
/// network has no blocks or not one for each output, or where an output is not finite.
[[nodiscard]] std::optional<double> block_error(const Parameters& network, Activation activation,
                                                double leaky_slope, const Samples& samples);

}  // namespace modsweep
