// Data in the layout of the kernels: every sample once, at its position, with padding marked.
#include "cpu/sample_blocks.h"

#include "cpu/kernels.h"

#include <gtest/gtest.h>

namespace modsweep::cpu {
namespace {

Samples numbered(std::uint32_t count) {
  Samples samples{count, 3, 2, {}, {}};
  for (std::uint32_t i = 0; i < count; ++i) {
    for (std::uint32_t k = 0; k < 3; ++k) samples.x.push_back(10.0 * i + k);
    for (std::uint32_t k = 0; k < 2; ++k) samples.y.push_back(-10.0 * i - k);
  }
  return samples;
}

void expect_sample(const Block<float>& block, std::size_t b, std::size_t row) {
  for (std::size_t k = 0; k < 3; ++k)
    EXPECT_EQ(block.x[k * block.stride + b], 10.0F * static_cast<float>(row) + static_cast<float>(k));
  for (std::size_t k = 0; k < 2; ++k)
    EXPECT_EQ(block.y[k * block.stride + b], -10.0F * static_cast<float>(row) - static_cast<float>(k));
  EXPECT_EQ(block.sample_mask[b], 1.0F);
}

TEST(Blocks, EverySampleOnceInFileOrder) {
  for (const std::uint32_t count : {1U, 15U, 16U, 17U, 255U, 256U, 257U, 1000U})
    for (const std::uint32_t batch_size : {1U, 7U, 16U, 200U, 256U, 300U, 2000U}) {
      const Samples samples = numbered(count);
      const BlockedSamples<float> blocked(samples, batch_size);
      ASSERT_EQ(blocked.batches(), (count + batch_size - 1) / batch_size);
      std::size_t row = 0;
      for (std::size_t i = 0; i < blocked.batches(); ++i) {
        const auto& batch = blocked.batch(i);
        std::uint32_t in_batch = 0;
        for (const auto& block : batch.blocks) {
          EXPECT_EQ(block.first, in_batch);
          EXPECT_LE(block.count, max_block);
          EXPECT_EQ(block.stride % block_alignment, 0U);
          EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block.x) % 64, 0U);
          for (std::size_t b = 0; b < block.count; ++b) expect_sample(block, b, row++);
          for (std::size_t b = block.count; b < block.stride; ++b) EXPECT_EQ(block.sample_mask[b], 0.0F);
          in_batch += block.count;
        }
        EXPECT_EQ(batch.count, in_batch);
      }
      EXPECT_EQ(row, count);
    }
}

TEST(Blocks, RowsOfAnyOrder) {
  const Samples samples = numbered(40);
  const std::vector<std::uint32_t> rows = {39, 0, 7, 7, 13};
  const BlockedSamples<float> blocked(samples, rows);
  ASSERT_EQ(blocked.batches(), 1U);
  for (std::size_t b = 0; b < rows.size(); ++b) expect_sample(blocked.batch(0).blocks[0], b, rows[b]);
}

}  // namespace
}  // namespace modsweep::cpu
