#include "modsweep/spectrum.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>
#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using Eigen::Index;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A row is dead where its norm is below this share of the largest.
constexpr double dead_share = 1e-3;

/// Gaps closer than this are equal: what is left of them is rounding of the eigenvalues.
constexpr double equal_gaps = 1e-12;

/// Rows of unit length, zero rows left zero, and the lengths that they had, as multiples of the largest entry
/// of all.
struct UnitRows {
  RowMajor rows;
  Eigen::VectorXd norms;
};

/// Each row is divided by its own largest entry before its length is taken: neither squares of huge entries
/// overflow nor do those of tiny ones vanish.
UnitRows unit_rows(const RowMajor& w) {
  UnitRows unit{w.cwiseAbs(), Eigen::VectorXd::Zero(w.rows())};
  if (w.size() == 0) return unit;
  const double largest = unit.rows.maxCoeff();
  for (Index r = 0; r < w.rows(); ++r) {
    auto row = unit.rows.row(r);
    const double scale = row.maxCoeff();
    if (scale == 0.0) continue;
    row /= scale;
    const double norm = row.norm();
    row /= norm;
    unit.norms[r] = scale / largest * norm;
  }
  return unit;
}

/// Eigenvalues of I - D^-1/2 S D^-1/2 for S = M M^T and D its row sums; the same as those of I - D^-1 S.
Spectrum spectrum_of(const RowMajor& m) {
  Spectrum spectrum;
  if (m.rows() == 0) return spectrum;
  Eigen::MatrixXd similarity = m * m.transpose();
  const Eigen::VectorXd degrees = similarity.rowwise().sum();
  // A zero row has no neighbors: it stays an isolated unit with eigenvalue 1.
  const Eigen::VectorXd scale = (degrees.array() > 0.0).select(degrees.array().rsqrt(), 0.0);
  similarity = -(scale.asDiagonal() * similarity * scale.asDiagonal());
  similarity.diagonal().array() += 1.0;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(similarity, Eigen::EigenvaluesOnly);
  if (solver.info() != Eigen::Success)
    throw LogicError(fmt::format("layer_spectra: no convergence for {} rows", m.rows()));
  const Eigen::VectorXd& values = solver.eigenvalues();
  spectrum.eigenvalues.assign(values.begin(), values.end());
  return spectrum;
}

}  // namespace

std::optional<double> Spectrum::gap(std::size_t k) const {
  if (k == 0 || k >= eigenvalues.size()) return std::nullopt;
  return eigenvalues[k] - eigenvalues[k - 1];
}

std::uint32_t Spectrum::modules() const {
  std::size_t best = 0;
  for (std::size_t k = 1; k < eigenvalues.size(); ++k)
    if (best == 0 || *gap(k) > *gap(best) + equal_gaps) best = k;
  return static_cast<std::uint32_t>(best);
}

LayerSpectra layer_spectra(std::span<const double> w, std::size_t rows, std::size_t columns, ClusterBy by) {
  const bool fits = rows == 0 ? w.empty() : w.size() % rows == 0 && w.size() / rows == columns;
  if (!fits) throw LogicError(fmt::format("layer_spectra: {} entries for {} x {}", w.size(), rows, columns));
  const auto infinite = std::find_if(w.begin(), w.end(), [](double v) { return !std::isfinite(v); });
  if (infinite != w.end())
    throw LogicError(fmt::format("layer_spectra: entry {} is {}", infinite - w.begin(), *infinite));

  const Eigen::Map<const RowMajor> given(w.data(), static_cast<Index>(rows), static_cast<Index>(columns));
  const UnitRows unit = unit_rows(by == ClusterBy::incoming ? RowMajor(given) : RowMajor(given.transpose()));
  LayerSpectra spectra;
  std::vector<Index> live;
  const double longest = unit.norms.size() == 0 ? 0.0 : unit.norms.maxCoeff();
  for (Index r = 0; r < unit.norms.size(); ++r) {
    if (unit.norms[r] == 0.0 || unit.norms[r] < dead_share * longest)
      spectra.dead.push_back(static_cast<std::uint32_t>(r));
    else
      live.push_back(r);
  }
  spectra.all = spectrum_of(unit.rows);
  spectra.live = spectra.dead.empty() ? spectra.all : spectrum_of(unit.rows(live, Eigen::all));
  return spectra;
}

}  // namespace modsweep
