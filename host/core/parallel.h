// Work shared by threads: coarse items, taken in order, so that uneven ones balance out.
#pragma once

#include <cstddef>
#include <functional>

namespace modsweep {

/// Number of hardware threads that this process may use (core/machine.h), at least 1.
[[nodiscard]] std::size_t hardware_threads();

/// Calls body(item, worker) for every item in [0, count) on up to `threads` threads, the caller among them;
/// worker is in [0, threads). Returns when all are done. The first exception stops the distribution of items
/// and is rethrown.
void parallel_for(std::size_t threads, std::size_t count,
                  const std::function<void(std::size_t, std::size_t)>& body);

}  // namespace modsweep
