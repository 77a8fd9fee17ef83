// Which axes of a sweep matter: the shares of the variance that they explain.
#pragma once

#include "page/page.h"
#include "page/store_data.h"

namespace modsweep::page {

/// A bar for each shown column (docs/report.md, "What matters"). A section that says so where there is
/// nothing to compare.
[[nodiscard]] Section what_matters(const StoreData& data);

}  // namespace modsweep::page
