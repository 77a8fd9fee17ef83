// Arrays that grow with the requests they serve.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>

namespace modsweep::spectrum {

/// What the arrays of one part of a request may take; a larger request is worked through in parts.
constexpr std::size_t memory_bytes = std::size_t{256} << 20;

/// The array's data, with room for `count` values; what was in it is lost where it has to grow.
template <typename Backend, typename Array>
auto* at_least(Backend& backend, Array& array, std::size_t count) {
  using Value = std::remove_pointer_t<decltype(array.data())>;
  if (array.size() < count) {
    array = Array();  // given back before more is asked for
    array = backend.template allocate<Value>(count);
  }
  return array.data();
}

/// Calls work(first, part) for consecutive parts of the networks that fit together into `memory_bytes`.
template <typename Work>
void in_parts(std::span<const std::size_t> networks, std::size_t bytes_per_network, const Work& work) {
  const std::size_t at_once = std::max<std::size_t>(1, memory_bytes / bytes_per_network);
  for (std::size_t first = 0; first < networks.size(); first += at_once)
    work(first, networks.subspan(first, std::min(at_once, networks.size() - first)));
}

}  // namespace modsweep::spectrum
