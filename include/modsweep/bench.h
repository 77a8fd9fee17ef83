// The workloads on which all engines are timed, so that their rows can be compared.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "modsweep/pack.h"

namespace modsweep {

/// One kind of training whose whole steps are timed.
struct BenchSetting {
  std::string_view name;  ///< "wa2"
  NoiseSettings noise;
  RegularizerSettings regularizer;
};

[[nodiscard]] const std::vector<BenchSetting>& bench_settings();

/// A pack of `networks` networks that train without end on 1000 samples of sines, each with its own seed.
/// `sizes`: inputs, hidden layers, and as many outputs as inputs; `groups`: as network.groups.
[[nodiscard]] Pack bench_pack(const BenchSetting& setting, const std::vector<std::uint32_t>& sizes,
                              std::uint32_t batch_size, Precision precision, std::size_t networks,
                              const std::vector<std::uint32_t>& groups = {});

}  // namespace modsweep
