// Kernels that choose a network's next batch and fetch it. Every kernel of this folder is a function of
// (network, item) over plain arrays: the same source runs on a device, with one thread per item, and in tests
// in a loop. A kernel that device memory limits may state its necessary reads and writes as bytes().
#pragma once

#include "pack/arrays.h"

#include "modsweep/math/order.h"

namespace modsweep::pack {

/// Whether a network takes a step now.
MODSWEEP_HD bool takes_step(const Progress& progress, bool inspect) {
  return inspect || (progress.step < progress.target && progress.diverged == 0);
}

/// Items: samples of the largest training set. Where a new epoch begins: its rows in file order, and the rows
/// that they will change places with (math::row_to_swap), which is most of a shuffle's work.
template <typename T>
struct DrawOrder {
  PackView<T> v;
  bool inspect = false;

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const NetworkData<T>& data = v.data[p];
    const std::uint32_t samples = data.rows(Split::train).count;
    if (data.order == nullptr || item >= samples || !takes_step(v.progress[p], inspect)) return;
    const std::uint32_t batches = (samples + v.batch - 1) / v.batch;
    const auto epoch = static_cast<std::uint32_t>(v.progress[p].step / batches);
    if (data.order[samples] == epoch + 1) return;
    data.order[item] = item;
    data.order[samples + 1 + item] = math::row_to_swap(v.hyperparameters[p].seed, epoch, item + 1);
  }
};

/// Items: 1. Decides whether a network takes a step, with which batch and which constants; computes the order
/// of a new epoch.
template <typename T>
struct BeginStep {
  PackView<T> v;
  bool inspect = false;  ///< every network, whatever its target
  bool shuffles = true;  ///< false: another thread block computes the order
  bool drawn = false;    ///< DrawOrder ran before

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t) const {
    const Progress& progress = v.progress[p];
    const Hyperparameters<T>& hyper = v.hyperparameters[p];
    const NetworkData<T>& data = v.data[p];
    BatchState<T>& batch = v.batch_state[p];
    batch.active = takes_step(progress, inspect);
    if (batch.active == 0) return;
    const std::uint32_t samples = data.rows(Split::train).count;
    const std::uint32_t batches = (samples + v.batch - 1) / v.batch;
    batch.first = static_cast<std::uint32_t>(progress.step % batches) * v.batch;
    const std::uint32_t remaining = samples - batch.first;
    batch.count = remaining < v.batch ? remaining : v.batch;
    batch.next = progress.step + 1;
    batch.step = static_cast<std::uint32_t>(batch.next);
    batch.inverse_count = T(1) / static_cast<T>(batch.count);
    const double rate = hyper.learning_rate.after(progress.step);
    batch.rate = T(rate);
    batch.adam = hyper.adam_step(rate, batch.next);
    if (data.order == nullptr || !shuffles) return;
    const auto epoch = static_cast<std::uint32_t>(progress.step / batches);
    if (data.order[samples] == epoch + 1) return;
    const std::uint32_t* rows_to_swap = data.order + samples + 1;
    if (drawn)
      math::swap_rows(
          samples, [=](std::uint32_t i) { return rows_to_swap[i - 1]; }, data.order);
    else
      math::shuffle_rows(hyper.seed, epoch, samples, data.order);
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
    BatchState<T>& batch = v.batch_state[p];
    if (first == 0) v.losses[p] = {};
    batch.active = first < samples;
    if (batch.active == 0) return;
    batch.first = first;
    batch.count = samples - first < v.batch ? samples - first : v.batch;
    batch.step = static_cast<std::uint32_t>(v.progress[p].step);
    batch.inverse_count = T(1) / static_cast<T>(batch.count);
  }
};

/// Items: B (input stride + output stride). Copies rows of the data into x and y, zeros elsewhere.
template <typename T>
struct Gather {
  PackView<T> v;
  Split split = Split::train;
  bool evaluation = false;  ///< rows in file order, whatever order the network trains in

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    const BatchState<T>& batch = v.batch_state[p];
    if (batch.active == 0) return;
    const Layer& last = v.layers[v.layer_count - 1];
    const std::uint32_t width = v.input_stride + last.output_stride;
    const std::uint32_t b = item / width;
    const std::uint32_t column = item % width;
    const NetworkData<T>& data = v.data[p];
    const auto& rows = data.rows(split);
    const bool shuffled = data.order != nullptr && !evaluation;
    std::size_t row = batch.first + b;
    if (shuffled && b < batch.count) row = data.order[row];
    const std::uint32_t inputs = v.layers[0].inputs;
    if (column < v.input_stride) {
      const bool valid = b < batch.count && column < inputs;
      v.x[(std::size_t{p} * v.batch + b) * v.input_stride + column] =
          valid ? rows.x[row * inputs + column] : T(0);
    } else {
      const std::uint32_t o = column - v.input_stride;
      const bool valid = b < batch.count && o < last.outputs;
      v.y[v.row(last, p, b) + o] = valid ? rows.y[row * last.all_outputs + last.first_output + o] : T(0);
    }
  }
};

}  // namespace modsweep::pack
