// Barriers of blocks and clusters, and what lies between two of them.
#include "run.h"

#include <algorithm>
#include <bit>

namespace ptx {

void Run::end_phase(Block& block, std::uint32_t at) {
  Phase& phase = counts_.phases[at];
  ++phase.times;
  std::uint64_t longest = 0;
  for (Warp& w : block.warps) {
    ++phase.warps;
    phase.idle += w.worked ? 0 : 1;
    phase.slots += w.slots;
    phase.lanes += w.lanes;
    phase.wavefronts += w.wavefronts;
    phase.merged += w.merged;
    longest = std::max(longest, w.slots);
    for (std::size_t k = 0; k < class_count; ++k) phase.classes[k] += w.classes[k];
    w.classes = {};
    w.slots = w.lanes = w.wavefronts = w.merged = 0;
    w.worked = false;
  }
  phase.longest += longest;
}

/// Blocks of a cluster run side by side, warp by warp, each up to its next barrier.
void Run::cluster(std::uint32_t first) {
  for (std::uint32_t r = 0; r < launch_.ranks; ++r) start(blocks_[r], first + r);
  cluster_epoch_ = 0;
  while (true) {
    bool moved = false;
    bool all_done = true;
    const auto in_turn = [&](std::size_t count, const auto& f) {
      for (std::size_t k = 0; k < count; ++k) f(settings_.backwards ? count - 1 - k : k);
    };
    in_turn(blocks_.size(), [&](std::size_t b) {
      Block& block = blocks_[b];
      in_turn(block.warps.size(), [&](std::size_t k) {
        if (block.warps[k].state != State::ready) return;
        advance(block.warps[k]);
        moved = true;
      });
      if (pass_barrier(block)) moved = true;
      const bool done = std::all_of(block.warps.begin(), block.warps.end(),
                                    [](const Warp& w) { return w.state == State::done; });
      if (!done)
        all_done = false;
      else if (!block.ended)
        end(block);
    });
    if (all_done) return;
    if (pass_cluster_barrier()) moved = true;
    if (!moved) deadlock();
  }
}

/// Lets warps go on where all that have not ended wait at the block's barrier.
bool Run::pass_barrier(Block& block) {
  std::size_t waiting = 0, done = 0;
  for (const Warp& w : block.warps) {
    waiting += w.state == State::barrier ? 1U : 0U;
    done += w.state == State::done ? 1U : 0U;
  }
  if (waiting == 0 || waiting + done < block.warps.size()) return false;
  const std::uint32_t at = std::find_if(block.warps.begin(), block.warps.end(), [](const Warp& w) {
                             return w.state == State::barrier;
                           })->waits_at;
  std::uint32_t ended = 0;
  for (const Warp& w : block.warps) {
    ended += static_cast<std::uint32_t>(std::popcount(w.exited & w.present));
    if (w.state == State::barrier && w.waits_at != at)
      fault(Kind::barrier_divergent, p_.code[at],
            "block " + std::to_string(block.linear) + ": other warps wait at line " +
                std::to_string(p_.code[w.waits_at].line));
  }
  if (ended > 0)
    fault(Kind::barrier_missed, p_.code[at],
          "block " + std::to_string(block.linear) + ": " + std::to_string(ended) +
              " threads have ended before");
  end_phase(block, at);
  ++counts_.barriers;
  ++block.epoch;
  for (Warp& w : block.warps)
    if (w.state == State::barrier) w.state = State::ready;
  return true;
}

/// The same with the cluster's barrier.
bool Run::pass_cluster_barrier() {
  std::size_t waiting = 0, done = 0, warps = 0;
  std::uint32_t at = 0;
  for (const Block& block : blocks_)
    for (const Warp& w : block.warps) {
      ++warps;
      done += w.state == State::done ? 1U : 0U;
      if (w.state != State::cluster) continue;
      ++waiting;
      at = w.waits_at;
    }
  if (waiting == 0 || waiting + done < warps) return false;
  if (done > 0)
    fault(Kind::barrier_missed, p_.code[at],
          "the cluster's: " + std::to_string(done) + " warps have ended before");
  ++cluster_epoch_;
  for (Block& block : blocks_) {
    end_phase(block, at);
    ++counts_.barriers;
    ++block.epoch;
    for (Warp& w : block.warps)
      if (w.state == State::cluster) {
        w.state = State::ready;
        w.arrived = false;
      }
  }
  return true;
}

void Run::end(Block& block) {
  block.ended = true;
  end_phase(block, static_cast<std::uint32_t>(p_.code.size() - 1));
  if (block.remote_epoch == cluster_epoch_)
    fault(Kind::remote_lifetime, p_.code.back(),
          "block " + std::to_string(block.linear) +
              " ends; no barrier of the cluster comes after another block's last access to it");
}

void Run::deadlock() {
  for (const Block& block : blocks_)
    for (const Warp& w : block.warps)
      if (w.state == State::barrier || w.state == State::cluster)
        fault(Kind::deadlock, p_.code[w.waits_at],
              "block " + std::to_string(block.linear) + " warp " + std::to_string(w.index) +
                  " waits for others that never come");
  throw Error("deadlock in " + p_.name);
}

}  // namespace ptx
