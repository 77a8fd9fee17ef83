#include "analysis/quantiles.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// The continued fraction of I_x(a, b) by Lentz's method (Press et al. 2007, section 6.4); converges fast for
/// x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  constexpr double enough = 1e-15;
  const auto away_from_zero = [](double value) { return std::abs(value) < tiny ? tiny : value; };
  double c = 1.0;
  double d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
  double fraction = d;
  // Converges in O(sqrt(max(a, b))) iterations; the bound ends the loop if rounding prevents convergence.
  for (double m = 1.0; m < 100'000.0; m += 1.0) {
    const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
    d = 1.0 / away_from_zero(1.0 + even * d);
    c = away_from_zero(1.0 + even / c);
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    d = 1.0 / away_from_zero(1.0 + odd * d);
    c = away_from_zero(1.0 + odd / c);
    const double factor = d * c;
    fraction *= factor;
    if (std::abs(factor - 1.0) < enough) break;
  }
  return fraction;
}

}  // namespace

double incomplete_beta(double a, double b, double x) {
  if (!(a > 0.0 && b > 0.0 && x >= 0.0 && x <= 1.0))
    throw LogicError(fmt::format("incomplete_beta: a {}, b {}, x {}", a, b, x));
  if (x == 0.0 || x == 1.0) return x;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1.0) / (a + b + 2.0)) return front * beta_fraction(a, b, x) / a;
  return 1.0 - front * beta_fraction(b, a, 1.0 - x) / b;
}

double beta_quantile(double p, double a, double b) {
  double low = 0.0;
  double high = 1.0;
  for (;;) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high || high - low <= 4.0 * std::numeric_limits<double>::epsilon() * low)
      return middle;
    (incomplete_beta(a, b, middle) < p ? low : high) = middle;
  }
}

double student_quantile(double confidence, double freedom) {
  if (!(confidence > 0.0 && confidence < 1.0 && freedom > 0.0))
    throw LogicError(fmt::format("student_quantile: confidence {}, freedom {}", confidence, freedom));
  // P(|T| < t) = I_x(1/2, freedom / 2) at x = t^2 / (freedom + t^2).
  const double x = beta_quantile(confidence, 0.5, 0.5 * freedom);
  return std::sqrt(freedom * x / (1.0 - x));
}

double order_confidence(std::size_t count, std::size_t rank) {
  if (rank < 1 || 2 * rank > count)
    throw LogicError(fmt::format("order_confidence: rank {} of {} values", rank, count));
  // The interval misses the median if fewer than `rank` values are below the median, or fewer than `rank`
  // above it. So the confidence is 1 - 2 P(Binomial(count, 1/2) < rank).
  return 1.0 - 2.0 * incomplete_beta(static_cast<double>(count - rank + 1), static_cast<double>(rank), 0.5);
}

}  // namespace modsweep
