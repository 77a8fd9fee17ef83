// A stand-in for cooperative groups: clusters only (see cuda_runtime_api.h).
#pragma once

#include "cuda_runtime_api.h"

namespace modsweep::host_cuda {
unsigned cluster_blocks();
unsigned cluster_rank();
void sync_cluster();
/// The same position in another block's shared memory.
void* map_shared(const void* here, int rank);
}  // namespace modsweep::host_cuda

namespace cooperative_groups {

struct cluster_group {
  static unsigned num_blocks() { return modsweep::host_cuda::cluster_blocks(); }
  static unsigned block_rank() { return modsweep::host_cuda::cluster_rank(); }
  static void sync() { modsweep::host_cuda::sync_cluster(); }
  template <typename T>
  static T* map_shared_rank(T* here, int rank) {
    return static_cast<T*>(modsweep::host_cuda::map_shared(here, rank));
  }
};

inline cluster_group this_cluster() {
  return {};
}

}  // namespace cooperative_groups
