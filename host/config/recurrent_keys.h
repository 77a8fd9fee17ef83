// The settings of recurrent networks in the table of all settings.
#pragma once

#include "config/keys.h"

#include <vector>

namespace modsweep {

/// The family itself, and what only recurrent networks have (science.md section 8).
[[nodiscard]] std::vector<KeyInfo> recurrent_keys();

}  // namespace modsweep
