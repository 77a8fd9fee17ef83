// Speeds of this machine's engines, stored from run to run, so that runs of a sweep use the same engine.
#pragma once

#include "engines/trials.h"

#include <map>
#include <optional>
#include <string>

namespace modsweep {

/// A small JSON file in the user's cache folder. It may be deleted at any time; a speed that cannot be read
/// is measured again, and one that cannot be written is not stored.
class SpeedTable {
 public:
  explicit SpeedTable(std::string path);

  /// modsweep/speeds.json in $XDG_CACHE_HOME or $HOME/.cache; empty, for no file, where neither is set.
  [[nodiscard]] static std::string usual_path();

  [[nodiscard]] std::optional<Calibration> find(const std::string& key) const;
  void keep(const std::string& key, const Calibration& speed);

 private:
  std::string path_;
  std::map<std::string, Calibration> speeds_;
};

/// The properties that a speed depends on, as text: engine, device, shape, batch, precision, networks at once
/// (to a factor of 2), noise, dropout and regularizers on activities; and the version of modsweep.
[[nodiscard]] std::string speed_key(const Sweep& sweep, const ShapePlan& shape, const Engine& engine,
                                    const std::string& version);

/// A timing for trials: from the table, or else from a short calibrate(), which is then stored in the table.
/// The timing holds references to the table and the work.
[[nodiscard]] Timing kept_timing(SpeedTable& table, const TrialWork& work, const std::string& version);

}  // namespace modsweep
