// What the paper claims, as data: one entry a claim, each with a small function that holds it to results.
#pragma once

#include "claims/judge.h"

#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace modsweep::claims {

/// A row of the table of science.md section 7. The thresholds in `judge` are for the settings of the sweep
/// file.
struct Claim {
  std::string_view figure;  ///< "1", "8f-h"
  std::string_view sweep;   ///< the name of the sweep file that it is about
  std::string_view says;    ///< what must come out
  void (*judge)(Judge& judge);
};

/// All claims in the order of the figures: those of the files that claims.def lists.
[[nodiscard]] std::vector<Claim> all_claims();

/// The column of the regularizer's coefficient.
inline constexpr const char* weighted_activity = "regularizer.weighted_activity";
/// In place of a number that there is not.
inline constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// A layer counts as modular above this gap_4: the highest of ten networks with l2 alone has 0.71 (science.md
/// section 7, measured table).
inline constexpr double modular_gap = 0.72;
/// Units of a layer of 32 from which on it counts as one with dead units, and as nearly all dead.
inline constexpr double some_dead = 5.0;
inline constexpr double nearly_all_dead = 24.0;

/// A claim held to results.
struct Judgment {
  Claim claim;
  Evidence evidence;
  Verdict verdict = Verdict::cannot_be_judged;
  std::vector<Number> numbers;
  std::vector<Check> checks;
};

/// Holds a claim to the cells.
[[nodiscard]] Judgment judge_claim(const Claim& claim, const std::vector<ResultCell>& cells,
                                   const IntervalSettings& intervals);
/// The same with all claims.
[[nodiscard]] std::vector<Judgment> judge_claims(const std::vector<ResultCell>& cells,
                                                 const IntervalSettings& intervals);

}  // namespace modsweep::claims
