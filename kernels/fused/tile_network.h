// One network that a block trains by tiles, all its steps up to its target: two barriers of the block a step,
// where a batch is one part.
#pragma once

#include "fused/tensor_tile_passes.h"
#include "fused/tile_passes.h"
#include "fused/tile_update.h"
#include "pack/batch.h"

#include <type_traits>

namespace modsweep::fused {

/// What blocks are told of their pack.
struct TileJob {
  PackView<float> pack;  ///< arrays of all networks in the backend's memory; of activations and sums, none
  TilePlan plan;
  const std::uint32_t* networks = nullptr;  ///< those that are trained by this kind of block
  std::uint32_t tf32_bits = 0xffffe000U;    ///< of a float; Tf32 says why they come from here
};

/// Every thread of a block has one of these, in registers.
template <bool noisy, Multiplier multiplier, std::uint32_t width, typename Thread>
class TileNetwork {
 public:
  MODSWEEP_HD TileNetwork(const TileJob& job, const Thread& thread, std::byte* shared, std::uint32_t network)
      : job_(job),
        thread_(thread),
        lane_(thread),
        state_(reinterpret_cast<TileState*>(shared)),
        arrays_{&job.plan, reinterpret_cast<float*>(shared + tile_values_begin), lane_.warp},
        network_(network) {
    const std::size_t at = network * job.pack.parameter_stride;
    arrays_.gradients = job.pack.gradients + at;
    memory_ = {job.pack.parameters + at, job.pack.gradients + at, job.pack.moment1 + at,
               job.pack.moment2 + at};
  }

  MODSWEEP_HD void train() {
    load();
    for (std::uint32_t turn = 0; state_->batch[turn].active != 0; turn ^= 1U) step(turn);
    store();
  }

 private:
  using Update = TileUpdate<width, Thread>;
  using Owner = TileOwner<width>;
  using Passes = std::conditional_t<multiplier == Multiplier::tensor_cores, TensorPasses<noisy, Thread>,
                                    TilePasses<noisy, width, Thread>>;

  /// Whether the thread does what one thread does for all: of the warp that has least to update.
  [[nodiscard]] MODSWEEP_HD bool keeper() const {
    return lane_.warp + 1 == tile_warps && lane_.number + 1 == warp_lanes;
  }

  MODSWEEP_HD void load() {
    if (keeper()) {
      state_->hyper = job_.pack.hyperparameters[network_];
      state_->data = job_.pack.data[network_];
      state_->progress = job_.pack.progress[network_];
      begin_step(0);
    }
    const std::uint32_t thread = lane_.warp * warp_lanes + lane_.number;
    for (std::uint32_t i = thread; i < job_.plan.norms; i += tile_threads) arrays_.values[i] = 0.0F;
    thread_.wait_for_block();
    each_owned([this](const TileQuad& place) {
      for (std::uint32_t i = 0; i < place.count; ++i) place.here[i] = memory_.weights[place.there + i];
    });
    update().sum_norms();
    thread_.wait_for_block();
  }

  MODSWEEP_HD void store() {
    each_owned([this](const TileQuad& place) {
      for (std::uint32_t i = 0; i < place.count; ++i) memory_.weights[place.there + i] = place.here[i];
    });
    if (keeper()) job_.pack.progress[network_] = state_->progress;
  }

  template <typename F>
  MODSWEEP_HD void each_owned(const F& f) const {
    const Owner owner(lane_, arrays_);
    MODSWEEP_ROLLED
    for (std::uint32_t m = 0; m + 1 < job_.plan.depth; ++m) MODSWEEP_ROLLED
    for (std::uint32_t i = 0; i < Owner::quads; ++i) f(owner.hidden(m, i));
    MODSWEEP_ROLLED
    for (std::uint32_t k = 0; k < Owner::others; ++k) f(owner.other(k));
  }

  [[nodiscard]] MODSWEEP_HD Update update() const {
    return {thread_, lane_, arrays_, state_->hyper, memory_};
  }

  /// The batch and the constants of the step that follows.
  MODSWEEP_HD void begin_step(std::uint32_t turn) const {
    PackView<float> view;
    view.networks = 1;
    view.batch = job_.pack.batch;
    view.hyperparameters = &state_->hyper;
    view.data = &state_->data;
    view.progress = &state_->progress;
    view.batch_state = &state_->batch[turn];
    pack::BeginStep<float>{view}(0, 0);
  }

  MODSWEEP_HD void step(std::uint32_t turn) {
    const BatchState<float>& batch = state_->batch[turn];
    const std::uint32_t part_rows = job_.plan.part_rows;
    std::uint32_t offset = 0;
    MODSWEEP_ROLLED
    for (;; offset += part_rows) {
      run_part(batch, offset);
      const bool last = batch.count - offset <= part_rows;
      if (!Owner::size.whole_gradients && !last) {
        thread_.wait_for_warp();
        continue;
      }
      thread_.wait_for_block();
      if (last) break;
      update().keep_gradients(offset == 0);
      thread_.wait_for_block();
    }
    const Quad<float> losses = pack::load_quad(arrays_.losses());
    double total = 0.0;
    MODSWEEP_UNROLLED
    for (const float loss : losses.v) total += static_cast<double>(loss);
    const bool sound = math::is_finite(total);
    if (sound) update().step(batch, offset > 0);
    if (keeper()) {
      if (sound)
        state_->progress.step = batch.next;
      else
        state_->progress.diverged = batch.next;
      begin_step(turn ^ 1U);
    }
    thread_.wait_for_block();
  }

  /// The part of the batch that begins at sample `offset`.
  MODSWEEP_HD void run_part(const BatchState<float>& batch, std::uint32_t offset) {
    const Hyperparameters<float>& hyper = state_->hyper;
    TilePart part;
    part.first = offset + job_.plan.warp_first[lane_.warp];
    const std::uint32_t rows = job_.plan.warp_rows[lane_.warp];
    const std::uint32_t left = part.first < batch.count ? batch.count - part.first : 0;
    part.count = left < rows ? left : rows;
    part.start = offset == 0;
    part.step = batch.step;
    part.seed = hyper.seed;
    part.slope = hyper.layer.unit.slope;
    part.sigma = hyper.layer.sigma;
    part.inverse_count = batch.inverse_count;
    part.activity = hyper.sums.out();
    part.coefficient = hyper.layer.penalties.of<math::WeightedActivity>().coefficient;
    part.tf32_bits = job_.tf32_bits;
    Passes passes(thread_, lane_, arrays_, part);
    gather(batch, part, passes.rows());
    thread_.wait_for_warp();
    passes.run();
  }

  /// Inputs and targets of the warp's samples, zeros in empty rows.
  MODSWEEP_HD void gather(const BatchState<float>& batch, const TilePart& part, std::uint32_t all_rows) {
    const NetworkData<float>& data = state_->data;
    const auto& rows = data.rows(Split::train);
    MODSWEEP_ROLLED
    for (std::uint32_t row = lane_.number; row < all_rows; row += warp_lanes) {
      Quad<float> x{};
      Quad<float> y{};
      if (row < part.count) {
        std::size_t from = batch.first + part.first + row;
        if (data.order != nullptr) from = data.order[from];
        MODSWEEP_UNROLLED
        for (std::uint32_t i = 0; i < tile_ends; ++i) {
          if (i < job_.plan.inputs) x.v[i] = rows.x[from * job_.plan.inputs + i];
          if (i < job_.plan.outputs) y.v[i] = rows.y[from * job_.plan.outputs + i];
        }
      }
      put_quad(arrays_.x() + row * tile_ends, x);
      put_quad(arrays_.errors() + row * tile_ends, y);
    }
  }

  const TileJob& job_;
  const Thread& thread_;
  typename Passes::Lane lane_;
  TileState* state_;
  TileArrays<width> arrays_;
  TileParameters memory_;
  std::uint32_t network_;
};

/// A block's work on the network of number `item` in the job's list.
template <bool noisy, Multiplier multiplier = Multiplier::threads, std::uint32_t width = tile_width>
struct TrainTiles {
  TileJob job;

  template <typename Thread>
  MODSWEEP_HD void operator()(const Thread& thread, std::byte* shared, std::uint32_t item) const {
    TileNetwork<noisy, multiplier, width, Thread>(job, thread, shared, job.networks[item]).train();
  }
};

}  // namespace modsweep::fused
