// refine --plan: the cells that a refinement wants next, as a sweep file that shards can train.
#pragma once

#include <string>
#include <vector>

#include "modsweep/sweep.h"

namespace modsweep::cli {

/// Writes the sweep to the file `path`, whole or not at all. A file that already holds it stays as it is: the
/// same command may be given again. Throws InputError where the file holds anything else, or is one of
/// `reads`, the files that the command reads.
void write_round(const Sweep& sweep, const std::string& path, const std::vector<std::string>& reads);

}  // namespace modsweep::cli
