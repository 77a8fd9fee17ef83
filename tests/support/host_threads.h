// Threads of a block of kernels/fused/tile_*.h, on the host: each on its own stack, one at a time, until it
// waits.
#pragma once

#include "fused/tile_lanes.h"
#include "support/block_observer.h"
#include "support/tensor_core.h"
#include "support/turns.h"

#include <array>
#include <bit>
#include <cstdint>
#include <stdexcept>

namespace modsweep::test {

/// Threads wait here until `size` of them have come.
struct Meeting {
  std::uint32_t size = 0;
  std::uint32_t arrived = 0;
  std::uint32_t round = 0;
};

/// Of the lanes of a warp, for products of tensor cores.
struct HostFragments {
  std::array<fused::SumFragment, fused::warp_lanes> sums;
  std::array<fused::RowFragment, fused::warp_lanes> rows;
  std::array<fused::ColumnFragment, fused::warp_lanes> columns;
};

/// What the threads of a block share besides memory.
struct HostTileBlock {
  BlockObserver* observer = nullptr;
  Meeting all{.size = fused::tile_threads};
  std::array<Meeting, fused::tile_warps> warps{};
  std::array<float, fused::tile_threads> told{};  ///< what lanes tell each other
  std::array<HostFragments, fused::tile_warps> fragments{};
  std::uint64_t events = 0;  ///< without new ones, all threads wait forever

  explicit HostTileBlock(BlockObserver* watch) : observer(watch) {
    for (Meeting& warp : warps) warp.size = fused::warp_lanes;
  }
};

/// A thread of such a block, as tile_lanes.h wants it.
class HostTileThread {
 public:
  HostTileThread(HostTileBlock& block, std::uint32_t number, Turns& turns)
      : block_(block), number_(number), turns_(turns) {
    enter();
  }

  [[nodiscard]] std::uint32_t warp() const { return number_ / fused::warp_lanes; }
  [[nodiscard]] std::uint32_t lane() const { return number_ % fused::warp_lanes; }
  void wait_for_block() const {
    if (wait(block_.all) && block_.observer != nullptr) block_.observer->barrier(0, fused::Wait::block);
    enter();
  }
  void wait_for_warp() const {
    if (wait(block_.warps[warp()]) && block_.observer != nullptr) block_.observer->warp_barrier(warp());
    enter();
  }
  [[nodiscard]] float of_lane(float v, std::uint32_t mask) const {
    block_.told[number_] = v;
    wait(block_.warps[warp()]);
    const float other = block_.told[number_ ^ mask];
    wait(
        block_.warps[warp()]);  // an exchange orders no accesses to memory, so the observer is not told of it
    enter();
    return other;
  }
  [[nodiscard]] std::uint32_t of_first_lane(std::uint32_t v) const {
    const auto told = of_lane(std::bit_cast<float>(v), lane());
    return std::bit_cast<std::uint32_t>(told);
  }
  [[nodiscard]] fused::SumFragment multiply_add(const fused::SumFragment& sums,
                                                const fused::RowFragment& rows,
                                                const fused::ColumnFragment& columns) const {
    HostFragments& all = block_.fragments[warp()];
    all.sums[lane()] = sums;
    all.rows[lane()] = rows;
    all.columns[lane()] = columns;
    if (wait(block_.warps[warp()]))  // the last one multiplies for all
      multiply_add_tf32(all.sums, all.rows, all.columns);
    enter();
    return all.sums[lane()];  // which nobody else writes
  }

 private:
  /// Whether this is the thread that came last.
  bool wait(Meeting& meeting) const {
    ++block_.events;
    if (++meeting.arrived == meeting.size) {
      meeting.arrived = 0;
      ++meeting.round;
      return true;
    }
    const std::uint32_t round = meeting.round;
    for (std::uint32_t idle = 0; meeting.round == round;) {
      const std::uint64_t before = block_.events;
      turns_.pass_on();
      idle = block_.events == before ? idle + 1 : 0;
      if (idle == 3) throw std::logic_error("threads of a block wait for others that never come");
    }
    return false;
  }
  void enter() const {
    if (block_.observer != nullptr) block_.observer->thread(0, number_);
  }

  HostTileBlock& block_;
  std::uint32_t number_;
  Turns& turns_;
};

/// Calls f(thread, shared, item) with every thread of one block after another.
template <typename F>
void run_tile_blocks(std::uint32_t items, bool backwards, BlockObserver* observer, std::byte* shared,
                     const F& f) {
  for (std::uint32_t i = 0; i < items; ++i) {
    HostTileBlock block(observer);
    take_turns(fused::tile_threads, backwards, [&](std::uint32_t number, Turns& turns) {
      const HostTileThread thread(block, number, turns);
      f(thread, shared, backwards ? items - 1 - i : i);
      ++block.events;
    });
  }
}

}  // namespace modsweep::test
