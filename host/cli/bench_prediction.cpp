#include "cli/bench_prediction.h"

#include "cli/run_table.h"

#include <algorithm>
#include <cstdint>
#include <fstream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "modsweep/error.h"

namespace modsweep::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// An H100 SXM, whose machine code was counted, at the clock that it keeps under load.
constexpr std::size_t multiprocessors = 132;
constexpr double clocks_per_us = 1755.0;
/// Instructions of warps that a multiprocessor begins in a clock.
constexpr double issued_per_clock = 4.0;

/// Counts of a step of one network.
struct Counts {
  double instructions = 0.0;
  double one_block = 0.0;   ///< clocks of a multiprocessor with one network, by the clock model
  double two_blocks = 0.0;  ///< with two, for both together
};

json read_counts(const std::string& path) {
  std::ifstream file(path);
  if (!file)
    throw InputError(fmt::format("{}: cannot be read; give the path of bench/fused_counts.json", path));
  json counts = json::parse(file, nullptr, false);
  if (!counts.is_object() || !counts.contains("kernels") || !counts["kernels"].is_object() ||
      counts["kernels"].empty() || !counts.contains("architecture"))
    throw InputError(fmt::format("{}: no file of counts; give the path of bench/fused_counts.json", path));
  return counts;
}

Counts counts_of(const json& kernel, const std::string& model) {
  const json& clocks = kernel.at("model_clocks");
  return {.instructions = kernel.at("instructions").get<double>(),
          .one_block = clocks.at("1 blocks, " + model).get<double>(),
          .two_blocks = clocks.at("2 blocks, " + model).get<double>()};
}

/// Microseconds of a step of all networks: those of the multiprocessor that has the most, two at a time.
double model_us(const Counts& counts, std::size_t networks) {
  const std::size_t most = (networks + multiprocessors - 1) / multiprocessors;
  return (static_cast<double>(most / 2) * counts.two_blocks +
          static_cast<double>(most % 2) * counts.one_block) /
         clocks_per_us;
}

/// No device of these multiprocessors can be faster: each begins so many instructions in a clock.
double bound_us(const Counts& counts, std::size_t networks) {
  const std::size_t most = (networks + multiprocessors - 1) / multiprocessors;
  return static_cast<double>(most) * counts.instructions / issued_per_clock / clocks_per_us;
}

}  // namespace

ordered_json predict_bench(const std::string& path, const std::vector<std::size_t>& networks,
                           std::ostream& out) {
  const json counts = read_counts(path);
  auto rows = ordered_json::array();
  std::vector<std::vector<std::string>> table = {
      {"kernel", "networks", "step us", "to", "a network us", "to", "at least us"}};
  try {
    for (const auto& [name, kernel] : counts["kernels"].items()) {
      const Counts merged = counts_of(kernel, "merged");
      const Counts strict = counts_of(kernel, "strict");
      for (const std::size_t count :
           networks.empty() ? std::vector<std::size_t>{1, 132, 1024, 4096} : networks) {
        const auto each = static_cast<double>(count);
        const double low = std::min(model_us(merged, count), model_us(strict, count));
        const double high = std::max(model_us(merged, count), model_us(strict, count));
        const double bound = bound_us(merged, count) / each;
        rows.push_back({{"bench", "prediction"},
                        {"engine", name.starts_with("3xtf32") ? "fused_3xtf32" : "fused"},
                        {"kernel", name},
                        {"architecture", counts["architecture"]},
                        {"multiprocessors", multiprocessors},
                        {"clocks_per_us", clocks_per_us},
                        {"networks", count},
                        {"predicted_step_us", {low, high}},
                        {"predicted_us", {low / each, high / each}},
                        {"issue_bound_us", bound}});
        table.push_back({name, std::to_string(count), fmt::format("{:.1f}", low), fmt::format("{:.1f}", high),
                         fmt::format("{:.4f}", low / each), fmt::format("{:.4f}", high / each),
                         fmt::format("{:.4f}", bound)});
      }
    }
  } catch (const json::exception& error) {
    throw InputError(
        fmt::format("{}: counts are missing ({}); make it anew as bench/README.md says", path, error.what()));
  }
  fmt::print(out, "A prediction from counted machine code; nothing was measured. Training steps of {}\n",
             counts.value("network", "the standard network"));
  print_table(out, table, 1);
  fmt::print(
      out,
      "({} with {} multiprocessors at {:.0f} MHz. From, to: the clock model, if bank conflicts within a "
      "warp merge, and if they do not. At least: no instruction waits.)\n",
      counts["architecture"].get<std::string>(), multiprocessors, clocks_per_us);
  return rows;
}

}  // namespace modsweep::cli
