// gnuplot as a process of its own.
#pragma once

#include <chrono>
#include <string>

namespace modsweep::figures {

struct GnuplotOutput {
  std::string bytes;     ///< of its standard output
  std::string messages;  ///< of its standard error
};

/// Runs the gnuplot of PATH without the user's settings on a text. It is killed when it takes longer than
/// `limit`. Throws IoError where there is none, and where it fails, with the first line that it said.
[[nodiscard]] GnuplotOutput run_gnuplot(const std::string& text,
                                        std::chrono::milliseconds limit = std::chrono::minutes(1));

}  // namespace modsweep::figures
