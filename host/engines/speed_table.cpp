#include "engines/speed_table.h"

#include "core/atomic_file.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using nlohmann::json;

/// 0 where there is no such number.
double number_in(const json& object, const char* name) {
  if (!object.is_object()) return 0.0;
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<double>() : 0.0;
}

/// Empty where there is no such file or it is not one of ours.
std::map<std::string, Calibration> read_speeds(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const json speeds = file ? json::parse(file, nullptr, false) : json();
  std::map<std::string, Calibration> result;
  if (!speeds.is_object()) return result;
  for (const auto& [key, speed] : speeds.items()) {
    const Calibration found{number_in(speed, "flop_per_second"), number_in(speed, "seconds_per_measurement")};
    if (found.flop_per_second > 0.0) result.emplace(key, found);
  }
  return result;
}

}  // namespace

SpeedTable::SpeedTable(std::string path) : path_(std::move(path)), speeds_(read_speeds(path_)) {}

std::string SpeedTable::usual_path() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache != '\0') return std::string(cache) + "/modsweep/speeds.json";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') return std::string(home) + "/.cache/modsweep/speeds.json";
  return {};
}

std::optional<Calibration> SpeedTable::find(const std::string& key) const {
  const auto found = speeds_.find(key);
  if (found == speeds_.end()) return std::nullopt;
  return found->second;
}

void SpeedTable::keep(const std::string& key, const Calibration& speed) {
  speeds_[key] = speed;
  if (path_.empty()) return;
  json speeds = json::object();
  for (const auto& [name, s] : speeds_)
    speeds[name] = {{"flop_per_second", s.flop_per_second},
                    {"seconds_per_measurement", s.seconds_per_measurement}};
  const std::string text = speeds.dump(2) + "\n";
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  try {
    write_atomically(path_, {std::as_bytes(std::span(text))});
  } catch (const Error&) {  // the next run measures again
  }
}

std::string speed_key(const Sweep& sweep, const ShapePlan& shape, const Engine& engine,
                      const std::string& version) {
  const CellSettings settings = sweep.cell(shape.first_index).settings;
  const RegularizerSettings& regularizer = settings.regularizer;
  const auto networks = std::bit_ceil(std::min<std::uint64_t>(shape.pack_size, shape.cells));
  return fmt::format("{} {}, {}; {}; up to {} networks{}{}{}", engine.name(), version, engine.device(),
                     shape.key.text(), networks, settings.noise.strength > 0.0 ? ", noise" : "",
                     regularizer.dropout > 0.0 ? ", dropout" : "",
                     penalty_rules<double>(regularizer).any_activity() ? ", activity" : "");
}

Timing kept_timing(SpeedTable& table, const TrialWork& work, const std::string& version) {
  return [&table, &work, version](const PlanSummary& plan, Engine& engine) {
    constexpr double seconds = 0.3;
    const std::string key = speed_key(work.sweep, *plan.most_work(), engine, version);
    if (const auto known = table.find(key)) return *known;
    const Calibration speed = calibrate(work.sweep, plan, engine, work.datasets, work.threads, seconds);
    table.keep(key, speed);
    return speed;
  };
}

}  // namespace modsweep
