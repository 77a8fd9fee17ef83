// Pages as files.
#pragma once

#include "page/page.h"

#include <string>
#include <vector>

namespace modsweep::cli {

/// Writes the page whole or not at all. `reads`: the files that it is made from. Throws as AtomicFile.
void write_page(const page::Page& page, const std::string& path, const std::vector<std::string>& reads);

}  // namespace modsweep::cli
