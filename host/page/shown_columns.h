// The measured columns that a page tells about.
#pragma once

#include <string>
#include <vector>

#include "modsweep/store.h"

namespace modsweep::page {

/// A column of `results`.
struct ShownColumn {
  std::string name;
  std::string doc;     ///< one line: its meaning
  std::string format;  ///< fmt's, for reading
};

/// Those that `modsweep run` shows in its table, in its order, as far as the store has them.
[[nodiscard]] std::vector<ShownColumn> shown_columns(const Store& store);

}  // namespace modsweep::page
