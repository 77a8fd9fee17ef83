// The claim of README's first sweep: noise that grows with activity produces modules, additive noise does
// not.
#include "claims/claim.h"

#include <array>

namespace modsweep::claims {
namespace {

void judge_quickstart(Judge& judge) {
  const double additive =
      judge.median("gap_4 of layer 1, exponent 0", {{"noise.exponent", 0}}, "gap_live_layer1");
  const double multiplicative =
      judge.median("gap_4 of layer 1, exponent 2", {{"noise.exponent", 2}}, "gap_live_layer1");
  judge.check("gap_4 of layer 1 is larger with exponent 2 than with exponent 0",
              less(additive, multiplicative));
}

}  // namespace

std::span<const Claim> quickstart_claims() {
  static constexpr std::array claims = {
      Claim{"quickstart", "quickstart", "Noise that grows with activity makes modules.", judge_quickstart},
  };
  return claims;
}

}  // namespace modsweep::claims
