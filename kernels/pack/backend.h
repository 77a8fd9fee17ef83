// The interface of a backend: all that the engines and measurements of kernels/ require of CUDA, or of the
// loops that replace it in tests. An engine is a template over its backend, so that its source compiles and
// runs without nvcc.
#pragma once

#include "pack/product.h"

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace modsweep::pack {

/// Stand-ins for a caller's function objects in the requirements below.
struct AnyItem {
  void operator()(std::uint32_t, std::uint32_t) const {}
};
struct AnyValue {
  double operator()(std::size_t, std::size_t) const { return 0.0; }
};
struct AnyJoin {
  double operator()(double a, double) const { return a; }
};

/// Memory, loops and reductions: the requirements of measurements.
///   Array<U>: values in the backend's memory, with data() and size().
///   allocate<U>(count): zeroed values. Throws std::bad_alloc where the memory does not suffice.
///   upload(array, values, count, offset), download(values, array, count, offset): copies of `count` values,
///     done on return; `offset` is in the array.
///   for_each(networks, items, f): f(network, item) for all pairs, concurrently and in any order.
///   reduce(segments, length, f, join, results): results[s] = f(s, 0) ... f(s, length - 1), joined from 0 on,
///     always in the same order.
///   eigenvalues(matrices, values, n, count): eigenvalues of symmetric matrices [count][n][n], which are
///     overwritten; ascending, [count][n].
///   gemm(product): computes a BatchedProduct of floats or doubles.
template <typename B>
concept MeasuringBackend = requires(B backend, typename B::template Array<double> array, const double* from,
                                    double* to, std::uint32_t n, std::size_t count) {
  { array.data() } -> std::convertible_to<double*>;
  { array.size() } -> std::convertible_to<std::size_t>;
  { backend.template allocate<double>(count) } -> std::same_as<typename B::template Array<double>>;
  backend.upload(array, from, count, count);
  backend.download(to, array, count, count);
  backend.for_each(n, n, AnyItem{});
  backend.reduce(count, count, AnyValue{}, AnyJoin{}, to);
  backend.eigenvalues(to, to, n, count);
  backend.gemm(BatchedProduct<double>{});
};

/// Further requirements of the gemm engine.
///   use_tf32(on): whether later products of floats may round their operands to TF32.
///   capture(work): a Graph of the operations that work() enqueues; work() also runs once.
///   launch(graph, times): runs the captured operations `times` times in a row.
template <typename B>
concept TrainingBackend = MeasuringBackend<B> &&
    requires(B backend, typename B::Graph graph, void (*work)(), std::uint64_t times) {
  backend.use_tf32(true);
  { backend.capture(work) } -> std::same_as<typename B::Graph>;
  backend.launch(graph, times);
};

}  // namespace modsweep::pack
