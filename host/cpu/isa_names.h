// Names of instruction sets as users write them.
#pragma once

#include "cpu/kernels.h"

#include <string_view>

namespace modsweep::cpu {

/// "x86-64", "avx2", "avx512".
[[nodiscard]] std::string_view isa_name(Isa isa);

/// The set of that name, the machine's best for an empty one. Throws InputError if unknown or absent here.
[[nodiscard]] Isa isa_from_name(std::string_view name);

}  // namespace modsweep::cpu
