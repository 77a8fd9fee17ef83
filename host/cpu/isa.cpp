#include "cpu/isa_names.h"
#include "cpu/kernels.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::cpu {

namespace {

constexpr std::array<std::pair<Isa, std::string_view>, 3> names = {
    {{Isa::avx512, "avx512"}, {Isa::avx2, "avx2"}, {Isa::baseline, "x86-64"}}};

}  // namespace

bool has_isa(Isa isa) {
  __builtin_cpu_init();
  switch (isa) {
    case Isa::avx512:  // what -march=skylake-avx512 may use
      return has_isa(Isa::avx2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512cd");
    case Isa::avx2:  // what -march=haswell may use
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    case Isa::baseline:
      break;
  }
  return true;
}

Isa best_isa() {
  for (const auto& [isa, name] : names)
    if (has_isa(isa)) return isa;
  return Isa::baseline;
}

std::string_view isa_name(Isa isa) {
  for (const auto& [entry, name] : names)
    if (entry == isa) return name;
  return {};
}

Isa isa_from_name(std::string_view name) {
  if (name.empty()) return best_isa();
  for (const auto& [isa, entry] : names) {
    if (entry != name) continue;
    if (!has_isa(isa))
      throw InputError(fmt::format("this machine has no {}; leave the instruction set out", name));
    return isa;
  }
  throw InputError(fmt::format("unknown instruction set \"{}\"; use avx512, avx2 or x86-64", name));
}

}  // namespace modsweep::cpu
