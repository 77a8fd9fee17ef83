#include "cli/refine_plan.h"

#include "cli/output.h"
#include "cli/sweep_options.h"
#include "config/sweep_text.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::cli {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Whether a sweep that was read again has the same cells, in this order: of a large one, some of them.
bool same_cells(const Sweep& found, const Sweep& wanted) {
  constexpr std::uint64_t most = 1000;
  if (found.size() != wanted.size()) return false;
  for (std::uint64_t i = 0; i < wanted.size(); i += 1 + wanted.size() / most)
    if (found.cell(i).id != wanted.cell(i).id) return false;
  return true;
}

}  // namespace

void write_round(const Sweep& sweep, const std::string& path, const std::vector<std::string>& reads) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const std::string text = fmt::format(
      "# Cells of a refinement: train them all, whole or in shards, and merge the "
      "stores.\n{}",
      sweep_file_text(sweep, folder));
  if (!same_cells(parse_sweep(text, path), sweep))
    throw LogicError(fmt::format("{}: the text of sweep {} is that of another sweep", path, sweep.name));
  if (path_exists(path)) {
    if (std::filesystem::is_regular_file(path) && content_of(path) == text) return;
    throw InputError(fmt::format(
        "--plan {}: the file is there and is not what is to be trained next ({}); give another name", path,
        sweep.name));
  }
  AtomicOutput output(path, reads);
  output.stream() << text;
  output.commit();
}

}  // namespace modsweep::cli
