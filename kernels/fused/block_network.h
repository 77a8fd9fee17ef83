// One network in the shared memory of a block, or of a cluster of blocks: what its passes over a batch are
// made of. The blocks of a cluster all do what is written here, each to its own slices; they choose batches,
// add up losses and judge them each for itself, from the same numbers. Only the first makes orders and stores
// what is the network's, not a slice's.
#pragma once

#include "fused/block.h"
#include "fused/block_job.h"
#include "fused/block_units.h"
#include "fused/products.h"
#include "fused/slice_sums.h"
#include "fused/tensor_products.h"
#include "pack/batch.h"
#include "pack/sums.h"
#include "pack/update.h"

#include <type_traits>
#include <utility>

namespace modsweep::fused {

/// Every thread of a block has one of these, in registers, with the same values.
template <typename T, typename Block, Multiplier multiplier>
class BlockNetwork {
 public:
  MODSWEEP_HD BlockNetwork(const BlockJob<T>& job, Block& block)
      : job_(job),
        block_(block),
        peers_(block.peers()),
        state_(reinterpret_cast<BlockState<T>*>(block.shared())) {
    values_ = reinterpret_cast<T*>(block.shared() + job.plan.values);
    local_indices_ = job.local_indices + peers_.rank() * job.plan.parameters;
    part_ = view();
    batch_ = part_;
    batch_.batch = job.pack.batch;
    batch_.batch_state = &state_->batch;
    if constexpr (sliced) batch_.layers = job.whole_layers;
  }

  /// Fetches network p, item `item` of the launch, moments included where it is to be trained.
  MODSWEEP_HD void load(std::uint32_t p, std::uint32_t item, bool moments) {
    const BlockPlan& plan = job_.plan;
    const std::uint64_t* const zeros = job_.pack.zeros_stay_from;
    batch_.zeros_stay_from = zeros == nullptr ? nullptr : zeros + p;
    const std::size_t at = p * job_.pack.parameter_stride;
    const std::size_t own = (std::size_t{item} * plan.ranks + peers_.rank()) * plan.parameter_stride;
    if (moments) {
      batch_.moment1 = job_.moment1 + own;
      batch_.moment2 = job_.moment2 + own;
    }
    const std::uint32_t rest = moments ? plan.parameters : 0;
    block_.phase(Wait::block, each(1, LoadState<T>{job_, state_, p, peers_.rank()}),
                 each(plan.end, Clear<T>{values_}));
    block_.phase(Wait::cluster,
                 each(plan.parameters,
                      LoadParameters<T>{local_indices_, job_.pack.parameters + at, values_ + plan.weights}),
                 each(rest, LoadParameters<T>{local_indices_, job_.pack.moment1 + at, batch_.moment1}),
                 each(rest, LoadParameters<T>{local_indices_, job_.pack.moment2 + at, batch_.moment2}));
  }

  /// Puts back what training changed.
  MODSWEEP_HD void store(std::uint32_t p) {
    const BlockPlan& plan = job_.plan;
    const std::size_t at = p * job_.pack.parameter_stride;
    block_.phase(
        Wait::block,
        each(plan.parameters,
             StoreParameters<T>{local_indices_, values_ + plan.weights, job_.pack.parameters + at}),
        each(plan.parameters, StoreParameters<T>{local_indices_, batch_.moment1, job_.pack.moment1 + at}),
        each(plan.parameters, StoreParameters<T>{local_indices_, batch_.moment2, job_.pack.moment2 + at}),
        each(first(), Copy<Progress>{&state_->progress, job_.pack.progress + p}));
  }

  MODSWEEP_HD void store_losses(std::uint32_t p) {
    block_.phase(Wait::block, each(first(), Copy<LossSums>{&state_->losses, job_.pack.losses + p}));
  }
  MODSWEEP_HD void store_gradients(std::uint32_t p) {
    block_.phase(Wait::block, each(job_.plan.parameters,
                                   StoreParameters<T>{local_indices_, values_ + job_.plan.gradients,
                                                      job_.pack.gradients + p * job_.pack.parameter_stride}));
  }

  /// Whether the network takes a step; to inspect, it always does.
  MODSWEEP_HD bool begin_step(bool inspect) {
    if (state_->data.order != nullptr)  // a new epoch's order: drawn by all threads, made by one
      block_.phase(Wait::block, each(first() * state_->data.rows(Split::train).count,
                                     pack::DrawOrder<T>{batch_, inspect}));
    block_.phase(
        Wait::cluster,
        each(1, pack::BeginStep<T>{
                    .v = batch_, .inspect = inspect, .shuffles = peers_.rank() == 0, .drawn = true}));
    return state_->batch.active != 0;
  }

  /// Losses and the data's share of the gradient. A step is counted, or its network found to have diverged,
  /// unless it is only inspected.
  MODSWEEP_HD void differentiate(bool inspect) {
    const pack::PassDraws draws{.stream = math::Stream::noise, .dropout = true, .evaluation = false};
    const std::uint32_t count = state_->batch.count;
    for (std::uint32_t offset = 0; offset < count; offset += job_.plan.rows) {
      block_.phase(Wait::block, each(1, BeginPart<T>{state_, offset, job_.plan.rows}));
      gather(offset == 0, pack::Gather<T>{part_, Split::train, false});
      forward(draws, offset == 0);
      const bool last = count - offset <= job_.plan.rows;
      backward(draws, offset == 0, each(last ? 1 : 0, pack::SumLoss<T>{batch_, true, !inspect}));
    }
    if (job_.plan.prelu)
      block_.phase(Wait::block, each(job_.plan.layer_count - 1, pack::SumSlopes<T>{batch_}));
  }

  /// The penalties' share of the gradient, and the optimizer's step unless the step is only inspected.
  MODSWEEP_HD void update(bool inspect) {
    const std::uint32_t quads = job_.plan.parameter_stride / quad;
    if (batch_.zeros_stay_from != nullptr)
      block_.phase(Wait::block, each(quads, pack::DropZeros<T>{batch_, inspect}));
    block_.phase(Wait::block, each(inspect ? quads : 0, pack::Regularize<T>{batch_}),
                 each(inspect ? 0 : quads, pack::Update<T>{batch_}));
  }

  /// Adds up the losses of a split.
  MODSWEEP_HD void evaluate(Split split) {
    const pack::PassDraws draws{.stream = math::Stream::test_noise, .dropout = false, .evaluation = true};
    const std::uint32_t count = state_->data.rows(split).count;
    for (std::uint32_t first = 0; first < count; first += job_.plan.rows) {
      block_.phase(Wait::block, each(1, pack::BeginEvaluation<T>{part_, split, first}));
      gather(first == 0, pack::Gather<T>{part_, split, true});
      forward(draws, true);
      block_.phase(Wait::block, each(1, sum_squares()));
      PackView<T> whole = part_;
      whole.layers = batch_.layers;
      block_.phase(Wait::block, each(1, pack::SumLoss<T>{whole, true, false}));
    }
  }

 private:
  using Peers = decltype(std::declval<const Block&>().peers());
  static constexpr bool sliced = Peers::several;

  /// The network's arrays as those of a pack of one, whose batch is a part of the network's.
  [[nodiscard]] MODSWEEP_HD PackView<T> view() const {
    const BlockPlan& plan = job_.plan;
    PackView<T> v;
    v.networks = 1;
    v.batch = plan.rows;
    v.chunks = 0;  // squares are added up part by part, by SumSquares
    v.units = plan.units;
    v.layer_count = plan.layer_count;
    v.input_stride = plan.input_stride;
    v.parameter_stride = plan.parameter_stride;
    v.layers = state_->layers;
    v.unit_indices = job_.pack.unit_indices;
    v.ends = job_.ends + peers_.rank() * plan.parameter_stride;
    v.hyperparameters = &state_->hyper;
    v.data = &state_->data;
    v.fixed_noise = state_->fixed_noise;
    v.progress = &state_->progress;
    v.batch_state = &state_->part;
    v.losses = &state_->losses;
    v.parameters = values_ + plan.weights;
    v.gradients = values_ + plan.gradients;
    v.x = values_ + plan.x;
    v.y = values_ + plan.y;
    v.z = values_ + plan.z;
    for (std::size_t i = 0; i < math::activity_penalties; ++i)
      v.activity_sums[i] = values_ + plan.activity_sums[i];
    v.slope_sums = values_ + plan.slope_sums;
    v.in_absolute = values_ + plan.in_absolute;
    v.in_square = values_ + plan.in_square;
    v.out_absolute = values_ + plan.out_absolute;
    v.out_square = values_ + plan.out_square;
    return v;
  }

  /// Shares into which the rows of a part are dealt to the threads of a layer's units.
  [[nodiscard]] MODSWEEP_HD std::uint32_t unit_shares(std::uint32_t l) const {
    const std::uint32_t rows = state_->shares[l].unit_rows;
    return (job_.plan.rows + rows - 1) / rows;
  }
  /// Rows of a product's item, of which a whole part has `rows`: fewer at the end of a batch, where else a
  /// few threads would have all that is left.
  [[nodiscard]] MODSWEEP_HD std::uint32_t item_rows(std::uint32_t rows) const {
    for (std::uint32_t n = job_.plan.rows / 2; n >= state_->part.count && rows > rows_at_once; n /= 2)
      rows = (rows + 1) / 2;
    return rows;
  }
  /// Items of what only the first block does.
  [[nodiscard]] MODSWEEP_HD std::uint32_t first() const { return peers_.rank() == 0 ? 1 : 0; }
  /// Layer l, or the block's slice of it.
  [[nodiscard]] MODSWEEP_HD Layer layer(std::uint32_t l) const {
    Layer layer = state_->layers[l];
    if constexpr (!sliced) {  // known when this is compiled
      layer.first_output = 0;
      layer.all_outputs = layer.outputs;
    }
    return layer;
  }
  [[nodiscard]] MODSWEEP_HD T* z_of(std::uint32_t l) const {
    return part_.z + job_.plan.rows * state_->shares[l].z;
  }
  /// Rows in `values` of what all of a hidden layer's units pass on.
  [[nodiscard]] MODSWEEP_HD ReplicatedActivations<T> whole(std::uint32_t l, T* values) const {
    return {values, sliced ? state_->layers[l + 1].input_stride : state_->layers[l].output_stride};
  }
  [[nodiscard]] MODSWEEP_HD bool wants_weight_sums() const { return state_->hyper.sums.any(); }

  /// The sums over weights go along, once for a batch.
  MODSWEEP_HD void gather(bool start, const pack::Gather<T>& gather) {
    const Layer& last = state_->layers[job_.plan.layer_count - 1];
    const std::uint32_t columns = job_.plan.input_stride + last.output_stride;
    if constexpr (sliced)
      block_.phase(Wait::cluster, each(job_.plan.rows * columns, gather),
                   each(start && wants_weight_sums() ? job_.plan.units : 0,
                        SliceWeightSums<T>{part_, values_ + job_.plan.weight_shares}));
    else
      block_.phase(Wait::block, each(job_.plan.rows * columns, gather),
                   each(start ? job_.plan.units : 0, pack::WeightSums<T>{part_}));
  }

  /// Goes along with the first layer's product, when all blocks have their shares.
  [[nodiscard]] MODSWEEP_HD ThreadItems<JoinWeightSums<T, Peers>> join_weight_sums(bool wanted) const {
    const bool join = sliced && wanted && wants_weight_sums();
    return {join ? weight_sums * job_.plan.units / quad : 0,
            {values_ + job_.plan.weight_shares, part_.in_absolute, peers_}};
  }

  /// From x to the errors of the outputs. Leaves pre-activations in z, and sums of squares in parts.
  MODSWEEP_HD void forward(const pack::PassDraws& draws, bool start) {
    T* g = values_ + job_.plan.whole_a;
    for (std::uint32_t l = 0; l < job_.plan.layer_count; ++l) {
      const Layer layer = this->layer(l);
      const LayerShare& share = state_->shares[l];
      const RowGemm<T, sliced> product{.layer = layer,
                                       .backward = false,
                                       .parameters = part_.parameters,
                                       .in = l == 0 ? part_.x : g,
                                       .out = z_of(l),
                                       .rows = state_->part.count,
                                       .rows_per_item = item_rows(share.forward_rows)};
      // A block that is ahead of others writes into their g while they may still read what it was.
      if constexpr (sliced) g = values_ + (l % 2 == 0 ? job_.plan.whole_a : job_.plan.whole_b);
      forward_phase(product, l, start, std::make_index_sequence<math::activity_penalties>());
      const std::uint32_t items = unit_shares(l) * layer.quads();
      if (layer.output)
        block_.phase(Wait::cluster, each(items, OutputRows<T, Peers>{part_, layer, share.unit_rows, z_of(l),
                                                                     values_ + job_.plan.squares, peers_}));
      else
        block_.phase(Wait::cluster,
                     each(items, ForwardRows<T, Peers>{part_, layer, draws, share.unit_rows, z_of(l),
                                                       whole(l, g), activity_partials(), peers_}));
    }
  }

  [[nodiscard]] MODSWEEP_HD ActivityParts<T> activity_partials() const {
    ActivityParts<T> parts;
    for (std::size_t i = 0; i < math::activity_penalties; ++i) parts.of[i] = values_ + job_.plan.parts[i];
    return parts;
  }

  /// Layer l's product; the sums of the activities of the units below go along.
  template <typename Product, std::size_t... activity>
  MODSWEEP_HD void forward_phase(const Product& product, std::uint32_t l, bool start,
                                 std::index_sequence<activity...>) {
    const LayerHyperparameters<T>& hyper = state_->hyper.layer;
    const Layer below = layer(l == 0 ? 0 : l - 1);
    const std::uint32_t shares = unit_shares(below.number);
    product_phase(Wait::block, product, join_weight_sums(start && l == 0),
                  each(hyper.activity[activity] && l > 0 ? below.outputs : 0,
                       SumShares<T, Peers>{below, shares, start, values_ + job_.plan.parts[activity],
                                           part_.activity_sums[activity], peers_})...);
  }

  /// A phase with a product, or the gradient, of a layer's weights before its other parts.
  template <typename Product, typename... Parts>
  MODSWEEP_HD void product_phase(Wait wait, const Product& product, const Parts&... parts) {
    if constexpr (multiplier == Multiplier::tensor_cores) {
      const bool tensor = fills_tiles(product.layer);
      const auto tiles = by_tensor_cores(product);
      block_.phase(wait, each(tensor ? 0 : product.items(), product),
                   each_warp(tensor ? tiles.items() : 0, tiles), parts...);
    } else {
      block_.phase(wait, each(product.items(), product), parts...);
    }
  }

  [[nodiscard]] MODSWEEP_HD SumSquares<T> sum_squares() const {
    const std::uint32_t last = job_.plan.layer_count - 1;
    const std::uint32_t quads = quads_of(layer(last).all_outputs);
    return {values_ + job_.plan.squares, unit_shares(last) * quads, &state_->losses};
  }

  /// From the errors of the outputs to the gradients. What was passed on is made anew, layer by layer.
  /// `loss` goes along with the last phase, when all that it adds up is there.
  MODSWEEP_HD void backward(const pack::PassDraws& draws, bool start,
                            const ThreadItems<pack::SumLoss<T>>& loss) {
    const std::uint32_t last = job_.plan.layer_count - 1;
    const T* delta = z_of(last);
    T* below = values_ + job_.plan.rows_a;
    T* spare = values_ + job_.plan.rows_b;
    for (std::uint32_t l = last;; --l) {
      const T* in = part_.x;
      if (l > 0) {
        const Layer hidden = layer(l - 1);
        T* const by_g = sliced ? values_ + job_.plan.whole_b : below;
        T* const passed = sliced ? values_ + job_.plan.whole_a : z_of(l - 1);
        const RowGemm<T, sliced> product{.layer = layer(l),
                                         .backward = true,
                                         .parameters = part_.parameters,
                                         .in = delta,
                                         .out = by_g,
                                         .rows = state_->part.count,
                                         .rows_per_item = item_rows(state_->shares[l].backward_rows)};
        product_phase(Wait::cluster, product, each(l == last ? 1 : 0, sum_squares()));
        block_.phase(Wait::cluster,
                     each(unit_shares(l - 1) * hidden.quads(),
                          BackwardRows<T, Peers>{part_, hidden, draws, state_->shares[l - 1].unit_rows,
                                                 z_of(l - 1), whole(l - 1, by_g), below, whole(l - 1, passed),
                                                 values_ + job_.plan.parts[0], peers_}));
        in = passed;
      }
      sum_gradients(l, delta, in, start, {l == 0 ? loss.items : 0, loss.f});
      if (l == 0) break;
      delta = below;
      T* const free = spare;
      spare = below;
      below = free;
    }
  }

  /// Of layer l's weights and biases, and the shares of the units below in their layer's slope.
  MODSWEEP_HD void sum_gradients(std::uint32_t l, const T* delta, const T* in, bool start,
                                 const ThreadItems<pack::SumLoss<T>>& loss) {
    const Layer layer = this->layer(l);
    const std::uint32_t rows = state_->part.count;
    const WeightGradient<T, sliced> weights{.layer = layer,
                                            .delta = delta,
                                            .in = in,
                                            .gradients = part_.gradients,
                                            .rows = rows,
                                            .tile = state_->shares[l].tile,
                                            .start = start};
    const BiasGradient<T> biases{layer, delta, part_.gradients, rows, start};
    const Layer below = this->layer(l == 0 ? 0 : l - 1);
    const SumShares<T, Peers> slopes{
        below, unit_shares(below.number), start, values_ + job_.plan.parts[0], part_.slope_sums, peers_};
    // The slopes' sums, which all blocks have, are complete after the last phase.
    product_phase(job_.plan.prelu && l == 0 ? Wait::cluster : Wait::block, weights,
                  each(biases.items(), biases), each(job_.plan.prelu && l > 0 ? below.outputs : 0, slopes),
                  loss);
  }

  const BlockJob<T>& job_;
  Block& block_;
  Peers peers_;
  BlockState<T>* state_;
  T* values_;
  const std::uint32_t* local_indices_;
  PackView<T> batch_;  ///< with the whole batch's BatchState
  PackView<T> part_;
};

}  // namespace modsweep::fused
