// What only code for a device can say. Tests put functions of the host in this header's place.
#pragma once

#include "fused/block.h"

#include <cstddef>

// Whether a device is compiled for. Functions for host and device have to compile for both.
#if defined(__CUDA_ARCH__)
#define MODSWEEP_DEVICE_CODE 1
// Clusters, and the shared memory of another block of one's own, are there from this architecture on.
#if __CUDA_ARCH__ >= 900
#define MODSWEEP_HAS_CLUSTERS 1
#endif
#endif

namespace modsweep::fused {

/// The dynamic shared memory of the calling thread's block, at a multiple of 16 bytes.
__device__ __forceinline__ std::byte* block_memory() {
  extern __shared__ __align__(16) std::byte shared[];
  return shared;
}

/// sums += rows * columns by all lanes of a warp. The tensor cores take operands as floats in TF32: they
/// leave out the last 13 bits. Volatile: no compiler may put it where some lanes do not come.
__device__ __forceinline__ void multiply_add_tf32(SumFragment& sums, const RowFragment& rows,
                                                  const ColumnFragment& columns) {
  float(&s)[4] = sums.v;
  const float(&r)[4] = rows.v;
  const float(&c)[2] = columns.v;
  float to[4];  // apart from `sums`: ptxas need not copy those that are needed again
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%10, %11, %12, %13};"
      : "=f"(to[0]), "=f"(to[1]), "=f"(to[2]), "=f"(to[3])
      : "r"(__float_as_uint(r[0])), "r"(__float_as_uint(r[1])), "r"(__float_as_uint(r[2])),
        "r"(__float_as_uint(r[3])), "r"(__float_as_uint(c[0])), "r"(__float_as_uint(c[1])), "f"(s[0]),
        "f"(s[1]), "f"(s[2]), "f"(s[3]));
  sums = {{to[0], to[1], to[2], to[3]}};
}

}  // namespace modsweep::fused
