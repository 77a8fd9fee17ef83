// A pack in training as batched matrix products with element-wise kernels around them, which compute the
// products of narrow layers, too (pack/narrow_layer.h).
//
// The class is a template over the backend (device/backend.cuh for CUDA), so that this file needs no nvcc.
#pragma once

#include "gemm/sum_kernels.h"
#include "gemm/unit_kernels.h"
#include "pack/backend.h"
#include "pack/batch.h"
#include "pack/product.h"
#include "pack/sums.h"
#include "pack/update.h"
#include "training/pack_training.h"

#include <algorithm>
#include <memory>

namespace modsweep::pack {

template <TrainingBackend Backend, typename T>
class GemmTraining final : public PackTraining<Backend, T> {
 public:
  /// Throws std::bad_alloc where the backend's memory does not suffice.
  GemmTraining(std::unique_ptr<Backend> backend, const Pack& pack)
      : PackTraining<Backend, T>(std::move(backend), pack, Workspace::backend),
        backend_(this->backend()),
        pack_(this->pack()),
        memory_(this->memory()) {
    stores_z_ = needs_z(pack_);
    backend_.use_tf32(pack_.precision == Precision::tf32);
    for (std::size_t p = 0; p < pack_.size(); ++p)
      if (pack_.shuffle[p] != 0)
        shuffled_samples_ = std::max(shuffled_samples_, pack_.dataset[p]->train.count);
    step_ = backend_.capture([this] { step(memory_.view(), false); });
  }

  using PackTraining<Backend, T>::step;

 private:
  void train(std::uint64_t steps) override { backend_.launch(step_, steps); }

  void sum_losses(const PackView<T>& v, Split split, std::uint64_t samples) override {
    for (std::uint64_t first = 0; first < samples; first += pack_.batch_size) {
      each(1, BeginEvaluation<T>{v, split, static_cast<std::uint32_t>(first)});
      fetch(v, split, true, first == 0);
      forward(v, {.dropout = false, .evaluation = true});
      sum_batch(v, false);
      each(1, SumLoss<T>{v, true, false});
    }
  }

  void differentiate() override { step(memory_.view(), true); }

  template <typename F>
  void each(std::size_t items, const F& f) {
    backend_.for_each(static_cast<std::uint32_t>(pack_.size()), static_cast<std::uint32_t>(items), f);
  }

  /// One step of every active network (BeginStep); with `inspect`, only the losses and gradients,
  /// regularizers included, of every network.
  void step(const PackView<T>& v, bool inspect) {
    const PassDraws draws{.stream = math::Stream::noise, .dropout = true, .evaluation = false};
    if (shuffled_samples_ > 0) each(shuffled_samples_, DrawOrder<T>{v, inspect});
    each(1, BeginStep<T>{.v = v, .inspect = inspect, .shuffles = true, .drawn = true});
    fetch(v, Split::train, false, true);
    forward(v, draws);
    backward(v, draws);
    sum_batch(v, true);
    if (pack_.shape.prelu) each(v.layer_count - 1, SumSlopes<T>{v});
    each(1, SumLoss<T>{v, false, !inspect});
    if (v.zeros_stay_from != nullptr) each(v.parameter_stride / quad, DropZeros<T>{v, inspect});
    if (inspect)
      each(v.parameter_stride / quad, Regularize<T>{v});
    else
      each(v.parameter_stride / quad, Update<T>{v});
  }

  /// `sums`: also over the weights, which the penalties need.
  void fetch(const PackView<T>& v, Split split, bool evaluation, bool sums) {
    const FetchBatch<T> fetch{.gather = {v, split, evaluation},
                              .columns = v.input_stride + memory_.layers().back().output_stride,
                              .units = sums ? v.units : 0};
    each(fetch.items(), fetch);
  }

  void sum_batch(const PackView<T>& v, bool gradients) {
    const auto if_narrow = [](const Layer& layer) { return is_narrow(layer) ? layer : Layer(); };
    const SumBatch<T> sum{.v = v,
                          .gradients = gradients,
                          .first = if_narrow(memory_.layers().front()),
                          .last = if_narrow(memory_.layers().back())};
    each(sum.items(), sum);
  }

  void forward(const PackView<T>& v, const PassDraws& draws) {
    for (const Layer& layer : memory_.layers()) {
      const bool narrow = is_narrow(layer);
      const std::size_t items = std::size_t{v.chunks} * layer.quads();
      if (!narrow) forward_gemm(v, layer);
      if (layer.output && narrow)
        each(items, OutputError<T, true>{v, layer, rows_below(v, layer), z_rows(v, layer)});
      else if (layer.output)
        each(items, OutputError<T, false>{v, layer, nullptr, z_rows(v, layer)});
      else if (narrow)
        each(items, ForwardUnits<T, true>{v, layer, draws});
      else
        each(items, ForwardUnits<T, false>{v, layer, draws, z_rows(v, layer)});
    }
  }

  void backward(const PackView<T>& v, const PassDraws& draws) {
    const T* delta = z_rows(v, memory_.layers().back());
    for (std::size_t l = memory_.layers().size(); l-- > 0;) {
      const Layer& layer = memory_.layers()[l];
      if (!is_narrow(layer)) weight_gradient_gemm(v, layer, delta);
      if (l == 0) break;
      T* below = v.delta[l % 2];
      if (!is_narrow(layer)) backward_gemm(v, layer, delta, below);
      const Layer& hidden = memory_.layers()[l - 1];
      if (is_narrow(hidden))
        is_narrow(layer) ? backward_units<true, true>(v, hidden, layer, draws, below)
                         : backward_units<true, false>(v, hidden, layer, draws, below);
      else
        is_narrow(layer) ? backward_units<false, true>(v, hidden, layer, draws, below)
                         : backward_units<false, false>(v, hidden, layer, draws, below);
      delta = below;
    }
  }

  template <bool narrow_below, bool narrow_above>
  void backward_units(const PackView<T>& v, const Layer& layer, const Layer& next, const PassDraws& draws,
                      T* delta) {
    each(std::size_t{v.chunks} * layer.quads(),
         BackwardUnits<T, narrow_below, narrow_above>{.v = v,
                                                      .layer = layer,
                                                      .next = next,
                                                      .draws = draws,
                                                      .z = narrow_below ? nullptr : z_rows(v, layer),
                                                      .from_value = !stores_z_,
                                                      .by_output = narrow_above ? z_rows(v, next) : nullptr,
                                                      .delta = delta});
  }

  /// A layer's z, which g replaces where it is not stored.
  [[nodiscard]] T* z_rows(const PackView<T>& v, const Layer& layer) const {
    if (stores_z_) return v.z + v.layer_offset(layer);
    return layer.output ? v.z : v.g + v.layer_offset(layer);
  }
  [[nodiscard]] const T* rows_below(const PackView<T>& v, const Layer& layer) const {
    return layer.number == 0 ? v.x : v.g + v.layer_offset(memory_.layers()[layer.number - 1]);
  }

  /// z = g W^T
  void forward_gemm(const PackView<T>& v, const Layer& layer) {
    for (std::uint32_t group = 0; group < layer.groups; ++group)
      backend_.gemm(
          BatchedProduct<T>{.a = input_rows(v, layer, rows_below(v, layer), group),
                            .b = weights_of(v, layer, group, true),
                            .c = {z_rows(v, layer) + group * layer.group_outputs(), layer.output_stride,
                                  std::size_t{v.batch} * layer.output_stride, false},
                            .rows = v.batch,
                            .columns = layer.group_outputs(),
                            .inner = layer.group_inputs(),
                            .networks = v.networks});
  }

  /// dL/dg below = delta W
  void backward_gemm(const PackView<T>& v, const Layer& layer, const T* delta, T* below) {
    for (std::uint32_t group = 0; group < layer.groups; ++group)
      backend_.gemm(BatchedProduct<T>{.a = output_rows(v, layer, delta, group, false),
                                      .b = weights_of(v, layer, group, false),
                                      .c = {below + group * layer.group_inputs(), layer.input_stride,
                                            std::size_t{v.batch} * layer.input_stride, false},
                                      .rows = v.batch,
                                      .columns = layer.group_inputs(),
                                      .inner = layer.group_outputs(),
                                      .networks = v.networks});
  }

  /// dL/dW = delta^T g
  void weight_gradient_gemm(const PackView<T>& v, const Layer& layer, const T* delta) {
    for (std::uint32_t group = 0; group < layer.groups; ++group)
      backend_.gemm(BatchedProduct<T>{.a = output_rows(v, layer, delta, group, true),
                                      .b = input_rows(v, layer, rows_below(v, layer), group),
                                      .c = {v.gradients + layer.weights + group * weights_of_group(layer),
                                            layer.group_inputs(), v.parameter_stride, false},
                                      .rows = layer.group_outputs(),
                                      .columns = layer.group_inputs(),
                                      .inner = v.batch,
                                      .networks = v.networks});
  }

  [[nodiscard]] static std::size_t weights_of_group(const Layer& layer) {
    return std::size_t{layer.group_outputs()} * layer.group_inputs();
  }
  [[nodiscard]] static Matrices<const T> input_rows(const PackView<T>& v, const Layer& layer, const T* rows,
                                                    std::uint32_t group) {
    return {rows + group * layer.group_inputs(), layer.input_stride,
            std::size_t{v.batch} * layer.input_stride, false};
  }
  [[nodiscard]] static Matrices<const T> output_rows(const PackView<T>& v, const Layer& layer, const T* rows,
                                                     std::uint32_t group, bool transposed) {
    return {rows + group * layer.group_outputs(), layer.output_stride,
            std::size_t{v.batch} * layer.output_stride, transposed};
  }
  [[nodiscard]] static Matrices<const T> weights_of(const PackView<T>& v, const Layer& layer,
                                                    std::uint32_t group, bool transposed) {
    return {v.parameters + layer.weights + group * weights_of_group(layer), layer.group_inputs(),
            v.parameter_stride, transposed};
  }

  Backend& backend_;
  const Pack& pack_;
  PackMemory<Backend, T>& memory_;
  bool stores_z_ = true;                ///< of hidden layers
  std::uint32_t shuffled_samples_ = 0;  ///< of the largest training set that is shuffled; 0: none is
  typename Backend::Graph step_;
};

}  // namespace modsweep::pack
