// A stored network as named tensors.
#pragma once

#include <map>
#include <string>

#include "modsweep/safetensors.h"
#include "modsweep/store.h"

namespace modsweep::cli {

/// W0 [out, in], b0 [out], s0 [1] (PReLU slope), W1, ...: the layout of torch.nn.Linear's weight and bias.
/// Layers with groups become dense, with zeros between the groups.
[[nodiscard]] std::map<std::string, Tensor> network_tensors(const Store::StoredWeights& stored);

}  // namespace modsweep::cli
