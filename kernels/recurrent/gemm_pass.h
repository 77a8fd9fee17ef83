// A pass as batched matrix products: of a time step all modules of all networks at once, then one kernel over
// their units. What Trainer wants of a Pass.
#pragma once

#include "pack/product.h"
#include "recurrent/gemm_back.h"

#include <string>

namespace modsweep::bptt {

template <typename Backend, typename T>
class GemmPass {
 public:
  GemmPass(Backend& backend, const Form&) : backend_(backend) {}

  [[nodiscard]] static std::uint32_t parts(std::uint32_t) { return 1; }

  void reserve(const View<T>& v, const PassSizes& sizes) {
    static_cast<View<T>&>(view_) = v;
    if (sizes.modules == view_.modules && sizes.trained + 1 == view_.slots && v.longest == longest_) return;
    view_.modules = sizes.modules;
    view_.slots = sizes.trained + 1;
    view_.samples = v.chunks * chunk_samples;
    longest_ = v.longest;
    allocate();
  }

  void run(const View<T>& v, std::uint32_t steps, bool learning) {
    static_cast<View<T>&>(view_) = v;
    view_.steps = steps;
    each(view_.modules * 2 * units() * units(), PackWeights<T>{view_});
    each(of_modules(), BeginStates<T>{view_});
    for (std::uint32_t t = 1; t <= steps; ++t) {
      forward_product(t);
      each(of_modules(), ForwardUnits<T>{view_, t});
    }
    each(heads() * view_.samples, ReadHeads<T>{view_});
    each(heads() * view_.chunks, SumHeads<T>{view_});
    if (!learning) return;
    each(heads() * (units() + 1), HeadGradients<T>{view_});
    if (view_.slots > 1) back();
  }

 private:
  using Product = pack::BatchedProduct<T>;
  template <typename U>
  using Array = typename Backend::template Array<U>;

  [[nodiscard]] std::uint32_t units() const { return view_.layout.units(); }
  [[nodiscard]] std::uint32_t heads() const { return view_.layout.max_heads(); }
  [[nodiscard]] std::uint32_t of_modules() const { return view_.modules * units() * view_.samples; }
  [[nodiscard]] std::uint32_t of_trained() const { return (view_.slots - 1) * units() * view_.samples; }

  template <typename F>
  void each(std::uint32_t items, const F& f) {
    backend_.for_each(view_.networks, items, f);
  }

  void allocate() {
    const std::size_t networks = view_.networks;
    const std::size_t planes = networks * (view_.modules + 1);
    const std::size_t slots = networks * view_.slots;
    const std::size_t wide = view_.wide();
    const std::size_t matrix = std::size_t{units()} * units();
    const auto take = [this](std::size_t count, Array<T>& array, T*& pointer) {
      array = {};
      array = backend_.template allocate<T>(count);
      pointer = array.data();
    };
    for (int i = 0; i < 2; ++i) take((planes + 1) * wide, states_[i], view_.states[i]);
    take(planes * wide, drives_, view_.drives);
    take(planes * 2 * matrix, weights_, view_.weights);
    take(slots * 2 * matrix, trained_, view_.trained);
    take(slots * (longest_ + 1) * wide, history_, view_.history);
    take(slots * longest_ * wide, deltas_, view_.deltas);
    take(2 * slots * wide, back_, view_.back);
    take(slots * wide, lambda_, view_.lambda);
    take(slots * wide, leak_, view_.leak);
    take(networks * heads() * view_.samples, errors_, view_.errors);
    take(networks * heads() * view_.samples, loss_, view_.loss);
    take(networks * 2 * longest_ * view_.samples, inputs_, view_.inputs);
    take(slots * matrix, of_recurrent_, view_.of_recurrent);
    take(slots * matrix, of_feedforward_, view_.of_feedforward);
    take(slots * 2 * units(), of_vectors_, view_.of_vectors);
  }

  /// Of all modules. The last product of each network is of zeros and whatever follows: nobody reads it.
  void forward_product(std::uint32_t t) {
    const std::size_t wide = view_.wide();
    backend_.gemm(Product{.a = {view_.weights, 2 * units(), std::size_t{2} * units() * units(), false},
                          .b = {view_.states[(t - 1) % 2], view_.samples, wide, false},
                          .c = {view_.drives, view_.samples, wide, false},
                          .rows = units(),
                          .columns = view_.samples,
                          .inner = 2 * units(),
                          .networks = view_.networks * (view_.modules + 1)});
  }

  void back() {
    each(of_trained(), BeginBack<T>{view_});
    each(view_.steps * view_.samples, BeginInputs<T>{view_});
    for (std::uint32_t t = view_.steps; t > 0; --t) {
      each(of_trained(), BackwardUnits<T>{view_, t, t < view_.steps});
      if (t > 1) back_product(t);
    }
    gradient_products();
    each((view_.slots - 1) * (2 * units() * units() + 2 * units()), WriteGradients<T>{view_});
  }

  /// W^T delta(t) of all trained modules.
  void back_product(std::uint32_t t) {
    const std::size_t row = std::size_t{longest_} * view_.samples;
    backend_.gemm(Product{.a = {view_.trained, 2 * units(), std::size_t{2} * units() * units(), true},
                          .b = {view_.deltas + std::size_t{t - 1} * view_.samples, row, row * units(), false},
                          .c = {view_.back, view_.samples, 2 * view_.wide(), false},
                          .rows = 2 * units(),
                          .columns = view_.samples,
                          .inner = units(),
                          .networks = view_.networks * view_.slots});
  }

  /// Sums over time and samples. Slot 0 of each network is of no trained module: its deltas are 0.
  void gradient_products() {
    const std::size_t row = std::size_t{longest_} * view_.samples;
    const std::size_t states_row = std::size_t{longest_ + 1} * view_.samples;
    const std::size_t matrix = std::size_t{units()} * units();
    const std::uint32_t inner = view_.steps * view_.samples;
    const std::uint32_t count = view_.networks * view_.slots;
    backend_.gemm(Product{.a = {view_.deltas, row, row * units(), false},
                          .b = {view_.history, states_row, states_row * units(), true},
                          .c = {view_.of_recurrent, units(), matrix, false},
                          .rows = units(),
                          .columns = units(),
                          .inner = inner,
                          .networks = count});
    backend_.gemm(Product{.a = {view_.deltas + row * units(), row, row * units(), false},
                          .b = {view_.history, states_row, states_row * units(), true},
                          .c = {view_.of_feedforward + matrix, units(), matrix, false},
                          .rows = units(),
                          .columns = units(),
                          .inner = inner,
                          .networks = count - 1});
    for (std::uint32_t k = 1; k < view_.slots; ++k)
      backend_.gemm(
          Product{.a = {view_.deltas + k * row * units(), row, view_.slots * row * units(), false},
                  .b = {view_.inputs, row, 2 * row, true},
                  .c = {view_.of_vectors + k * units() * 2, 2, std::size_t{view_.slots} * units() * 2, false},
                  .rows = units(),
                  .columns = 2,
                  .inner = inner,
                  .networks = view_.networks});
  }

  Backend& backend_;
  GemmView<T> view_;
  std::uint32_t longest_ = 0;
  Array<T> states_[2];
  Array<T> drives_, weights_, trained_, history_, deltas_, back_, lambda_, leak_, errors_, loss_, inputs_,
      of_recurrent_, of_feedforward_, of_vectors_;
};

}  // namespace modsweep::bptt
