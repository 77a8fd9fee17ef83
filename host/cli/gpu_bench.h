// modsweep bench on a GPU engine.
#pragma once

#include <cstddef>
#include <cstdint>
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

/// Times the engine on the first device and prints a table; returns the rows. Throws InputError if there is
/// no device, a shape is invalid, or the engine has no such times.
[[nodiscard]] nlohmann::ordered_json bench_gpu(const GpuBenchRequest& request, std::ostream& out);

}  // namespace modsweep::cli
