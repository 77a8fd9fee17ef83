// Figures 8 and 11: modular networks generalize to inputs unlike those that they were trained on.
#include "claims/claim.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

namespace modsweep::claims {
namespace {

constexpr const char* architecture = "network.architecture";
constexpr const char* fan = "task.fan_fraction";
constexpr const char* function_seed = "task.seed";

/// A median error out of distribution counts as near the error within if their ratio is below this.
constexpr double near_ratio = 3.0;

/// Notes the medians of both errors and returns their ratio.
double ood_ratio(Judge& judge, const std::string& name, const Where& where) {
  const double within = judge.median(fmt::format("test loss, {}", name), where, "test_loss");
  return judge.median(fmt::format("OOD loss, {}", name), where, "ood_loss") / within;
}

void judge_unseen_quadrants(Judge& judge) {
  for (const char* name : {"modular", "full", "bottleneck"}) {
    const double ratio = ood_ratio(judge, name, {{architecture, name}});
    if (name == std::string_view("modular"))
      judge.check(fmt::format("modular: median OOD loss below {} times the median test loss", near_ratio),
                  less(ratio, near_ratio), ratio);
    else
      judge.check(fmt::format("{}: above 50 times", name), less(50.0, ratio), ratio);
  }
}

void judge_compositions(Judge& judge) {
  std::vector<bool> wins;
  for (const double seed : judge.evidence().axis(function_seed)) {
    const auto ood = [&](const char* name) {
      return judge.median(fmt::format("OOD loss, functions {:g}, {}", seed, name),
                          {{architecture, name}, {function_seed, seed}}, "ood_loss");
    };
    const double modular = ood("modular");
    const double full = ood("full");
    if (const Truth win = less(modular, full)) wins.push_back(*win);
  }
  const double share = judge.share("functions for which modular is below full", wins);
  judge.check("modular has the lower median OOD loss for more than half of the functions", less(0.5, share));
}

void judge_fans(Judge& judge) {
  const auto ood = [&](double fraction) {
    return judge.median(fmt::format("OOD loss, modular, share {:g} learned", fraction),
                        {{architecture, "modular"}, {fan, fraction}}, "ood_loss");
  };
  const double early = ood(0.3);
  const double half = ood(0.5);
  judge.check("modular: median OOD loss at a share of 0.3 more than 10 times that at 0.5",
              less(10.0 * half, early), early / half);
  for (const char* name : {"full", "bottleneck"}) {
    const double ratio =
        ood_ratio(judge, fmt::format("{}, share 0.8 learned", name), {{architecture, name}, {fan, 0.8}});
    judge.check(fmt::format("{}: at 0.8 still above {} times the test loss", name, near_ratio),
                less(near_ratio, ratio), ratio);
  }
}

}  // namespace

std::span<const Claim> generalization_claims() {
  static constexpr std::array claims = {
      Claim{"8", "fig08",
            "Trained on two quadrants of the Gaussian, the modular network's error in the other two is near "
            "its test error; that of full and bottleneck networks is far above theirs.",
            judge_unseen_quadrants},
      Claim{"8f-h", "fig08_composition",
            "For compositions of random functions, too, the modular network is better out of distribution.",
            judge_compositions},
      Claim{"11", "fig11",
            "The modular network has converged to the Gaussian once half of the disc is learned; the others "
            "approach it slowly.",
            judge_fans},
  };
  return claims;
}

}  // namespace modsweep::claims
