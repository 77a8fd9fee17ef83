// The kernels for x86-64; compiled with that instruction set's flags.
#define MODSWEEP_ISA baseline
#define MODSWEEP_SIMD_BYTES 16
#include "cpu/kernels_table.h"

namespace modsweep::cpu {

template <>
const Kernels<float>& baseline_kernels<float>() {
  static constexpr auto table = baseline::make_table<float>("x86-64");
  return table;
}

template <>
const Kernels<double>& baseline_kernels<double>() {
  static constexpr auto table = baseline::make_table<double>("x86-64");
  return table;
}

}  // namespace modsweep::cpu
