// A network's numbers on the host, and batches that are given, as plain values.
#pragma once

#include "recurrent/view.h"

#include <algorithm>
#include <vector>

namespace modsweep::bptt {

/// f(kind, index, offset in Layout, size) of all tensors in NetworkState's order.
template <typename F>
void each_tensor(const Layout& layout, std::uint32_t modules, std::uint32_t heads, const F& f) {
  for (std::uint32_t index = 0; index < heads; ++index)
    for (std::uint32_t k = 0; k < tensor_kinds; ++k) {
      const auto kind = static_cast<math::RecurrentTensor>(k);
      if ((Layout::of_head(kind) || index < modules) && layout.has(kind, index))
        f(kind, index, layout.offset(kind, index), std::size_t{layout.size_of(kind)});
    }
}

/// A network of one module and one head, which learns N = 2.
template <typename T>
[[nodiscard]] NetworkState<T> first_state(const Layout& layout, std::uint32_t seed) {
  NetworkState<T> out;
  out.modules = out.heads = 1;
  out.tasks = {2};
  each_tensor(layout, 1, 1, [&](math::RecurrentTensor kind, std::uint32_t, std::size_t, std::size_t size) {
    for (std::uint32_t i = 0; i < size; ++i) {
      const std::uint32_t row = i / layout.columns(kind);
      const std::uint32_t column = i % layout.columns(kind);
      const bool diagonal = kind == math::RecurrentTensor::recurrent && row == column;
      const double value = math::fresh_value(seed, layout.units(), kind, 0, row, column);
      out.values.push_back(diagonal ? T(0) : static_cast<T>(value));
    }
    out.rates.push_back(1.0);
  });
  out.velocity.assign(out.values.size(), T(0));
  return out;
}

/// A given batch as View's arrays of one network.
template <typename T>
struct GivenArrays {
  std::vector<T> bits;
  std::vector<T> first;
  std::vector<std::uint32_t> lengths;
};

template <typename T>
[[nodiscard]] GivenArrays<T> arranged(const GivenBatch& batch, const View<T>& v) {
  GivenArrays<T> out;
  const std::size_t units = v.layout.units();
  out.bits.assign(std::size_t{v.chunks} * v.longest * chunk_samples, T(0));
  out.first.assign(v.chunks * v.layout.max_modules() * v.plane(), T(0));
  out.lengths.assign(std::size_t{v.chunks} * chunk_samples, 0);
  const std::size_t modules = batch.states.size() / (v.batch * units);
  for (std::size_t b = 0; b < v.batch; ++b) {
    const std::size_t chunk = b / chunk_samples;
    const std::size_t lane = b % chunk_samples;
    out.lengths[b] = batch.lengths.empty() ? batch.steps : batch.lengths[b];
    for (std::size_t t = 0; t < batch.steps; ++t)
      out.bits[(chunk * v.longest + t) * chunk_samples + lane] = static_cast<T>(batch.bits[t * v.batch + b]);
    for (std::size_t m = 0; m < modules; ++m)
      for (std::size_t i = 0; i < units; ++i)
        out.first[((chunk * v.layout.max_modules() + m) * units + i) * chunk_samples + lane] =
            static_cast<T>(batch.states[(m * v.batch + b) * units + i]);
  }
  return out;
}

}  // namespace modsweep::bptt
