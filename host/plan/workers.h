// The workers of a run: one or more engines, each training one or more packs at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "modsweep/engine.h"

namespace modsweep {

/// Trains one pack after another, in a thread of its own if there are several workers.
struct Worker {
  Engine& engine;
  std::string device;      ///< recorded with each cell
  std::size_t memory = 0;  ///< bytes that its pack may use, without datasets
};

/// The workers of these engines, with `note` appended to their device records. Workers of one engine share
/// its memory. The engines are asked for their memory here, once, before any pack uses some of it.
[[nodiscard]] std::vector<Worker> make_workers(std::span<const std::unique_ptr<Engine>> engines,
                                               const std::string& note = "");

/// An engine's device and its memory for packs: "AVX-512, 2 threads: packs may take 4.17 GB".
[[nodiscard]] std::string device_text(const Engine& engine);

}  // namespace modsweep
