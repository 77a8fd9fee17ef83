// The recurrent family's kernels for x86-64; compiled with that instruction set's flags.
#define MODSWEEP_ISA baseline
#define MODSWEEP_SIMD_BYTES 16
#include "recurrent/kernels_table.h"

namespace modsweep::recurrent {

template <>
const Kernels<float>& baseline_kernels<float>() {
  static constexpr auto table = cpu::baseline::make_recurrent_table<float>();
  return table;
}

template <>
const Kernels<double>& baseline_kernels<double>() {
  static constexpr auto table = cpu::baseline::make_recurrent_table<double>();
  return table;
}

}  // namespace modsweep::recurrent
