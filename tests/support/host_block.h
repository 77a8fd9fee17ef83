// Thread blocks of kernels/fused, and clusters of them, as plain loops in host memory: a phase is a loop over
// the block's threads.
#pragma once

#include "fused/block.h"
#include "fused/block_plan.h"
#include "fused/launch_bounds.h"
#include "support/block_observer.h"
#include "support/host_backend.h"
#include "support/host_threads.h"
#include "support/tensor_core.h"
#include "support/turns.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace modsweep::test {

/// The blocks of an emulated cluster: `at` maps an address of the own shared memory to the same position in
/// another block's.
struct HostPeers {
  static constexpr bool several = true;
  const std::vector<std::byte*>* memory = nullptr;
  std::uint32_t own = 0;

  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(memory->size()); }
  [[nodiscard]] std::uint32_t rank() const { return own; }
  template <typename U>
  [[nodiscard]] U* at(std::uint32_t rank, U* here) const {
    const auto offset =
        reinterpret_cast<std::uintptr_t>(here) - reinterpret_cast<std::uintptr_t>((*memory)[own]);
    return reinterpret_cast<U*>((*memory)[rank] + offset);
  }
};

/// A warp whose first thread does the work of all lanes, lane by lane.
struct HostWarp {
  template <typename U>
  using Lanes = std::array<U, fused::warp_lanes>;

  BlockObserver* observer = nullptr;
  std::uint32_t rank = 0;
  std::uint32_t first = 0;  ///< thread of the block
  bool backwards = false;

  [[nodiscard]] static bool begins(std::uint32_t thread) { return thread % fused::warp_lanes == 0; }
  template <typename F>
  void each(const F& f) const {
    for (std::uint32_t i = 0; i < fused::warp_lanes; ++i) {
      const std::uint32_t lane = backwards ? fused::warp_lanes - 1 - i : i;
      if (observer != nullptr) observer->thread(rank, first + lane);
      f(lane);
    }
    if (observer != nullptr) observer->thread(rank, first);
  }
  static void multiply_add(Lanes<fused::SumFragment>& sums, const Lanes<fused::RowFragment>& rows,
                           const Lanes<fused::ColumnFragment>& columns) {
    multiply_add_tf32(sums, rows, columns);
  }
};

/// Runs an emulated block's threads one after another.
struct HostThreads {
  std::uint32_t count = 0;
  bool backwards = false;
  BlockObserver* observer = nullptr;

  template <typename... Parts>
  void phase(std::uint32_t rank, fused::Wait wait, const Parts&... parts) const {
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t thread = backwards ? count - 1 - i : i;
      if (observer != nullptr) observer->thread(rank, thread);
      const HostWarp warp{observer, rank, thread, backwards};  // used by the warp's first thread only
      fused::distribute(thread, count, warp, parts...);
    }
    if (observer != nullptr) observer->barrier(rank, wait);
  }
  void between_phases(std::uint32_t rank) const {
    if (observer != nullptr) observer->between_phases(rank);
  }
};

class HostBlock {
 public:
  HostBlock(std::byte* shared, const HostThreads& threads) : shared_(shared), threads_(threads) {
    threads_.between_phases(0);
  }

  [[nodiscard]] std::byte* shared() const { return shared_; }
  [[nodiscard]] static fused::Alone peers() { return {}; }

  template <typename... Parts>
  void phase(fused::Wait wait, const Parts&... parts) {
    threads_.phase(0, wait, parts...);
    threads_.between_phases(0);
  }

 private:
  std::byte* shared_;
  HostThreads threads_;
};

/// A block of a cluster. It runs until it waits for its cluster, then the next block runs: each block gets as
/// far ahead of the others as possible.
class HostClusterBlock {
 public:
  HostClusterBlock(HostPeers peers, const HostThreads& threads, Turns& turns)
      : peers_(peers), threads_(threads), turns_(turns) {
    threads_.between_phases(peers_.own);
  }

  [[nodiscard]] std::byte* shared() const { return (*peers_.memory)[peers_.own]; }
  [[nodiscard]] HostPeers peers() const { return peers_; }

  template <typename... Parts>
  void phase(fused::Wait wait, const Parts&... parts) {
    threads_.phase(peers_.own, wait, parts...);
    if (wait == fused::Wait::cluster) turns_.pass_on();
    threads_.between_phases(peers_.own);
  }

 private:
  HostPeers peers_;
  HostThreads threads_;
  Turns& turns_;
};

/// The simulated effect of the register limit on the time and the result of a launch.
struct HostRegisters {
  std::uint32_t multiprocessors = 1;
  double milliseconds_most = 1.0, milliseconds_fewer = 1.0;  ///< of a launch with `max_registers`, or fewer
  bool fewer_miss_one = false;                               ///< launches with fewer omit the last network
  std::vector<std::uint32_t> launches = {};                  ///< register limit of each launch so far
};

/// A backend that runs thread blocks, one at a time.
class BlockBackend : public HostBackend {
 public:
  /// `backwards`: threads of a block, and blocks of a cluster, run in the opposite order, which must not
  /// change any result. Without `registers` there is a multiprocessor for every network.
  BlockBackend(const fused::BlockLimits& limits, bool backwards, BlockObserver* observer = nullptr,
               HostRegisters* registers = nullptr)
      : HostBackend(backwards),
        limits_(limits),
        backwards_(backwards),
        observer_(observer),
        registers_(registers) {}

  [[nodiscard]] const fused::BlockLimits& limits() const { return limits_; }

  [[nodiscard]] std::uint32_t multiprocessors() const {
    return registers_ == nullptr ? std::numeric_limits<std::uint32_t>::max() : registers_->multiprocessors;
  }
  template <typename F>
  [[nodiscard]] std::uint32_t blocks_of_multiprocessor(std::uint32_t threads, std::size_t bytes,
                                                       std::uint32_t registers) const {
    const std::size_t by_memory = limits_.multiprocessor / (bytes + limits_.reserved);
    return static_cast<std::uint32_t>(std::min<std::size_t>(by_memory, 65536 / (threads * registers)));
  }
  /// Measured by a simulated clock that only launches advance.
  template <typename Launch>
  [[nodiscard]] double milliseconds(const Launch& launch) {
    const double begin = clock_;
    launch();
    return clock_ - begin;
  }

  /// Shared memory has exactly the requested length, and keeps its contents from one network to the next.
  template <typename F>
  void for_each_block(std::uint32_t networks, std::uint32_t ranks, std::uint32_t threads, std::size_t bytes,
                      const F& f, std::uint32_t registers = fused::max_registers) {
    if (registers_ != nullptr) {
      const bool fewer = registers != fused::max_registers;
      registers_->launches.push_back(registers);
      clock_ += fewer ? registers_->milliseconds_fewer : registers_->milliseconds_most;
      if (fewer && registers_->fewer_miss_one) --networks;
    }
    if (bytes > limits_.block || ranks > limits_.max_ranks)
      throw std::logic_error(std::to_string(ranks) + " blocks of " + std::to_string(bytes) + " bytes; " +
                             std::to_string(limits_.max_ranks) + " of " + std::to_string(limits_.block));
    std::vector<Array<std::byte>> shared;
    std::vector<std::byte*> memory;
    for (std::uint32_t r = 0; r < ranks; ++r) {
      memory.push_back(shared.emplace_back(bytes).data());
      std::memset(memory.back(), 0xff,
                  bytes);  // not zeros: they would hide reads before the first write
    }
    if (observer_ != nullptr) observer_->begin(memory, bytes);
    const HostThreads turns_of_threads{threads, backwards_, observer_};
    const auto work = [&](auto& block) {
      for (std::uint32_t p = 0; p < networks; ++p) f(block, backwards_ ? networks - 1 - p : p);
    };
    if (ranks == 1) {
      HostBlock block(memory.front(), turns_of_threads);
      work(block);
    } else {
      take_turns(ranks, backwards_, [&](std::uint32_t rank, Turns& turns) {
        HostClusterBlock block({&memory, rank}, turns_of_threads, turns);
        work(block);
      });
    }
    if (observer_ != nullptr) observer_->end();
  }

  /// Every thread by itself. Shared memory as above.
  template <typename F>
  void for_each_tile_block(std::uint32_t items, std::size_t bytes, const F& f) {
    if (bytes > limits_.block) throw std::logic_error("a block of " + std::to_string(bytes) + " bytes");
    Array<std::byte> shared(bytes);
    std::memset(shared.data(), 0xff, bytes);
    if (observer_ != nullptr) observer_->begin({shared.data()}, bytes);
    run_tile_blocks(items, backwards_, observer_, shared.data(), f);
    if (observer_ != nullptr) observer_->end();
  }

 private:
  fused::BlockLimits limits_;
  bool backwards_;
  BlockObserver* observer_;
  HostRegisters* registers_;
  double clock_ = 0.0;
};

}  // namespace modsweep::test
