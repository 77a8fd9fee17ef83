#include "plan/workers.h"

#include "core/formats.h"

#include <algorithm>

#include <fmt/format.h>

namespace modsweep {

std::vector<Worker> make_workers(std::span<const std::unique_ptr<Engine>> engines, const std::string& note) {
  std::size_t most = 0;
  for (const auto& engine : engines) most = std::max(most, engine->workers());
  std::vector<Worker> workers;
  // In turn, so that a run with fewer packs than workers still uses every engine.
  for (std::size_t turn = 0; turn < most; ++turn)
    for (const auto& engine : engines)
      if (turn < engine->workers())
        workers.push_back({*engine, engine->device() + note, engine->memory() / engine->workers()});
  return workers;
}

std::string device_text(const Engine& engine) {
  return fmt::format("{}: packs may take {}{}", engine.device(),
                     format_unit(static_cast<double>(engine.memory()), "B"),
                     engine.workers() > 1 ? fmt::format(", {} workers share it", engine.workers()) : "");
}

}  // namespace modsweep
