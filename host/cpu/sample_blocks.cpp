#include "cpu/sample_blocks.h"

#include "cpu/kernels.h"

#include <algorithm>
#include <numeric>

namespace modsweep::cpu {

std::size_t block_stride(std::size_t count) {
  return (count + block_alignment - 1) / block_alignment * block_alignment;
}

template <typename T>
BlockedSamples<T>::BlockedSamples(const Samples& samples, std::uint32_t batch_size) {
  std::vector<std::uint32_t> rows(samples.count);
  std::iota(rows.begin(), rows.end(), 0U);
  fill(samples, rows, batch_size);
}

template <typename T>
BlockedSamples<T>::BlockedSamples(const Samples& samples, std::span<const std::uint32_t> rows) {
  fill(samples, rows, static_cast<std::uint32_t>(std::max<std::size_t>(rows.size(), 1)));
}

template <typename T>
void BlockedSamples<T>::fill(const Samples& samples, std::span<const std::uint32_t> rows,
                             std::uint32_t batch_size) {
  struct Extent {
    std::size_t row, offset, batch;
    std::uint32_t count, first;
  };
  std::vector<Extent> extents;
  std::size_t size = 0;
  const std::size_t features = samples.inputs + samples.outputs + 1;  // the last row holds the sample mask
  std::size_t batches = 0;
  for (std::size_t begin = 0; begin < rows.size(); begin += batch_size, ++batches) {
    const std::size_t end = std::min<std::size_t>(rows.size(), begin + batch_size);
    for (std::size_t row = begin; row < end; row += max_block) {
      const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(max_block, end - row));
      extents.push_back({row, size, batches, count, static_cast<std::uint32_t>(row - begin)});
      size += features * block_stride(count);
    }
  }
  data_.assign(size, T(0));
  for (const Extent& e : extents) {
    const std::size_t stride = block_stride(e.count);
    T* x = data_.data() + e.offset;
    T* y = x + samples.inputs * stride;
    T* weight = y + samples.outputs * stride;
    for (std::size_t b = 0; b < e.count; ++b) {
      const std::size_t source = rows[e.row + b];
      for (std::size_t i = 0; i < samples.inputs; ++i)
        x[i * stride + b] = static_cast<T>(samples.x[source * samples.inputs + i]);
      for (std::size_t o = 0; o < samples.outputs; ++o)
        y[o * stride + b] = static_cast<T>(samples.y[source * samples.outputs + o]);
      weight[b] = T(1);
    }
    blocks_.push_back({e.count, e.first, stride, x, y, weight});
  }
  for (std::size_t first = 0; first < extents.size();) {
    std::size_t last = first;
    std::uint32_t count = 0;
    for (; last < extents.size() && extents[last].batch == extents[first].batch; ++last)
      count += extents[last].count;
    batches_.push_back({count, std::span<const Block<T>>(blocks_.data() + first, last - first)});
    first = last;
  }
}

template class BlockedSamples<float>;
template class BlockedSamples<double>;

}  // namespace modsweep::cpu
