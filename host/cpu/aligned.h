// Zero-initialized memory aligned for the widest vectors.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace modsweep::cpu {

/// Allocates at cache-line boundaries.
template <typename T>
struct CacheAligned {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};

  CacheAligned() = default;
  template <typename U>
  explicit CacheAligned(const CacheAligned<U>&) {}

  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), alignment)); }
  void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, alignment); }
  bool operator==(const CacheAligned&) const = default;
};

template <typename T>
using AlignedVector = std::vector<T, CacheAligned<T>>;

}  // namespace modsweep::cpu
