// A pack in training with a thread block, or a cluster of them, for each network: one launch takes many
// steps.
//
// The class is a template over the backend, as GemmTraining: besides what a MeasuringBackend has
// (pack/backend.h), it has
//   limits() -> BlockLimits,
//   for_each_block(networks, ranks, threads, bytes, f, registers): f(block, p) for every network p. `block`
//   (block.h) has
//     that many threads, that many bytes of shared memory, and at most that many registers per thread. With
//     ranks > 1, f is called with each block of a cluster,
//   for_each_tile_block(items, bytes, f): f(thread, shared, item) with every thread (tile_lanes.h) of a block
//   of
//     tile_threads threads for every item,
//   multiprocessors(), and blocks_of_multiprocessor<F>(threads, bytes, registers): resident blocks of one
//   multiprocessor, milliseconds(launch): device time of the work that launch() enqueues; launch() is called
//   twice and the second call is
//     timed.
#pragma once

#include "fused/block_work.h"
#include "fused/launch_bounds.h"
#include "fused/tile_network.h"
#include "training/pack_training.h"

#include <cstring>
#include <memory>

namespace modsweep::fused {

template <typename Backend, typename T, Multiplier multiplier = Multiplier::threads>
class FusedTraining final : public pack::PackTraining<Backend, T> {
 public:
  /// Throws std::bad_alloc where the backend's memory does not suffice. The shape must not be refused.
  FusedTraining(std::unique_ptr<Backend> backend, const Pack& pack, std::shared_ptr<RegisterChoices> choices)
      : pack::PackTraining<Backend, T>(std::move(backend), pack, pack::Workspace::block),
        plan_(block_plan<T>(pack.shape, pack.batch_size, this->backend().limits(), multiplier)),
        layers_(kept_of_ranks([](const Shape& shape, std::uint32_t ranks, std::uint32_t rank) {
          return block_layers(shape, ranks, rank, multiplier);
        })),
        whole_layers_(kept(whole_layers())),
        shares_(kept(share_table(pack.shape, plan_, registers_of<T>))),
        local_indices_(kept_of_ranks(local_index_table)),
        ends_(kept_of_ranks(block_ends)),
        choices_(std::move(choices)) {
    deal_out();
  }

 private:
  template <typename U>
  using Array = typename Backend::template Array<U>;

  using Train = TrainNetwork<T, multiplier>;

  /// Networks of one kind, by their index.
  struct Members {
    std::uint32_t count = 0;
    Array<std::uint32_t> indices;
  };

  void train(std::uint64_t) override {
    if constexpr (has_tiles) {
      train_tiles<false>(plain_);
      train_tiles<true>(noisy_);
    }
    if (others_.count == 0) return;
    if (registers_ == 0) registers_ = chosen_registers();
    BlockJob<T> others = job(this->memory().view());
    others.members = others_.indices.data();
    others.moment1 = moment1_.data();
    others.moment2 = moment2_.data();
    this->backend().for_each_block(others_.count, plan_.ranks, plan_.threads, plan_.bytes,
                                   Train{.job = others, .inspect = false}, registers_);
  }

  template <bool noisy>
  void train_tiles(const Members& members) {
    if (members.count == 0) return;
    with_tile_width<multiplier>(tile_plan_, [&](auto width) {
      this->backend().for_each_tile_block(
          members.count, tile_plan_.bytes,
          TrainTiles<noisy, multiplier, width>{{this->memory().view(), tile_plan_, members.indices.data()}});
    });
  }

  /// Whether any network of this precision is trained by tiles.
  static constexpr bool has_tiles = std::is_same_v<T, float>;

  /// Lists the networks by how they are trained.
  void deal_out() {
    const Pack& pack = this->pack();
    const bool fits =
        has_tiles && fits_tiles(pack.shape, pack.batch_size, this->backend().limits(), multiplier);
    if (fits) tile_plan_ = tile_plan(pack.shape, pack.batch_size, multiplier);
    std::vector<std::uint32_t> plain;
    std::vector<std::uint32_t> noisy;
    std::vector<std::uint32_t> others;
    for (std::uint32_t n = 0; n < networks(); ++n) {
      const TileKind kind = fits ? tile_kind(pack, n) : TileKind::none;
      (kind == TileKind::plain ? plain : kind == TileKind::noisy ? noisy : others).push_back(n);
    }
    const auto members = [this](const std::vector<std::uint32_t>& indices) {
      return Members{static_cast<std::uint32_t>(indices.size()), kept(indices)};
    };
    plain_ = members(plain);
    noisy_ = members(noisy);
    others_ = members(others);
    const std::size_t moments = std::size_t{others_.count} * plan_.ranks * plan_.parameter_stride;
    for (Array<T>* array : {&moment1_, &moment2_}) *array = this->backend().template allocate<T>(moments);
  }

  void sum_losses(const PackView<T>& v, Split split, std::uint64_t) override {
    run(EvaluateNetwork<T>{job(v), split});
  }

  void differentiate() override { differentiate_with(max_registers); }

  void differentiate_with(std::uint32_t registers) {
    run(Train{.job = job(this->memory().view()), .inspect = true}, registers);
  }

  [[nodiscard]] BlockJob<T> job(const PackView<T>& v) const {
    return {v,           plan_, layers_.data(), whole_layers_.data(), shares_.data(), local_indices_.data(),
            ends_.data()};
  }

  template <typename F>
  void run(const F& f, std::uint32_t registers = max_registers) {
    this->backend().for_each_block(networks(), plan_.ranks, plan_.threads, plan_.bytes, f, registers);
  }
  [[nodiscard]] std::uint32_t networks() const { return static_cast<std::uint32_t>(this->pack().size()); }

  /// What choose_registers() wants: all launches are inspections of the next step, and change no network.
  struct Trial {
    FusedTraining& training;

    [[nodiscard]] std::uint32_t blocks(std::uint32_t registers) const {
      Backend& backend = training.backend();
      const std::uint32_t held = backend.template blocks_of_multiprocessor<Train>(
          training.plan_.threads, training.plan_.bytes, registers);
      const std::uint32_t multiprocessors = backend.multiprocessors();
      return std::min(held, (training.networks() - 1) / multiprocessors + 1);
    }
    [[nodiscard]] bool agree() const {
      const auto same = [](const auto& a, const auto& b) {
        return std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0;
      };
      const auto [losses, gradients] = results(max_registers);
      const auto [other_losses, other_gradients] = results(fewer_registers);
      return same(losses, other_losses) && same(gradients, other_gradients);
    }
    [[nodiscard]] double milliseconds(std::uint32_t registers) const {
      return training.backend().milliseconds([&] { training.differentiate_with(registers); });
    }

   private:
    /// The backend's are cleared before: what a launch does not write is not left from another one.
    [[nodiscard]] std::pair<std::vector<LossSums>, std::vector<T>> results(std::uint32_t registers) const {
      auto& memory = training.memory();
      std::vector<LossSums> losses(memory.losses.size());
      std::vector<T> gradients(memory.gradients.size());
      training.backend().upload(memory.losses, losses.data(), losses.size());
      training.backend().upload(memory.gradients, gradients.data(), gradients.size());
      training.differentiate_with(registers);
      training.backend().download(losses.data(), memory.losses, losses.size());
      training.backend().download(gradients.data(), memory.gradients, gradients.size());
      return {std::move(losses), std::move(gradients)};
    }
  };

  [[nodiscard]] std::uint32_t chosen_registers() {
    if (!Train::chooses_registers || plan_.ranks > 1) return max_registers;
    return choices_->of(pack_kind(this->pack()), [this] { return choose_registers(Trial{*this}); });
  }

  /// Layers as the first block lays them out, but not sliced.
  [[nodiscard]] std::vector<Layer> whole_layers() const {
    std::vector<Layer> layers = block_layers(this->pack().shape, plan_.ranks, 0, multiplier);
    for (Layer& layer : layers) layer.outputs = layer.all_outputs;
    return layers;
  }

  /// The tables of all blocks of a cluster, one after the other.
  template <typename Table>
  [[nodiscard]] auto kept_of_ranks(const Table& table) {
    auto values = table(this->pack().shape, plan_.ranks, 0);
    for (std::uint32_t rank = 1; rank < plan_.ranks; ++rank) {
      const auto of_rank = table(this->pack().shape, plan_.ranks, rank);
      values.insert(values.end(), of_rank.begin(), of_rank.end());
    }
    return kept(values);
  }

  template <typename U>
  [[nodiscard]] Array<U> kept(const std::vector<U>& values) {
    Array<U> array = this->backend().template allocate<U>(values.size());
    this->backend().upload(array, values.data(), values.size());
    return array;
  }

  BlockPlan plan_;
  Array<Layer> layers_;
  Array<Layer> whole_layers_;
  Array<LayerShare> shares_;
  Array<std::uint32_t> local_indices_;
  Array<WeightEndpoints> ends_;
  TilePlan tile_plan_;
  Members plain_;  ///< trained by tiles, as are the next ones
  Members noisy_;
  Members others_;
  Array<T> moment1_, moment2_;  ///< of the others (BlockJob)
  std::shared_ptr<RegisterChoices> choices_;
  std::uint32_t registers_ = 0;  ///< of the threads that train; 0: not chosen yet
};

/// Bytes of a backend's memory that one network takes, datasets aside.
template <typename T>
[[nodiscard]] std::size_t network_bytes(const Shape& shape) {
  return (4 * ParameterLayout(shape).padded() + 2 * block_parameters(shape)) * sizeof(T) +
         2 * sizeof(Hyperparameters<T>) + sizeof(NetworkData<T>) + sizeof(Progress) + sizeof(LossSums) +
         sizeof(BatchState<T>);
}

}  // namespace modsweep::fused
