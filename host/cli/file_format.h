// The format of an output file: the one that was asked for, or that of the name's ending.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace modsweep::cli {

struct FileEnding {
  std::string_view ending;  ///< ".csv", lower case
  std::string_view format;
};

/// The endings of tables.
inline constexpr std::array table_endings = {FileEnding{".csv", "csv"}, FileEnding{".json", "json"},
                                             FileEnding{".jsonl", "jsonl"}, FileEnding{".ndjson", "jsonl"}};

struct FileFormat {
  std::string format;
  std::string
      note;  ///< for the user, once the file is written: its ending stands for no format; may be empty
};

/// `asked`, where it is not empty; otherwise the format that the ending of `path` stands for, in any case of
/// letters; otherwise `usual`, with a note unless `path` is a device or pipe.
[[nodiscard]] FileFormat format_of_file(const std::string& asked, const std::string& path,
                                        std::span<const FileEnding> endings, std::string_view usual);

}  // namespace modsweep::cli
