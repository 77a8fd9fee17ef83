// A pack in training as batched matrix products with element-wise kernels around them.
//
// The class is a template over the backend (device/backend.cuh for CUDA), so that this file needs no nvcc.
#pragma once

#include "pack/backend.h"
#include "pack/batch.h"
#include "pack/product.h"
#include "pack/sums.h"
#include "pack/units.h"
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
      if (first == 0) each(v.units, WeightSums<T>{v});
      gather(v, split, true);
      forward(v, {.dropout = false, .evaluation = true});
      each(v.units, SumActivity<T>{v});
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
    each(v.units, WeightSums<T>{v});
    gather(v, Split::train, false);
    forward(v, draws);
    each(v.units, SumActivity<T>{v});
    backward(v, draws);
    each(v.units, SumGradients<T>{v});
    if (pack_.shape.prelu) each(v.layer_count - 1, SumSlopes<T>{v});
    each(1, SumLoss<T>{v, false, !inspect});
    if (v.zeros_stay_from != nullptr) each(v.parameter_stride / quad, DropZeros<T>{v});
    if (inspect)
      each(v.parameter_stride / quad, Regularize<T>{v});
    else
      each(v.parameter_stride / quad, Update<T>{v});
  }

  void gather(const PackView<T>& v, Split split, bool evaluation) {
    const std::size_t columns = v.input_stride + memory_.layers().back().output_stride;
    each(v.batch * columns, Gather<T>{v, split, evaluation});
  }

  void forward(const PackView<T>& v, const PassDraws& draws) {
    for (const Layer& layer : memory_.layers()) {
      forward_gemm(v, layer);
      if (layer.output)
        each(std::size_t{v.chunks} * layer.quads(), OutputError<T>{v, layer});
      else
        each(std::size_t{v.chunks} * layer.quads(), ForwardUnits<T>{v, layer, draws});
    }
  }

  void backward(const PackView<T>& v, const PassDraws& draws) {
    const T* delta = v.z + v.layer_offset(memory_.layers().back());
    for (std::size_t l = memory_.layers().size(); l-- > 0;) {
      const Layer& layer = memory_.layers()[l];
      weight_gradient_gemm(v, layer, delta);
      if (l == 0) break;
      T* below = v.delta[l % 2];
      backward_gemm(v, layer, delta, below);
      const Layer& hidden = memory_.layers()[l - 1];
      each(std::size_t{v.chunks} * hidden.quads(), BackwardUnits<T>{v, hidden, draws, below});
      delta = below;
    }
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
                            .c = {v.z + v.layer_offset(layer) + group * layer.group_outputs(),
                                  layer.output_stride, std::size_t{v.batch} * layer.output_stride, false},
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
  std::uint32_t shuffled_samples_ = 0;  ///< of the largest training set that is shuffled; 0: none is
  typename Backend::Graph step_;
};

}  // namespace modsweep::pack
