// The papers' claims as data: one entry per claim, each with a small function that checks it against results.
#pragma once

#include "claims/judge.h"

#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace modsweep::claims {

/// A row of the table of science.md section 7, a figure of the second paper, "r2a", or a claim of science.md
/// section 9. The thresholds in `judge` apply to the settings of the sweep file.
struct Claim {
  std::string_view figure;  ///< "1", "8f-h", "r2a"; of other texts "causes: retina"
  std::string_view sweep;   ///< the name of its sweep file
  std::string_view says;    ///< the expected result
  void (*judge)(Judge& judge);
};

/// Whether the claim is about a figure of the paper.
[[nodiscard]] bool is_figure(const Claim& claim);

/// All claims in the order of the figures, then the others: those of the files that claims.def lists.
[[nodiscard]] std::vector<Claim> all_claims();

/// The column of the regularizer's coefficient.
inline constexpr const char* weighted_activity = "regularizer.weighted_activity";
/// Stands for a number that does not exist.
inline constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// A layer counts as modular above this gap_4: the highest of ten networks with l2 alone has 0.71 (science.md
/// section 7, measured table).
inline constexpr double modular_gap = 0.72;
/// From how many dead units on a layer of 32 counts as having dead units, and as nearly all dead.
inline constexpr double some_dead = 5.0;
inline constexpr double nearly_all_dead = 24.0;

/// The result of checking a claim.
struct Judgment {
  Claim claim;
  Evidence evidence;
  Verdict verdict = Verdict::cannot_be_judged;
  std::vector<Number> numbers;
  std::vector<Check> checks;
};

/// Checks a claim against the cells.
[[nodiscard]] Judgment judge_claim(const Claim& claim, const std::vector<ResultCell>& cells,
                                   const IntervalSettings& intervals);
/// The same for all claims.
[[nodiscard]] std::vector<Judgment> judge_claims(const std::vector<ResultCell>& cells,
                                                 const IntervalSettings& intervals);

}  // namespace modsweep::claims
