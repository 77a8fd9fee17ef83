// Quantiles and probabilities of the distributions that intervals are made of.
#pragma once

#include <cstddef>

namespace modsweep {

/// The regularized incomplete beta function I_x(a, b), 0 <= x <= 1, a and b positive.
[[nodiscard]] double incomplete_beta(double a, double b, double x);

/// The x at which I_x(a, b) is `p`, 0 <= p <= 1.
[[nodiscard]] double beta_quantile(double p, double a, double b);

/// The t that |T| stays below with probability `confidence`, of Student's distribution with `freedom` degrees
/// of freedom (positive, also fractions).
[[nodiscard]] double student_quantile(double confidence, double freedom);

/// With which probability the median of a continuous distribution lies between the value of rank `rank` (from
/// 1) and the one of that rank from above, of `count` values.
[[nodiscard]] double order_confidence(std::size_t count, std::size_t rank);

}  // namespace modsweep
