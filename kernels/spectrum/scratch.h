// Arrays that grow with the requests they serve.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>

namespace modsweep::spectrum {

/// Bytes that the arrays of one chunk of networks may take; a larger request is processed in chunks.
constexpr std::size_t memory_bytes = std::size_t{256} << 20;

/// The array's data, grown to a capacity of at least `count` values; growing discards the contents.
template <typename Backend, typename Array>
auto* ensure_capacity(Backend& backend, Array& array, std::size_t count) {
  using Value = std::remove_pointer_t<decltype(array.data())>;
  if (array.size() < count) {
    array = Array();  // freed before more is allocated
    array = backend.template allocate<Value>(count);
  }
  return array.data();
}

/// Calls work(first, chunk) for consecutive chunks of the networks that fit into `memory_bytes`, or of one
/// network.
template <typename Work>
void in_parts(std::span<const std::size_t> networks, std::size_t bytes_per_network, const Work& work) {
  const std::size_t at_once = std::max<std::size_t>(1, memory_bytes / bytes_per_network);
  for (std::size_t first = 0; first < networks.size(); first += at_once)
    work(first, networks.subspan(first, std::min(at_once, networks.size() - first)));
}

}  // namespace modsweep::spectrum
