// Where a sweep's numbers come from: its axes, its settings, the commands that made them.
#pragma once

#include "page/page.h"
#include "page/store_data.h"

namespace modsweep::page {

[[nodiscard]] Section axes_section(const StoreData& data);
/// The sweep files and the commands that train the same cells.
[[nodiscard]] Section again_section(const StoreData& data);
/// The runs that wrote the store.
[[nodiscard]] Section runs_section(const StoreData& data);
/// Every setting, those that differ from their defaults first.
[[nodiscard]] Section settings_section(const StoreData& data);

}  // namespace modsweep::page
