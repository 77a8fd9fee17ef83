// modsweep bench --predict: what the fused engine should take on a device that is not here.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace modsweep::cli {

/// Reads the counts of a training step's machine code (bench/fused_counts.json) and prints what they predict
/// for packs of so many networks; empty: 1, 132, 1024, 4096. Returns the rows. Nothing is measured. Throws
/// InputError where the file is not one of counts.
[[nodiscard]] nlohmann::ordered_json predict_bench(const std::string& path,
                                                   const std::vector<std::size_t>& networks,
                                                   std::ostream& out);

}  // namespace modsweep::cli
