// Made-up results for the claims of quickstart_claims.cpp: with which the claim holds, and with which it
// fails.
#include "claims/claim_cases.h"

namespace modsweep::claims {

std::vector<Case> quickstart_cases() {
  return {
      {"quickstart",
       "quickstart",
       [](ResultCell& c) { c.numbers["gap_live_layer1"] = is(c, "noise.exponent", 0) ? 0.3 : 0.9; },
       {{"additive noise is modular", set_where("noise.exponent", 0, "gap_live_layer1", 0.95)}},
       [](const ResultCell& c) { return is(c, "noise.exponent", 2); }},
  };
}

}  // namespace modsweep::claims
