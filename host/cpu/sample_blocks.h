// Data in the layout of the CPU kernels: batches cut into blocks of at most `max_block` samples, the sample
// as the fastest index.
#pragma once

#include "cpu/aligned.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "modsweep/task.h"

namespace modsweep::cpu {

/// A longer block would not fit the first-level cache; a batch of the paper's size is one block.
constexpr std::uint32_t max_block = 256;

/// Stride of a block of `count` samples.
[[nodiscard]] std::size_t block_stride(std::size_t count);

/// One block of samples.
template <typename T>
struct Block {
  std::uint32_t count = 0;  ///< samples without padding
  std::uint32_t first = 0;  ///< index of its first sample in the batch
  std::size_t stride = 0;
  const T* x = nullptr;            ///< [I][stride]
  const T* y = nullptr;            ///< [O][stride]
  const T* sample_mask = nullptr;  ///< [stride]: 1 for samples, 0 for padding
};

/// One batch: consecutive blocks.
template <typename T>
struct Batch {
  std::uint32_t count = 0;
  std::span<const Block<T>> blocks;
};

/// All batches of one split in file order, or the batches of a given order of rows.
template <typename T>
class BlockedSamples {
 public:
  BlockedSamples() = default;
  BlockedSamples(const Samples& samples, std::uint32_t batch_size);
  /// One batch of the given rows.
  BlockedSamples(const Samples& samples, std::span<const std::uint32_t> rows);

  BlockedSamples(BlockedSamples&&) noexcept = default;
  BlockedSamples& operator=(BlockedSamples&&) noexcept = default;
  BlockedSamples(const BlockedSamples&) = delete;
  BlockedSamples& operator=(const BlockedSamples&) = delete;

  [[nodiscard]] std::size_t batches() const { return batches_.size(); }
  [[nodiscard]] const Batch<T>& batch(std::size_t i) const { return batches_[i]; }

 private:
  void fill(const Samples& samples, std::span<const std::uint32_t> rows, std::uint32_t batch_size);

  AlignedVector<T> data_;
  std::vector<Block<T>> blocks_;
  std::vector<Batch<T>> batches_;
};

}  // namespace modsweep::cpu
