// A stand-in for CUB's segmented reduction (see cuda_runtime_api.h).
#pragma once

#include "cuda_runtime_api.h"

namespace cub {

struct DeviceSegmentedReduce {
  template <typename Values, typename Result, typename Offsets, typename Operation>
  static cudaError_t Reduce(void* workspace, std::size_t& bytes, Values values, Result* results,
                            std::int64_t segments, Offsets begins, Offsets ends, Operation join,
                            Result initial, cudaStream_t stream) {
    const auto count = static_cast<std::size_t>(segments);
    const std::size_t needed = 256 + count;
    if (workspace == nullptr) {
      bytes = needed;
      return cudaSuccess;
    }
    if (bytes < needed || !modsweep::host_cuda::on_device(stream, workspace, bytes) ||
        !modsweep::host_cuda::on_device(stream, results, count * sizeof(Result)))
      return cudaErrorInvalidValue;
    return modsweep::host_cuda::enqueue(stream, [=] {
      for (std::size_t s = 0; s < count; ++s) {
        Result sum = initial;
        for (std::size_t i = begins[s]; i < ends[s]; ++i) sum = join(sum, values[i]);
        results[s] = sum;
      }
    });
  }
};

}  // namespace cub
