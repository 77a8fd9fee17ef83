// The kernels of every instruction set and both precisions against naive loops.
#include "cpu/kernels.h"

#include "cpu/aligned.h"
#include "cpu/isa_names.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace modsweep::cpu {
namespace {

/// Error bound of a sum of n terms of magnitude about one, in the scalar type.
template <typename T>
double tolerance(std::size_t n) {
  return 4.0 * std::numeric_limits<T>::epsilon() * std::sqrt(static_cast<double>(n)) +
         4.0 * std::numeric_limits<T>::epsilon();
}

template <typename T>
AlignedVector<T> random_values(std::size_t count, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  AlignedVector<T> values(count);
  for (T& value : values) value = static_cast<T>(normal(generator));
  return values;
}

class KernelsOf : public testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!has_isa(GetParam())) GTEST_SKIP() << "this machine has no " << isa_name(GetParam());
  }
};

template <typename T>
void check_multiply(Isa isa) {
  const Kernels<T>& kernels = kernels_for<T>(isa);
  for (const std::size_t rows : {1U, 2U, 3U, 4U, 7U, 8U, 9U, 15U, 32U, 33U})
    for (const std::size_t inner : {1U, 5U, 32U})
      for (const std::size_t stride : {16U, 32U, 48U, 64U, 208U})
        for (const bool transposed : {false, true}) {
          const auto a = random_values<T>(rows * inner, 1);
          const auto x = random_values<T>(inner * stride, 2);
          const auto start = random_values<T>(rows, 3);
          AlignedVector<T> c(rows * stride, T(99));
          GemmArguments<T> g{a.data(),
                             transposed ? 1 : inner,
                             transposed ? rows : 1,
                             start.data(),
                             x.data(),
                             c.data(),
                             rows,
                             inner,
                             stride};
          kernels.gemm(g);
          for (std::size_t m = 0; m < rows; ++m)
            for (std::size_t b = 0; b < stride; ++b) {
              double sum = start[m];
              for (std::size_t k = 0; k < inner; ++k)
                sum += static_cast<double>(a[m * g.a_row + k * g.a_column]) *
                       static_cast<double>(x[k * stride + b]);
              ASSERT_NEAR(c[m * stride + b], sum, 4 * tolerance<T>(inner))
                  << rows << "x" << inner << "x" << stride;
            }
        }
}

template <typename T>
void check_outer(Isa isa) {
  const Kernels<T>& kernels = kernels_for<T>(isa);
  for (const std::size_t rows : {1U, 3U, 4U, 5U, 32U})
    for (const std::size_t columns : {1U, 2U, 3U, 4U, 5U, 17U})
      for (const std::size_t stride : {16U, 208U})
        for (const bool accumulate : {false, true}) {
          const auto d = random_values<T>(rows * stride, 1);
          const auto x = random_values<T>(columns * stride, 2);
          AlignedVector<T> g(rows * columns, T(2));
          kernels.weight_gradient({d.data(), x.data(), g.data(), columns, rows, columns, stride, accumulate});
          for (std::size_t m = 0; m < rows; ++m)
            for (std::size_t n = 0; n < columns; ++n) {
              double sum = accumulate ? 2.0 : 0.0;
              for (std::size_t b = 0; b < stride; ++b)
                sum += static_cast<double>(d[m * stride + b]) * static_cast<double>(x[n * stride + b]);
              ASSERT_NEAR(g[m * columns + n], sum, 8 * tolerance<T>(stride))
                  << rows << "x" << columns << "x" << stride;
            }
        }
}

TEST_P(KernelsOf, MultiplyAndOuterAgainstLoops) {
  check_multiply<float>(GetParam());
  check_multiply<double>(GetParam());
  check_outer<float>(GetParam());
  check_outer<double>(GetParam());
}

template <typename T>
void check_random(Isa isa) {
  const Kernels<T>& kernels = kernels_for<T>(isa);
  for (const std::size_t units : {1U, 2U, 3U, 4U, 5U, 8U, 31U})
    for (const std::size_t stride : {16U, 48U}) {
      AlignedVector<T> normals((units + 3) / 4 * 4 * stride, T(99));
      AlignedVector<T> uniforms(normals.size(), T(99));
      RandomArguments<T> arguments{normals.data(), 0xfffffff7U, math::Stream::noise, 0x80000001U, 2, 1000000,
                                   units,          stride};
      kernels.normals(arguments);
      arguments.values = uniforms.data();
      kernels.uniforms(arguments);
      for (std::size_t unit = 0; unit < units; ++unit)
        for (std::size_t b = 0; b < stride; ++b) {
          const auto block = math::random_block(0xfffffff7U, math::Stream::noise, 0x80000001U, 2,
                                                1000000 + static_cast<std::uint32_t>(b),
                                                static_cast<std::uint32_t>(unit / 4));
          T expected[4];
          math::block_normals(block, expected);
          // The random words are bit-identical: another word would differ by far more than rounding.
          ASSERT_NEAR(normals[unit * stride + b], expected[unit % 4], 64 * std::numeric_limits<T>::epsilon());
          ASSERT_NEAR(uniforms[unit * stride + b], math::uniform(block.word[unit % 4]),
                      std::numeric_limits<T>::epsilon());
          ASSERT_GT(uniforms[unit * stride + b], T(0));
        }
    }
}

TEST_P(KernelsOf, RandomNumbersAreThoseOfTheFormulas) {
  check_random<float>(GetParam());
  check_random<double>(GetParam());
}

TEST_P(KernelsOf, NormalsOfManyDrawsAreFinite) {
  const Kernels<float>& kernels = kernels_for<float>(GetParam());
  constexpr std::size_t stride = 1 << 14;
  AlignedVector<float> values(32 * stride);
  double sum = 0.0;
  double squares = 0.0;
  for (std::uint32_t step = 0; step < 4; ++step) {
    kernels.normals({values.data(), 1, math::Stream::noise, step, 0, 0, 32, stride});
    for (const float v : values) {
      ASSERT_TRUE(std::isfinite(v));
      sum += static_cast<double>(v);
      squares += static_cast<double>(v) * static_cast<double>(v);
    }
  }
  const double count = 4.0 * static_cast<double>(values.size());
  EXPECT_NEAR(sum / count, 0.0, 5 / std::sqrt(count));
  EXPECT_NEAR(squares / count, 1.0, 5 * std::sqrt(2 / count));
}

TEST_P(KernelsOf, OptimizersAndRegularizersAgainstScalarFormulas) {
  const Kernels<double>& kernels = kernels_for<double>(GetParam());
  constexpr std::size_t count = 48;
  auto p = random_values<double>(count, 1);
  const auto g = random_values<double>(count, 2);
  auto m1 = random_values<double>(count, 3);
  AlignedVector<double> m2(count, 0.5);
  auto q = p;
  auto a = m1;
  auto b = m2;
  for (const bool decoupled : {false, true}) {
    const auto step = math::adam_step<double>(1e-2, 0.9, 0.99, 1e-8, 0.02, decoupled, 7);
    kernels.adam(step, p.data(), g.data(), m1.data(), m2.data(), count);
    for (std::size_t i = 0; i < count; ++i)
      q[i] = math::update_adam(step, decoupled ? math::decayed(step, q[i]) : q[i], g[i], a[i], b[i]);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_NEAR(p[i], q[i], 1e-15);
      EXPECT_NEAR(m1[i], a[i], 1e-15);
      EXPECT_NEAR(m2[i], b[i], 1e-15);
    }
  }
  const math::SgdStep<double> sgd{0.1, 0.9, 0.01, true};
  kernels.sgd(sgd, p.data(), g.data(), m1.data(), count);
  for (std::size_t i = 0; i < count; ++i) q[i] = math::update_sgd(sgd, q[i], g[i], a[i]);
  for (std::size_t i = 0; i < count; ++i) EXPECT_NEAR(p[i], q[i], 1e-15);

  constexpr std::size_t rows = 3;
  constexpr std::size_t columns = 13;
  const auto w = random_values<double>(rows * columns, 4);
  const auto row = random_values<double>(rows, 5);
  const auto column = random_values<double>(columns, 6);
  AlignedVector<double> gradient(rows * columns, 1.0);
  kernels.regularize(
      {w.data(), gradient.data(), rows, columns, row.data(), column.data(), row.data(), column.data()});
  AlignedVector<double> square(columns, 0.25);
  WeightSumsArguments<double> sums{
      .w = w.data(), .rows = rows, .columns = columns, .column_square = square.data()};
  kernels.weight_sums(sums);
  for (std::size_t c = 0; c < columns; ++c) {
    double expected = 0.25;
    for (std::size_t r = 0; r < rows; ++r) {
      const double value = w[r * columns + c];
      expected += value * value;
      const double factor = row[r] + column[c];
      EXPECT_NEAR(gradient[r * columns + c], 1.0 + 2.0 * value * factor + (value > 0 ? factor : -factor),
                  1e-14);
    }
    EXPECT_NEAR(square[c], expected, 1e-14);
  }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, KernelsOf, testing::Values(Isa::avx512, Isa::avx2, Isa::baseline),
                         [](const auto& test_info) {
                           std::string name(isa_name(test_info.param));
                           for (char& c : name)
                             if (c == '-') c = '_';
                           return name;
                         });

}  // namespace
}  // namespace modsweep::cpu
