// The place that lists the engines.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "modsweep/engine.h"

namespace modsweep::cli {

/// One engine of this build.
struct EngineEntry {
  std::string_view name;
  std::string_view summary;
  /// Why it cannot be used on this machine; empty if it can.
  std::string (*unavailable)();
  /// `threads`: 0 for all.
  std::unique_ptr<Engine> (*make)(std::size_t threads);
};

/// All engines of this build, those that `auto` prefers first.
[[nodiscard]] const std::vector<EngineEntry>& engine_entries();

/// The values of --engine: auto and every name.
[[nodiscard]] std::vector<std::string> engine_names();

struct EngineChoice {
  std::unique_ptr<Engine> engine;
  std::string why;  ///< of `auto`; empty where the user named it

  /// What is recorded with each cell: the device, and why `auto` chose it.
  [[nodiscard]] std::string record() const;
};

/// The engine of that name, or for "auto" the first that this machine can use. Throws InputError where it
/// cannot be used.
[[nodiscard]] EngineChoice choose_engine(std::string_view name, std::size_t threads);

}  // namespace modsweep::cli
