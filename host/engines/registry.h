// The list of the engines.
#pragma once

#include "engines/gpu_module.h"
#include "engines/trials.h"
#include "plan/workers.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "modsweep/engine.h"

namespace modsweep {

/// One engine of this build. Engines of different families may have the same name.
struct EngineEntry {
  std::string_view name;
  Family family = Family::feedforward;  ///< of the networks that it trains
  std::string_view summary;
  /// Why it cannot be used on this machine; empty if it can.
  std::string (*unavailable)(GpuOpener& gpu);
  /// Makes one engine for each device that it can use. `threads`: 0 for all.
  std::vector<std::unique_ptr<Engine>> (*make)(GpuOpener& gpu, std::size_t threads);
};

/// All engines of this build. The first of a family can be used everywhere, and the results of the others are
/// checked against it.
[[nodiscard]] const std::vector<EngineEntry>& engine_entries();

/// The values of --engine: auto and every name, once.
[[nodiscard]] std::vector<std::string> engine_names();

struct EngineChoice {
  std::vector<std::unique_ptr<Engine>> engines;  ///< of one kind, one for each device, at least one
  std::string why;           ///< why `auto` chose them; empty where the user named the engine
  std::string warning = {};  ///< `auto`: why a GPU of this machine may stay idle; empty: nothing is wrong

  [[nodiscard]] std::string_view name() const { return engines.front()->name(); }
  /// The devices, and why `auto` chose them.
  [[nodiscard]] std::string text() const;
  /// The workers of a run; each cell's record has the device, and why `auto` chose it.
  [[nodiscard]] std::vector<Worker> workers() const;
};

/// The engines of that name, or for "auto" the first of the family. Throws InputError where it cannot be
/// used.
[[nodiscard]] EngineChoice choose_engine(std::string_view name, std::size_t threads,
                                         Family family = Family::feedforward);

/// The same for a sweep, or for a shard of it: "auto" chooses the engine that would finish first among those
/// that this machine can use, according to the user's SpeedTable or a short trial (trials.h). `modsweep
/// devices` shows why others cannot be used.
[[nodiscard]] EngineChoice choose_engine(std::string_view name, std::size_t threads, const TrialWork& work);

}  // namespace modsweep
