#include "cli/file_format.h"

#include "core/text.h"

#include <filesystem>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace modsweep::cli {
namespace {

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool is_device(const std::string& path) {
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
}

}  // namespace

FileFormat format_of_file(const std::string& asked, const std::string& path,
                          std::span<const FileEnding> endings, std::string_view usual) {
  if (!asked.empty()) return {asked, ""};
  const std::string ending = lower_case(std::filesystem::path(path).extension().string());
  std::vector<std::string_view> known;
  for (const FileEnding& one : endings) {
    if (one.ending == ending) return {std::string(one.format), ""};
    known.push_back(one.ending);
  }
  FileFormat found{std::string(usual), ""};
  if (!is_device(path))
    found.note = fmt::format(
        "{}: written as {}; its name ends in none of {}, by which the format is chosen "
        "where --format does not say it",
        one_line(path, 200), usual, fmt::join(known, ", "));
  return found;
}

}  // namespace modsweep::cli
