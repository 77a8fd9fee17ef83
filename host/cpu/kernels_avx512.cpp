// The kernels for AVX-512; compiled with that instruction set's flags.
#define MODSWEEP_ISA avx512
#define MODSWEEP_SIMD_BYTES 64
#include "cpu/kernels_table.h"

namespace modsweep::cpu {

template <>
const Kernels<float>& avx512_kernels<float>() {
  static constexpr auto table = avx512::make_table<float>("AVX-512");
  return table;
}

template <>
const Kernels<double>& avx512_kernels<double>() {
  static constexpr auto table = avx512::make_table<double>("AVX-512");
  return table;
}

}  // namespace modsweep::cpu
