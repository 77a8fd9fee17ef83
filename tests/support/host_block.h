// Thread blocks of kernels/fused, and clusters of them, as plain loops in host memory: a phase is a loop over
// the block's threads.
#pragma once

#include "fused/block.h"
#include "fused/block_plan.h"
#include "support/block_observer.h"
#include "support/host_machine.h"
#include "support/turns.h"

#include <cstdint>
#include <vector>

namespace modsweep::test {

/// The blocks of an emulated cluster: `at` is where the same lies in another's memory.
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

/// How an emulated block's threads take turns.
struct HostThreads {
  std::uint32_t count = 0;
  bool backwards = false;
  BlockObserver* observer = nullptr;

  template <typename... Parts>
  void phase(std::uint32_t rank, fused::Wait wait, const Parts&... parts) const {
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t thread = backwards ? count - 1 - i : i;
      if (observer != nullptr) observer->thread(rank, thread);
      fused::deal(thread, count, parts...);
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

/// Works on until it waits for its cluster, and then the next one does: as far ahead of the others as a block
/// can be.
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

/// A machine with blocks, of which one works at a time.
class BlockMachine : public HostMachine {
 public:
  /// `backwards`: threads of a block, and blocks of a cluster, take their turns in the opposite order, which
  /// must not matter.
  BlockMachine(const fused::BlockLimits& limits, bool backwards, BlockObserver* observer = nullptr)
      : HostMachine(backwards), limits_(limits), backwards_(backwards), observer_(observer) {}

  [[nodiscard]] const fused::BlockLimits& limits() const { return limits_; }

  /// Shared memory is no longer than asked for, and what one network leaves in it the next one finds.
  template <typename F>
  void for_each_block(std::uint32_t networks, std::uint32_t ranks, std::uint32_t threads, std::size_t bytes,
                      const F& f) {
    if (bytes > limits_.block || ranks > limits_.most_ranks)
      throw std::logic_error(std::to_string(ranks) + " blocks of " + std::to_string(bytes) + " bytes; " +
                             std::to_string(limits_.most_ranks) + " of " + std::to_string(limits_.block));
    std::vector<Array<std::byte>> shared;
    std::vector<std::byte*> memory;
    for (std::uint32_t r = 0; r < ranks; ++r) {
      memory.push_back(shared.emplace_back(bytes).data());
      std::memset(memory.back(), 0xff,
                  bytes);  // not zeros: they would hide what is read before it is written
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

 private:
  fused::BlockLimits limits_;
  bool backwards_;
  BlockObserver* observer_;
};

}  // namespace modsweep::test
