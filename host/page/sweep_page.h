// The page of any sweep, made from its store.
#pragma once

#include "page/page.h"

#include <string>
#include <vector>

#include "modsweep/store.h"

namespace modsweep::page {

struct SweepPageOptions {
  std::string name;                ///< of the store, for messages
  std::vector<std::string> files;  ///< of the store, for commands
  bool training = false;           ///< someone trains into it right now
  double reload_seconds = 0.0;     ///< after which the page loads itself again; 0: never
  std::string made;                ///< "2026-01-31 12:00 UTC"
};

/// Everything that the store tells of its sweeps, with their pictures (pictures.h). Throws as Store.
[[nodiscard]] Page sweep_page(const Store& store, const SweepPageOptions& options);

}  // namespace modsweep::page
