// Conditions on the cells of a store: `--where KEY=VALUE`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace modsweep::cli {

/// Adds --where to a command, which may be given many times.
void add_where(CLI::App* command, std::vector<std::string>& conditions);

/// Conditions on settings by their dotted keys, and on `cell` (an id or its first digits), `sweep`, `status`,
/// `engine` and `device`. A cell has to meet one condition of each key.
class CellConditions {
 public:
  /// Throws InputError for a text that is not KEY=VALUE, and for a key that no cell can have.
  explicit CellConditions(const std::vector<std::string>& texts);

  [[nodiscard]] bool has(std::string_view key) const;
  /// `cell`: all settings by key, and the values of the other keys.
  [[nodiscard]] bool met_by(const nlohmann::json& cell);

  /// For a message where no cell meets them all: the first key of whose values none was met, and the values
  /// that there are; empty where each was met by some cell.
  [[nodiscard]] std::string unmet() const;

 private:
  struct Condition {
    std::string key;
    std::vector<nlohmann::json> values;     // one of which a cell must have
    bool met = false;                       // by some cell
    std::vector<std::string> present = {};  // the first few values of other cells
  };
  std::vector<Condition> conditions_;
};

}  // namespace modsweep::cli
