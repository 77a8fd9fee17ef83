// Who carries a run: one or more engines, each training one or more packs at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "modsweep/engine.h"

namespace modsweep {

/// Trains one pack after the other, in a thread of its own where there are several.
struct Worker {
  Engine& engine;
  std::string device;      ///< recorded with each cell
  std::size_t memory = 0;  ///< bytes that its pack may take, datasets aside
};

/// The workers of these engines, their devices' records ended by `note`. Workers of one engine share its
/// memory. The engines are asked for it here, once, before any pack takes of it.
[[nodiscard]] std::vector<Worker> make_workers(std::span<const std::unique_ptr<Engine>> engines,
                                               const std::string& note = "");

/// An engine's device and what it has room for: "AVX-512, 2 threads: packs may take 4.17 GB".
[[nodiscard]] std::string device_text(const Engine& engine);

}  // namespace modsweep
