// Blocks are compared with loops over single units; polynomials with known ones and with their own optimum.
#include "modsweep/blocks.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

Shape block_shape(bool prelu = false) {
  // Two blocks 1 -> 3 -> 2 -> 1, then two layers that see both.
  return {.sizes = {2, 6, 4, 2, 5, 1}, .groups = {2, 2, 2, 1, 1}, .bias = true, .prelu = prelu};
}

Parameters random_network(const Shape& shape, std::uint32_t seed) {
  std::mt19937 bits(seed);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  Parameters network{shape, std::vector<double>(ParameterLayout(shape).parameters())};
  for (double& value : network.values) value = uniform(bits);
  return network;
}

/// One block, one unit at a time: block b has units b * size / 2 ... of each layer, and parameters in the
/// order of the store's documentation.
double naive_block(const Parameters& network, double slope, std::size_t b, double x) {
  std::vector<double> values = {x};
  std::size_t at = 0;
  for (std::size_t l = 0; l < 3; ++l) {
    const std::size_t units = network.shape.sizes[l + 1] / 2;
    const std::size_t inputs = values.size();
    const std::size_t biases = at + 2 * units * inputs;
    std::vector<double> next;
    const double layer_slope = network.shape.prelu ? network.values[biases + 2 * units] : slope;
    for (std::size_t k = b * units; k < (b + 1) * units; ++k) {
      double z = network.values[biases + k];
      for (std::size_t i = 0; i < inputs; ++i) z += network.values[at + k * inputs + i] * values[i];
      next.push_back(z > 0.0 ? z : layer_slope * z);
    }
    at = biases + 2 * units + (network.shape.prelu ? 1 : 0);
    values = next;
  }
  return values[0];
}

TEST(Blocks, OutputsAreThoseOfEachBlockAlone) {
  for (const bool prelu : {false, true}) {
    const Parameters network = random_network(block_shape(prelu), 7);
    const std::vector<double> x = {0.3, -0.7, 1.9, 0.0, -1.2, 0.8};
    const auto outputs =
        block_outputs(network, prelu ? Activation::prelu : Activation::leaky_relu, 0.1, x, 3);
    ASSERT_EQ(outputs.size(), 6U);
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t b = 0; b < 2; ++b)
        EXPECT_NEAR(outputs[2 * i + b], naive_block(network, 0.1, b, x[2 * i + b]), 1e-14) << i << ' ' << b;
  }
}

TEST(Blocks, EndWhereEachHasOneUnit) {
  EXPECT_EQ(block_layers(block_shape()), 3U);
  EXPECT_EQ(block_layers({.sizes = {2, 2, 3, 1}, .groups = {2, 1, 1}, .bias = true, .prelu = false}), 1U);
  // One input; groups that end too early; no layer with one unit per group; no groups.
  EXPECT_EQ(block_layers({.sizes = {1, 1, 1}, .groups = {1, 1}, .bias = true, .prelu = false}), 0U);
  EXPECT_EQ(block_layers({.sizes = {2, 6, 2, 1}, .groups = {2, 1, 1}, .bias = true, .prelu = false}), 0U);
  EXPECT_EQ(block_layers({.sizes = {2, 6, 4}, .groups = {2, 2}, .bias = true, .prelu = false}), 0U);
  EXPECT_EQ(block_layers({.sizes = {4, 4, 4}, .groups = {2, 2}, .bias = true, .prelu = false}), 0U);
}

TEST(Blocks, RefuseWhatHasNone) {
  const Parameters dense =
      random_network({.sizes = {2, 4, 1}, .groups = {1, 1}, .bias = true, .prelu = false}, 1);
  EXPECT_THROW((void)block_outputs(dense, Activation::leaky_relu, 0.1, std::vector<double>(2), 1),
               LogicError);
  const Parameters blocks = random_network(block_shape(), 1);
  EXPECT_THROW((void)block_outputs(blocks, Activation::leaky_relu, 0.1, std::vector<double>(3), 1),
               LogicError);
}

TEST(Polynomial, ThatMadeThePointsIsFound) {
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i <= 20; ++i) {
    x.push_back(-1.0 + 0.1 * i);
    y.push_back(0.25 - 2.0 * x.back() + 3.0 * x.back() * x.back());
  }
  const PolynomialFit parabola = fit_polynomial(x, y, 2);
  EXPECT_NEAR(parabola.coefficients.at(0), 0.25, 1e-13);
  EXPECT_NEAR(parabola.coefficients.at(1), -2.0, 1e-13);
  EXPECT_NEAR(parabola.coefficients.at(2), 3.0, 1e-13);
  EXPECT_NEAR(parabola.rmse, 0.0, 1e-13);
  EXPECT_NEAR(parabola(0.5), 0.25 - 1.0 + 0.75, 1e-13);
  // The residual of a line through 3 x^2 at 21 even points of [-1, 1] is 3 times the standard deviation of
  // their squares.
  double mean = 0.0;
  double square = 0.0;
  for (const double value : x) mean += value * value / 21.0;
  for (const double value : x) square += std::pow(value * value - mean, 2) / 21.0;
  const PolynomialFit line = fit_polynomial(x, y, 1);
  EXPECT_NEAR(line.rmse, 3.0 * std::sqrt(square), 1e-13);
  EXPECT_NEAR(line.coefficients.at(1), -2.0, 1e-13);
  // The residual of a constant is the standard deviation.
  double mean_y = 0.0;
  double square_y = 0.0;
  for (const double value : y) mean_y += value / 21.0;
  for (const double value : y) square_y += std::pow(value - mean_y, 2) / 21.0;
  EXPECT_NEAR(fit_polynomial(x, y, 0).rmse, std::sqrt(square_y), 1e-13);
}

TEST(Polynomial, HasTheLeastSquaresOfItsNeighbors) {
  std::mt19937 bits(3);
  std::normal_distribution<double> normal;
  std::vector<double> x(15);
  std::vector<double> y(15);
  for (double& value : x) value = normal(bits);
  for (double& value : y) value = normal(bits);
  const PolynomialFit best = fit_polynomial(x, y, 2);
  const auto rmse_of = [&](const PolynomialFit& fit) {
    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += std::pow(y[i] - fit(x[i]), 2);
    return std::sqrt(sum / 15.0);
  };
  EXPECT_NEAR(rmse_of(best), best.rmse, 1e-13);
  for (std::size_t k = 0; k < 3; ++k)
    for (const double by : {-1e-3, 1e-3}) {
      PolynomialFit moved = best;
      moved.coefficients[k] += by;
      EXPECT_GT(rmse_of(moved), best.rmse);
    }
}

TEST(Polynomial, OfADeadBlockIsAConstant) {
  const PolynomialFit line =
      fit_polynomial(std::vector<double>(5, 0.5), std::vector<double>{1, 2, 3, 4, 5}, 1);
  EXPECT_NEAR(line(0.5), 3.0, 1e-12);
  EXPECT_NEAR(line.rmse, std::sqrt(2.0), 1e-12);
  EXPECT_THROW((void)fit_polynomial(std::vector<double>{}, std::vector<double>{}, 1), LogicError);
  EXPECT_THROW((void)fit_polynomial(std::vector<double>(2), std::vector<double>(3), 1), LogicError);
}

}  // namespace
}  // namespace modsweep
