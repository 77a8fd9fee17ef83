// The numbers of all groups, as a table and as a file inside the page.
#pragma once

#include "page/page.h"
#include "page/store_data.h"

namespace modsweep::page {

/// Medians with their intervals, and `aggregate`'s table as CSV. Of very many groups some are left out,
/// evenly, and the section says how to get all.
[[nodiscard]] Section group_numbers(const StoreData& data);

}  // namespace modsweep::page
