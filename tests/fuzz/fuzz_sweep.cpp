// Fuzzes the sweep reader: any text is read, or refused with an InputError on one line. The text after a line
// "%%" is used as --set options, one per line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "modsweep/error.h"
#include "modsweep/sweep.h"

namespace {

constexpr std::uint64_t most_cells = 1000000000;

void check(bool holds) {
  if (!holds) std::abort();
}

void read(const std::string& text, const std::vector<std::string>& overrides) {
  const modsweep::Sweep sweep = modsweep::parse_sweep(text, "fuzz.toml", overrides);
  const std::uint64_t size = sweep.size();
  check(size >= 1 && size <= most_cells && !sweep.name.empty());
  check(sweep.cell(0).settings == sweep.base);
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(size, 20); ++i) {
    try {
      const modsweep::Cell cell = sweep.cell(i);
      check(cell.id.size() == 16);
      check(modsweep::total_steps(cell.settings) >= 1);
    } catch (const modsweep::InputError&) {
      check(size > 10000);  // small grids are checked as a whole when they are read
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> overrides;
  if (const std::size_t mark = text.find("\n%%\n"); mark != std::string::npos) {
    std::string options = text.substr(mark + 4);
    text.resize(mark + 1);
    for (std::size_t end = 0; !options.empty() && overrides.size() < 8; options.erase(0, end + 1)) {
      end = std::min(options.find('\n'), options.size() - 1);
      overrides.push_back(options.substr(0, end));
    }
  }
  try {
    read(text, overrides);
  } catch (const modsweep::InputError& error) {
    const std::string message = error.what();
    check(message.starts_with("fuzz.toml:") || message.starts_with("--set "));
    check(std::ranges::none_of(message,
                               [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }));
  }
  return 0;
}
