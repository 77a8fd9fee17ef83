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

  [[nodiscard]] static std::size_t values(const View<T>& v, const PassSizes& sizes) {
    GemmView<T> view = sized(v, sizes);
    std::size_t out = 0;
    each_array(view, [&out](auto, T*&, std::size_t count) { out += count; });
    return out;
  }

  void reserve(const View<T>& v, const PassSizes& sizes) {
    const GemmView<T> needed = sized(v, sizes);
    const bool same =
        needed.modules == view_.modules && needed.slots == view_.slots && needed.longest == view_.longest;
    if (same) return;
    view_ = needed;
    each_array(view_, [this](Array<T> GemmPass::*array, T*& pointer, std::size_t count) {
      pointer = zeros(this->*array, count);
    });
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

  [[nodiscard]] static GemmView<T> sized(const View<T>& v, const PassSizes& sizes) {
    GemmView<T> view;
    static_cast<View<T>&>(view) = v;
    view.modules = sizes.modules;
    view.slots = sizes.trained + 1;
    view.samples = v.chunks * chunk_samples;
    return view;
  }

  /// f(array, pointer of the view, values) of each.
  template <typename F>
  static void each_array(GemmView<T>& v, const F& f) {
    using G = GemmPass;
    const std::size_t networks = v.networks;
    const std::size_t units = v.layout.units();
    const std::size_t planes = networks * (v.modules + 1);
    const std::size_t slots = networks * v.slots;
    const std::size_t wide = v.wide();
    const std::size_t heads = networks * v.layout.max_heads() * v.samples;
    const std::size_t matrix = units * units;
    f(&G::even_states_, v.states[0], (planes + 1) * wide);
    f(&G::odd_states_, v.states[1], (planes + 1) * wide);
    f(&G::drives_, v.drives, planes * wide);
    f(&G::weights_, v.weights, planes * 2 * matrix);
    f(&G::trained_, v.trained, slots * 2 * matrix);
    f(&G::history_, v.history, slots * (v.longest + 1) * wide);
    f(&G::deltas_, v.deltas, slots * v.longest * wide);
    f(&G::back_, v.back, 2 * slots * wide);
    f(&G::lambda_, v.lambda, slots * wide);
    f(&G::leak_, v.leak, slots * wide);
    f(&G::errors_, v.errors, heads);
    f(&G::loss_, v.loss, heads);
    f(&G::inputs_, v.inputs, networks * 2 * v.longest * v.samples);
    f(&G::of_recurrent_, v.of_recurrent, slots * matrix);
    f(&G::of_feedforward_, v.of_feedforward, slots * matrix);
    f(&G::of_vectors_, v.of_vectors, slots * 2 * units);
  }

  /// That many zeros in an array, which is taken anew only where it is too small.
  [[nodiscard]] T* zeros(Array<T>& array, std::size_t count) {
    if (array.size() < count) {
      array = {};
      array = backend_.template allocate<T>(count);
    } else {
      const std::size_t items = (count + view_.networks - 1) / view_.networks;
      each(static_cast<std::uint32_t>(items), SetZero<T>{array.data(), items, count});
    }
    return array.data();
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
    const std::size_t row = std::size_t{view_.longest} * view_.samples;
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
    const std::size_t row = std::size_t{view_.longest} * view_.samples;
    const std::size_t states_row = std::size_t{view_.longest + 1} * view_.samples;
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
  Array<T> even_states_, odd_states_, drives_, weights_, trained_, history_, deltas_, back_, lambda_, leak_,
      errors_, loss_, inputs_, of_recurrent_, of_feedforward_, of_vectors_;
};

}  // namespace modsweep::bptt
