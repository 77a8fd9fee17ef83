// A stand-in for Thrust's counting iterator (see cuda_runtime_api.h).
#pragma once

#include <cstddef>

namespace thrust {

template <typename Integer>
class counting_iterator {
 public:
  explicit counting_iterator(Integer first) : first_(first) {}
  Integer operator[](std::size_t n) const { return first_ + static_cast<Integer>(n); }
  counting_iterator operator+(std::size_t n) const { return counting_iterator((*this)[n]); }

 private:
  Integer first_;
};

}  // namespace thrust
