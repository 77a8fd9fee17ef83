// After the gradient's shares are there: they are added up, the norm is clipped, and one step of SGD with
// Nesterov momentum is taken (science.md section 8.4).
#pragma once

#include "fused/tile_plan.h"
#include "recurrent/view.h"

#include "modsweep/math/optimizer.h"

namespace modsweep::bptt {

/// A block's shared memory.
struct UpdateMemory {
  double squares[fused::tile_threads];
  double loss;
  double norm;
};

/// Item: a network, by the threads of a block. Nothing changes where the pass does not learn, or where loss
/// or norm is not finite: then the network has diverged.
template <typename T>
struct UpdateNetwork {
  View<T> v;
  bool gradient_only;  ///< no step is taken

  template <typename Thread>
  MODSWEEP_HD void operator()(const Thread& thread, std::byte* shared, std::uint32_t p) const {
    const PassState& pass = v.pass[p];
    if (pass.active == 0 || pass.learning == 0) return;
    auto& memory = *reinterpret_cast<UpdateMemory*>(shared);
    const std::uint32_t number = thread.warp() * lanes + thread.lane();
    memory.squares[number] = add_shares(pass, p, number);
    thread.wait_for_block();
    if (thread.warp() == 0) {
      double sum = 0.0;
      for (std::uint32_t i = thread.lane(); i < fused::tile_threads; i += lanes) sum += memory.squares[i];
      thread.wait_for_warp();
      memory.squares[thread.lane()] = sum;
      thread.wait_for_warp();
      if (thread.lane() == 0) memory.norm = norm_of(memory);
    } else if (number == lanes) {
      memory.loss = loss_of(p);
    }
    thread.wait_for_block();
    const double loss = memory.loss;
    const double norm = memory.norm;
    const bool finite = math::is_finite(loss) && math::is_finite(norm);
    if (!gradient_only && finite) step(pass, p, number, norm);
    if (number == 0) note(p, loss, norm, finite);
  }

 private:
  using Kind = math::RecurrentTensor;

  [[nodiscard]] MODSWEEP_HD static double norm_of(const UpdateMemory& memory) {
    double sum = 0.0;
    for (std::uint32_t i = 0; i < lanes; ++i) sum += memory.squares[i];
    return math::square_root(sum);
  }

  [[nodiscard]] MODSWEEP_HD double loss_of(std::uint32_t p) const {
    double loss = 0.0;
    for (std::uint32_t h = 0; h < v.progress[p].heads; ++h) {
      if (v.reads[v.head(p, h)] == 0) continue;
      double sum = 0.0;
      for (std::uint32_t c = 0; c < v.chunks; ++c) sum += v.losses[v.answer(p, c, h)];
      loss += sum / v.batch;
    }
    return loss;
  }

  /// f(position, place) for all trained parameters of this thread.
  template <typename F>
  MODSWEEP_HD void each_trained(const PassState& pass, std::uint32_t p, std::uint32_t number,
                                const F& f) const {
    const std::size_t end = v.layout.end(v.progress[p].heads);
    const std::size_t begin = v.layout.modular() ? v.layout.end(pass.first_index) : 0;
    for (std::size_t at = begin + number; at < end; at += fused::tile_threads) {
      const Place place = v.layout.place(at);
      if (!Layout::of_head(place.kind) && place.index >= v.progress[p].modules) continue;
      if (v.layout.has(place.kind, place.index) && v.rate(p, place.kind, place.index) > 0.0) f(at, place);
    }
  }

  /// This thread's part of the gradient; the sum of its squares.
  MODSWEEP_HD double add_shares(const PassState& pass, std::uint32_t p, std::uint32_t number) const {
    double squares = 0.0;
    each_trained(pass, p, number, [&](std::size_t at, const Place& place) {
      T sum = T(0);
      const bool learns = Layout::of_head(place.kind)
                              ? v.reads[v.head(p, place.index)] != 0
                              : place.index >= pass.first_trained && place.index <= pass.last;
      const T* share = v.shares + std::size_t{p} * v.parts * v.layout.size() + at;
      for (std::uint32_t part = 0; learns && part < v.parts; ++part) sum += share[part * v.layout.size()];
      if (place.kind == Kind::timescale) sum = math::timescale_gradient(v.values_of(p)[at], sum);
      v.gradient[p * v.layout.size() + at] = sum;
      squares += static_cast<double>(sum) * static_cast<double>(sum);
    });
    return squares;
  }

  MODSWEEP_HD void step(const PassState& pass, std::uint32_t p, std::uint32_t number, double norm) const {
    const NetworkSettings& settings = v.settings[p];
    const T factor =
        settings.clip_norm > 0.0 ? static_cast<T>(math::clip_factor(norm, settings.clip_norm)) : T(1);
    each_trained(pass, p, number, [&](std::size_t at, const Place& place) {
      const math::SgdStep<T> of_tensor{
          static_cast<T>(settings.learning_rate * v.rate(p, place.kind, place.index)),
          static_cast<T>(settings.momentum), T(0), settings.nesterov};
      const std::size_t there = p * v.layout.size() + at;
      v.values[there] =
          math::update_sgd(of_tensor, v.values[there], factor * v.gradient[there], v.velocity[there]);
    });
  }

  MODSWEEP_HD void note(std::uint32_t p, double loss, double norm, bool finite) const {
    v.outcome[p] = {loss, norm};
    if (gradient_only) return;
    Progress& progress = v.progress[p];
    if (!finite) {
      progress.diverged = progress.step + 1;
      return;
    }
    ++progress.step;
    progress.loss_sum += loss;
  }
};

}  // namespace modsweep::bptt
