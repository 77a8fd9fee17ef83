#include "modsweep/spectrum.h"

#include "support/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

constexpr double tolerance = 1e-10;

/// A matrix for tests, row-major.
struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> values;

  Matrix(std::size_t r, std::size_t c) : rows(r), columns(c), values(r * c, 0.0) {}
  double& operator()(std::size_t r, std::size_t c) { return values[r * columns + c]; }
  double operator()(std::size_t r, std::size_t c) const { return values[r * columns + c]; }
};

Matrix random_matrix(std::size_t rows, std::size_t columns, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Matrix m(rows, columns);
  for (double& value : m.values) value = normal(random);
  return m;
}

LayerSpectra spectra(const Matrix& m, ClusterBy by = ClusterBy::incoming) {
  return layer_spectra(m.values, m.rows, m.columns, by);
}

void expect_near(const std::vector<double>& ours, const std::vector<double>& expected,
                 const std::string& what) {
  ASSERT_EQ(ours.size(), expected.size()) << what;
  EXPECT_TRUE(std::is_sorted(ours.begin(), ours.end())) << what;
  for (std::size_t i = 0; i < ours.size(); ++i)
    EXPECT_NEAR(ours[i], expected[i], tolerance) << what << " " << i;
}

/// Eigenvalues of a symmetric matrix by Jacobi rotations, ascending.
std::vector<double> jacobi_eigenvalues(Matrix a) {
  const std::size_t n = a.rows;
  for (int sweep = 0; sweep < 100; ++sweep) {
    double off = 0.0;
    for (std::size_t p = 0; p < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q) off += a(p, q) * a(p, q);
    if (off < 1e-30) break;
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        const double angle = 0.5 * std::atan2(2 * a(p, q), a(q, q) - a(p, p));
        const double c = std::cos(angle);
        const double s = std::sin(angle);
        for (std::size_t k = 0; k < n; ++k) {
          const double kp = a(k, p);
          const double kq = a(k, q);
          a(k, p) = c * kp - s * kq;
          a(k, q) = s * kp + c * kq;
        }
        for (std::size_t k = 0; k < n; ++k) {
          const double pk = a(p, k);
          const double qk = a(q, k);
          a(p, k) = c * pk - s * qk;
          a(q, k) = s * pk + c * qk;
        }
      }
    }
  }
  std::vector<double> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = a(i, i);
  std::sort(values.begin(), values.end());
  return values;
}

/// science.md section 5 word by word.
std::vector<double> naive_spectrum(const Matrix& w) {
  Matrix m = w;
  for (std::size_t r = 0; r < m.rows; ++r) {
    double squares = 0.0;
    for (std::size_t c = 0; c < m.columns; ++c) squares += m(r, c) * m(r, c);
    for (std::size_t c = 0; c < m.columns; ++c)
      m(r, c) = squares > 0 ? std::abs(m(r, c)) / std::sqrt(squares) : 0.0;
  }
  Matrix s(m.rows, m.rows);
  for (std::size_t i = 0; i < m.rows; ++i)
    for (std::size_t j = 0; j < m.rows; ++j)
      for (std::size_t c = 0; c < m.columns; ++c) s(i, j) += m(i, c) * m(j, c);
  std::vector<double> degree(m.rows);
  for (std::size_t i = 0; i < m.rows; ++i)
    for (std::size_t j = 0; j < m.rows; ++j) degree[i] += s(i, j);
  Matrix laplacian(m.rows, m.rows);
  for (std::size_t i = 0; i < m.rows; ++i)
    for (std::size_t j = 0; j < m.rows; ++j) {
      const double share = degree[i] > 0 && degree[j] > 0 ? s(i, j) / std::sqrt(degree[i] * degree[j]) : 0.0;
      laplacian(i, j) = (i == j ? 1.0 : 0.0) - share;
    }
  return jacobi_eigenvalues(laplacian);
}

Matrix transpose(const Matrix& m) {
  Matrix t(m.columns, m.rows);
  for (std::size_t r = 0; r < m.rows; ++r)
    for (std::size_t c = 0; c < m.columns; ++c) t(c, r) = m(r, c);
  return t;
}

/// Rows and columns in a random order.
Matrix shuffled(const Matrix& m, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::size_t> rows(m.rows);
  std::vector<std::size_t> columns(m.columns);
  for (std::size_t r = 0; r < m.rows; ++r) rows[r] = r;
  for (std::size_t c = 0; c < m.columns; ++c) columns[c] = c;
  std::shuffle(rows.begin(), rows.end(), random);
  std::shuffle(columns.begin(), columns.end(), random);
  Matrix out(m.rows, m.columns);
  for (std::size_t r = 0; r < m.rows; ++r)
    for (std::size_t c = 0; c < m.columns; ++c) out(r, c) = m(rows[r], columns[c]);
  return out;
}

// --- the reference vectors ---

TEST(LaplacianReference, SpectraDeadRowsAndGaps) {
  for (const LaplacianCase& reference : laplacian_cases()) {
    SCOPED_TRACE(reference.path);
    const TensorFile file = reference.load();
    const auto values = [&](const std::string& name) { return tensor(file, reference, name).values; };
    const LayerSpectra found = layer_spectra(values("W"), reference.rows, reference.columns);
    expect_near(found.all.eigenvalues, values("eig_all"), "eig_all");
    expect_near(found.live.eigenvalues, values("eig_live"), "eig_live");
    EXPECT_EQ(std::vector<double>(found.dead.begin(), found.dead.end()), values("dead_rows"));
    EXPECT_NEAR(found.all.gap(reference.n).value_or(-1.0), scalar(file, reference, "gap_n_all"), tolerance);
    EXPECT_NEAR(found.live.gap(reference.n).value_or(-1.0), scalar(file, reference, "gap_n_live"), tolerance);
  }
}

TEST(LaplacianReference, FinalWeightsOfTrajectories) {
  for (const NetworkCase& reference : trajectory_cases()) {
    SCOPED_TRACE(reference.path);
    const TensorFile file = reference.load();
    const Parameters network = parameters_of(reference, file, "", "_final");
    // one spectrum for each hidden layer
    for (std::size_t l = 0; l + 1 < reference.weight_layers(); ++l) {
      const std::string name = fmt::format("eig{}_final", l);
      const auto found = layer_spectra(network.dense_weights(l), reference.sizes[l + 1], reference.sizes[l]);
      expect_near(found.all.eigenvalues, tensor(file, reference, name).values, name);
    }
  }
}

// --- against naive loops ---

TEST(Spectrum, AgreesWithNaiveLoopsAtEverySize) {
  const std::vector<std::size_t> sizes = {1, 2, 3, 4, 5, 31, 32, 33};
  unsigned seed = 0;
  for (const std::size_t rows : sizes)
    for (const std::size_t columns : sizes) {
      const Matrix m = random_matrix(rows, columns, ++seed);
      expect_near(spectra(m).all.eigenvalues, naive_spectrum(m), fmt::format("{} x {}", rows, columns));
    }
}

TEST(Spectrum, ZeroRowsAreIsolatedUnits) {
  Matrix m = random_matrix(6, 4, 1);
  for (std::size_t c = 0; c < 4; ++c) m(1, c) = m(4, c) = 0.0;
  const LayerSpectra found = spectra(m);
  expect_near(found.all.eigenvalues, naive_spectrum(m), "all");
  EXPECT_EQ(found.dead, (std::vector<std::uint32_t>{1, 4}));
  Matrix rest(4, 4);
  for (std::size_t r = 0, next = 0; r < 6; ++r)
    if (r != 1 && r != 4) {
      for (std::size_t c = 0; c < 4; ++c) rest(next, c) = m(r, c);
      ++next;
    }
  expect_near(found.live.eigenvalues, naive_spectrum(rest), "live");
}

TEST(Spectrum, OutgoingClustersTheColumns) {
  for (const auto& [rows, columns] : {std::pair(4, 32), {32, 4}, {32, 32}, {1, 3}, {7, 1}}) {
    const Matrix m = random_matrix(static_cast<std::size_t>(rows), static_cast<std::size_t>(columns), 5);
    const LayerSpectra outgoing = spectra(m, ClusterBy::outgoing);
    const LayerSpectra incoming = spectra(transpose(m));
    EXPECT_EQ(outgoing.all.eigenvalues, incoming.all.eigenvalues);
    EXPECT_EQ(outgoing.live.eigenvalues, incoming.live.eigenvalues);
    EXPECT_EQ(outgoing.dead, incoming.dead);
  }
}

// --- laws ---

TEST(Spectrum, DoesNotDependOnTheOrderOfUnits) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    const Matrix m = random_matrix(33, 17, seed);
    expect_near(spectra(shuffled(m, seed)).all.eigenvalues, spectra(m).all.eigenvalues, "shuffled");
  }
}

TEST(Spectrum, DoesNotDependOnSignsOrScalesOfRows) {
  const Matrix m = random_matrix(12, 9, 3);
  Matrix changed = m;
  for (std::size_t r = 0; r < 12; ++r)
    for (std::size_t c = 0; c < 9; ++c)
      changed(r, c) *= (r + c) % 3 == 0 ? -1.0 - static_cast<double>(r) : 1.0 + static_cast<double>(r);
  expect_near(spectra(changed).all.eigenvalues, spectra(m).all.eigenvalues, "changed");
}

TEST(Spectrum, BlocksAreCounted) {
  for (std::size_t blocks = 1; blocks <= 8; ++blocks) {
    // every block with entries of its own, at least two rows each
    std::mt19937 random(static_cast<unsigned>(blocks));
    std::uniform_real_distribution<double> positive(0.5, 1.0);
    Matrix m(4 * blocks, 3 * blocks);
    for (std::size_t r = 0; r < m.rows; ++r)
      for (std::size_t c = 0; c < m.columns; ++c)
        if (r / 4 == c / 3) m(r, c) = positive(random);
    const LayerSpectra found = spectra(shuffled(m, 9));
    EXPECT_EQ(found.all.modules(), blocks);
    EXPECT_EQ(found.live.modules(), blocks);
    for (std::size_t k = 0; k < blocks; ++k) EXPECT_NEAR(found.all.eigenvalues[k], 0.0, 1e-12);
    EXPECT_GT(found.all.gap(blocks).value(), 0.5);
  }
}

TEST(Spectrum, RowsThatAreAllSeparateAreAsManyModules) {
  for (std::size_t units = 1; units <= 8; ++units) {
    std::mt19937 random(static_cast<unsigned>(units));
    std::uniform_real_distribution<double> positive(0.5, 1.0);
    Matrix m(units, 2 * units);
    for (std::size_t r = 0; r < units; ++r) m(r, 2 * r) = m(r, 2 * r + 1) = positive(random);
    const LayerSpectra found = spectra(shuffled(m, 9));
    EXPECT_EQ(found.all.modules(), units);
    EXPECT_FALSE(found.all.gap(units).has_value()) << "gap_n of n rows stays none";
    // A unit more that reads what another one reads: n modules of n + 1 rows.
    Matrix more(units + 1, 2 * units);
    std::ranges::copy(m.values, more.values.begin());
    more(units, 0) = 1.0;
    EXPECT_EQ(spectra(more).all.modules(), units);
  }
}

TEST(Spectrum, RowsThatAreAllAlikeAreOneModule) {
  for (std::size_t units = 1; units <= 8; ++units) {
    Matrix m(units, 3);
    std::ranges::fill(m.values, 1.0);
    EXPECT_EQ(spectra(m).all.modules(), 1U) << units;
  }
}

TEST(Spectrum, DeadRowsHideModulesInAllOnly) {
  // Four blocks of six rows; then most rows become tiny noise that `all` scales up.
  Matrix m(24, 24);
  const Matrix noise = random_matrix(24, 24, 2);
  for (std::size_t r = 0; r < 24; ++r)
    for (std::size_t c = 0; c < 24; ++c) {
      if (r % 6 < 2 && r / 6 == c / 6) m(r, c) = 1.0 + std::abs(noise(r, c));
      if (r % 6 >= 2) m(r, c) = 1e-7 * noise(r, c);
    }
  const LayerSpectra found = spectra(m);
  EXPECT_EQ(found.dead.size(), 16U);
  EXPECT_EQ(found.live.modules(), 4U);
  EXPECT_NE(found.all.modules(), 4U);
}

TEST(Spectrum, DeadThreshold) {
  // lengths as fractions of the longest row, which is 2
  Matrix m(5, 2);
  const std::vector<double> lengths = {2.0, 2.0 * 0.00101, 2.0 * 0.00099, 0.0, 1.0};
  for (std::size_t r = 0; r < 5; ++r) {
    m(r, 0) = 0.6 * lengths[r];
    m(r, 1) = -0.8 * lengths[r];
  }
  EXPECT_EQ(spectra(m).dead, (std::vector<std::uint32_t>{2, 3}));
}

// --- edges ---

TEST(Spectrum, HugeTinyAndDenormalRows) {
  // Multiples of powers of two: exactly the same directions.
  const Matrix m = random_matrix(6, 5, 8);
  const std::vector<int> exponents = {0, 1020, -1000, 500, -500, -1021};
  Matrix scaled = m;
  for (std::size_t r = 0; r < 6; ++r)
    for (std::size_t c = 0; c < 5; ++c) scaled(r, c) = std::ldexp(m(r, c), exponents[r]);
  const LayerSpectra found = spectra(scaled);
  expect_near(found.all.eigenvalues, spectra(m).all.eigenvalues, "scaled");
  EXPECT_EQ(found.dead, (std::vector<std::uint32_t>{0, 2, 3, 4, 5}));
  EXPECT_EQ(found.live.eigenvalues.size(), 1U);

  Matrix denormal(3, 2);
  denormal.values = {5e-324, 0.0, 5e-324, 0.0, 0.0, 5e-324};
  const LayerSpectra tiny = spectra(denormal);
  EXPECT_TRUE(tiny.dead.empty());
  expect_near(tiny.all.eigenvalues, {0.0, 0.0, 1.0}, "denormal");
  const double most = std::numeric_limits<double>::max();
  Matrix huge(2, 3);
  huge.values = {most, most, -most, most, -most, most};
  expect_near(spectra(huge).all.eigenvalues, {0.0, 1.0}, "huge");
}

TEST(Spectrum, NoRowsAndNoColumns) {
  EXPECT_TRUE(layer_spectra({}, 0, 3).all.eigenvalues.empty());
  const LayerSpectra found = layer_spectra({}, 2, 0);
  EXPECT_EQ(found.all.eigenvalues, (std::vector<double>{1.0, 1.0}));
  EXPECT_EQ(found.dead.size(), 2U);
  EXPECT_TRUE(found.live.eigenvalues.empty());
}

TEST(Spectrum, RefusesWhatItCannotMeasure) {
  const std::vector<double> w = {1, 2, 3, 4, 5, 6};
  const std::size_t most = std::numeric_limits<std::size_t>::max();
  EXPECT_NO_THROW(static_cast<void>(layer_spectra(w, 2, 3)));
  for (const auto& [rows, columns] :
       {std::pair<std::size_t, std::size_t>{2, 2}, {0, 3}, {6, 0}, {7, 1}, {3, most}, {most, 2}})
    EXPECT_THROW(static_cast<void>(layer_spectra(w, rows, columns)), LogicError) << rows << " x " << columns;
  for (const double wrong : {std::numeric_limits<double>::infinity(), std::nan("")}) {
    std::vector<double> broken = w;
    broken[4] = wrong;
    EXPECT_THROW(static_cast<void>(layer_spectra(broken, 2, 3)), LogicError);
  }
}

TEST(Spectrum, GapsAndModules) {
  const Spectrum spectrum{{0.0, 0.1, 0.15, 0.9, 1.0}};
  EXPECT_FALSE(spectrum.gap(0).has_value());
  EXPECT_DOUBLE_EQ(spectrum.gap(1).value(), 0.1);
  EXPECT_DOUBLE_EQ(spectrum.gap(3).value(), 0.75);
  EXPECT_DOUBLE_EQ(spectrum.gap(4).value(), 0.1);
  EXPECT_FALSE(spectrum.gap(5).has_value());
  EXPECT_FALSE(spectrum.gap(std::numeric_limits<std::size_t>::max()).has_value());
  EXPECT_EQ(spectrum.modules(), 3U);
  EXPECT_EQ(Spectrum{}.modules(), 0U);
  EXPECT_EQ(Spectrum{{0.0}}.modules(), 1U);
  EXPECT_EQ((Spectrum{{0.0, 1.0}}.modules()), 1U);
  EXPECT_EQ((Spectrum{{0.0, 0.5}}.modules()), 1U) << "the first of equal gaps, the last one included";
  EXPECT_EQ((Spectrum{{0.0, 0.4}}.modules()), 2U);
  EXPECT_EQ((Spectrum{{0.0, 0.5, 1.0}}.modules()), 1U) << "the first of equal gaps";
  EXPECT_EQ((Spectrum{{0.0, 1e-17, 3e-17}}.modules()), 3U);
  EXPECT_EQ((Spectrum{{0.0, 1e-17, 3e-17, 1.0, 1.0}}.modules()), 3U) << "rounding is no gap";
}

TEST(Spectrum, LargestGapIsOfRowsBelowTheLast) {
  EXPECT_EQ(Spectrum{}.largest_gap(), 0U);
  EXPECT_EQ(Spectrum{{0.0}}.largest_gap(), 0U);
  EXPECT_EQ((Spectrum{{0.0, 0.0, 0.0}}.largest_gap()), 1U);
  EXPECT_EQ((Spectrum{{0.0, 0.1, 0.3}}.largest_gap()), 2U);
}

TEST(Spectrum, ModulesAreTheArgMaxOfGapsUpToOne) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  for (std::size_t rows = 1; rows <= 6; ++rows)
    for (int draw = 0; draw < 200; ++draw) {
      Spectrum spectrum{std::vector<double>(rows, 0.0)};
      for (std::size_t k = 1; k < rows; ++k) spectrum.eigenvalues[k] = uniform(random);
      std::ranges::sort(spectrum.eigenvalues);
      std::vector<double> ends = spectrum.eigenvalues;
      ends.push_back(1.0);
      std::size_t best = 1;
      for (std::size_t k = 2; k <= rows; ++k)
        if (ends[k] - ends[k - 1] > ends[best] - ends[best - 1]) best = k;
      EXPECT_EQ(spectrum.modules(), best) << rows;
    }
}

}  // namespace
}  // namespace modsweep::test
