// A backend in the host's memory that tells the interpreter of PTX what it allocated.
#pragma once

#include "ptx/interpreter.h"
#include "support/host_backend.h"

#include <vector>

namespace modsweep::test {

class TrackedBackend : public HostBackend {
 public:
  template <typename U>
  [[nodiscard]] Array<U> allocate(std::size_t count) {
    Array<U> array = HostBackend::allocate<U>(count);
    const auto begin = reinterpret_cast<std::uint64_t>(array.data());
    const std::uint64_t end = begin + count * sizeof(U);
    // What lay there was freed.
    std::erase_if(allocations_, [=](const ptx::Allocation& a) { return a.begin < end && a.end > begin; });
    allocations_.push_back({begin, end});
    return array;
  }
  [[nodiscard]] ptx::Allocation with(std::uint64_t address) const {
    for (const ptx::Allocation& a : allocations_)
      if (address >= a.begin && address < a.end) return a;
    return {};
  }

 private:
  std::vector<ptx::Allocation> allocations_;
};

}  // namespace modsweep::test
