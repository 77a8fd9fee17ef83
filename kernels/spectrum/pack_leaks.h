// Functional leaks of the networks of a pack, computed on the backend that holds the weights.
#pragma once

#include "pack/backend.h"
#include "spectrum/scratch.h"
#include "spectrum/tangents.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "modsweep/pack.h"
#include "modsweep/spectrum.h"

namespace modsweep::spectrum {

/// Samples that are propagated through a network together: 1024, or as many as keep their rows of values and
/// derivatives within `memory_bytes`, but at least 1. `units`: of the widest layer.
[[nodiscard]] constexpr std::uint32_t samples_at_once(std::size_t inputs, std::size_t units) {
  const std::size_t bytes = 2 * sizeof(double) * (1 + inputs) * units;
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(memory_bytes / bytes, 1, 1024));
}

/// Computes leaks of networks of a pack on the backend that holds their weights.
template <pack::MeasuringBackend Backend>
class PackLeaks {
 public:
  /// Stores a reference to the backend.
  explicit PackLeaks(Backend& backend) : backend_(backend) {}

  /// Returns [request]. `pack` must be the same in every call. `parameters` is [P][parameter_stride] in the
  /// backend's memory; `networks` are its requested rows, whose entries must be finite.
  template <typename T>
  [[nodiscard]] std::vector<Leaks> operator()(const Pack& pack, const std::vector<pack::Layer>& layers,
                                              const T* parameters, std::size_t parameter_stride,
                                              std::span<const std::size_t> networks) {
    if (pack.shape.inputs() != pack.shape.outputs()) return std::vector<Leaks>(networks.size());
    if (subjects_.size() == 0) set_up(pack);
    LeakView<T> v;
    v.inputs = pack.shape.inputs();
    v.prelu = pack.shape.prelu;
    v.subjects = subjects_.data();
    v.parameters = parameters;
    v.parameter_stride = parameter_stride;
    std::uint32_t most = 0;
    for (const std::size_t p : networks) most = std::max(most, pack.dataset[p]->test.count);
    v.samples = std::clamp(most, 1U, samples_at_once(v.inputs, widest(layers)));
    std::vector<Leaks> result(networks.size());
    in_parts(networks, bytes_per_request(v, widest(layers)),
             [&](std::size_t first, std::span<const std::size_t> part) {
               bind(v, widest(layers), part);
               each(part.size(), parameter_stride, CopyParameters<T>{v});
               path_leaks(v, layers, part.size());
               jacobian_leaks(v, layers, part.size(), most);
               for (auto& [leak, shares] :
                    {std::pair{&Leaks::path, &path_leak_}, std::pair{&Leaks::jacobian, &jacobian_leak_}}) {
                 std::vector<double> values(part.size());
                 backend_.download(values.data(), *shares, values.size());
                 for (std::size_t r = 0; r < values.size(); ++r)
                   if (std::isfinite(values[r])) result[first + r].*leak = values[r];
               }
             });
    return result;
  }

 private:
  template <typename U>
  using Array = typename Backend::template Array<U>;

  static std::size_t widest(const std::vector<pack::Layer>& layers) {
    std::size_t units = layers.front().inputs;
    for (const pack::Layer& layer : layers) units = std::max<std::size_t>(units, layer.outputs);
    return units;
  }

  template <typename T>
  static std::size_t bytes_per_request(const LeakView<T>& v, std::size_t units) {
    return sizeof(double) * (2 * v.parameter_stride + 2 * units * (v.rows() + v.inputs) +
                             3 * std::size_t{v.inputs} * v.inputs + 3);
  }

  /// Uploads test sets and activations. Test sets are stored in double: rounding them would move samples
  /// across the kinks of activations.
  void set_up(const Pack& pack) {
    std::map<const Dataset*, const double*> known;
    std::vector<LeakSubject> subjects;
    for (std::size_t p = 0; p < pack.size(); ++p) {
      const Samples& test = pack.dataset[p]->test;
      const auto [entry, added] = known.try_emplace(pack.dataset[p].get(), nullptr);
      if (added) {
        Array<double>& x = test_sets_.emplace_back(backend_.template allocate<double>(test.x.size()));
        backend_.upload(x, test.x.data(), test.x.size());
        entry->second = x.data();
      }
      subjects.push_back({entry->second, test.count, pack.activation[p], pack.leaky_slope[p]});
    }
    subjects_ = backend_.template allocate<LeakSubject>(subjects.size());
    backend_.upload(subjects_, subjects.data(), subjects.size());
  }

  template <typename T>
  void path_leaks(LeakView<T>& v, const std::vector<pack::Layer>& layers, std::size_t requests) {
    v.paths = paths_[0].data();
    each(requests, v.inputs * v.inputs, BeginPaths<T>{v});
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const pack::Layer& layer = layers[l];
      const double* below = v.paths;
      v.paths = paths_[(l + 1) % 2].data();
      for (std::uint32_t group = 0; group < layer.groups; ++group) {
        const std::size_t from = std::size_t{group} * layer.group_inputs() * v.inputs;
        const std::size_t to = std::size_t{group} * layer.group_outputs() * v.inputs;
        backend_.gemm(pack::BatchedProduct<double>{
            .a = weights(v, layer, v.magnitudes, group, false),
            .b = {below + from, v.inputs, std::size_t{layer.inputs} * v.inputs, false},
            .c = {v.paths + to, v.inputs, std::size_t{layer.outputs} * v.inputs, false},
            .rows = layer.group_outputs(),
            .columns = v.inputs,
            .inner = layer.group_inputs(),
            .networks = static_cast<std::uint32_t>(requests)});
      }
      const std::size_t entries = std::size_t{layer.outputs} * v.inputs;
      backend_.reduce(requests, entries, PathEntry<T>{v, entries}, Larger{}, v.largest);
      each(requests, entries, ScalePaths<T>{v, layer.outputs});
    }
    each(requests, 1, OffDiagonalFraction{v.inputs, v.paths, v.path_leak});
  }

  template <typename T>
  void jacobian_leaks(LeakView<T>& v, const std::vector<pack::Layer>& layers, std::size_t requests,
                      std::uint32_t most) {
    const std::uint32_t outputs = layers.back().outputs;
    v.first = 0;
    do {
      const double* rows = forward(v, layers, requests);
      backend_.reduce(requests * outputs * v.inputs, v.samples, JacobianEntry<T>{v, outputs, rows}, Plus{},
                      v.part);
      each(requests, outputs * v.inputs, AddPartial<T>{v, outputs});
      v.first += v.samples;
    } while (v.first < most);
    each(requests, 1, OffDiagonalFraction{v.inputs, v.jacobian, v.jacobian_leak});
  }

  /// The outputs' rows: values without bias, and derivatives with respect to inputs.
  template <typename T>
  const double* forward(const LeakView<T>& v, const std::vector<pack::Layer>& layers, std::size_t requests) {
    double* rows = rows_[0].data();
    each(requests, std::size_t{v.rows()} * v.inputs, BeginRows<T>{v, rows});
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const pack::Layer& layer = layers[l];
      double* above = rows_[(l + 1) % 2].data();
      for (std::uint32_t group = 0; group < layer.groups; ++group)
        backend_.gemm(pack::BatchedProduct<double>{.a = {rows + group * layer.group_inputs(), layer.inputs,
                                                         std::size_t{v.rows()} * layer.inputs, false},
                                                   .b = weights(v, layer, v.values, group, true),
                                                   .c = {above + group * layer.group_outputs(), layer.outputs,
                                                         std::size_t{v.rows()} * layer.outputs, false},
                                                   .rows = v.rows(),
                                                   .columns = layer.group_outputs(),
                                                   .inner = layer.group_inputs(),
                                                   .networks = static_cast<std::uint32_t>(requests)});
      rows = above;
      if (!layer.output)
        each(requests, std::size_t{v.samples} * layer.outputs, ActivateRows<T>{v, layer, rows});
    }
    return rows;
  }

  template <typename T>
  static pack::Matrices<const double> weights(const LeakView<T>& v, const pack::Layer& layer,
                                              const double* parameters, std::uint32_t group,
                                              bool transposed) {
    const std::size_t offset = std::size_t{group} * layer.group_outputs() * layer.group_inputs();
    return {parameters + layer.weights + offset, layer.group_inputs(), v.parameter_stride, transposed};
  }

  /// Points the view at arrays that are large enough, and uploads the networks' indices.
  template <typename T>
  void bind(LeakView<T>& v, std::size_t units, std::span<const std::size_t> networks) {
    const std::size_t requests = networks.size();
    const std::vector<std::uint32_t> indices(networks.begin(), networks.end());
    v.networks = ensure_capacity(backend_, networks_, requests);
    backend_.upload(networks_, indices.data(), indices.size());
    v.values = ensure_capacity(backend_, values_, requests * v.parameter_stride);
    v.magnitudes = ensure_capacity(backend_, magnitudes_, requests * v.parameter_stride);
    for (auto& paths : paths_) ensure_capacity(backend_, paths, requests * units * v.inputs);
    for (auto& rows : rows_) ensure_capacity(backend_, rows, requests * units * v.rows());
    const std::size_t square = requests * v.inputs * v.inputs;
    v.part = ensure_capacity(backend_, part_, square);
    v.jacobian = ensure_capacity(backend_, jacobian_, square);
    v.largest = ensure_capacity(backend_, largest_, requests);
    v.path_leak = ensure_capacity(backend_, path_leak_, requests);
    v.jacobian_leak = ensure_capacity(backend_, jacobian_leak_, requests);
  }

  template <typename F>
  void each(std::size_t requests, std::size_t items, const F& f) {
    backend_.for_each(static_cast<std::uint32_t>(requests), static_cast<std::uint32_t>(items), f);
  }

  Backend& backend_;
  std::vector<Array<double>> test_sets_;  ///< of the distinct datasets, [count][I]
  Array<LeakSubject> subjects_;           ///< [P]
  Array<std::uint32_t> networks_;
  Array<double> values_, magnitudes_, paths_[2], rows_[2], part_, jacobian_, largest_, path_leak_,
      jacobian_leak_;
};

}  // namespace modsweep::spectrum
