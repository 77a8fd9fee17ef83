// Settings that have no effect in some cells, because of other settings there.
#pragma once

#include <string_view>
#include <vector>

#include "modsweep/settings.h"

namespace modsweep {

/// Where a setting has no effect: neither the training nor any measurement depends on it. No rule asks for a
/// setting that another rule may name, so that the rules apply independently.
struct InertRule {
  std::string_view key;
  bool (*applies)(const CellSettings&) = nullptr;
  std::string_view where;  ///< the same in words, for messages: "noise.strength = 0"
};

[[nodiscard]] const std::vector<InertRule>& inert_rules();

}  // namespace modsweep
