// Kernels that choose a network's next batch and fetch it. Every kernel of this folder is a function of
// (network, item) over plain arrays: the same source runs on a device, one thread an item, and in tests in a
// loop. One that the device's memory limits may say how many bytes() it cannot help reading and writing.
#pragma once

#include "pack/arrays.h"

#include "modsweep/math/order.h"

namespace modsweep::gemm {

/// Items: 1. Decides whether a network takes a step, with which batch and which constants; makes the order of
/// a new epoch.
template <typename T>
struct BeginStep {
  PackView<T> v;
  bool inspect = false;  ///< every network, whatever its target
  bool shuffles = true;  ///< else another block makes the order

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t) const {
    const Progress& progress = v.progress[p];
    const NetworkRule<T>& rule = v.rules[p];
    const NetworkData<T>& data = v.data[p];
    Now<T>& now = v.now[p];
    now.active = inspect || (progress.step < progress.target && progress.diverged == 0);
    if (now.active == 0) return;
    const std::uint32_t samples = data.rows(Split::train).count;
    const std::uint32_t batches = (samples + v.batch - 1) / v.batch;
    now.first = static_cast<std::uint32_t>(progress.step % batches) * v.batch;
    const std::uint32_t left = samples - now.first;
    now.count = left < v.batch ? left : v.batch;
    now.next = progress.step + 1;
    now.step = static_cast<std::uint32_t>(now.next);
    now.inverse_count = T(1) / static_cast<T>(now.count);
    now.adam = math::adam_step<T>(rule.learning_rate, rule.beta1, rule.beta2, rule.epsilon, rule.weight_decay,
                                  now.next);
    if (data.order == nullptr || !shuffles) return;
    const auto epoch = static_cast<std::uint32_t>(progress.step / batches);
    if (data.order[samples] == epoch + 1) return;
    math::shuffle_rows(rule.seed, epoch, samples, data.order);
    data.order[samples] = epoch + 1;
  }
};

/// Items: 1. The batch of an evaluation that begins at sample `first` of a split.
template <typename T>
struct BeginEvaluation {
  PackView<T> v;
  Split split = Split::train;
  std::uint32_t first = 0;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t) const {
    const std::uint32_t samples = v.data[p].rows(split).count;
    Now<T>& now = v.now[p];
    if (first == 0) v.losses[p] = {};
    now.active = first < samples;
    if (now.active == 0) return;
    now.first = first;
    now.count = samples - first < v.batch ? samples - first : v.batch;
    now.step = static_cast<std::uint32_t>(v.progress[p].step);
    now.inverse_count = T(1) / static_cast<T>(now.count);
  }
};

/// Items: B (input stride + output stride). Copies rows of the data into x and y, zeros where there are none.
template <typename T>
struct Gather {
  PackView<T> v;
  Split split = Split::train;
  bool evaluation = false;  ///< rows in file order, whatever order the network trains in

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const Now<T>& now = v.now[p];
    if (now.active == 0) return;
    const Layer& last = v.layers[v.layer_count - 1];
    const std::uint32_t width = v.input_stride + last.output_stride;
    const std::uint32_t b = item / width;
    const std::uint32_t column = item % width;
    const NetworkData<T>& data = v.data[p];
    const auto& rows = data.rows(split);
    const bool shuffled = data.order != nullptr && !evaluation;
    std::size_t row = now.first + b;
    if (shuffled && b < now.count) row = data.order[row];
    const std::uint32_t inputs = v.layers[0].inputs;
    if (column < v.input_stride) {
      const bool there = b < now.count && column < inputs;
      v.x[(std::size_t{p} * v.batch + b) * v.input_stride + column] =
          there ? rows.x[row * inputs + column] : T(0);
    } else {
      const std::uint32_t o = column - v.input_stride;
      const bool there = b < now.count && o < last.outputs;
      v.y[v.row(last, p, b) + o] = there ? rows.y[row * last.all_outputs + last.first_output + o] : T(0);
    }
  }
};

}  // namespace modsweep::gemm
