// Builds the table of kernels for the instruction set of the including file (see simd.h).
#pragma once

#include "cpu/kernels_gemm.h"
#include "cpu/kernels_random.h"
#include "cpu/kernels_unit.h"

namespace modsweep::cpu::MODSWEEP_ISA {

template <typename T>
constexpr Kernels<T> make_table(const char* name) {
  return {.name = name,
          .lanes = Simd<T>::lanes,
          .gemm = gemm<T>,
          .weight_gradient = weight_gradient<T>,
          .forward_units = forward_units<T>,
          .backward_units = backward_units<T>,
          .output_error = output_error<T>,
          .normals = normals<T>,
          .uniforms = uniforms<T>,
          .weight_sums = weight_sums<T>,
          .regularize = regularize<T>,
          .adam = adam<T>,
          .sgd = sgd<T>,
          .fma_chain = fma_chain<T>};
}

}  // namespace modsweep::cpu::MODSWEEP_ISA
