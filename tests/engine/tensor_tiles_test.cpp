// Products of tile kernels by tensor cores, on the host, against sums in double.
#include "fused/tensor_tile_products.h"
#include "support/host_threads.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace modsweep::test {
namespace {

using pack::Quad;

/// What a warp's tensor cores make of random rows and weights, on the way forward and back, and of their
/// gradient.
class TensorProducts : public testing::Test {
 protected:
  static constexpr std::uint32_t width = fused::tile_width;
  static constexpr std::uint32_t rows = 16 * fused::tensor_products_of_warp;

  TensorProducts() {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (std::vector<float>* values : {&left_, &right_, &weights_, &out_})
      values->resize(std::size_t{rows} * width);
    for (std::vector<float>* values : {&left_, &right_, &weights_})
      for (float& value : *values) value = normal(random);
  }

  /// Rows as the kernel keeps them.
  static std::vector<float> swizzled(const std::vector<float>& from) {
    std::vector<float> to(from.size());
    for (std::uint32_t r = 0; r < rows; ++r)
      for (std::uint32_t u = 0; u < width; ++u)
        to[r * width + 4 * (u / 4 ^ fused::TensorLane::swizzle(r)) + u % 4] = from[r * width + u];
    return to;
  }
  template <typename F>
  static void run_warps(const F& f) {
    std::byte nothing{};
    run_tile_blocks(1, false, nullptr, &nothing,
                    [&](const HostTileThread& thread, std::byte*, std::uint32_t) {
                      f(thread, fused::TensorLane(thread));
                    });
  }
  /// Of out_ (r, c) from the sum over k of a(r, k) b(k, c), of `factors` factors.
  template <typename A, typename B>
  void expect_sums(std::uint32_t out_rows, std::uint32_t factors, const A& a, const B& b) {
    for (std::uint32_t r = 0; r < out_rows; ++r)
      for (std::uint32_t c = 0; c < width; ++c) {
        double sum = 0.0;
        double absolute = 0.0;
        for (std::uint32_t k = 0; k < factors; ++k) {
          const double product = static_cast<double>(a(r, k)) * static_cast<double>(b(k, c));
          sum += product;
          absolute += std::abs(product);
        }
        EXPECT_NEAR(out_[r * width + c], sum, (3.0 + factors / 16.0) * 0x1p-20 * absolute) << r << " " << c;
      }
  }

  template <typename Columns>
  void multiply() {
    std::vector<float> matrix(fused::size_of_tiles(width).hidden_matrix);
    for (std::uint32_t r = 0; r < width; ++r)
      for (std::uint32_t u = 0; u < width; ++u)
        matrix[fused::tile_hidden_place<width>(r, u / 4) + u % 4] = weights_[r * width + u];
    run_warps([&](const HostTileThread& thread, const fused::TensorLane& lane) {
      const fused::Tf32 tf32{0xffffe000U};
      fused::WholeColumns<fused::tensor_blocks> columns;
      fused::load_columns(lane, Columns{matrix.data(), tf32}, columns);
      for (std::uint32_t i = 0; i < fused::tensor_products_of_warp; ++i) {
        fused::TensorRows<fused::tensor_blocks> tile;
        const auto each = [&](const auto& f) {
          for (std::uint32_t h = 0; h < 2; ++h)
            for (std::uint32_t r = 0; r < 2; ++r)
              f(h, r, (16 * i + 8 * r + lane.group) * width + 4 * (4 * h + lane.member));
        };
        each([&](std::uint32_t h, std::uint32_t r, std::uint32_t at) {
          tile.set(h, r, pack::load_quad(left_.data() + at));
        });
        const fused::SumFragment nothing[fused::tensor_blocks] = {};
        tile = fused::multiply_rows(thread, tf32, tile, columns, nothing);
        each([&](std::uint32_t h, std::uint32_t r, std::uint32_t at) {
          float quad[4];
          tile.get(h, r, quad);
          if (lane.warp == 0) std::copy(quad, quad + 4, out_.data() + at);
        });
      }
    });
  }

  std::vector<float> left_, right_, weights_, out_;
};

TEST_F(TensorProducts, ForwardAreWithinTheirBound) {
  multiply<fused::ForwardColumns>();
  expect_sums(
      rows, width, [&](auto r, auto k) { return left_[r * width + k]; },
      [&](auto k, auto c) { return weights_[c * width + k]; });
}

TEST_F(TensorProducts, BackAreWithinTheirBound) {
  multiply<fused::BackColumns>();
  expect_sums(
      rows, width, [&](auto r, auto k) { return left_[r * width + k]; },
      [&](auto k, auto c) { return weights_[k * width + c]; });
}

TEST_F(TensorProducts, GradientsOfWeightsAreWithinTheirBound) {
  for (const std::uint32_t count : {8U, 40U, 64U}) {
    const std::vector<float> deltas = swizzled(left_);
    const std::vector<float> passed = swizzled(right_);
    run_warps([&](const HostTileThread& thread, const fused::TensorLane& lane) {
      fused::TensorGradient gradient;
      Quad<float> bias;
      fused::sum_weight_gradient(thread, lane, fused::Tf32{0xffffe000U}, gradient, bias, deltas.data(),
                                 passed.data(), count);
      if (lane.warp == 0) fused::store_weight_gradient(lane, out_.data(), gradient);
    });
    expect_sums(
        width, count, [&](auto r, auto k) { return left_[k * width + r]; },
        [&](auto k, auto c) { return right_[k * width + c]; });
  }
}

}  // namespace
}  // namespace modsweep::test
