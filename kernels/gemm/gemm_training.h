// A pack in training as batched matrix products with element-wise kernels around them.
//
// The class is a template over the machine: CUDA's in gemm_engine.cu, and a plain loop in tests, which so run
// every line of the engine but the launches. A machine has
//   Array<U>, allocate<U>(count), upload(array, values, count, offset), download(values, array, count,
//   offset), for_each(networks, items, f): f(network, item) for all of them, in any order, at once,
//   multiply(BatchedProduct<T>), eigenvalues (spectrum/pack_spectra.h),
//   record(work) -> Recording: what `work` would do, and replay(recording, times).
#pragma once

#include "gemm/batch.h"
#include "gemm/pack_memory.h"
#include "gemm/product.h"
#include "gemm/sums.h"
#include "gemm/units.h"
#include "gemm/update.h"
#include "spectrum/pack_spectra.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "modsweep/engine.h"
#include "modsweep/state.h"

namespace modsweep::gemm {

template <typename Machine, typename T>
class GemmTraining final : public Training {
 public:
  /// Throws std::bad_alloc where the machine's memory does not suffice.
  GemmTraining(std::unique_ptr<Machine> machine, const Pack& pack)
      : owned_machine_(std::move(machine)),
        machine_(*owned_machine_),
        pack_(checked(pack)),
        layout_(pack.shape),
        memory_(machine_, pack),
        progress_(pack.size()) {
    for (std::size_t p = 0; p < pack_.size(); ++p) rules_.push_back(network_rule<T>(pack_, p));
    evaluation_rules_ = machine_.template allocate<NetworkRule<T>>(pack_.size());
    step_ = machine_.record([this] { step(memory_.view(), false); });
  }

  void advance(std::uint64_t steps) override {
    std::uint64_t longest = 0;
    for (std::size_t p = 0; p < pack_.size(); ++p) {
      Progress& progress = progress_[p];
      progress.target = std::min(pack_.steps[p], progress.step + steps);
      if (progress.diverged == 0 && progress.target > progress.step)
        longest = std::max(longest, progress.target - progress.step);
    }
    if (longest == 0) return;
    machine_.upload(memory_.progress, progress_.data(), progress_.size());
    machine_.replay(step_, longest);
    machine_.download(progress_.data(), memory_.progress, progress_.size());
    forget_copies();
  }

  [[nodiscard]] std::vector<Evaluation> evaluate(Split split, const EvaluationNoise& noise) override {
    std::vector<NetworkRule<T>> rules = rules_;
    for (NetworkRule<T>& rule : rules) rule.set_noise(noise.strength, noise.exponent);
    machine_.upload(evaluation_rules_, rules.data(), rules.size());
    PackView<T> v = memory_.view();
    v.rules = evaluation_rules_.data();

    const auto samples = [&](std::size_t p) { return pack_.dataset[p]->split(split).count; };
    std::uint32_t longest = 0;
    for (std::size_t p = 0; p < pack_.size(); ++p) longest = std::max(longest, samples(p));
    for (std::uint64_t first = 0; first < longest; first += pack_.batch_size) {
      each(1, BeginEvaluation<T>{v, split, static_cast<std::uint32_t>(first)});
      if (first == 0) each(v.units, WeightSums<T>{v});
      gather(v, split, true);
      forward(v, {.stream = math::Stream::test_noise, .dropout = false, .evaluation = true});
      each(v.units, SumActivity<T>{v});
      each(1, SumLoss<T>{v, true, false});
    }
    std::vector<LossSums> sums(pack_.size());
    if (longest > 0) machine_.download(sums.data(), memory_.losses, sums.size());
    std::vector<Evaluation> out;
    for (std::size_t p = 0; p < pack_.size(); ++p) {
      const auto count = static_cast<double>(std::max(1U, samples(p)));
      out.push_back({sums[p].squares / (count * pack_.shape.outputs()), sums[p].weighted_activity / count,
                     sums[p].activity / count});
    }
    return out;
  }

  [[nodiscard]] StepInspection inspect(std::size_t network) override {
    if (gradients_copy_.empty()) {  // one pass serves all networks until something changes
      machine_.upload(memory_.progress, progress_.data(), progress_.size());
      step(memory_.view(), true);
      losses_copy_.resize(pack_.size());
      machine_.download(losses_copy_.data(), memory_.losses, losses_copy_.size());
    }
    const std::vector<T> gradient = row(memory_.gradients, gradients_copy_, network);
    const LossSums& sums = losses_copy_[network];

    const std::uint32_t samples = pack_.dataset[network]->train.count;
    const std::uint64_t batches = (std::uint64_t{samples} + pack_.batch_size - 1) / pack_.batch_size;
    const std::uint64_t first = progress_[network].step % batches * pack_.batch_size;
    const auto count = static_cast<double>(std::min<std::uint64_t>(pack_.batch_size, samples - first));
    StepInspection out;
    out.mse = sums.squares / (count * pack_.shape.outputs());
    out.regularizers = weight_regularizers(weights(network));
    out.regularizers.weighted_activity = sums.weighted_activity / count;
    out.regularizers.activity = sums.activity / count;
    out.total = out.mse + weighted_sum(pack_.regularizer[network], out.regularizers);
    out.gradient.assign(gradient.begin(), gradient.end());
    return out;
  }

  [[nodiscard]] std::uint64_t step(std::size_t network) const override { return progress_[network].step; }

  [[nodiscard]] std::optional<std::uint64_t> diverged(std::size_t network) const override {
    if (progress_[network].diverged == 0) return std::nullopt;
    return progress_[network].diverged;
  }

  [[nodiscard]] Parameters weights(std::size_t network) const override {
    const std::vector<T> values = row(memory_.parameters, parameters_copy_, network);
    return {pack_.shape, std::vector<double>(values.begin(), values.end())};
  }

  [[nodiscard]] std::optional<std::vector<std::vector<LayerSpectra>>> spectra(
      std::span<const std::size_t> networks, ClusterBy by) override {
    return spectra_(memory_.layers(), memory_.view().parameters, layout_.padded(), networks, by);
  }

  [[nodiscard]] std::vector<std::byte> save(std::size_t network) const override {
    return to_bytes(SavedState<T>{progress_[network].step, progress_[network].diverged,
                                  row(memory_.parameters, parameters_copy_, network),
                                  row(memory_.moment1, moment1_copy_, network),
                                  row(memory_.moment2, moment2_copy_, network)});
  }

  void restore(std::size_t network, std::span<const std::byte> bytes) override {
    const SavedState<T> saved = from_bytes<T>(bytes, pack_.shape);
    progress_[network] = {saved.step, saved.step, saved.diverged};
    const std::size_t offset = network * layout_.padded();
    machine_.upload(memory_.parameters, saved.parameters.data(), saved.parameters.size(), offset);
    machine_.upload(memory_.moment1, saved.moment1.data(), saved.moment1.size(), offset);
    machine_.upload(memory_.moment2, saved.moment2.data(), saved.moment2.size(), offset);
    forget_copies();
  }

 private:
  template <typename U>
  using Array = typename Machine::template Array<U>;

  static const Pack& checked(const Pack& pack) {
    pack.check();
    return pack;
  }

  template <typename F>
  void each(std::size_t items, const F& f) {
    machine_.for_each(static_cast<std::uint32_t>(pack_.size()), static_cast<std::uint32_t>(items), f);
  }

  /// One step of every network that takes one; or, to inspect, its loss and whole gradient only.
  void step(const PackView<T>& v, bool inspect) {
    const PassDraws draws{.stream = math::Stream::noise, .dropout = true, .evaluation = false};
    each(1, BeginStep<T>{v, inspect});
    each(v.units, WeightSums<T>{v});
    gather(v, Split::train, false);
    forward(v, draws);
    each(v.units, SumActivity<T>{v});
    backward(v, draws);
    each(v.units, SumGradients<T>{v});
    if (pack_.shape.prelu) each(v.layer_count - 1, SumSlopes<T>{v});
    each(1, SumLoss<T>{v, false, !inspect});
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
      multiply_forward(v, layer);
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
      multiply_gradient(v, layer, delta);
      if (l == 0) break;
      T* below = v.delta[l % 2];
      multiply_backward(v, layer, delta, below);
      const Layer& hidden = memory_.layers()[l - 1];
      each(std::size_t{v.chunks} * hidden.quads(), BackwardUnits<T>{v, hidden, draws, below});
      delta = below;
    }
  }

  [[nodiscard]] const T* rows_below(const PackView<T>& v, const Layer& layer) const {
    return layer.number == 0 ? v.x : v.g + v.layer_offset(memory_.layers()[layer.number - 1]);
  }

  /// z = g W^T
  void multiply_forward(const PackView<T>& v, const Layer& layer) {
    for (std::uint32_t group = 0; group < layer.groups; ++group)
      machine_.multiply(
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
  void multiply_backward(const PackView<T>& v, const Layer& layer, const T* delta, T* below) {
    for (std::uint32_t group = 0; group < layer.groups; ++group)
      machine_.multiply(BatchedProduct<T>{.a = output_rows(v, layer, delta, group, false),
                                          .b = weights_of(v, layer, group, false),
                                          .c = {below + group * layer.group_inputs(), layer.input_stride,
                                                std::size_t{v.batch} * layer.input_stride, false},
                                          .rows = v.batch,
                                          .columns = layer.group_inputs(),
                                          .inner = layer.group_outputs(),
                                          .networks = v.networks});
  }

  /// dL/dW = delta^T g
  void multiply_gradient(const PackView<T>& v, const Layer& layer, const T* delta) {
    for (std::uint32_t group = 0; group < layer.groups; ++group)
      machine_.multiply(BatchedProduct<T>{.a = output_rows(v, layer, delta, group, true),
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

  /// One network's row of a parameter-like array, from a copy of all that lasts until something changes.
  std::vector<T> row(const Array<T>& array, std::vector<T>& copy, std::size_t network) const {
    if (copy.empty()) {
      copy.resize(pack_.size() * layout_.padded());
      machine_.download(copy.data(), array, copy.size());
    }
    const auto begin = copy.begin() + static_cast<std::ptrdiff_t>(network * layout_.padded());
    return std::vector<T>(begin, begin + static_cast<std::ptrdiff_t>(layout_.parameters()));
  }
  void forget_copies() {
    for (auto* copy : {&parameters_copy_, &moment1_copy_, &moment2_copy_, &gradients_copy_}) copy->clear();
  }

  std::unique_ptr<Machine> owned_machine_;
  Machine& machine_;
  Pack pack_;
  ParameterLayout layout_;
  PackMemory<Machine, T> memory_;
  std::vector<NetworkRule<T>> rules_;
  std::vector<Progress> progress_;
  Array<NetworkRule<T>> evaluation_rules_;
  typename Machine::Recording step_;
  spectrum::PackSpectra<Machine> spectra_{machine_};
  mutable std::vector<T> parameters_copy_, moment1_copy_, moment2_copy_, gradients_copy_;
  std::vector<LossSums> losses_copy_;  ///< of the last inspection
};

}  // namespace modsweep::gemm
