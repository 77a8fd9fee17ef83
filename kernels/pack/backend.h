// Where a pack trains: what every engine and measurement of kernels/ asks of CUDA, or of the loops that stand
// in for it in tests. An engine is a template over it, so that its source compiles and runs without nvcc.
#pragma once

#include "pack/product.h"

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace modsweep::gemm {

/// Stand-ins for what a caller hands over, in the requirements below.
struct AnyItem {
  void operator()(std::uint32_t, std::uint32_t) const {}
};
struct AnyValue {
  double operator()(std::size_t, std::size_t) const { return 0.0; }
};
struct AnyJoin {
  double operator()(double a, double) const { return a; }
};

/// Memory, loops and reductions: what a measurement needs.
///   Array<U>: values in the backend's memory, with data() and size().
///   allocate<U>(count): zeroed. Throws std::bad_alloc where the memory does not suffice.
///   upload(array, values, count, offset), download(values, array, count, offset): copies of `count` values,
///   which are
///     done on return; `offset` is in the array.
///   for_each(networks, items, f): f(network, item) for all pairs, in any order, at the same time.
///   reduce(segments, length, f, join, results): results[s] = f(s, 0) ... f(s, length - 1), joined from 0 on,
///   in an order
///     that is always the same.
///   eigenvalues(matrices, values, n, count): of symmetric matrices [count][n][n], which are overwritten;
///   ascending,
///     [count][n].
///   multiply(product): a BatchedProduct of floats or doubles.
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
  backend.multiply(BatchedProduct<double>{});
};

/// What the gemm engine needs besides.
///   use_tf32(on): whether products of floats may round their operands to TF32 from here on.
///   capture(work): a Graph of what work() enqueues; work() is also carried out once.
///   launch(graph, times): the same work again, `times` in a row.
template <typename B>
concept TrainingBackend = MeasuringBackend<B> &&
    requires(B backend, typename B::Graph graph, void (*work)(), std::uint64_t times) {
  backend.use_tf32(true);
  { backend.capture(work) } -> std::same_as<typename B::Graph>;
  backend.launch(graph, times);
};

}  // namespace modsweep::gemm
