// Networks that stand for many.
#pragma once

#include "page/store_data.h"

#include <string>
#include <vector>

namespace modsweep::page {

/// A network whose weights are kept.
struct TypicalNetwork {
  std::string cell;  ///< its id, as tables show it
  std::string text;  ///< "gap_live_layer1 0.914, the highest: noise.exponent 2"
};

/// Of the settings with the highest and with the lowest median gap of the first layer the network nearest to
/// that median; of a single setting one. Empty where no gap was measured, no weights are kept, or of very
/// many cells.
[[nodiscard]] std::vector<TypicalNetwork> typical_networks(const Store& store, const StoreData& data);

}  // namespace modsweep::page
