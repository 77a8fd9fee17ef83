// The kernels for AVX2; compiled with that instruction set's flags.
#define MODSWEEP_ISA avx2
#define MODSWEEP_SIMD_BYTES 32
#include "cpu/kernels_table.h"

namespace modsweep::cpu {

template <>
const Kernels<float>& avx2_kernels<float>() {
  static constexpr auto table = avx2::make_table<float>("AVX2");
  return table;
}

template <>
const Kernels<double>& avx2_kernels<double>() {
  static constexpr auto table = avx2::make_table<double>("AVX2");
  return table;
}

}  // namespace modsweep::cpu
