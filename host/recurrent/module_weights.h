// A network's weights as the CPU's kernels read them.
#pragma once

#include "cpu/aligned.h"
#include "recurrent/kernels.h"
#include "recurrent/network.h"

#include <cstdint>
#include <vector>

namespace modsweep::recurrent {

/// Of one module.
template <typename T>
struct ModuleWeights {
  cpu::AlignedVector<T> recurrent, feedforward;            ///< packed by rows
  cpu::AlignedVector<T> recurrent_back, feedforward_back;  ///< by columns, where a gradient goes through them
  std::vector<T> input, bias, leak;                        ///< [units]
};

/// Sets out[0 .. last], by columns from module `first_back` on.
template <typename T>
void pack_modules(const Kernels<T>& kernels, const Network<T>& network, const TensorLayout& layout,
                  std::uint32_t last, std::uint32_t first_back, std::vector<ModuleWeights<T>>& out);

}  // namespace modsweep::recurrent
