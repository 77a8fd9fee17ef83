// The arrays of a pack in the backend's memory: those that View points to, and a few that the trainer alone
// uses. They are as large as the networks may come to need, from the start, so that a pack that has begun
// does not run out of memory.
#pragma once

#include "recurrent/fused_plan.h"
#include "recurrent/network_state.h"

#include <algorithm>
#include <vector>

namespace modsweep::bptt {

/// What the networks of a pack may come to need.
struct Most {
  std::uint32_t longest = 0;  ///< time steps of a sequence
  PassSizes sizes;            ///< of a training pass
};

/// Of networks that come to have all heads that there is room for; the last one's task is one more than there
/// are.
[[nodiscard]] inline Most most_of(const Form& form, const std::vector<NetworkPlan>& networks) {
  Most out;
  bool all = false;
  for (const NetworkPlan& network : networks) {
    const double factor = network.settings.length_factor;
    out.longest = std::max(out.longest, math::longest_sequence(factor, form.max_heads + 1));
    all = all || network.growth.old_rate > 0.0;
  }
  const std::uint32_t modules = form.modular ? form.max_heads : 1;
  out.sizes = {
      .modules = modules, .kept = all ? modules : std::min(modules, 2U), .trained = all ? modules : 1};
  return out;
}

/// View of networks without memory yet.
template <typename T>
[[nodiscard]] View<T> empty_view(const Form& form, std::size_t networks, std::uint32_t longest,
                                 std::uint32_t parts_of_chunks(std::uint32_t)) {
  View<T> view;
  view.layout = Layout(form);
  view.networks = static_cast<std::uint32_t>(networks);
  view.batch = form.batch;
  view.chunks = (form.batch + chunk_samples - 1) / chunk_samples;
  view.longest = longest;
  view.parts = parts_of_chunks(view.chunks);
  return view;
}

template <typename Backend, typename T>
class NetworkMemory {
 public:
  template <typename U>
  using Array = typename Backend::template Array<U>;

  NetworkMemory() = default;
  /// Sets the view's pointers. Throws std::bad_alloc where the memory does not suffice.
  NetworkMemory(Backend& backend, View<T>& view) {
    each(view, [&]<typename U>(Array<U> NetworkMemory::*array, U*& pointer, std::size_t count) {
      this->*array = backend.template allocate<U>(count);
      pointer = (this->*array).data();
    });
  }

  /// Of a view's networks.
  [[nodiscard]] static std::size_t bytes(View<T> view) {
    std::size_t out = 0;
    each(view,
         [&]<typename U>(Array<U> NetworkMemory::*, U*&, std::size_t count) { out += count * sizeof(U); });
    return out;
  }

  Array<T> values, velocity, gradient, shares, bits, first, margins;
  Array<double> rates, losses;
  Array<std::uint32_t> tasks, steps, reads, lengths, right;
  Array<NetworkSettings> settings;
  Array<Progress> progress;
  Array<PassState> pass;
  Array<Outcome> outcome;
  Array<std::uint64_t> right_total, until;           ///< [P][H]; [P]
  Array<std::uint32_t> first_batch, batches, given;  ///< [P]

 private:
  /// f(array, pointer of the view, values) of each.
  template <typename F>
  static void each(View<T>& v, const F& f) {
    using M = NetworkMemory;
    const std::size_t networks = v.networks;
    const std::size_t all = networks * v.layout.size();
    const std::size_t heads = networks * v.layout.max_heads();
    const std::size_t modules = networks * v.layout.max_modules();
    const std::size_t samples = std::size_t{v.chunks} * chunk_samples;
    f(&M::values, v.values, all);
    f(&M::velocity, v.velocity, all);
    f(&M::gradient, v.gradient, all);
    f(&M::shares, v.shares, all * v.parts);
    f(&M::rates, v.rates, heads * tensor_kinds);
    f(&M::tasks, v.tasks, heads);
    f(&M::settings, v.settings, networks);
    f(&M::progress, v.progress, networks);
    f(&M::pass, v.pass, networks);
    f(&M::outcome, v.outcome, networks);
    f(&M::steps, v.steps, modules);
    f(&M::reads, v.reads, heads);
    f(&M::lengths, v.lengths, networks * samples);
    f(&M::bits, v.bits, networks * v.longest * samples);
    f(&M::first, v.first, modules * v.chunks * v.plane());
    f(&M::margins, v.margins, heads * samples);
    f(&M::losses, v.losses, heads * v.chunks);
    f(&M::right, v.right, heads * v.chunks);
    std::uint64_t* counts = nullptr;
    std::uint32_t* numbers = nullptr;
    f(&M::right_total, counts, heads);
    f(&M::until, counts, networks);
    f(&M::first_batch, numbers, networks);
    f(&M::batches, numbers, networks);
    f(&M::given, numbers, networks);
  }
};

/// A backend's memory that one network may come to need, in bytes.
template <typename Backend, typename T, template <typename, typename> class PassOf>
[[nodiscard]] std::size_t network_bytes(const Form& form, const Most& most) {
  using Pass = PassOf<Backend, T>;
  const View<T> view = empty_view<T>(form, 1, most.longest, Pass::parts);
  return NetworkMemory<Backend, T>::bytes(view) + Pass::values(view, most.sizes) * sizeof(T);
}

}  // namespace modsweep::bptt
