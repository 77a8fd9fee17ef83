// The parity task of recurrent networks (science.md section 8.2): its settings. The data are sequences that a
// training draws for each step; there is no data set.
#pragma once

#include <cstdint>
#include <string_view>

#include "modsweep/setting.h"

namespace modsweep::parity {

inline constexpr Setting<double> length_factor{
    .key = "task.length_factor",
    .standard = 4.0,
    .limits = {2, 1000},
    .doc = "parity: sequences have N + 2 to this times N bits, and one more where it is no whole number"};

inline constexpr Setting<std::string_view> lengths{
    .key = "task.lengths",
    .standard = "batch",
    .choices = {"batch", "sequence"},
    .doc = "parity: one length for all sequences of a batch, or each its own"};

inline constexpr Setting<std::string_view> bit_probability{
    .key = "task.bit_probability",
    .standard = "sequence",
    .choices = {"sequence", "batch", "even"},
    .doc = "parity: a probability of ones for each sequence, one for a whole batch, or 1/2"};

}  // namespace modsweep::parity
