// Effective timescales of units: how fast the autocorrelation of a state decays (science.md section 8.6).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace modsweep::recurrent {

/// Autocovariances of many series that arrive one time step after the other; the series are not kept.
class Autocovariances {
 public:
  /// Of `series` series, at lags 0 .. lags.
  Autocovariances(std::size_t series, std::size_t lags);

  /// The next value of each series.
  void add(std::span<const double> values);
  /// a(k), k = 0 .. lags, of a series: the sum over t of d(t) d(t + k), divided by n - k, where d is the
  /// series minus its mean. Throws LogicError for fewer values than lags + 1.
  [[nodiscard]] std::vector<double> of(std::size_t series) const;

 private:
  std::size_t series_;
  std::size_t lags_;
  std::size_t count_ = 0;
  std::vector<double> origin_;  ///< [series]: the first values, which keep the sums small
  std::vector<double>
      recent_;  ///< [lags + 1][series]: the last values minus the origin, by time modulo lags + 1
  std::vector<double> first_;     ///< [lags][series]: the first values minus the origin
  std::vector<double> sums_;      ///< [series]
  std::vector<double> products_;  ///< [lags + 1][series]
};

/// The mean over series of a(k), divided by that of a(0); empty where a(0) is 0: a state that does not vary
/// has none.
[[nodiscard]] std::vector<double> autocorrelation(const std::vector<std::vector<double>>& covariances);

/// A exp(-k / tau), or A c exp(-k / tau) + A (1 - c) exp(-k / tau2); A, c in [0, 1], timescales in (0, 100].
struct Decay {
  double amplitude = 0.0;
  double timescale = 0.0;       ///< the faster of two
  double slow_timescale = 0.0;  ///< of two only
  double fast_share = 1.0;      ///< c
  double residual = 0.0;        ///< sum of squares
  double information = 0.0;     ///< AIC = 2 q + n log(RSS / n), q = 2 or 4
};

/// The best fits to a(0), a(1), ..., and the timescale of the better one by AIC: of two the slower. A tie
/// means two.
struct DecayFits {
  Decay one;
  Decay two;
  bool two_are_better = false;
  [[nodiscard]] double timescale() const { return two_are_better ? two.slow_timescale : one.timescale; }
};
[[nodiscard]] DecayFits fit_decay(std::span<const double> autocorrelation);

}  // namespace modsweep::recurrent
