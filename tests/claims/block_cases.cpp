// Made-up results for the claims of host/claims/block_claims.cpp. Figures 9, 12 and 13.
#include "claims/claim_cases.h"

namespace modsweep::claims {
namespace {

void fill_depths(ResultCell& cell) {
  const double block = setting(cell, "network.block_depth"), joint = setting(cell, "network.joint_depth");
  cell.numbers["test_loss"] = 1e-4;
  cell.numbers["block_error"] = block >= 3.0 ? 0.015 : 0.02 + 0.01 * joint;
}

}  // namespace

std::vector<Case> block_cases() {
  return {
      {"9",
       "fig09",
       fill_depths,
       {{"falls too little", set_where("network.block_depth", 3, "block_error", 0.026)}},
       [](const ResultCell& c) { return is(c, "network.block_depth", 3); }},
      {"12",
       "fig12",
       fill_depths,
       {{"rises", set_where("network.block_depth", 3, "block_error", 0.08)},
        {"joint layers matter",
         [](ResultCell& c) {
           if (is(c, "network.block_depth", 4) && is(c, "network.joint_depth", 5))
             c.numbers["block_error"] = 0.031;
         }}},
       [](const ResultCell& c) { return is(c, "network.block_depth", 1); }},
      {"13",
       "fig12",
       fill_depths,
       {{"shallow blocks do not care", set_where("network.block_depth", 1, "block_error", 0.05)},
        {"deep ones do as well",
         [](ResultCell& c) {
           if (is(c, "network.block_depth", 3))
             c.numbers["block_error"] = 0.02 + 0.01 * setting(c, "network.joint_depth");
         }}},
       [](const ResultCell& c) { return is(c, "network.block_depth", 1); }},
  };
}

}  // namespace modsweep::claims
