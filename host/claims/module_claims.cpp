// Figures 3 to 5 of the second paper: what trained networks are like inside.
#include "claims/claim.h"
#include "claims/recurrent_rows.h"

#include <array>
#include <cmath>
#include <map>
#include <string>

#include <fmt/format.h>

namespace modsweep::claims {
namespace {

struct OfBoth {
  double modular = none;
  double flat = none;
};

/// A median for each topology.
OfBoth medians(Judge& judge, const std::string& label, const Judge::Value& value) {
  return {judge.median(label + ", modular", {{topology, "modular"}}, value),
          judge.median(label + ", flat", {{topology, "flat"}}, value)};
}

OfBoth half_strengths(Judge& judge, const char* what) {
  return medians(judge, fmt::format("strength that leaves half of the tasks above 0.9, {}", what),
                 [what](const ResultCell& cell) { return half_strength(cell, what); });
}

void judge_weights(Judge& judge) {
  const OfBoth half = half_strengths(judge, "weights");
  judge.check("modular networks bear larger changes of recurrent and feed-forward weights",
              less(half.flat, half.modular));
}

void judge_tau(Judge& judge) {
  const OfBoth half = half_strengths(judge, "tau");
  judge.check("modular networks bear only smaller changes of timescales", less(half.modular, half.flat));
}

/// The last third of values over the first third; NaN of fewer than two.
double last_over_first(const std::vector<double>& values) {
  const auto thirds = thirds_of(values);
  return thirds ? thirds->last / thirds->first : none;
}

void judge_trained_timescales(Judge& judge) {
  constexpr double constant = 0.1, falls_to = 0.5;
  judge.median("trained timescale, mean over modules, modular", {{topology, "modular"}}, "timescale");
  const double trend =
      judge.median("trained timescale, last third of the modules over the first", {{topology, "modular"}},
                   [](const ResultCell& cell) {
                     return last_over_first(means_by(cell.table("modules"), "module", "timescale"));
                   });
  judge.median("trained timescale in the end, flat", {{topology, "flat"}}, "timescale");
  const double left = judge.median("trained timescale above 1, in the end over after the first epoch, flat",
                                   {{topology, "flat"}}, [](const ResultCell& cell) {
                                     const std::vector<double> tau = column_of(cell, "history", "timescale");
                                     return tau.size() < 2 ? none : (tau.back() - 1.0) / (tau.front() - 1.0);
                                   });
  judge.check(fmt::format("modular: the last third of the modules within {} of the first", constant),
              less(std::abs(trend - 1.0), constant));
  judge.check(fmt::format("flat: falls towards 1, by more than {} of what it was above", falls_to),
              less(left, falls_to));
}

void judge_effective_timescales(Judge& judge) {
  const double rise =
      judge.median("effective timescale, last third of the modules over the first", {{topology, "modular"}},
                   [](const ResultCell& cell) {
                     return last_over_first(means_by(cell.table("timescales"), "module", "effective"));
                   });
  const double last = judge.median(
      "effective timescale, last third of the modules", {{topology, "modular"}}, [](const ResultCell& cell) {
        const auto thirds = thirds_of(means_by(cell.table("timescales"), "module", "effective"));
        return thirds ? thirds->last : none;
      });
  const auto of_flat = [&](const char* column) {
    return judge.median(
        fmt::format("{} timescale, mean over units, flat", column), {{topology, "flat"}},
        [column](const ResultCell& cell) { return mean_of(column_of(cell, "timescales", column)); });
  };
  const double flat = of_flat("effective");
  const double trained = of_flat("trained");
  judge.check("modular: longer in later modules", less(1.0, rise));
  judge.check("flat: in the end longer than the trained ones", less(trained, flat));
  judge.check("later modules have longer ones than flat networks", less(flat, last));
}

void judge_kinds_of_weights(Judge& judge) {
  std::map<std::string, double> half;
  std::vector<Truth> later;
  for (const char* what : {"feedforward", "recurrent"}) {
    half[what] = judge.median(fmt::format("strength that leaves half of the tasks above 0.9, {}", what), {},
                              [what](const ResultCell& cell) { return half_strength(cell, what); });
    later.push_back(less(
        judge.median(
            fmt::format("accuracy, mean over strengths, last third of the tasks less the first, {}", what),
            {},
            [what](const ResultCell& cell) {
              const auto thirds = thirds_of(means_by(perturbed_rows(cell, what), "n", "accuracy"));
              return thirds ? thirds->last - thirds->first : none;
            }),
        0.0));
  }
  judge.check("changes of feed-forward weights hurt more than those of recurrent ones",
              less(half["feedforward"], half["recurrent"]));
  judge.check("both hurt later modules more", all(later));
}

void judge_conservation(Judge& judge) {
  std::map<std::string, double> variance;
  // The second module is the first with feed-forward weights.
  const auto both = [](const nlohmann::json& row) { return !std::isnan(number_in(row, "feedforward")); };
  for (const char* what : {"recurrent", "feedforward"})
    variance[what] = judge.median(
        fmt::format("variance of the difference from the module before, {}", what), {},
        [&, what](const ResultCell& cell) { return mean_of(column_of(cell, "conservation", what, both)); });
  judge.check("recurrent weights are more conserved than feed-forward ones",
              less(variance["recurrent"], variance["feedforward"]));
}

}  // namespace

std::span<const Claim> module_claims() {
  static constexpr std::array claims = {
      Claim{"r3a", "rfig3", "Modular networks are more robust to changes of weights than flat ones.",
            judge_weights},
      Claim{"r3b", "rfig3", "Modular networks are less robust to changes of timescales.", judge_tau},
      Claim{"r4a", "rfig4",
            "Trained timescales stay the same over modules; in flat networks they fall towards 1.",
            judge_trained_timescales},
      Claim{"r4b", "rfig4", "Effective timescales rise over modules, beyond those of flat networks.",
            judge_effective_timescales},
      Claim{"r5a, r5b", "rfig5",
            "Changes of feed-forward weights hurt more than those of recurrent weights, and later modules "
            "more.",
            judge_kinds_of_weights},
      Claim{"r5c", "rfig5", "Modules share more of their recurrent than of their feed-forward weights.",
            judge_conservation},
  };
  return claims;
}

}  // namespace modsweep::claims
