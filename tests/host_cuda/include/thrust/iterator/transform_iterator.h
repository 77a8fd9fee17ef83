// A stand-in for Thrust's transform iterator (see cuda_runtime_api.h).
#pragma once

#include <cstddef>

namespace thrust {

template <typename Iterator, typename F>
struct transform_iterator {
  Iterator iterator;
  F f;
  auto operator[](std::size_t n) const { return f(iterator[n]); }
  transform_iterator operator+(std::size_t n) const { return {iterator + n, f}; }
};

template <typename Iterator, typename F>
transform_iterator<Iterator, F> make_transform_iterator(Iterator iterator, F f) {
  return {iterator, f};
}

}  // namespace thrust
