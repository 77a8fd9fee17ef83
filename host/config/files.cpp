#include "config/files.h"

#include "core/text.h"
#include "tasks/table.h"

#include <filesystem>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr std::string_view hash_key = "task.file_hash";

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

/// The path of the file that the JSON string `json`, the value of `key`, names.
std::string path_of(const std::string& json, const std::string& folder, const std::string& location,
                    std::string_view key = table_file_key) {
  const std::filesystem::path name = json.substr(1, json.size() - 2);
  std::string path = (std::filesystem::path(folder) / name).string();
  if (!is_plain_line(path))
    fail(location, fmt::format("{}: the folder \"{}\" has quotes, backslashes or control characters in its "
                               "name; rename it",
                               key, one_line(folder, 200)));
  return path;
}

std::string hash_at(const std::string& path, const std::string& location) {
  try {
    return file_hash(path);
  } catch (const InputError& error) {
    fail(location, fmt::format("task.file: {}", error.what()));
  }
}

void check_wanted_hash(const Fixed& wanted, const std::string& hash, const std::string& path) {
  if (wanted.json != quoted(hash))
    fail(wanted.location,
         fmt::format("task.file_hash = {} but {} has {}; the file has changed since, or the key "
                     "is to be left out",
                     wanted.json, one_line(path, 200), hash));
}

/// Adds an axis of hashes and zips it with the axis of files.
void add_hash_axis(Draft& draft, std::vector<std::string> hashes) {
  const std::string location = draft.axis(table_file_key)->location;
  draft.axes.push_back({.name = std::string(hash_key),
                        .key = find_key(hash_key),
                        .points = std::move(hashes),
                        .location = location});
  for (Zip& zip : draft.zips) {
    if (std::ranges::find(zip.keys, table_file_key) == zip.keys.end()) continue;
    zip.keys.emplace_back(hash_key);
    return;
  }
  draft.zips.push_back({{std::string(table_file_key), std::string(hash_key)}, location});
}

/// Makes the path of the parents' store one from the current folder.
void find_parents(Draft& draft, const std::string& folder) {
  if (const AxisDraft* axis = draft.axis(parents_key))
    fail(axis->location, "start.from cannot be an axis; merge the stores, or run a sweep for each");
  const auto file = draft.fixed.find(parents_key);
  if (file == draft.fixed.end() || file->second.json == quoted("")) return;
  file->second.json = quoted(path_of(file->second.json, folder, file->second.location, parents_key));
}

}  // namespace

void find_files(Draft& draft, const std::string& folder) {
  find_parents(draft, folder);
  const auto wanted = draft.fixed.find(hash_key);
  if (AxisDraft* axis = draft.axis(table_file_key)) {
    if (wanted != draft.fixed.end() || draft.axis(hash_key) != nullptr)
      fail(axis->location, "task.file_hash cannot be given for an axis of files; leave it out");
    std::vector<std::string> hashes;
    for (std::string& point : axis->points) {
      if (point == quoted("")) {  // in a list of settings, a point without a file
        hashes.push_back(point);
        continue;
      }
      const std::string path = path_of(point, folder, axis->location);
      hashes.push_back(quoted(hash_at(path, axis->location)));
      point = quoted(path);
    }
    add_hash_axis(draft, std::move(hashes));
    return;
  }
  const auto file = draft.fixed.find(table_file_key);
  if (file == draft.fixed.end()) return;
  const std::string path = path_of(file->second.json, folder, file->second.location);
  const std::string hash = hash_at(path, file->second.location);
  if (wanted != draft.fixed.end()) check_wanted_hash(wanted->second, hash, path);
  file->second.json = quoted(path);
  draft.fixed[std::string(hash_key)] = {quoted(hash), file->second.location};
}

}  // namespace modsweep
