#include "cli/version_text.h"

#include "cpu/isa_names.h"
#include "engines/gpu_module.h"
#include "store/schema.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/version.h"

namespace modsweep::cli {
namespace {

std::string compiler() {
#if defined(__clang__)
  return fmt::format("clang {}", __clang_version__);
#elif defined(__GNUC__)
  return fmt::format("GCC {}", __VERSION__);
#else
  return "unknown";
#endif
}

/// "x86-64, avx2, avx512 (used here)": those that the program has kernels for.
std::string instruction_sets() {
  std::vector<std::string> names;
  for (const cpu::Isa isa : {cpu::Isa::baseline, cpu::Isa::avx2, cpu::Isa::avx512})
    names.push_back(fmt::format("{}{}", cpu::isa_name(isa), isa == cpu::best_isa() ? " (used here)" : ""));
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::string version_text() {
  const std::string cuda(cuda_version());
  return fmt::format(
      "modsweep {}\n"
      "commit            {}\n"
      "compiler          {}\n"
      "instruction sets  {}\n"
      "CUDA              {}\n"
      "SQLite            {}\n"
      "store format      {}",
      program_version(), program_revision(), compiler(), instruction_sets(),
      cuda.empty() ? "not compiled in" : cuda, sqlite_version(), store_format());
}

}  // namespace modsweep::cli
