#include "claims/claim.h"
#include "claims/sweep_files.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace modsweep::claims {

#define MODSWEEP_CLAIMS(name) std::span<const Claim> name##_claims();
#include "claims/claims.def"
#undef MODSWEEP_CLAIMS

namespace {

/// The number that the figure's name begins with, 8 for "8f-h"; those of the second paper, "r2a", follow, and
/// what is no figure comes last.
int figure_number(const Claim& claim) {
  if (!is_figure(claim)) return std::numeric_limits<int>::max();
  const bool second = claim.figure.starts_with('r');
  int number = 0;
  for (const char c : claim.figure.substr(second ? 1 : 0)) {
    if (c < '0' || c > '9') break;
    number = 10 * number + (c - '0');
  }
  return second ? 100 + number : number;
}

}  // namespace

bool is_figure(const Claim& claim) {
  const std::string_view name = claim.figure.substr(claim.figure.starts_with('r') ? 1 : 0);
  return !name.empty() && name.front() >= '0' && name.front() <= '9';
}

std::vector<Claim> all_claims() {
  std::vector<Claim> claims;
  const auto add = [&](std::span<const Claim> some) {
    claims.insert(claims.end(), some.begin(), some.end());
  };
#define MODSWEEP_CLAIMS(name) add(name##_claims());
#include "claims/claims.def"
#undef MODSWEEP_CLAIMS
  std::ranges::stable_sort(claims, {}, figure_number);
  return claims;
}

Judgment judge_claim(const Claim& claim, const std::vector<ResultCell>& cells,
                     const IntervalSettings& intervals) {
  Judgment judgment{.claim = claim,
                    .evidence = evidence_of(shipped_sweep(claim.sweep), cells),
                    .numbers = {},
                    .checks = {}};
  if (judgment.evidence.cells.empty()) return judgment;
  Judge judge(judgment.evidence, intervals);
  claim.judge(judge);
  judgment.verdict = judge.verdict();
  judgment.numbers = judge.numbers();
  judgment.checks = judge.checks();
  return judgment;
}

std::vector<Judgment> judge_claims(const std::vector<ResultCell>& cells, const IntervalSettings& intervals) {
  std::vector<Judgment> judgments;
  for (const Claim& claim : all_claims()) judgments.push_back(judge_claim(claim, cells, intervals));
  return judgments;
}

}  // namespace modsweep::claims
