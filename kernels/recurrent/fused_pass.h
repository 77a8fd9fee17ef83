// One pass of one network over a chunk of samples by a thread block: the whole sequence forward and back.
//
// A modular network's modules are dealt to the warps in turn. A warp takes its module through the sequence in
// stretches of four time steps; the module above follows one stretch behind, on the next warp; after each
// stretch the block waits. The gradient goes the same way back. Of a flat network every warp has some of the
// units, and the block waits at every time step. Results depend on neither.
//
// Shared memory: weights of a warp's module (of a flat network: of all), written by their readers, and
// scratch of each warp. All else, which FusedPlan names, is in the backend's memory, at most a block's own.
#pragma once

#include "recurrent/fused_gradients.h"

#include "modsweep/error.h"

namespace modsweep::bptt {

template <typename T, std::uint32_t rows, typename Thread>
class BlockPass {
 public:
  MODSWEEP_HD explicit BlockPass(const BlockPlace<T, rows, Thread>& place)
      : b_(place), v_(place.v), at_(place.bases()) {}

  MODSWEEP_HD void run() {
    if (b_.pass.active == 0) return;
    v_.layout.modular() ? forward_modules() : forward_flat();
    if (b_.pass.learning == 0 || b_.pass.first_trained > b_.pass.last) return;
    v_.layout.modular() ? backward_modules() : backward_flat();
    GradientSums(b_).add_gradients();
  }

 private:
  using Kind = math::RecurrentTensor;
  using Rows = Tile<rows>;

  // ---- forward

  /// f(unit, sample of the lane, place in a plane) of the warp's units.
  template <typename F>
  MODSWEEP_HD static void each_unit(const LaneModule<T>& m, const F& f) {
    for (std::uint32_t tile = m.first_tile; tile < m.tiles; tile += m.tile_step)
      for (std::uint32_t unit = tile * rows; unit < (tile + 1) * rows && unit < m.units; ++unit)
        for (std::uint32_t s = 0; s < lane_samples; ++s) f(unit, s, tile_at(unit, s));
  }

  MODSWEEP_HD void begin_forward(std::uint32_t m) const {
    const LaneModule<T> own = b_.module(m);
    const T* first = v_.first_of(b_.p, b_.chunk, m) + b_.lane;
    each_unit(own, [&](std::uint32_t, std::uint32_t, std::uint32_t here) {
      at_.memory[own.states + here] = first[here];
    });
    b_.load_weights(m, false);
  }

  MODSWEEP_HD void forward_modules() const {
    const std::uint32_t pieces = (b_.pass.length + stretch - 1) / stretch;
    const std::uint32_t period = pieces > block_warps ? pieces : block_warps;
    const std::uint32_t phases = b_.pass.last / block_warps * period + b_.pass.last % block_warps + pieces;
    std::uint32_t m = b_.warp;
    std::uint32_t piece = 0;
    LaneModule<T> own;
    for (std::uint32_t phase = 0; phase < phases; ++phase) {
      if (phase >= b_.warp && m <= b_.pass.last) {
        if (piece == 0) {
          begin_forward(m);
          own = b_.module(m);
        }
        const std::uint32_t steps = b_.steps_of(m);
        for (std::uint32_t t = piece * stretch + 1; t <= (piece + 1) * stretch && t <= steps; ++t)
          for (std::uint32_t tile = 0; tile < own.tiles; ++tile) forward_tile<rows>(at_, own, t, tile);
        if (piece + 1 == pieces) read_heads_of(m);
        if (++piece == period) {
          piece = 0;
          m += block_warps;
        }
      }
      b_.thread.wait_for_block();
    }
  }

  MODSWEEP_HD void forward_flat() const {
    begin_forward(0);
    const LaneModule<T> own = b_.module(0);
    for (std::uint32_t t = 1; t <= b_.pass.length; ++t) {
      for (std::uint32_t tile = own.first_tile; tile < own.tiles; tile += own.tile_step)
        forward_tile<rows>(at_, own, t, tile);
      b_.thread.wait_for_block();
    }
    for (std::uint32_t h = b_.warp; h < v_.progress[b_.p].heads; h += block_warps)
      if (b_.reads(h)) read_head(h, 0);
  }

  // ---- heads

  MODSWEEP_HD void read_heads_of(std::uint32_t m) const {
    for (std::uint32_t h = m; h < v_.progress[b_.p].heads; ++h)
      if (v_.module_of_head(b_.p, h) == m && b_.reads(h)) read_head(h, m);
  }

  [[nodiscard]] MODSWEEP_HD T label_of(std::uint32_t h, std::uint32_t s) const {
    const std::uint32_t end = b_.length(s);
    const std::uint32_t task = v_.tasks[v_.head(b_.p, h)];
    std::uint32_t ones = 0;
    for (std::uint32_t t = end > task ? end - task : 0; t < end; ++t)
      ones += at_.bits[t * chunk_samples + s * lanes] > T(0) ? 1 : 0;
    return static_cast<T>(ones % 2);
  }

  /// A head at the end of the sequences, by a warp: its answers, errors and own gradient.
  MODSWEEP_HD void read_head(std::uint32_t h, std::uint32_t m) const {
    const std::uint32_t units = v_.layout.units();
    const T* w = v_.tensor(b_.p, Kind::head, h);
    const T* b = v_.tensor(b_.p, Kind::head_bias, h);
    const T* states = at_.memory + (b_.states_of(m) + b_.pass.length * b_.plane());
    const std::size_t answer = v_.answer(b_.p, b_.chunk, h);
    T errors[lane_samples];
    T sums[2] = {};  // of losses and of right answers
    for (std::uint32_t s = 0; s < lane_samples; ++s) {
      T margin = b[1] - b[0];
      for (std::uint32_t j = 0; j < units; ++j)
        margin = math::multiply_add(w[units + j] - w[j], states[tile_at(j, s)], margin);
      const T label = label_of(h, s);
      T error = T(0);
      const T loss = math::cross_entropy(margin, label, error);
      const bool right = (margin > T(0)) == (label > T(0));
      v_.margins[answer * chunk_samples + s * lanes + b_.lane] = margin;
      errors[s] = T(0);
      if (!b_.in_batch(s)) continue;
      errors[s] = error * (T(1) / static_cast<T>(v_.batch));
      sums[0] += loss;
      sums[1] += right ? T(1) : T(0);
    }
    add_lanes(b_.thread, b_.scratch(), sums, [&](std::uint32_t what, T sum) {
      if (what == 0)
        v_.losses[answer] = static_cast<double>(sum);
      else
        v_.right[answer] = static_cast<std::uint32_t>(sum);
    });
    if (b_.pass.learning == 0) return;
    for (std::uint32_t s = 0; s < lane_samples; ++s)
      at_.memory[v_.plan.errors + h * chunk_samples + s * lanes] = errors[s];
    add_head_gradient(h, states, errors);
  }

  /// The two outputs' errors are each other's negatives.
  MODSWEEP_HD void add_head_gradient(std::uint32_t h, const T* states,
                                     const T (&errors)[lane_samples]) const {
    const std::uint32_t units = v_.layout.units();
    T* weights = b_.share(Kind::head, h);
    T* biases = b_.share(Kind::head_bias, h);
    for (std::uint32_t begin = 0; begin <= units; begin += Rows::columns) {
      T sums[Rows::columns];
      MODSWEEP_UNROLLED
      for (std::uint32_t i = 0; i < Rows::columns; ++i) {
        const std::uint32_t j = begin + i;
        sums[i] = T(0);
        for (std::uint32_t s = 0; s < lane_samples; ++s)
          sums[i] += j < units ? errors[s] * states[tile_at(j, s)] : errors[s];
      }
      add_lanes(b_.thread, b_.scratch(), sums, [&](std::uint32_t i, T sum) {
        const std::uint32_t j = begin + i;
        if (j > units) return;
        (j < units ? weights[j] : biases[0]) = -sum;
        (j < units ? weights[units + j] : biases[1]) = sum;
      });
    }
  }

  // ---- backward

  /// dL/dr at a module's last time step.
  MODSWEEP_HD void begin_lambda(const LaneModule<T>& own, std::uint32_t m) const {
    const std::uint32_t steps = b_.steps_of(m);
    const std::uint32_t units = own.units;
    each_unit(own, [&](std::uint32_t unit, std::uint32_t s, std::uint32_t here) {
      T sum = T(0);
      if (steps < b_.pass.length) {  // no head reads it: all comes from the module above
        sum = at_.memory[own.arriving + steps * own.plane + here];
      } else {
        for (std::uint32_t h = v_.layout.modular() ? m : 0; h < v_.progress[b_.p].heads; ++h) {
          if (v_.module_of_head(b_.p, h) != m || !b_.reads(h)) continue;
          const T* w = v_.tensor(b_.p, Kind::head, h) + unit;
          const T error = at_.memory[v_.plan.errors + h * chunk_samples + s * lanes];
          sum = math::multiply_add(w[units] - w[0], error, sum);
        }
      }
      at_.memory[own.lambda + here] = sum;
      at_.memory[own.leak_gradient + here] = T(0);
    });
  }

  MODSWEEP_HD void backward_modules() const {
    const std::uint32_t pieces = (b_.pass.length + stretch - 1) / stretch;
    const std::uint32_t period = pieces > block_warps ? pieces : block_warps;
    const std::uint32_t below_last = b_.pass.last - b_.pass.first_trained;
    const std::uint32_t phases = below_last / block_warps * period + below_last % block_warps + pieces;
    std::uint32_t from_last = b_.warp;
    std::uint32_t done = 0;
    LaneModule<T> own;
    for (std::uint32_t phase = 0; phase < phases; ++phase) {
      if (phase >= b_.warp && from_last <= below_last) {
        const std::uint32_t m = b_.pass.last - from_last;
        const std::uint32_t steps = b_.steps_of(m);
        if (done == 0) {
          b_.load_weights(m, true);
          own = b_.module(m);
        }
        if (done < pieces) {
          const std::uint32_t piece = pieces - 1 - done;
          const std::uint32_t at_end = steps / stretch < pieces ? steps / stretch : pieces - 1;
          if (piece == at_end) begin_lambda(own, m);
          const std::uint32_t end = (piece + 1) * stretch < steps ? (piece + 1) * stretch : steps;
          for (std::uint32_t t = end; t > piece * stretch; --t) {
            for (std::uint32_t tile = 0; tile < own.tiles; ++tile) backward_units<rows>(at_, own, t, tile);
            for (std::uint32_t tile = 0; tile < own.tiles; ++tile) pass_back<rows>(at_, own, t, tile);
          }
        }
        if (++done == period) {
          done = 0;
          from_last += block_warps;
        }
      }
      // A module that is trained alone has nobody to wait for.
      if (below_last > 0 || phase + 1 == phases) b_.thread.wait_for_block();
    }
  }

  MODSWEEP_HD void backward_flat() const {
    b_.load_weights(0, true);
    const LaneModule<T> own = b_.module(0);
    begin_lambda(own, 0);
    for (std::uint32_t t = b_.pass.length; t > 0; --t) {
      for (std::uint32_t tile = own.first_tile; tile < own.tiles; tile += own.tile_step)
        backward_units<rows>(at_, own, t, tile);
      b_.thread.wait_for_block();
      for (std::uint32_t tile = own.first_tile; tile < own.tiles; tile += own.tile_step)
        pass_back<rows>(at_, own, t, tile);
    }
  }

  const BlockPlace<T, rows, Thread>& b_;
  const FusedView<T>& v_;
  LaneBases<T> at_;
};

/// Item: [P][chunks]. Threads of a block call it together.
template <typename T, std::uint32_t rows>
struct RunPass {
  FusedView<T> v;

  template <typename Thread>
  MODSWEEP_HD void operator()(const Thread& thread, std::byte* shared, std::uint32_t item) const {
    const BlockPlace<T, rows, Thread> place(v, thread, shared, item);
    BlockPass<T, rows, Thread>(place).run();
  }
};

/// The pass as Trainer wants it.
template <typename Backend, typename T>
class FusedPass {
 public:
  FusedPass(Backend& backend, const Form& form) : backend_(backend), rows_(tile_rows_of<T>(form.units)) {
    if (const std::string why = refuses_modules<T>(form, backend.limits().block); !why.empty())
      throw LogicError(why);
  }

  [[nodiscard]] static std::uint32_t parts(std::uint32_t chunks) { return chunks; }

  [[nodiscard]] static std::size_t values(const View<T>& v, const PassSizes& sizes) {
    return std::size_t{v.networks} * v.chunks * plan(v, sizes).memory;
  }

  void reserve(const View<T>& v, const PassSizes& sizes) {
    plan_ = plan(v, sizes);
    if (values(v, sizes) <= memory_.size()) return;
    memory_ = {};
    memory_ = backend_.template allocate<T>(values(v, sizes));
  }

  void run(const View<T>& v, std::uint32_t, bool) {
    FusedView<T> view;
    static_cast<View<T>&>(view) = v;
    view.plan = plan_;
    view.memory = memory_.data();
    with_rows<T>(rows_, [&]<std::uint32_t rows>() {
      backend_.for_each_tile_block(v.networks * v.chunks, plan_.shared * sizeof(T), RunPass<T, rows>{view});
    });
  }

 private:
  [[nodiscard]] static FusedPlan plan(const View<T>& v, const PassSizes& sizes) {
    return with_rows<T>(tile_rows_of<T>(v.layout.units()),
                        [&]<std::uint32_t rows>() { return fused_plan<rows>(v.layout, v.longest, sizes); });
  }

  Backend& backend_;
  std::uint32_t rows_;
  FusedPlan plan_;
  typename Backend::template Array<T> memory_;
};

}  // namespace modsweep::bptt
