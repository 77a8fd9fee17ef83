// A race checker for the emulation, like the ones for devices: it finds two threads that access the same word
// of shared memory, at least one of them writing, without a barrier between the accesses at which both wait.
//
// The engine's source is compiled again with calls at every load and store (-fsanitize=thread), which come
// here instead of to a sanitizer's runtime.
#pragma once

#include "support/block_observer.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace modsweep::test {

class RaceWatch final : public BlockObserver {
 public:
  /// Barriers are counted from 0 in each block. One barrier may be ignored, or may act within blocks only.
  struct Options {
    std::optional<std::uint32_t> without;
    std::optional<std::uint32_t> within_blocks;
    std::optional<std::uint32_t> without_of_warp;  ///< a wait of each warp
  };

  RaceWatch() : RaceWatch(Options{}) {}
  explicit RaceWatch(const Options& options) : options_(options) {}

  void begin(const std::vector<std::byte*>& memory, std::size_t bytes) override;
  void thread(std::uint32_t rank, std::uint32_t thread) override;
  void barrier(std::uint32_t rank, fused::Wait wait) override;
  void warp_barrier(std::uint32_t warp) override;
  void between_phases(std::uint32_t rank) override;
  void end() override;

  /// Called for all words that the watched code loads or stores, in any memory.
  void access(std::uintptr_t address, std::size_t bytes, bool write);

  /// The kinds of the first block's barriers, in order.
  [[nodiscard]] const std::vector<fused::Wait>& barriers() const { return barriers_; }
  /// Waits of the first warp.
  [[nodiscard]] std::uint32_t warp_waits() const { return warp_waits_[0]; }
  [[nodiscard]] std::uint64_t accesses() const { return accesses_; }
  [[nodiscard]] std::uint64_t races() const { return races_; }
  [[nodiscard]] const std::string& first_race() const { return first_race_; }

 private:
  static constexpr std::uint32_t max_ranks = 8;
  /// Stands for all threads of a block: for accesses between phases.
  static constexpr std::uint16_t everyone = 0xffff;

  /// The accessing thread, and how many barriers of the block, of the cluster and of its warp it had passed.
  struct Access {
    std::uint32_t block = 0;
    std::uint32_t cluster = 0;
    std::uint32_t warp = 0;  ///< waits of its warp, of which only lone blocks know
    std::uint16_t thread = 0;
    std::uint8_t rank = 0;
    bool there = false;
  };
  /// Two readers of every block suffice: a writer can be only one of them.
  struct Word {
    Access writer;
    std::array<std::array<Access, 2>, max_ranks> readers;
  };
  struct Passed {
    std::uint32_t count = 0, block = 0, cluster = 0;
  };

  [[nodiscard]] static bool ordered(const Access& a, const Access& b);
  void read(Word& word, const Access& access, std::size_t offset);
  void write(Word& word, const Access& access, std::size_t offset);
  void report(const char* what, const Access& a, const Access& b, std::size_t offset);

  Options options_;
  std::vector<std::uintptr_t> memory_;
  std::size_t bytes_ = 0;
  std::vector<std::vector<Word>> words_;
  std::vector<Passed> passed_;
  std::array<std::uint32_t, 32> warp_waits_{};   ///< so far
  std::array<std::uint32_t, 32> warp_passed_{};  ///< those that were not ignored
  Access now_;
  std::vector<fused::Wait> barriers_;
  std::uint64_t accesses_ = 0;
  std::uint64_t races_ = 0;
  std::string first_race_;
};

}  // namespace modsweep::test
