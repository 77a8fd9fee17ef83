// What a reader should know before trusting a sweep's numbers.
#pragma once

#include "page/store_data.h"

#include <string>
#include <vector>

namespace modsweep::page {

/// One sentence each (docs/report.md, "Warnings"); empty: nothing to warn of.
[[nodiscard]] std::vector<std::string> warnings_about(const Store& store, const StoreData& data);

}  // namespace modsweep::page
