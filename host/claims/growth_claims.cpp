// Figures 2 and 6 of the second paper: how far networks grow.
#include "claims/claim.h"
#include "claims/recurrent_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

namespace modsweep::claims {
namespace {

constexpr const char* freeze = "growth.freeze";
constexpr const char* solved = "n_solved";
/// Modular networks of fewer units a module do not solve a task in every epoch (figure 2a).
constexpr double enough_units = 10;

/// The sizes of networks of one topology.
std::set<double> sizes_of(const Evidence& evidence, const char* which) {
  std::set<double> sizes;
  for (const ResultCell* cell : evidence.where({{topology, which}}))
    sizes.insert(cell->settings.at(units).get<double>());
  return sizes;
}

Where of_size(const char* which, double size) {
  return {{topology, which}, {units, size}};
}

/// Solved tasks over the most that the epochs allow: one each, and that of the first epoch is N = 2.
double share_of_most(const ResultCell& cell) {
  const std::vector<double> epochs = column_of(cell, "history", "epoch");
  return epochs.empty() ? none : cell.number(solved) / (epochs.back() + 1.0);
}

/// Tasks solved in the second half of the epochs over those in the first half.
double later_over_earlier(const ResultCell& cell) {
  const std::vector<double> n = column_of(cell, "history", solved);
  if (n.size() < 2) return none;
  const double half = n[n.size() / 2 - 1];
  return half > 1.0 ? (n.back() - half) / (half - 1.0) : none;
}

void judge_growth(Judge& judge) {
  constexpr double nearly_every = 0.9, flattened = 0.5;
  const std::set<double> modular = sizes_of(judge.evidence(), "modular");
  const std::set<double> flat = sizes_of(judge.evidence(), "flat");
  std::vector<Truth> steady, flattening, above;
  std::map<double, double> modular_solved, flat_solved;
  for (const double size : modular) {
    modular_solved[size] =
        judge.median(fmt::format("N solved, modular {}", size), of_size("modular", size), solved);
    if (size < enough_units) continue;
    steady.push_back(
        less(nearly_every - 1e-9,
             judge.median(fmt::format("N solved over the most that the epochs allow, modular {}", size),
                          of_size("modular", size), share_of_most)));
  }
  for (const double size : flat) {
    flat_solved[size] = judge.median(fmt::format("N solved, flat {}", size), of_size("flat", size), solved);
    flattening.push_back(
        less(judge.median(
                 fmt::format("tasks solved in the second half of the epochs over those in the first, flat {}",
                             size),
                 of_size("flat", size), later_over_earlier),
             flattened));
  }
  // As many parameters at N = 30.
  constexpr std::array<std::pair<double, double>, 4> pairs = {{{5, 20}, {10, 54}, {15, 91}, {20, 128}}};
  for (const auto& [small, large] : pairs)
    if (modular_solved.contains(small) && flat_solved.contains(large))
      above.push_back(less(flat_solved[large], modular_solved[small]));
  const auto together = [](const std::vector<Truth>& truths) {
    return truths.empty() ? Truth() : all(truths);
  };
  judge.check(fmt::format("modular, {} units or more: at least {} of the tasks that the epochs allow",
                          enough_units, nearly_every),
              together(steady));
  judge.check("flat: in the second half of the epochs fewer than half as many tasks as in the first",
              together(flattening));
  judge.check("modular 5, 10, 15, 20 solve more than flat 20, 54, 91, 128", together(above));
}

/// The fewest parameters with which a modular network solved so many tasks; NaN: none did.
double fewest_parameters(const Evidence& evidence, double n) {
  double fewest = none;
  for (const ResultCell* cell : evidence.where({{topology, "modular"}}))
    for (const nlohmann::json& row : cell->table("history"))
      if (number_in(row, solved) >= n && !(fewest <= number_in(row, "parameters")))
        fewest = number_in(row, "parameters");
  return fewest;
}

void judge_parameters(Judge& judge) {
  std::vector<Truth> fewer;
  for (const double size : sizes_of(judge.evidence(), "flat"))
    fewer.push_back(less(
        judge.median(
            fmt::format("fewest parameters of modular networks that solve as much, over those of flat {}",
                        size),
            of_size("flat", size),
            [&](const ResultCell& cell) {
              return fewest_parameters(judge.evidence(), cell.number(solved)) / cell.number("parameters");
            }),
        1.0));
  judge.check("each size of flat networks is outdone with fewer parameters",
              fewer.empty() ? Truth() : all(fewer));
}

void judge_longer_tasks(Judge& judge) {
  std::map<std::string, double> means;
  std::vector<Truth> falls;
  for (const char* which : {"modular", "flat"}) {
    const auto accuracy = [](const ResultCell& cell) {
      return column_of(cell, "generalization", "accuracy");
    };
    judge.median(fmt::format("N solved, {}", which), {{topology, which}}, solved);
    means[which] = judge.median(fmt::format("accuracy, mean over K, {}", which), {{topology, which}},
                                [&](const ResultCell& cell) { return mean_of(accuracy(cell)); });
    falls.push_back(less(judge.median(fmt::format("accuracy at the largest K less that at K = 1, {}", which),
                                      {{topology, which}},
                                      [&](const ResultCell& cell) {
                                        const std::vector<double> all = accuracy(cell);
                                        return all.size() < 2 ? none : all.back() - all.front();
                                      }),
                         0.0));
  }
  judge.check("accuracy falls with K in both", all(falls));
  judge.check("modular networks learn N + K better than flat ones", less(means["flat"], means["modular"]));
}

void judge_frozen(Judge& judge) {
  constexpr double few = 5, slower = 0.9;
  const double failed = judge.share(
      fmt::format("networks with at most N = {}, frozen feed-forward weights", few),
      {{freeze, "feedforward"}}, [](const ResultCell& cell) { return cell.number(solved) <= few; });
  std::map<double, std::map<std::string, double>> n;
  for (const double size : {5.0, 10.0})
    for (const char* which : {"none", "recurrent", "feedforward"})
      n[size][which] = judge.median(fmt::format("N solved, modular {}, frozen {}", size, which),
                                    {{units, size}, {freeze, which}}, solved);
  judge.check(fmt::format("frozen feed-forward weights: at most N = {} in every network", few),
              less(1.0 - 1e-9, failed));
  judge.check(
      "frozen recurrent weights: 5 units solve more than with frozen feed-forward ones, less than with none",
      all({less(n[5]["feedforward"], n[5]["recurrent"]), less(n[5]["recurrent"], n[5]["none"])}));
  judge.check(fmt::format("frozen recurrent weights: 10 units solve at least {} of what they solve with none",
                          slower),
              less(slower * n[10]["none"] - 1e-9, n[10]["recurrent"]));
}

void judge_copies(Judge& judge) {
  // Networks of a seed begin alike, and those that never solve N = 2 never copy.
  std::map<double, std::array<std::vector<double>, 2>> by_seed;  // without and with copied recurrent weights
  for (const ResultCell& cell : judge.evidence().cells) {
    const nlohmann::json& copied = cell.settings.at("growth.duplicate");
    const bool recurrent = std::ranges::find(copied, "recurrent") != copied.end();
    if (const double n = cell.number(solved); n > 1.0)
      by_seed[cell.settings.at("training.seed").get<double>()][recurrent ? 1 : 0].push_back(n);
  }
  std::vector<bool> more;
  std::vector<double> with, without;
  for (const auto& [seed, n] : by_seed) {
    if (n[0].empty() || n[1].empty()) continue;
    without.push_back(mean_of(n[0]));
    with.push_back(mean_of(n[1]));
    more.push_back(with.back() > without.back());
  }
  for (const char* copied :
       {R"(["recurrent","feedforward"])", R"(["recurrent"])", R"(["feedforward"])", "[]"})
    judge.median(
        fmt::format("N solved, copied {}", copied), {{"growth.duplicate", nlohmann::json::parse(copied)}},
        [](const ResultCell& cell) { return cell.number(solved) > 1.0 ? cell.number(solved) : none; });
  const double share =
      judge.share("seeds that solve more with copied recurrent weights, mean over the others", more);
  judge.check("copied recurrent weights: more tasks on the average over seeds",
              less(mean_of(without), mean_of(with)), mean_of(with) - mean_of(without));
  judge.check("and in more than half of the seeds", less(0.5, share));
}

}  // namespace

std::span<const Claim> growth_claims() {
  static constexpr std::array claims = {
      Claim{"r2a", "rfig2a",
            "Networks that grow modules of 10 units or more solve a task in nearly every epoch; flat ones "
            "flatten, and "
            "solve less with as many parameters.",
            judge_growth},
      Claim{"r2b", "rfig2a", "What a flat network solves, a modular one solves with fewer parameters.",
            judge_parameters},
      Claim{"r2c", "rfig2c",
            "Networks that learned N = 10 learn N + K worse the larger K is, modular ones better than flat "
            "ones.",
            judge_longer_tasks},
      Claim{"r6a", "rfig6a",
            "With frozen feed-forward weights networks fail at once; with frozen recurrent ones 5 units are "
            "slower, 10 are "
            "not.",
            judge_frozen},
      Claim{"r6b", "rfig6b", "Copied recurrent weights are a slight advantage.", judge_copies},
  };
  return claims;
}

}  // namespace modsweep::claims
