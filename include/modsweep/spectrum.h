// Modularity of weight matrices (science.md section 5).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "modsweep/network.h"
#include "modsweep/settings.h"

namespace modsweep {

/// Spectrum of the random-walk Laplacian of the row-similarity graph of one weight matrix.
struct Spectrum {
  std::vector<double> eigenvalues;  ///< ascending, one per (live) row

  /// lambda_{k+1} - lambda_k counted from 1; none where there are fewer than k+1 eigenvalues or k is 0.
  [[nodiscard]] std::optional<double> gap(std::size_t k) const;
  /// The number of modules found: arg max_k gap_k for k = 1..R of R eigenvalues, with 1, which none exceeds,
  /// in the place of lambda_{R+1}, so that R separate rows are R modules. The first of equal ones; 0 without
  /// eigenvalues.
  [[nodiscard]] std::uint32_t modules() const;
  /// The same for k = 1..R-1, which cannot be R: what stores keep, and `modules` is computed from. 0 with
  /// fewer than two eigenvalues.
  [[nodiscard]] std::uint32_t largest_gap() const;

  /// Gaps that differ by less than this are equal: the difference is rounding of the eigenvalues.
  static constexpr double equal_gaps = 1e-12;
};

/// Both spectra of one weight matrix.
struct LayerSpectra {
  Spectrum all;                     ///< of all rows (the paper's)
  Spectrum live;                    ///< of the live rows only
  std::vector<std::uint32_t> dead;  ///< rows of norm zero or below 1e-3 of the largest row norm
};

/// Spectra of `w`, row-major [rows][columns]. Throws LogicError where sizes disagree; needs finite entries.
[[nodiscard]] LayerSpectra layer_spectra(std::span<const double> w, std::size_t rows, std::size_t columns,
                                         ClusterBy by = ClusterBy::incoming);

/// Both functional leaks of one network; none where path_leak and jacobian_leak return none.
struct Leaks {
  std::optional<double> path;
  std::optional<double> jacobian;
};

/// Off-diagonal fraction of |W^H| ... |W^0| (outputs x inputs); none unless outputs == inputs or where the
/// product is 0 or not finite.
[[nodiscard]] std::optional<double> path_leak(const Parameters& network);

/// Off-diagonal fraction of the mean over samples of |dy_i/dx_j|; x is row-major [count][inputs], no noise,
/// no dropout. `leaky_slope` is used by leaky_relu only. None unless outputs == inputs or where the mean is 0
/// or not finite.
[[nodiscard]] std::optional<double> jacobian_leak(const Parameters& network, Activation activation,
                                                  double leaky_slope, std::span<const double> x,
                                                  std::size_t count);

}  // namespace modsweep
