// A pack in training with a thread block for each network: one launch takes many steps.
//
// The class is a template over the machine, as GemmTraining: besides what PackTraining asks of it, it has
//   limits() -> BlockLimits,
//   for_each_block(networks, threads, bytes, f): f(block, p) for every network p, with a Block of so many
//   threads and bytes of shared memory (block.h).
#pragma once

#include "fused/block_network.h"
#include "gemm/pack_training.h"

#include <memory>

namespace modsweep::fused {

template <typename Machine, typename T>
class FusedTraining final : public gemm::PackTraining<Machine, T> {
 public:
  /// Throws std::bad_alloc where the machine's memory does not suffice. The shape must not be refused.
  FusedTraining(std::unique_ptr<Machine> machine, const Pack& pack)
      : gemm::PackTraining<Machine, T>(std::move(machine), pack, gemm::Workspace::block),
        plan_(block_plan<T>(pack.shape, pack.batch_size, this->machine().limits())),
        layers_(kept(block_layers(pack.shape))),
        shares_(kept(share_table(pack.shape, plan_, registers_of<T>))),
        slots_(kept(slot_table(pack.shape))),
        places_(kept(place_table(pack.shape))) {}

 private:
  template <typename U>
  using Array = typename Machine::template Array<U>;

  void train(std::uint64_t) override { run(TrainNetwork<T>{job(this->memory().view())}); }

  void sum_losses(const PackView<T>& v, Split split, std::uint64_t) override {
    run(EvaluateNetwork<T>{job(v), split});
  }

  void differentiate() override { run(InspectNetwork<T>{job(this->memory().view())}); }

  [[nodiscard]] BlockJob<T> job(const PackView<T>& v) const {
    return {v, plan_, layers_.data(), shares_.data(), slots_.data(), places_.data()};
  }

  template <typename F>
  void run(const F& f) {
    this->machine().for_each_block(static_cast<std::uint32_t>(this->pack().size()), plan_.threads,
                                   plan_.bytes, f);
  }

  template <typename U>
  [[nodiscard]] Array<U> kept(const std::vector<U>& values) {
    Array<U> array = this->machine().template allocate<U>(values.size());
    this->machine().upload(array, values.data(), values.size());
    return array;
  }

  BlockPlan plan_;
  Array<Layer> layers_;
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
