#include "cli/report_page.h"

#include "core/atomic_file.h"

#include <span>

namespace modsweep::cli {

void write_page(const page::Page& page, const std::string& path, const std::vector<std::string>& reads) {
  const std::string html = page::html_of(page);
  write_atomically(path, {std::as_bytes(std::span(html))}, reads);
}

}  // namespace modsweep::cli
