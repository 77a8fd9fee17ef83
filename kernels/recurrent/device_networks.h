// Recurrent networks on a CUDA device.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "modsweep/device_networks.h"
#include "modsweep/gpu.h"

namespace modsweep::bptt {

/// Why networks of this form cannot be trained so in T; empty: they can. Throws IoError where the device does
/// not answer.
template <typename T>
[[nodiscard]] std::string refuses(const GpuDevice& device, Method method, const Form& form);

/// The device's memory for one network of a pack that grows to the form's most heads, in bytes, with old
/// modules frozen and the usual length factor: networks with other ones may need more.
template <typename T>
[[nodiscard]] std::size_t bytes_per_network(Method method, const Form& form);

/// Throws LogicError where refuses() says why, std::bad_alloc where the device's memory does not suffice.
template <typename T>
[[nodiscard]] std::unique_ptr<Networks<T>> start_networks(const GpuDevice& device, Method method,
                                                          const Form& form,
                                                          const std::vector<NetworkPlan>& networks);

}  // namespace modsweep::bptt
