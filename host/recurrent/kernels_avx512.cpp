// The recurrent family's kernels for AVX-512; compiled with that instruction set's flags.
#define MODSWEEP_ISA avx512
#define MODSWEEP_SIMD_BYTES 64
#include "recurrent/kernels_table.h"

namespace modsweep::recurrent {

template <>
const Kernels<float>& avx512_kernels<float>() {
  static constexpr auto table = cpu::avx512::make_recurrent_table<float>();
  return table;
}

template <>
const Kernels<double>& avx512_kernels<double>() {
  static constexpr auto table = cpu::avx512::make_recurrent_table<double>();
  return table;
}

}  // namespace modsweep::recurrent
