// Figures 9, 12 and 13: blocks that are able to do the work do it.
#include "claims/claim.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace modsweep::claims {
namespace {

constexpr const char* block_depth = "network.block_depth";
constexpr const char* joint_depth = "network.joint_depth";

/// Deep chains of narrow blocks get stuck in training; those networks have not learned the functions.
bool learned(const ResultCell& cell) {
  return cell.number("test_loss") < 1e-3;
}

double error_if_learned(const ResultCell& cell) {
  return learned(cell) ? cell.number("block_error") : none;
}

void judge_depth(Judge& judge) {
  std::array<double, 6> error{};
  for (int depth = 1; depth <= 5; ++depth) {
    const Where where = {{block_depth, depth}};
    error[static_cast<std::size_t>(depth)] =
        judge.median(fmt::format("block error, depth {}", depth), where, "block_error");
  }
  for (int depth = 1; depth <= 5; ++depth)
    judge.median(fmt::format("the same of networks that have learned the functions, depth {}", depth),
                 {{block_depth, depth}}, error_if_learned);
  judge.check("the median at depth 1 is more than twice that at depth 3", less(2.0 * error[3], error[1]),
              error[1] / error[3]);
}

std::string depths(double block, double joint) {
  return fmt::format("blocks of depth {:g}, joint depth {:g}", block, joint);
}

/// For networks that have learned the functions. One joint layer leaves all the work to the blocks, so a fall
/// is expected from two joint layers on.
void judge_joint_depth(Judge& judge) {
  std::vector<Truth> falls;
  std::vector<double> deep;
  for (const double joint : judge.evidence().axis(joint_depth)) {
    std::array<double, 2> ends{none, none};  // block depths 1 and 3
    for (const double block : judge.evidence().axis(block_depth)) {
      const double error = judge.median("block error, " + depths(block, joint),
                                        {{block_depth, block}, {joint_depth, joint}}, error_if_learned);
      if (block == 1.0) ends[0] = error;
      if (block == 3.0) ends[1] = error;
      if (block >= 3.0) deep.push_back(error);
    }
    if (joint >= 2.0) falls.push_back(less(ends[1], ends[0]));
  }
  const bool several = judge.evidence().axis(joint_depth).size() > 1;
  judge.check("with two or more joint layers the block error is lower at block depth 3 than at 1",
              several && !falls.empty() ? all(falls) : std::nullopt);
  std::erase_if(deep, [](double error) { return std::isnan(error); });
  const double spread = several && deep.size() > 1 ? std::ranges::max(deep) / std::ranges::min(deep) : none;
  judge.check("from block depth 3 on the curves of all joint depths lie within a factor of 2",
              less(spread, 2.0), spread);
}

/// The fraction of networks whose joint layers compute part of the functions, by joint depth.
std::vector<double> shares(Judge& judge, double block) {
  constexpr double linear = 0.03;  // root mean square deviation of outputs of order 1, as in the sweep file
  std::vector<double> found;
  for (const double joint : judge.evidence().axis(joint_depth)) {
    std::vector<bool> cases;
    for (const ResultCell* cell : judge.evidence().where({{block_depth, block}, {joint_depth, joint}}))
      if (learned(*cell)) cases.push_back(cell->number("block_error") > linear);
    found.push_back(judge.share(
        fmt::format("networks with a block error above {}, {}", linear, depths(block, joint)), cases));
  }
  return found;
}

void judge_division_of_work(Judge& judge) {
  const std::vector<double> shallow = shares(judge, 1.0);
  const std::vector<double> deep = shares(judge, 3.0);
  const auto change = [](const std::vector<double>& by_joint_depth) {
    return by_joint_depth.size() < 2 ? none : by_joint_depth.back() - by_joint_depth.front();
  };
  judge.check("at block depth 1 the share grows from the fewest to the most joint layers",
              less(0.0, change(shallow)), change(shallow));
  judge.check("at block depth 3 it changes less", less(std::abs(change(deep)), std::abs(change(shallow))),
              change(deep));
}

}  // namespace

std::span<const Claim> block_claims() {
  static constexpr std::array claims = {
      Claim{
          "9", "fig09",
          "The deviation of the blocks' outputs from a straight line in their functions falls as blocks get "
          "deeper.",
          judge_depth},
      Claim{
          "12", "fig12",
          "It does for every depth of the joint layers, which has little effect once blocks are deep enough.",
          judge_joint_depth},
      Claim{
          "13", "fig12",
          "The share of networks whose joint layers do part of the work grows with their depth where blocks "
          "are shallow, and not where they are deep.",
          judge_division_of_work},
  };
  return claims;
}

}  // namespace modsweep::claims
