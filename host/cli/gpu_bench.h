// modsweep bench on a GPU engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "modsweep/settings.h"

namespace modsweep::cli {

/// What the user asked for; empty lists: our default cases.
struct GpuBenchRequest {
  std::string engine = "gemm";  ///< or "fused"
  std::vector<std::string> settings;
  std::vector<std::size_t> networks;
  std::vector<std::string> shapes;  ///< "4-32-4"
  std::vector<std::uint32_t> batches;
  Precision precision = Precision::fp32;
  bool spectra = false;  ///< time the spectra only
  bool quick = false;

  [[nodiscard]] bool empty() const {
    return networks.empty() && shapes.empty() && batches.empty() && !spectra;
  }
};

struct GpuBenchResult {
  nlohmann::ordered_json rows;
  std::vector<std::string> failures;  ///< one line for each case that could not be timed
};

/// Times the engine on the first device. Prints each row as it comes, and calls `keep`, if any, with all rows
/// so far. A case that fails does not end the others. Throws InputError if there is no device, a shape is
/// invalid, or the engine has no such times.
[[nodiscard]] GpuBenchResult bench_gpu(const GpuBenchRequest& request, std::ostream& out,
                                       const std::function<void(const nlohmann::ordered_json&)>& keep = {});

}  // namespace modsweep::cli
