// The recurrent family's kernels for AVX2; compiled with that instruction set's flags.
#define MODSWEEP_ISA avx2
#define MODSWEEP_SIMD_BYTES 32
#include "recurrent/kernels_table.h"

namespace modsweep::recurrent {

template <>
const Kernels<float>& avx2_kernels<float>() {
  static constexpr auto table = cpu::avx2::make_recurrent_table<float>();
  return table;
}

template <>
const Kernels<double>& avx2_kernels<double>() {
  static constexpr auto table = cpu::avx2::make_recurrent_table<double>();
  return table;
}

}  // namespace modsweep::recurrent
