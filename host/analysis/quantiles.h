// Quantiles and probabilities of the distributions behind the intervals.
#pragma once

#include <cstddef>

namespace modsweep {

/// The regularized incomplete beta function I_x(a, b), 0 <= x <= 1, a and b positive.
[[nodiscard]] double incomplete_beta(double a, double b, double x);

/// The x at which I_x(a, b) is `p`, 0 <= p <= 1.
[[nodiscard]] double beta_quantile(double p, double a, double b);

/// The t with P(|T| < t) = `confidence` for Student's distribution with `freedom` degrees of freedom
/// (positive, not necessarily whole).
[[nodiscard]] double student_quantile(double confidence, double freedom);

/// The probability that the median of a continuous distribution lies between the value of rank `rank` (from
/// 1) and the value of the same rank from above, of `count` values.
[[nodiscard]] double order_confidence(std::size_t count, std::size_t rank);

}  // namespace modsweep
