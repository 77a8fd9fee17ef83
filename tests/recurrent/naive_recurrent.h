// Recurrent networks in plain loops over double, written from science.md section 8 alone.
#pragma once

#include "recurrent/network.h"
#include "recurrent/network_step.h"
#include "recurrent/sequences.h"

#include <vector>

namespace modsweep::test {

/// States [time 0 .. L][module][unit] of one sample.
using NaiveStates = std::vector<std::vector<std::vector<double>>>;

/// `eps`: normals of the noise in the same order; empty: none.
[[nodiscard]] NaiveStates naive_states(const recurrent::Network<double>& network,
                                       const recurrent::StepSettings& settings,
                                       const std::vector<double>& bits,
                                       const std::vector<std::vector<double>>& first,
                                       const NaiveStates& eps = {});

/// The two logits of a head from states [module][unit].
[[nodiscard]] std::vector<double> naive_logits(const recurrent::Network<double>& network, std::uint32_t head,
                                               const std::vector<std::vector<double>>& states);

/// Sum over `heads` of the batch's mean cross-entropy, with the noise and the penalties of the settings.
[[nodiscard]] double naive_loss(const recurrent::Network<double>& network,
                                const recurrent::StepSettings& settings,
                                const recurrent::GivenSequences<double>& sequences,
                                const std::vector<std::uint32_t>& heads);

}  // namespace modsweep::test
