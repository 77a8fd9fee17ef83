// A pack in training with a thread block, or a cluster of them, for each network: one launch takes many
// steps.
//
// The class is a template over the machine, as GemmTraining: besides what PackTraining asks of it, it has
//   limits() -> BlockLimits,
//   for_each_block(networks, ranks, threads, bytes, f): f(block, p) for every network p, with a Block of so
//   many threads and bytes of shared memory (block.h), or with each of a cluster of `ranks` such blocks.
#pragma once

#include "fused/block_network.h"
#include "gemm/pack_training.h"

#include <memory>

namespace modsweep::fused {

template <typename Machine, typename T, Multiplier multiplier = Multiplier::threads>
class FusedTraining final : public gemm::PackTraining<Machine, T> {
 public:
  /// Throws std::bad_alloc where the machine's memory does not suffice. The shape must not be refused.
  FusedTraining(std::unique_ptr<Machine> machine, const Pack& pack)
      : gemm::PackTraining<Machine, T>(std::move(machine), pack, gemm::Workspace::block),
        plan_(block_plan<T>(pack.shape, pack.batch_size, this->machine().limits(), multiplier)),
        layers_(kept_of_ranks([](const Shape& shape, std::uint32_t ranks, std::uint32_t rank) {
          return block_layers(shape, ranks, rank, multiplier);
        })),
        whole_layers_(kept(whole_layers())),
        shares_(kept(share_table(pack.shape, plan_, registers_of<T>))),
        slots_(kept_of_ranks(slot_table)),
        places_(kept_of_ranks(place_table)) {}

 private:
  template <typename U>
  using Array = typename Machine::template Array<U>;

  void train(std::uint64_t) override {
    run(TrainNetwork<T, multiplier>{.job = job(this->memory().view()), .inspect = false});
  }

  void sum_losses(const PackView<T>& v, Split split, std::uint64_t) override {
    run(EvaluateNetwork<T>{job(v), split});
  }

  void differentiate() override {
    run(TrainNetwork<T, multiplier>{.job = job(this->memory().view()), .inspect = true});
  }

  [[nodiscard]] BlockJob<T> job(const PackView<T>& v) const {
    return {v, plan_, layers_.data(), whole_layers_.data(), shares_.data(), slots_.data(), places_.data()};
  }

  template <typename F>
  void run(const F& f) {
    this->machine().for_each_block(static_cast<std::uint32_t>(this->pack().size()), plan_.ranks,
                                   plan_.threads, plan_.bytes, f);
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
    Array<U> array = this->machine().template allocate<U>(values.size());
    this->machine().upload(array, values.data(), values.size());
    return array;
  }

  BlockPlan plan_;
  Array<Layer> layers_;
  Array<Layer> whole_layers_;
  Array<LayerShare> shares_;
  Array<std::uint32_t> slots_;
  Array<ParameterPlace> places_;
};

/// Bytes of a machine's memory that one network takes, datasets aside.
template <typename T>
[[nodiscard]] std::size_t network_bytes(const Shape& shape) {
  return 4 * ParameterLayout(shape).padded() * sizeof(T) + 2 * sizeof(NetworkRule<T>) +
         sizeof(NetworkData<T>) + sizeof(Progress) + sizeof(LossSums) + sizeof(Now<T>);
}

}  // namespace modsweep::fused
