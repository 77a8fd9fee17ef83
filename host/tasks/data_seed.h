// task.data_seed, which several tasks share.
#pragma once

#include <cstdint>

#include "modsweep/setting.h"

namespace modsweep {

inline constexpr Setting<std::uint32_t> data_seed{
    .key = "task.data_seed",
    .limits = {0, 4294967295.0},
    .doc = "random_composition: seed of patches and points; table: of the order of its rows"};

}  // namespace modsweep
