#include "config/sweep_text.h"

#include "config/files.h"
#include "config/keys.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace modsweep {
namespace {

// Whoever reads the text finds the file and its hash anew.
constexpr std::string_view table_hash_key = "task.file_hash";

/// Writes paths as a sweep file in `folder` has them: relative to it.
class PathsFrom {
 public:
  explicit PathsFrom(const std::string& folder) : folder_(folder.empty() ? "." : folder) {}

  [[nodiscard]] std::string value(std::string_view key, const std::string& json) const {
    if ((key != table_file_key && key != parents_key) || json.size() <= 2) return json;
    const std::string path = json.substr(1, json.size() - 2);  // a plain line is its own JSON
    return fmt::format("\"{}\"", std::filesystem::proximate(path, folder_).string());
  }

 private:
  std::string folder_;
};

/// The settings of the base that no axis replaces and that are not the defaults, a table for each section.
std::string base_text(const Sweep& sweep, const std::set<std::string_view>& varied, const PathsFrom& paths) {
  std::string text;
  std::string_view section;
  for (const KeyInfo& key : setting_keys()) {
    if (varied.contains(key.name)) continue;
    std::string json;
    key.write(sweep.base, json);
    if (json == key.standard) continue;
    if (section != key.section()) {
      section = key.section();
      text += fmt::format("\n[{}]\n", section);
    }
    text += fmt::format("{} = {}\n", key.leaf(), paths.value(key.name, json));
  }
  return text;
}

}  // namespace

std::string sweep_file_text(const Sweep& sweep, const std::string& folder) {
  const PathsFrom paths(folder);
  std::set<std::string_view> varied;
  std::vector<std::string> zips;
  std::string axes;
  for (const Axis& axis : sweep.axes) {
    std::vector<std::string> zipped;
    for (std::size_t k = 0; k < axis.keys.size(); ++k) {
      const std::string& key = axis.keys[k];
      varied.insert({key, schedule_partner(key)});
      if (key == table_hash_key) continue;
      std::vector<std::string> points;
      points.reserve(axis.values.size());
      for (const auto& point : axis.values) points.push_back(paths.value(key, point[k]));
      axes += fmt::format("\"{}\" = [{}]\n", key, fmt::join(points, ", "));
      zipped.push_back(fmt::format("\"{}\"", key));
    }
    if (zipped.size() > 1) zips.push_back(fmt::format("[{}]", fmt::join(zipped, ", ")));
  }
  std::string text = fmt::format("name = \"{}\"\n", sweep.name);
  if (!zips.empty()) text += fmt::format("zip = [{}]\n", fmt::join(zips, ", "));
  text += base_text(sweep, varied, paths);
  if (!axes.empty()) text += fmt::format("\n[axes]\n{}", axes);
  return text;
}

}  // namespace modsweep
