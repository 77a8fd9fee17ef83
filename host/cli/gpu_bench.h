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

/// What the user asked for; empty lists: a choice of ours.
struct GpuBenchRequest {
  std::string engine = "gemm";  ///< or "fused"
  std::vector<std::string> settings;
  std::vector<std::size_t> networks;
  std::vector<std::string> shapes;  ///< "4-32-4"
  std::vector<std::uint32_t> batches;
  Precision precision = Precision::fp32;
  bool spectra = false;  ///< nothing else
  bool quick = false;

  [[nodiscard]] bool empty() const {
    return networks.empty() && shapes.empty() && batches.empty() && !spectra;
  }
};

/// Times the engine on the first device and prints a table; returns the rows. Throws InputError where
/// there is no device, a shape makes no sense, or the engine has no such times.
[[nodiscard]] nlohmann::ordered_json bench_gpu(const GpuBenchRequest& request, std::ostream& out);

}  // namespace modsweep::cli
