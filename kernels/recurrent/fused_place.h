// Where a thread of the fused pass finds what (FusedPlan), and the weights of the module that its warp has.
#pragma once

#include "recurrent/fused_module.h"

namespace modsweep::bptt {

template <typename T, std::uint32_t rows, typename Thread>
class BlockPlace {
 public:
  using Kind = math::RecurrentTensor;
  using Rows = Tile<rows>;

  MODSWEEP_HD BlockPlace(const FusedView<T>& view, const Thread& own, std::byte* shared, std::uint32_t item)
      : v(view),
        thread(own),
        p(item / view.chunks),
        chunk(item - p * view.chunks),
        lane(own.lane()),
        warp(own.warp()),
        pass(view.pass[p]),
        memory(view.memory + std::size_t{item} * view.plan.memory),
        shared_(reinterpret_cast<T*>(shared)) {}

  [[nodiscard]] MODSWEEP_HD LaneBases<T> bases() const {
    return {memory + lane, shared_, v.bits_of(p, chunk) + lane};
  }

  // Offsets in the block's memory.
  [[nodiscard]] MODSWEEP_HD std::uint32_t history() const { return (v.longest + 1) * plane(); }
  [[nodiscard]] MODSWEEP_HD std::uint32_t plane() const { return v.layout.units() * chunk_samples; }
  [[nodiscard]] MODSWEEP_HD std::uint32_t states_of(std::uint32_t m) const {
    if (m < pass.first_kept) return m % ring * history();
    return v.plan.kept + (m - pass.first_kept) * history();
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t targets_of(std::uint32_t m) const {
    return v.plan.targets + (m - pass.first_trained) * v.longest * plane();
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t passed_of(std::uint32_t m) const {
    return v.plan.passed + m % ring * history();
  }

  [[nodiscard]] MODSWEEP_HD T* scratch() const {
    return shared_ + v.plan.scratch + warp * Rows::sums * (lanes + 1);
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t steps_of(std::uint32_t m) const { return v.steps_of(p, m); }
  [[nodiscard]] MODSWEEP_HD T* share(Kind kind, std::uint32_t index) const {
    return v.shares + (std::size_t{p} * v.parts + chunk) * v.layout.size() + v.layout.offset(kind, index);
  }
  /// Of the lane's sample s: whether it is one, and its length.
  [[nodiscard]] MODSWEEP_HD bool in_batch(std::uint32_t s) const {
    return chunk * chunk_samples + s * lanes + lane < v.batch;
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t length(std::uint32_t s) const {
    if (pass.own_lengths != 0) return v.lengths[v.chunk(p, chunk) * chunk_samples + s * lanes + lane];
    return in_batch(s) ? pass.length : 0;
  }

  [[nodiscard]] MODSWEEP_HD LaneModule<T> module(std::uint32_t m) const {
    LaneModule<T> out;
    const bool flat = !v.layout.modular();
    out.units = v.layout.units();
    out.plane = plane();
    out.tiles = v.plan.tiles;
    out.first_tile = flat ? warp : 0;
    out.tile_step = flat ? block_warps : 1;
    out.recurrent = region();
    out.feedforward = region() + v.plan.matrix;
    out.vectors = region() + v.plan.vectors;
    out.slope = static_cast<T>(v.settings[p].slope);
    out.drive = v.settings[p].site == math::ActivationSite::drive;
    MODSWEEP_UNROLLED
    for (std::uint32_t s = 0; s < lane_samples; ++s) out.length[s] = length(s);
    out.states = states_of(m);
    if (m > 0) out.below = states_of(m - 1);
    if (m < pass.first_trained) return out;
    const std::uint32_t at = (m - pass.first_trained) * plane();
    out.targets = targets_of(m);
    if (m < pass.last) out.arriving = passed_of(m + 1);
    if (m > pass.first_trained) out.passed = passed_of(m);
    out.lambda = v.plan.lambda + at;
    out.leak_gradient = v.plan.leak + at;
    return out;
  }

  [[nodiscard]] MODSWEEP_HD bool reads(std::uint32_t h) const { return v.reads[v.head(p, h)] != 0; }
  /// A unit whose values may be read in the place of one that is not there.
  [[nodiscard]] MODSWEEP_HD std::uint32_t within(std::uint32_t unit) const {
    return unit < v.layout.units() ? unit : v.layout.units() - 1;
  }

  /// Weights of a module into shared memory; `back`: for the way back. What a flat network's block has there
  /// nobody may still read.
  MODSWEEP_HD void load_weights(std::uint32_t m, bool back) const {
    const bool flat = !v.layout.modular();
    const std::uint32_t first = flat ? warp * lanes + lane : lane;
    const std::uint32_t step = flat ? block_threads : lanes;
    if (!flat) thread.wait_for_warp();  // whose lanes read what is there
    T* to = shared_ + region();
    pack_matrix(v.tensor(p, Kind::recurrent, m), back, to, first, step);
    if (m > 0) pack_matrix(v.tensor(p, Kind::feedforward, m), back, to + v.plan.matrix, first, step);
    T* vectors = to + v.plan.vectors;
    const std::uint32_t count = v.plan.tiles * Rows::row_values;
    for (std::uint32_t at = first; at < count; at += step) {
      const std::uint32_t r = at % Rows::row_values;
      const std::uint32_t unit = at / Rows::row_values * rows + r;
      const bool there = r < rows && unit < v.layout.units();
      vectors[at] = there ? v.tensor(p, Kind::input, m)[unit] : T(0);
      vectors[count + at] = there ? bias_of<T>(v, p, m, unit) : T(0);
      vectors[2 * count + at] = there ? math::leak_of_timescale(v.tensor(p, Kind::timescale, m)[unit]) : T(0);
    }
    if (flat)
      thread.wait_for_block();
    else
      thread.wait_for_warp();
  }

  const FusedView<T>& v;
  const Thread& thread;
  const std::uint32_t p;      ///< the block's network
  const std::uint32_t chunk;  ///< and samples
  const std::uint32_t lane;
  const std::uint32_t warp;
  const PassState& pass;
  T* const memory;  ///< the block's own

 private:
  /// Where the weights of the warp's module begin.
  [[nodiscard]] MODSWEEP_HD std::uint32_t region() const {
    return v.layout.modular() ? warp * v.plan.region : 0;
  }

  /// A matrix as add_product reads it; `back`: its transpose.
  MODSWEEP_HD void pack_matrix(const T* w, bool back, T* to, std::uint32_t first, std::uint32_t step) const {
    const std::uint32_t units = v.layout.units();
    for (std::uint32_t at = first; at < v.plan.matrix; at += step) {
      const std::uint32_t r = at % Rows::row_values;
      const std::uint32_t column = at / Rows::row_values;
      const std::uint32_t tile = column / units;
      const std::uint32_t j = column - tile * units;
      const std::uint32_t i = tile * rows + r;
      to[at] = r < rows && i < units ? w[back ? j * units + i : i * units + j] : T(0);
    }
  }

  T* shared_;
};

}  // namespace modsweep::bptt
