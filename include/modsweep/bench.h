// What all engines are timed on, so that their rows can be compared.
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

/// Networks that train without end on 1000 samples of sines, each with its own seed. `sizes`: inputs, hidden
/// layers, outputs, as many as inputs; `groups`: as network.groups.
[[nodiscard]] Pack bench_pack(const BenchSetting& setting, const std::vector<std::uint32_t>& sizes,
                              std::uint32_t batch_size, Precision precision, std::size_t networks,
                              const std::vector<std::uint32_t>& groups = {});

}  // namespace modsweep
