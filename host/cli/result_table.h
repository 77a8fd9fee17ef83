// Tables of results in the formats of `export` and as aligned text.
#pragma once

#include "cli/console.h"
#include "cli/file_format.h"
#include "cli/output.h"
#include "results/result_table.h"

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace modsweep::cli {

/// As aligned text for people: numbers have a few digits.
void write_aligned(const ResultTable& table, std::ostream& out);

/// The rows as objects by column, in the order of the columns.
[[nodiscard]] nlohmann::ordered_json json_of(const ResultTable& table);

/// --format and --output.
struct ResultOptions {
  std::string format;  ///< empty: `table` on standard output, by the ending of its name (or csv) in a file
  std::string output_path;  ///< empty: standard output
};

/// Adds both options to a command. `more`: a format of this command alone, and `more_doc` what it is.
void add_result_options(CLI::App* command, ResultOptions& options, const std::string& more = "",
                        const std::string& more_doc = "");

/// The destination of a command's result. The file is opened before anything is computed, and appears
/// complete or not at all. Throws IoError, and InputError if the file cannot be written or must not be
/// replaced.
class ResultOutput {
 public:
  /// `reads`: the files that the command reads, none of which may be written to.
  ResultOutput(const ResultOptions& options, const std::vector<std::string>& reads, Console& console);

  void write(const ResultTable& table);

 private:
  FileFormat format_;
  Console& console_;
  std::optional<AtomicOutput> file_;
};

}  // namespace modsweep::cli
