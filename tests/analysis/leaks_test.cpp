#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "modsweep/blocks.h"
#include "modsweep/error.h"
#include "modsweep/names.h"
#include "modsweep/spectrum.h"

namespace modsweep::test {
namespace {

Shape shape_from(std::vector<std::uint32_t> sizes, std::vector<std::uint32_t> groups = {}) {
  Shape shape;
  shape.sizes = std::move(sizes);
  shape.groups = groups.empty() ? std::vector<std::uint32_t>(shape.weight_layers(), 1) : std::move(groups);
  return shape;
}

Parameters random_network(const Shape& shape, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0.0, 0.7);
  Parameters network{shape, std::vector<double>(ParameterLayout(shape).parameters())};
  for (double& value : network.values) value = normal(random);
  return network;
}

std::vector<double> random_inputs(std::size_t count, std::uint32_t inputs, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(-2.0, 2.0);
  std::vector<double> x(count * inputs);
  for (double& value : x) value = uniform(random);
  return x;
}

/// The network's outputs for one sample, by loops over units, groups and their inputs.
std::vector<double> naive_outputs(const Parameters& network, Activation activation, double leaky_slope,
                                  std::vector<double> values) {
  const ParameterLayout layout(network.shape);
  for (std::size_t l = 0; l < layout.layers().size(); ++l) {
    const LayerSlice& slice = layout.layers()[l];
    std::vector<double> next(slice.outputs);
    for (std::size_t o = 0; o < slice.outputs; ++o) {
      double z = layout.bias() ? network.values[slice.biases + o] : 0.0;
      const std::size_t group = o / (slice.outputs / slice.groups);
      const std::size_t width = slice.inputs / slice.groups;
      for (std::size_t i = 0; i < width; ++i)
        z += network.values[slice.weights + o * width + i] * values[group * width + i];
      next[o] = z;
    }
    if (l + 1 < layout.layers().size()) {
      for (double& z : next) {
        if (activation == Activation::leaky_relu && z < 0) z *= leaky_slope;
        if (activation == Activation::prelu && z < 0) z *= network.values[slice.slope];
        if (activation == Activation::tanh) z = std::tanh(z);
        if (activation == Activation::sigmoid) z = 1 / (1 + std::exp(-z));
      }
    }
    values = next;
  }
  return values;
}

/// Off-diagonal fraction of the sum over samples of the absolute differences dy_i/dx_j.
double naive_jacobian_leak(const Parameters& network, Activation activation, double leaky_slope,
                           const std::vector<double>& x, std::size_t count) {
  constexpr double step = 1e-6;
  const std::size_t n = network.shape.inputs();
  double off = 0.0;
  double all = 0.0;
  for (std::size_t sample = 0; sample < count; ++sample) {
    const std::vector<double> here(x.begin() + static_cast<std::ptrdiff_t>(sample * n),
                                   x.begin() + static_cast<std::ptrdiff_t>((sample + 1) * n));
    for (std::size_t j = 0; j < n; ++j) {
      std::vector<double> up = here;
      std::vector<double> down = here;
      up[j] += step;
      down[j] -= step;
      const auto y_up = naive_outputs(network, activation, leaky_slope, up);
      const auto y_down = naive_outputs(network, activation, leaky_slope, down);
      for (std::size_t i = 0; i < n; ++i) {
        const double derivative = std::abs(y_up[i] - y_down[i]) / (2 * step);
        all += derivative;
        if (i != j) off += derivative;
      }
    }
  }
  return off / all;
}

class EveryActivation : public testing::TestWithParam<std::pair<Activation, std::string_view>> {};

INSTANTIATE_TEST_SUITE_P(All, EveryActivation, testing::ValuesIn(EnumNames<Activation>::table),
                         [](const auto& info) { return std::string(info.param.second); });

TEST_P(EveryActivation, JacobianLeakAgreesWithFiniteDifferences) {
  const Activation activation = GetParam().first;
  const std::vector<Shape> shapes = {
      shape_from({1, 3, 1}),
      shape_from({2, 2}),
      shape_from({3, 7, 5, 3}),
      shape_from({4, 32, 32, 32, 4}),
      shape_from({2, 4, 2, 6, 2}, {2, 2, 1, 1}),
      shape_from({4, 8, 12, 4}, {4, 2, 1}),
  };
  unsigned seed = 0;
  for (Shape shape : shapes) {
    for (const bool bias : {true, false}) {
      shape.bias = bias;
      shape.prelu = activation == Activation::prelu;
      const Parameters network = random_network(shape, ++seed);
      const auto x = random_inputs(20, shape.inputs(), seed);
      const auto leak = jacobian_leak(network, activation, 0.1, x, 20);
      ASSERT_TRUE(leak.has_value()) << shape.text();
      EXPECT_NEAR(*leak, naive_jacobian_leak(network, activation, 0.1, x, 20), 1e-6) << shape.text();
    }
  }
}

TEST(JacobianLeak, AnyNumberOfSamples) {
  // Samples are processed in blocks of 512 / inputs.
  const Parameters network = random_network(shape_from({4, 9, 4}), 3);
  for (const std::size_t count : {1, 2, 127, 128, 129, 300}) {
    const auto x = random_inputs(count, 4, 7);
    EXPECT_NEAR(jacobian_leak(network, Activation::tanh, 0.1, x, count).value(),
                naive_jacobian_leak(network, Activation::tanh, 0.1, x, count), 1e-6)
        << count;
  }
}

TEST(JacobianLeak, MoreInputsThanABlockHolds) {
  const Parameters network = random_network(shape_from({600, 2, 600}), 3);
  const auto x = random_inputs(2, 600, 7);
  EXPECT_NEAR(jacobian_leak(network, Activation::tanh, 0.1, x, 2).value(),
              naive_jacobian_leak(network, Activation::tanh, 0.1, x, 2), 1e-6);
}

TEST(JacobianLeak, SlopeAtZeroIsTheNegativeSide) {
  // y0 = f(x0) + f(x1), y1 = f(x1) at x = (0, 1): f' = slope and 1.
  Shape shape = shape_from({2, 2, 2});
  shape.bias = false;
  const Parameters network{shape, {1, 0, 0, 1, 1, 1, 0, 1}};
  const std::vector<double> x = {0.0, 1.0};
  EXPECT_DOUBLE_EQ(jacobian_leak(network, Activation::leaky_relu, 0.25, x, 1).value(), 1.0 / 2.25);
  EXPECT_DOUBLE_EQ(jacobian_leak(network, Activation::linear, 0.25, x, 1).value(), 1.0 / 3.0);
}

/// n inputs, two hidden layers of 2 n units, n outputs; connected only within n blocks, or all weights 1.
Parameters block_network(std::uint32_t n, bool blocks) {
  Parameters network{shape_from({n, 2 * n, 2 * n, n}), {}};
  for (const auto& [outputs, inputs] : {std::pair(2 * n, n), {2 * n, 2 * n}, {n, 2 * n}}) {
    for (std::uint32_t o = 0; o < outputs; ++o)
      for (std::uint32_t i = 0; i < inputs; ++i)
        network.values.push_back(!blocks || o * n / outputs == i * n / inputs ? 1.0 : 0.0);
    network.values.insert(network.values.end(), outputs, 0.1);
  }
  return network;
}

TEST(Leaks, HandMadeNetworks) {
  for (const std::uint32_t n : {1U, 2U, 3U, 4U, 7U}) {
    const auto x = random_inputs(10, n, n);
    for (const Activation activation : {Activation::linear, Activation::leaky_relu, Activation::tanh}) {
      EXPECT_EQ(jacobian_leak(block_network(n, true), activation, 0.1, x, 10), 0.0);
      EXPECT_NEAR(jacobian_leak(block_network(n, false), activation, 0.1, x, 10).value(), (n - 1.0) / n,
                  1e-12);
    }
    EXPECT_EQ(path_leak(block_network(n, true)), 0.0);
    EXPECT_NEAR(path_leak(block_network(n, false)).value(), (n - 1.0) / n, 1e-12);
  }
}

TEST(Leaks, ModularShapesHaveNone) {
  const Parameters network = random_network(shape_from({4, 12, 8, 4}, {4, 4, 4}), 5);
  EXPECT_EQ(path_leak(network), 0.0);
  EXPECT_EQ(jacobian_leak(network, Activation::tanh, 0.1, random_inputs(10, 4, 1), 10), 0.0);
}

TEST(PathLeak, AgreesWithNaiveProducts) {
  for (const Shape& shape : {shape_from({3, 7, 5, 3}), shape_from({4, 32, 32, 32, 4}), shape_from({2, 2}),
                             shape_from({4, 8, 12, 4}, {4, 2, 1})}) {
    const Parameters network = random_network(shape, 11);
    const std::size_t n = shape.inputs();
    std::vector<std::vector<double>> paths(n, std::vector<double>(n, 0.0));  // [unit][input]
    for (std::size_t i = 0; i < n; ++i) paths[i][i] = 1.0;
    for (std::size_t l = 0; l < shape.weight_layers(); ++l) {
      const auto w = network.dense_weights(l);
      std::vector<std::vector<double>> next(shape.sizes[l + 1], std::vector<double>(n, 0.0));
      for (std::size_t o = 0; o < next.size(); ++o)
        for (std::size_t k = 0; k < paths.size(); ++k)
          for (std::size_t i = 0; i < n; ++i) next[o][i] += std::abs(w[o * paths.size() + k]) * paths[k][i];
      paths = next;
    }
    double off = 0.0;
    double all = 0.0;
    for (std::size_t o = 0; o < n; ++o)
      for (std::size_t i = 0; i < n; ++i) {
        all += paths[o][i];
        if (o != i) off += paths[o][i];
      }
    EXPECT_NEAR(path_leak(network).value(), off / all, 1e-12) << shape.text();
  }
}

TEST(Leaks, TinyLeaksAreNotRoundedAway) {
  Shape shape = shape_from({2, 2});
  shape.bias = false;
  const Parameters network{shape, {1.0, 1e-20, 0.0, 1.0}};
  EXPECT_DOUBLE_EQ(path_leak(network).value(), 0.5e-20);
  EXPECT_DOUBLE_EQ(jacobian_leak(network, Activation::linear, 0.1, std::vector<double>{1, 1}, 1).value(),
                   0.5e-20);
}

TEST(Leaks, HugeAndTinyWeights) {
  for (const double scale : {1e200, 1e-200}) {
    Parameters network = block_network(3, false);
    for (double& value : network.values) value *= scale;
    EXPECT_NEAR(path_leak(network).value(), 2.0 / 3.0, 1e-12);
  }
}

TEST(Leaks, NoneWhereTheyMeanNothing) {
  const auto x = random_inputs(5, 3, 1);
  const Parameters uneven = random_network(shape_from({3, 4, 2}), 1);
  EXPECT_FALSE(path_leak(uneven).has_value());
  EXPECT_FALSE(jacobian_leak(uneven, Activation::tanh, 0.1, x, 5).has_value());

  const Shape even = shape_from({3, 4, 3});
  const Parameters zero{even, std::vector<double>(ParameterLayout(even).parameters(), 0.0)};
  EXPECT_FALSE(path_leak(zero).has_value());
  EXPECT_FALSE(jacobian_leak(zero, Activation::tanh, 0.1, x, 5).has_value());
  EXPECT_FALSE(jacobian_leak(random_network(even, 1), Activation::tanh, 0.1, {}, 0).has_value())
      << "no samples";

  for (const double wrong : {std::numeric_limits<double>::infinity(), std::nan("")}) {
    Parameters broken = random_network(even, 1);
    broken.values[2] = wrong;
    EXPECT_FALSE(path_leak(broken).has_value());
    EXPECT_FALSE(jacobian_leak(broken, Activation::linear, 0.1, x, 5).has_value());
  }
}

TEST(Leaks, RefuseWrongSizes) {
  Parameters network = random_network(shape_from({3, 4, 3}), 1);
  const auto x = random_inputs(5, 3, 1);
  EXPECT_THROW(static_cast<void>(jacobian_leak(network, Activation::tanh, 0.1, x, 4)), LogicError);
  EXPECT_THROW(static_cast<void>(jacobian_leak(network, Activation::prelu, 0.1, x, 5)), LogicError);
  network.values.pop_back();
  EXPECT_THROW(static_cast<void>(path_leak(network)), LogicError);
  EXPECT_THROW(static_cast<void>(jacobian_leak(network, Activation::tanh, 0.1, x, 5)), LogicError);
}

// --- block error ---

/// Outputs of block i for one sample, from a network that consists of block i alone.
double naive_block_output(const Parameters& network, Activation activation, double slope, std::size_t depth,
                          std::size_t block, double x) {
  const ParameterLayout layout(network.shape);
  std::vector<double> values = {x};
  for (std::size_t l = 0; l < depth; ++l) {
    const LayerSlice& slice = layout.layers()[l];
    const std::size_t units = slice.group_outputs();
    std::vector<double> next;
    for (std::size_t o = block * units; o < (block + 1) * units; ++o) {
      double z = layout.bias() ? network.values[slice.biases + o] : 0.0;
      for (std::size_t i = 0; i < values.size(); ++i)
        z += network.values[slice.weights + o * values.size() + i] * values[i];
      const double own = layout.prelu() ? network.values[slice.slope] : slope;
      next.push_back(activation == Activation::tanh ? std::tanh(z) : z < 0 ? own * z : z);
    }
    values = next;
  }
  return values.at(0);
}

/// RMSE of the line from x to y by the normal equations.
double naive_line_error(const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<double>(x.size());
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sx += x[i];
    sy += y[i];
    sxx += x[i] * x[i];
    sxy += x[i] * y[i];
  }
  const double slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
  const double offset = (sy - slope * sx) / n;
  double squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = y[i] - slope * x[i] - offset;
    squares += error * error;
  }
  return std::sqrt(squares / n);
}

Samples sine_samples(std::uint32_t inputs, std::uint32_t count) {
  Samples samples;
  samples.count = count;
  samples.inputs = samples.outputs = inputs;
  samples.x = random_inputs(count, inputs, 5);
  for (const double x : samples.x) samples.y.push_back(std::sin(2 * x));
  return samples;
}

TEST(BlockError, AgreesWithNaiveLines) {
  struct Case {
    std::vector<std::uint32_t> sizes, groups;
    std::size_t depth;
  };
  for (const auto& [sizes, groups, depth] :
       {Case{{2, 6, 2, 5, 2}, {2, 2, 1, 1}, 2}, Case{{4, 8, 12, 4, 4}, {4, 4, 4, 1}, 3}}) {
    for (const Activation activation : {Activation::leaky_relu, Activation::tanh, Activation::prelu}) {
      Shape shape = shape_from(sizes, groups);
      shape.prelu = activation == Activation::prelu;
      const Parameters network = random_network(shape, 3);
      const Samples samples = sine_samples(shape.inputs(), 40);
      double sum = 0.0;
      for (std::size_t i = 0; i < shape.inputs(); ++i) {
        std::vector<double> from, to;
        for (std::size_t s = 0; s < samples.count; ++s) {
          from.push_back(
              naive_block_output(network, activation, 0.1, depth, i, samples.x[s * shape.inputs() + i]));
          to.push_back(samples.y[s * shape.inputs() + i]);
        }
        sum += naive_line_error(from, to);
      }
      const auto error = block_error(network, activation, 0.1, samples);
      ASSERT_TRUE(error.has_value());
      EXPECT_NEAR(*error, sum / shape.inputs(), 1e-9);
    }
  }
}

TEST(BlockError, IsZeroWhereBlocksAreLinesOfTheirTargets) {
  const Parameters network = random_network(shape_from({3, 3, 2, 3}, {3, 1, 1}), 1);
  Samples samples = sine_samples(3, 20);
  for (std::size_t s = 0; s < samples.count; ++s)
    for (std::size_t i = 0; i < 3; ++i)
      samples.y[s * 3 + i] =
          2 - 5 * naive_block_output(network, Activation::leaky_relu, 0.1, 1, i, samples.x[s * 3 + i]);
  EXPECT_NEAR(*block_error(network, Activation::leaky_relu, 0.1, samples), 0.0, 1e-12);
}

TEST(BlockError, IsTheSpreadOfTheTargetsWhereBlocksAreSilent) {
  Parameters network = random_network(shape_from({2, 2, 2}, {2, 1}), 1);
  std::ranges::fill(network.values, 0.0);
  const Samples samples = sine_samples(2, 50);
  double sum = 0.0;
  for (std::size_t i = 0; i < 2; ++i) {
    double mean = 0, square = 0;
    for (std::size_t s = 0; s < 50; ++s) mean += samples.y[2 * s + i] / 50;
    for (std::size_t s = 0; s < 50; ++s) square += std::pow(samples.y[2 * s + i] - mean, 2) / 50;
    sum += std::sqrt(square) / 2;
  }
  EXPECT_NEAR(*block_error(network, Activation::leaky_relu, 0.1, samples), sum, 1e-12);
}

TEST(BlockError, IsNoneWithoutBlocks) {
  const auto none = [](std::vector<std::uint32_t> sizes, std::vector<std::uint32_t> groups) {
    const Parameters network = random_network(shape_from(std::move(sizes), std::move(groups)), 1);
    Samples samples = sine_samples(network.shape.inputs(), 5);
    samples.outputs = network.shape.outputs();
    return !block_error(network, Activation::leaky_relu, 0.1, samples).has_value();
  };
  EXPECT_TRUE(none({4, 8, 4, 4}, {}));
  EXPECT_TRUE(none({4, 8, 4, 4}, {4, 1, 1}));
  EXPECT_TRUE(none({4, 8, 8, 4}, {4, 4, 4}));
  EXPECT_TRUE(none({1, 8, 1, 1}, {}));
  EXPECT_TRUE(none({2, 4, 2, 1}, {2, 2, 1}));
}

}  // namespace
}  // namespace modsweep::test
