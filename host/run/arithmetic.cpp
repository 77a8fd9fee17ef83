#include "run/arithmetic.h"

#include <fmt/format.h>

namespace modsweep {

std::string arithmetic(std::string_view engine, const std::string& devices) {
  constexpr std::string_view then = ", then ";
  constexpr std::string_view on = " on ";
  std::string_view last = devices;
  if (const auto begin = devices.rfind(then); begin != std::string::npos)
    last.remove_prefix(begin + then.size());
  if (last.starts_with(fmt::format("{}{}", engine, on))) last.remove_prefix(engine.size() + on.size());
  return fmt::format("{} ({})", engine, last.substr(0, last.find_first_of(",;")));
}

}  // namespace modsweep
