// What the last bits of results depend on.
#pragma once

#include <string>
#include <string_view>

namespace modsweep {

/// The engine, and the last of `devices` without its number of threads: "cpu (AVX-512)". The last bits of
/// results depend on both, but not on the number of threads. `devices`: a cell's column `device`.
[[nodiscard]] std::string arithmetic(std::string_view engine, const std::string& devices);

}  // namespace modsweep
