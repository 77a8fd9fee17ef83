// Recurrent networks on a CUDA device.
#pragma once

#include "recurrent/networks.h"

#include <memory>
#include <string>
#include <vector>

#include "modsweep/gpu.h"

namespace modsweep::bptt {

/// How a batch goes forward and back.
enum class Method : std::uint8_t {
  fused,  ///< a lane owns a sample, one launch for the whole sequence
  gemm    ///< a batched product for each time step
};

/// Why networks of this form cannot be trained so in T; empty: they can. Throws IoError where the device does
/// not answer.
template <typename T>
[[nodiscard]] std::string refuses(const GpuDevice& device, Method method, const Form& form);

/// Throws LogicError where refuses() says why, std::bad_alloc where the device's memory does not suffice.
template <typename T>
[[nodiscard]] std::unique_ptr<Networks<T>> start_networks(const GpuDevice& device, Method method,
                                                          const Form& form,
                                                          const std::vector<NetworkPlan>& networks);

}  // namespace modsweep::bptt
