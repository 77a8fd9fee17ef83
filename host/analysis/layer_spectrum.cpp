#include "analysis/similarity.h"

#include <Eigen/Dense>
#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/spectrum.h"

namespace modsweep {
namespace {

/// Eigenvalues of the Laplacian of unit rows.
Spectrum spectrum_of(const RowMajor& m) {
  Spectrum spectrum;
  if (m.rows() == 0) return spectrum;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(similarity_graph(m).laplacian(),
                                                              Eigen::EigenvaluesOnly);
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
  const std::uint32_t best = largest_gap();
  if (best > 0 && 1.0 - eigenvalues.back() <= *gap(best) + equal_gaps) return best;
  return static_cast<std::uint32_t>(eigenvalues.size());
}

std::uint32_t Spectrum::largest_gap() const {
  std::size_t best = 0;
  for (std::size_t k = 1; k < eigenvalues.size(); ++k)
    if (best == 0 || *gap(k) > *gap(best) + equal_gaps) best = k;
  return static_cast<std::uint32_t>(best);
}

LayerSpectra layer_spectra(std::span<const double> w, std::size_t rows, std::size_t columns, ClusterBy by) {
  const UnitRows unit = unit_rows(w, rows, columns, by);
  LayerSpectra spectra;
  spectra.dead = unit.dead;
  spectra.all = spectrum_of(unit.rows);
  spectra.live = spectra.dead.empty() ? spectra.all : spectrum_of(unit.rows(unit.live, Eigen::all));
  return spectra;
}

}  // namespace modsweep
