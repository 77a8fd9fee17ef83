// A sweep as the text of a sweep file.
#pragma once

#include <string>

#include "modsweep/sweep.h"

namespace modsweep {

/// Read from a file in `folder` (empty: the current one), the text is a sweep with the same name, cells. Its
/// id is the same, too, except where tables are an axis: that has their paths. Tables are named relative to
/// `folder`, and are not copied.
[[nodiscard]] std::string sweep_file_text(const Sweep& sweep, const std::string& folder);

}  // namespace modsweep
