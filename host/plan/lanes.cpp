#include "plan/lanes.h"

#include "plan/progress.h"

#include <algorithm>

#include <fmt/format.h>

namespace modsweep {

std::vector<Lane> make_lanes(std::span<const std::unique_ptr<Engine>> engines, const std::string& note) {
  std::size_t most = 0;
  for (const auto& engine : engines) most = std::max(most, engine->lanes());
  std::vector<Lane> lanes;
  // In turn: a run with fewer packs than lanes leaves no engine without one.
  for (std::size_t turn = 0; turn < most; ++turn)
    for (const auto& engine : engines)
      if (turn < engine->lanes())
        lanes.push_back({*engine, engine->device() + note, engine->memory() / engine->lanes()});
  return lanes;
}

std::string device_text(const Engine& engine) {
  return fmt::format("{}: packs may take {}{}", engine.device(),
                     format_unit(static_cast<double>(engine.memory()), "B"),
                     engine.lanes() > 1 ? fmt::format(", {} lanes share it", engine.lanes()) : "");
}

}  // namespace modsweep
