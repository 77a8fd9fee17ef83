// Laplacian spectra of the weights of a pack, computed on the backend that holds the weights: only
// eigenvalues and dead rows leave it.
#pragma once

#include "pack/backend.h"
#include "spectrum/laplacian_kernels.h"
#include "spectrum/scratch.h"

#include <algorithm>
#include <span>
#include <vector>

#include "modsweep/spectrum.h"

namespace modsweep::spectrum {

template <pack::MeasuringBackend Backend>
class PackSpectra {
 public:
  explicit PackSpectra(Backend& backend) : backend_(backend) {}

  /// Returns [request][layer]. `parameters` is [P][parameter_stride] in the backend's memory; `networks` are
  /// its requested rows, whose entries must be finite.
  template <typename T>
  [[nodiscard]] std::vector<std::vector<LayerSpectra>> operator()(const std::vector<pack::Layer>& layers,
                                                                  const T* parameters,
                                                                  std::size_t parameter_stride,
                                                                  std::span<const std::size_t> networks,
                                                                  ClusterBy by) {
    std::vector<std::vector<LayerSpectra>> result(networks.size());
    for (const pack::Layer& layer : layers) {
      LaplacianView<T> v;
      v.layer = layer;
      v.outgoing = by == ClusterBy::outgoing;
      v.rows = v.outgoing ? layer.inputs : layer.outputs;
      v.columns = v.outgoing ? layer.outputs : layer.inputs;
      v.parameters = parameters;
      v.parameter_stride = parameter_stride;
      in_parts(networks, bytes_per_request(v), [&](std::size_t first, std::span<const std::size_t> part) {
        auto spectra = spectra_of(v, part);
        for (std::size_t r = 0; r < part.size(); ++r) result[first + r].push_back(std::move(spectra[r]));
      });
    }
    return result;
  }

 private:
  template <typename U>
  using Array = typename Backend::template Array<U>;

  template <typename T>
  static std::size_t bytes_per_request(const LaplacianView<T>& v) {
    const std::size_t n = v.rows;
    return sizeof(double) * (n * v.columns + 2 * n * n + 4 * n);
  }

  template <typename T>
  std::vector<LayerSpectra> spectra_of(LaplacianView<T> v, std::span<const std::size_t> networks) {
    bind(v, networks);
    each(networks.size(), v.rows, UnitRows<T>{v});
    each(networks.size(), v.rows, DeadRows<T>{v});
    const std::vector<double> all = eigenvalues(v, networks.size(), false);
    std::vector<std::uint32_t> dead(networks.size() * v.rows);
    backend_.download(dead.data(), dead_, dead.size());

    std::vector<LayerSpectra> result(networks.size());
    std::vector<std::size_t> with_dead;
    for (std::size_t r = 0; r < networks.size(); ++r) {
      for (std::uint32_t row = 0; row < v.rows; ++row)
        if (dead[r * v.rows + row] != 0) result[r].dead.push_back(row);
      result[r].all.eigenvalues.assign(all.begin() + offset(r, v.rows), all.begin() + offset(r + 1, v.rows));
      result[r].live = result[r].all;
      if (!result[r].dead.empty()) with_dead.push_back(r);
    }
    add_live(v, networks, with_dead, result);
    return result;
  }

  /// The live spectra of networks with dead rows.
  template <typename T>
  void add_live(LaplacianView<T> v, std::span<const std::size_t> networks,
                const std::vector<std::size_t>& with_dead, std::vector<LayerSpectra>& result) {
    if (with_dead.empty()) return;
    std::vector<std::size_t> chosen;
    for (const std::size_t r : with_dead) chosen.push_back(networks[r]);
    bind(v, chosen);
    each(chosen.size(), v.rows, UnitRows<T>{v});
    each(chosen.size(), v.rows, DeadRows<T>{v});
    const std::vector<double> live = eigenvalues(v, chosen.size(), true);
    for (std::size_t c = 0; c < chosen.size(); ++c) {
      LayerSpectra& spectra = result[with_dead[c]];
      const auto begin = live.begin() + offset(c, v.rows);
      spectra.live.eigenvalues.assign(begin, begin + offset(1, v.rows - spectra.dead.size()));
    }
  }

  template <typename T>
  std::vector<double> eigenvalues(const LaplacianView<T>& v, std::size_t requests, bool live) {
    const std::size_t square = std::size_t{v.rows} * v.rows;
    const pack::Matrices<const double> unit{v.unit_rows, v.columns, std::size_t{v.rows} * v.columns, false};
    pack::BatchedProduct<double> similarity{.a = unit,
                                            .b = unit,
                                            .c = {v.similarity, v.rows, square, false},
                                            .rows = v.rows,
                                            .columns = v.rows,
                                            .inner = v.columns,
                                            .networks = static_cast<std::uint32_t>(requests)};
    similarity.b.transposed = true;
    backend_.gemm(similarity);
    each(requests, v.rows, Degrees<T>{v, live});
    each(requests, v.rows * v.rows, Laplacian<T>{v, live});
    backend_.eigenvalues(v.laplacian, values_.data(), v.rows, requests);
    std::vector<double> values(requests * v.rows);
    backend_.download(values.data(), values_, values.size());
    return values;
  }

  /// Points the view at arrays that are large enough, and uploads the networks' indices.
  template <typename T>
  void bind(LaplacianView<T>& v, std::span<const std::size_t> networks) {
    const std::size_t rows = networks.size() * v.rows;
    const std::vector<std::uint32_t> indices(networks.begin(), networks.end());
    v.networks = ensure_capacity(backend_, networks_, indices.size());
    backend_.upload(networks_, indices.data(), indices.size());
    v.unit_rows = ensure_capacity(backend_, unit_rows_, rows * v.columns);
    v.norms = ensure_capacity(backend_, norms_, rows);
    v.dead = ensure_capacity(backend_, dead_, rows);
    v.scale = ensure_capacity(backend_, scale_, rows);
    v.similarity = ensure_capacity(backend_, similarity_, rows * v.rows);
    v.laplacian = ensure_capacity(backend_, laplacian_, rows * v.rows);
    ensure_capacity(backend_, values_, rows);
  }

  template <typename F>
  void each(std::size_t requests, std::size_t items, const F& f) {
    backend_.for_each(static_cast<std::uint32_t>(requests), static_cast<std::uint32_t>(items), f);
  }

  static std::ptrdiff_t offset(std::size_t index, std::size_t rows) {
    return static_cast<std::ptrdiff_t>(index * rows);
  }

  Backend& backend_;
  Array<std::uint32_t> networks_, dead_;
  Array<double> unit_rows_, norms_, scale_, similarity_, laplacian_, values_;
};

}  // namespace modsweep::spectrum
