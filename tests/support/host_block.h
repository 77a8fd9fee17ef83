// Thread blocks of kernels/fused as plain loops in host memory: a phase is a loop over the block's threads.
#pragma once

#include "fused/block.h"
#include "fused/block_plan.h"
#include "support/host_machine.h"

#include <cstdint>
#include <initializer_list>

namespace modsweep::test {

/// `backwards`: threads take their turns in the opposite order, which must not matter.
class HostBlock {
 public:
  HostBlock(std::byte* shared, std::uint32_t threads, bool backwards)
      : shared_(shared), threads_(threads), backwards_(backwards) {}

  [[nodiscard]] std::byte* shared() const { return shared_; }

  template <typename... Parts>
  void phase(const Parts&... parts) {
    for (std::uint32_t t = 0; t < threads_; ++t)
      fused::deal(backwards_ ? threads_ - 1 - t : t, threads_, parts...);
  }

 private:
  std::byte* shared_;
  std::uint32_t threads_;
  bool backwards_;
};

/// A machine with blocks, of which one works at a time.
class BlockMachine : public HostMachine {
 public:
  BlockMachine(const fused::BlockLimits& limits, bool backwards)
      : HostMachine(backwards), limits_(limits), backwards_(backwards) {}

  [[nodiscard]] const fused::BlockLimits& limits() const { return limits_; }

  /// Shared memory is no longer than asked for, and what one network leaves in it the next one finds.
  template <typename F>
  void for_each_block(std::uint32_t networks, std::uint32_t threads, std::size_t bytes, const F& f) {
    check_bytes(bytes);
    Array<std::byte> shared(bytes);
    std::memset(shared.data(), 0xff, bytes);  // not zeros: they would hide what is read before it is written
    HostBlock block(shared.data(), threads, backwards_);
    for (std::uint32_t p = 0; p < networks; ++p) f(block, backwards_ ? networks - 1 - p : p);
  }

 private:
  void check_bytes(std::size_t bytes) const {
    if (bytes > limits_.block)
      throw std::logic_error("a block of " + std::to_string(bytes) + " bytes of " +
                             std::to_string(limits_.block));
  }

  fused::BlockLimits limits_;
  bool backwards_;
};

}  // namespace modsweep::test
