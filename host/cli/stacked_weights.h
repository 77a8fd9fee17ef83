// The weights of many networks as one safetensors file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "modsweep/network.h"

namespace modsweep::cli {

/// What was written.
struct StackedWeights {
  std::size_t networks = 0;
  Shape shape;                            ///< of each
  std::string first_name = {};            ///< of a network's first matrix: "W0", "W_R0"
  std::vector<std::uint64_t> first = {};  ///< its [out, in]
};

/// Writes the finished networks of the stores `files` that meet the conditions (cell_conditions.h) to
/// `output_path`: tensors as network_tensors has them, stacked to [networks, ...], in the order of their
/// varied settings. Metadata: `cells`, a JSON list of ids; `settings`, a JSON object of what all of them have
/// in common; `varied`, a JSON object of a list for every other setting; `scaling`, of tables with task.scale
/// alone, the scales of columns, or a JSON list of them where networks differ. Memory grows with the ids and
/// the varied settings, not with the weights. Throws InputError if no network is there, if their shapes or
/// precisions differ, or if stores have different weights of a cell; nothing is written then. Tells `err`
/// which networks were left out.
[[nodiscard]] StackedWeights write_stacked_weights(const std::vector<std::string>& files,
                                                   const std::vector<std::string>& conditions,
                                                   const std::string& output_path, std::ostream& err);

}  // namespace modsweep::cli
