// One pass of one network over a chunk of samples by a thread block: the whole sequence forward and back.
//
// A modular network's modules are dealt to the warps in turn. A warp takes its module through the sequence in
// stretches of four time steps; the module above follows one stretch behind, on the next warp; after each
// stretch the block waits. The gradient goes the same way back. Of a flat network every warp has some of the
// units, and the block waits at every time step. Results depend on neither.
//
// Shared memory: weights of a warp's module (of a flat network: of all), written by their readers, and scratch
// of each warp. All else, which FusedPlan names, is in the backend's memory, at most a block's own.
#pragma once

#include "recurrent/fused_module.h"

#include "modsweep/error.h"

namespace modsweep::bptt {

template <typename T, std::uint32_t rows, typename Thread>
class BlockPass {
 public:
  MODSWEEP_HD BlockPass(const FusedView<T>& v, const Thread& thread, std::byte* shared, std::uint32_t item)
      : v_(v),
        thread_(thread),
        shared_(reinterpret_cast<T*>(shared)),
        p_(item / v.chunks),
        chunk_(item - p_ * v.chunks),
        lane_(thread.lane()),
        warp_(thread.warp()),
        pass_(v.pass[p_]),
        memory_(v.memory + item * v.plan.memory) {}

  MODSWEEP_HD void run() {
    if (pass_.active == 0) return;
    v_.layout.modular() ? forward_modules() : forward_flat();
    if (pass_.learning == 0 || pass_.first_trained > pass_.last) return;
    v_.layout.modular() ? backward_modules() : backward_flat();
    add_gradients();
  }

 private:
  using Kind = math::RecurrentTensor;
  using Rows = Tile<rows>;

  // ---- what is where

  [[nodiscard]] MODSWEEP_HD std::size_t history() const {
    return (std::size_t{v_.longest} + 1) * v_.plane();
  }
  [[nodiscard]] MODSWEEP_HD T* states_of(std::uint32_t m) const {
    const bool kept = m >= pass_.first_kept;
    return memory_ + lane_ +
           (kept ? v_.plan.kept + (m - pass_.first_kept) * history() : (m % ring) * history());
  }
  [[nodiscard]] MODSWEEP_HD T* targets_of(std::uint32_t m) const {
    return memory_ + lane_ + v_.plan.targets +
           std::size_t{m - pass_.first_trained} * v_.longest * v_.plane();
  }
  [[nodiscard]] MODSWEEP_HD T* region() const {
    return shared_ + (v_.layout.modular() ? warp_ * v_.plan.region : 0);
  }
  [[nodiscard]] MODSWEEP_HD T* scratch() const {
    return shared_ + v_.plan.scratch + warp_ * Rows::sums * (lanes + 1);
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t steps_of(std::uint32_t m) const {
    return v_.steps[v_.module(p_, m)];
  }
  [[nodiscard]] MODSWEEP_HD T* share(Kind kind, std::uint32_t index) const {
    return v_.shares + (std::size_t{p_} * v_.parts + chunk_) * v_.layout.size() +
           v_.layout.offset(kind, index);
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t length() const {
    if (pass_.own_lengths != 0) return v_.lengths[v_.chunk(p_, chunk_) * lanes + lane_];
    return chunk_ * lanes + lane_ < v_.batch ? pass_.length : 0;
  }

  [[nodiscard]] MODSWEEP_HD LaneModule<T> module(std::uint32_t m) const {
    LaneModule<T> out;
    const bool flat = !v_.layout.modular();
    out.units = v_.layout.units();
    out.plane = static_cast<std::uint32_t>(v_.plane());
    out.tiles = v_.plan.tiles;
    out.first_tile = flat ? warp_ : 0;
    out.tile_step = flat ? block_warps : 1;
    out.recurrent = region();
    out.feedforward = region() + v_.plan.matrix;
    out.input = region() + v_.plan.vectors;
    out.bias = out.input + v_.plan.tiles * Rows::row_values;
    out.leak = out.bias + v_.plan.tiles * Rows::row_values;
    out.slope = static_cast<T>(v_.settings[p_].slope);
    out.drive = v_.settings[p_].site == math::ActivationSite::drive;
    out.length = length();
    out.bits = v_.bits_of(p_, chunk_) + lane_;
    out.below = m > 0 ? states_of(m - 1) : nullptr;
    out.states = states_of(m);
    if (m < pass_.first_trained) return out;
    const std::size_t at = std::size_t{m - pass_.first_trained} * v_.plane() + lane_;
    out.targets = targets_of(m);
    out.arriving = m < pass_.last ? passed_of(m + 1) : nullptr;
    out.passed = m > pass_.first_trained ? passed_of(m) : nullptr;
    out.lambda = memory_ + v_.plan.lambda + at;
    out.leak_gradient = memory_ + v_.plan.leak + at;
    return out;
  }
  [[nodiscard]] MODSWEEP_HD T* passed_of(std::uint32_t m) const {
    return memory_ + lane_ + v_.plan.passed + (m % ring) * history();
  }

  // ---- weights

  /// A matrix as add_product reads it; `back`: its transpose.
  MODSWEEP_HD void pack_matrix(const T* w, bool back, T* to, std::uint32_t first, std::uint32_t step) const {
    const std::uint32_t units = v_.layout.units();
    for (std::uint32_t at = first; at < v_.plan.matrix; at += step) {
      const std::uint32_t r = at % Rows::row_values;
      const std::uint32_t column = at / Rows::row_values;
      const std::uint32_t tile = column / units;
      const std::uint32_t j = column - tile * units;
      const std::uint32_t i = tile * rows + r;
      to[at] = r < rows && i < units ? w[back ? j * units + i : i * units + j] : T(0);
    }
  }

  MODSWEEP_HD void load_weights(std::uint32_t m, bool back) const {
    const bool flat = !v_.layout.modular();
    const std::uint32_t first = flat ? warp_ * lanes + lane_ : lane_;
    const std::uint32_t step = flat ? block_threads : lanes;
    wait_for_owners();  // of what is there
    pack_matrix(v_.tensor(p_, Kind::recurrent, m), back, region(), first, step);
    if (m > 0) pack_matrix(v_.tensor(p_, Kind::feedforward, m), back, region() + v_.plan.matrix, first, step);
    T* vectors = region() + v_.plan.vectors;
    const std::uint32_t count = v_.plan.tiles * Rows::row_values;
    for (std::uint32_t at = first; at < count; at += step) {
      const std::uint32_t r = at % Rows::row_values;
      const std::uint32_t unit = at / Rows::row_values * rows + r;
      const bool there = r < rows && unit < v_.layout.units();
      vectors[at] = there ? v_.tensor(p_, Kind::input, m)[unit] : T(0);
      vectors[count + at] = there ? bias_of<T>(v_, p_, m, unit) : T(0);
      vectors[2 * count + at] =
          there ? math::leak_of_timescale(v_.tensor(p_, Kind::timescale, m)[unit]) : T(0);
    }
    wait_for_owners();
  }
  MODSWEEP_HD void wait_for_owners() const {
    if (v_.layout.modular())
      thread_.wait_for_warp();
    else
      thread_.wait_for_block();
  }

  // ---- forward

  template <typename F>
  MODSWEEP_HD static void each_unit(const LaneModule<T>& m, const F& f) {
    for (std::uint32_t tile = m.first_tile; tile < m.tiles; tile += m.tile_step)
      for (std::uint32_t unit = tile * rows; unit < (tile + 1) * rows && unit < m.units; ++unit)
        f(unit * lanes);
  }

  MODSWEEP_HD void begin_forward(std::uint32_t m) const {
    load_weights(m, false);
    const LaneModule<T> own = module(m);
    const T* first = v_.first_of(p_, chunk_, m) + lane_;
    each_unit(own, [&](std::uint32_t at) { own.states[at] = first[at]; });
  }

  MODSWEEP_HD void forward_modules() const {
    const std::uint32_t pieces = (pass_.length + stretch - 1) / stretch;
    const std::uint32_t period = pieces > block_warps ? pieces : block_warps;
    const std::uint32_t phases =
        pass_.last / block_warps * period + pass_.last % block_warps + pieces;
    std::uint32_t m = warp_;
    std::uint32_t piece = 0;
    LaneModule<T> own;
    for (std::uint32_t phase = 0; phase < phases; ++phase) {
      if (phase >= warp_ && m <= pass_.last) {
        if (piece == 0) {
          begin_forward(m);
          own = module(m);
        }
        const std::uint32_t steps = steps_of(m);
        for (std::uint32_t t = piece * stretch + 1; t <= (piece + 1) * stretch && t <= steps; ++t)
          for (std::uint32_t tile = 0; tile < own.tiles; ++tile) forward_tile<rows>(own, t, tile);
        if (piece + 1 == pieces) read_heads_of(m);
        if (++piece == period) {
          piece = 0;
          m += block_warps;
        }
      }
      thread_.wait_for_block();
    }
  }

  MODSWEEP_HD void forward_flat() const {
    begin_forward(0);
    const LaneModule<T> own = module(0);
    thread_.wait_for_block();
    for (std::uint32_t t = 1; t <= pass_.length; ++t) {
      for (std::uint32_t tile = own.first_tile; tile < own.tiles; tile += own.tile_step)
        forward_tile<rows>(own, t, tile);
      thread_.wait_for_block();
    }
    for (std::uint32_t h = warp_; h < v_.progress[p_].heads; h += block_warps)
      if (v_.reads[v_.head(p_, h)] != 0) read_head(h, 0);
    thread_.wait_for_block();
  }

  // ---- heads

  MODSWEEP_HD void read_heads_of(std::uint32_t m) const {
    for (std::uint32_t h = m; h < v_.progress[p_].heads; ++h)
      if (v_.module_of_head(p_, h) == m && v_.reads[v_.head(p_, h)] != 0) read_head(h, m);
  }

  [[nodiscard]] MODSWEEP_HD T label_of(std::uint32_t h) const {
    const std::uint32_t end = length();
    const std::uint32_t task = v_.tasks[v_.head(p_, h)];
    const T* bits = v_.bits_of(p_, chunk_) + lane_;
    std::uint32_t ones = 0;
    for (std::uint32_t t = end > task ? end - task : 0; t < end; ++t)
      ones += bits[std::size_t{t} * lanes] > T(0) ? 1 : 0;
    return static_cast<T>(ones % 2);
  }

  /// A head at the end of the sequences, by a warp: its answers, errors and own gradient.
  MODSWEEP_HD void read_head(std::uint32_t h, std::uint32_t m) const {
    const std::uint32_t units = v_.layout.units();
    const T* w = v_.tensor(p_, Kind::head, h);
    const T* b = v_.tensor(p_, Kind::head_bias, h);
    const T* state = states_of(m) + std::size_t{pass_.length} * v_.plane();
    T margin = b[1] - b[0];
    for (std::uint32_t j = 0; j < units; ++j)
      margin = math::multiply_add(w[units + j] - w[j], state[j * lanes], margin);
    const T label = label_of(h);
    T error = T(0);
    const T loss = math::cross_entropy(margin, label, error);
    const bool sample = chunk_ * lanes + lane_ < v_.batch;
    const bool right = (margin > T(0)) == (label > T(0));
    const std::size_t answer = v_.answer(p_, chunk_, h);
    v_.margins[answer * lanes + lane_] = margin;
    const T sums[2] = {sample ? loss : T(0), sample && right ? T(1) : T(0)};
    add_lanes(thread_, scratch(), sums, [&](std::uint32_t what, T sum) {
      if (what == 0)
        v_.losses[answer] = static_cast<double>(sum);
      else
        v_.right[answer] = static_cast<std::uint32_t>(sum);
    });
    if (pass_.learning == 0) return;
    error = sample ? error * (T(1) / static_cast<T>(v_.batch)) : T(0);
    memory_[v_.plan.errors + h * lanes + lane_] = error;
    add_head_gradient(h, state, error);
  }

  /// The two outputs' errors are each other's negatives.
  MODSWEEP_HD void add_head_gradient(std::uint32_t h, const T* state, T error) const {
    const std::uint32_t units = v_.layout.units();
    T* weights = share(Kind::head, h);
    T* biases = share(Kind::head_bias, h);
    for (std::uint32_t begin = 0; begin <= units; begin += Rows::columns) {
      T sums[Rows::columns];
      MODSWEEP_UNROLLED
      for (std::uint32_t i = 0; i < Rows::columns; ++i) {
        const std::uint32_t j = begin + i;
        sums[i] = j < units ? error * state[j * lanes] : error;
      }
      add_lanes(thread_, scratch(), sums, [&](std::uint32_t i, T sum) {
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
    const std::uint32_t steps = steps_of(m);
    const std::uint32_t units = own.units;
    each_unit(own, [&](std::uint32_t at) {
      T sum = T(0);
      if (steps < pass_.length) {  // no head reads it: all comes from the module above
        sum = own.arriving[std::size_t{steps} * own.plane + at];
      } else {
        for (std::uint32_t h = v_.layout.modular() ? m : 0; h < v_.progress[p_].heads; ++h) {
          if (v_.module_of_head(p_, h) != m || v_.reads[v_.head(p_, h)] == 0) continue;
          const T* w = v_.tensor(p_, Kind::head, h) + at / lanes;
          sum = math::multiply_add(w[units] - w[0], memory_[v_.plan.errors + h * lanes + lane_], sum);
        }
      }
      own.lambda[at] = sum;
      own.leak_gradient[at] = T(0);
    });
  }

  MODSWEEP_HD void backward_modules() const {
    const std::uint32_t pieces = (pass_.length + stretch - 1) / stretch;
    const std::uint32_t period = pieces > block_warps ? pieces : block_warps;
    const std::uint32_t below_last = pass_.last - pass_.first_trained;
    const std::uint32_t phases = below_last / block_warps * period + below_last % block_warps + pieces;
    std::uint32_t from_last = warp_;
    std::uint32_t done = 0;
    LaneModule<T> own;
    for (std::uint32_t phase = 0; phase < phases; ++phase) {
      if (phase >= warp_ && from_last <= below_last) {
        const std::uint32_t m = pass_.last - from_last;
        const std::uint32_t steps = steps_of(m);
        if (done == 0) {
          load_weights(m, true);
          own = module(m);
        }
        if (done < pieces) {
          const std::uint32_t piece = pieces - 1 - done;
          const std::uint32_t at_end = steps / stretch < pieces ? steps / stretch : pieces - 1;
          if (piece == at_end) begin_lambda(own, m);
          const std::uint32_t end = (piece + 1) * stretch < steps ? (piece + 1) * stretch : steps;
          for (std::uint32_t t = end; t > piece * stretch; --t) {
            for (std::uint32_t tile = 0; tile < own.tiles; ++tile) backward_units<rows>(own, t, tile);
            for (std::uint32_t tile = 0; tile < own.tiles; ++tile) pass_back<rows>(own, t, tile);
          }
        }
        if (++done == period) {
          done = 0;
          from_last += block_warps;
        }
      }
      thread_.wait_for_block();
    }
  }

  MODSWEEP_HD void backward_flat() const {
    load_weights(0, true);
    const LaneModule<T> own = module(0);
    begin_lambda(own, 0);
    for (std::uint32_t t = pass_.length; t > 0; --t) {
      for (std::uint32_t tile = own.first_tile; tile < own.tiles; tile += own.tile_step)
        backward_units<rows>(own, t, tile);
      thread_.wait_for_block();
      for (std::uint32_t tile = own.first_tile; tile < own.tiles; tile += own.tile_step)
        pass_back<rows>(own, t, tile);
    }
    thread_.wait_for_block();
  }

  // ---- sums over time and samples

  /// Tiles of all trained modules' gradients, dealt to the warps in turn.
  MODSWEEP_HD void add_gradients() const {
    const std::uint32_t of_matrix = v_.plan.tiles * v_.plan.columns;
    const std::uint32_t of_module = 2 * of_matrix + v_.plan.tiles;
    const std::uint32_t count = (pass_.last + 1 - pass_.first_trained) * of_module;
    for (std::uint32_t item = warp_; item < count; item += block_warps) {
      const std::uint32_t m = pass_.first_trained + item / of_module;
      const std::uint32_t part = item % of_module;
      if (part >= 2 * of_matrix)
        add_vectors(m, part - 2 * of_matrix);
      else if (part < of_matrix)
        add_matrix_tile(m, m, Kind::recurrent, part);
      else if (m > 0)
        add_matrix_tile(m, m - 1, Kind::feedforward, part - of_matrix);
    }
  }

  /// sum over t and samples of delta(t) r(t - 1)^T; r is of the module `from`.
  MODSWEEP_HD void add_matrix_tile(std::uint32_t m, std::uint32_t from, Kind kind, std::uint32_t part) const {
    const std::uint32_t units = v_.layout.units();
    const std::uint32_t tile = part / v_.plan.columns;
    const std::uint32_t column = (part - tile * v_.plan.columns) * Rows::columns;
    const T* deltas = targets_of(m);
    const T* states = states_of(from);
    std::uint32_t row_at[rows];
    std::uint32_t column_at[Rows::columns];
    T sums[Rows::sums];
    MODSWEEP_UNROLLED
    for (std::uint32_t r = 0; r < rows; ++r) row_at[r] = within(tile * rows + r) * lanes;
    MODSWEEP_UNROLLED
    for (std::uint32_t c = 0; c < Rows::columns; ++c) column_at[c] = within(column + c) * lanes;
    MODSWEEP_UNROLLED
    for (T& sum : sums) sum = T(0);
    const std::uint32_t steps = steps_of(m);
    for (std::uint32_t t = 0; t < steps; ++t) {
      T state[Rows::columns];
      MODSWEEP_UNROLLED
      for (std::uint32_t c = 0; c < Rows::columns; ++c) state[c] = states[column_at[c]];
      MODSWEEP_UNROLLED
      for (std::uint32_t r = 0; r < rows; ++r) {
        const T delta = deltas[row_at[r]];
        MODSWEEP_UNROLLED
        for (std::uint32_t c = 0; c < Rows::columns; ++c)
          sums[r * Rows::columns + c] = math::multiply_add(delta, state[c], sums[r * Rows::columns + c]);
      }
      deltas += v_.plane();
      states += v_.plane();
    }
    T* out = share(kind, m);
    add_lanes(thread_, scratch(), sums, [&](std::uint32_t at, T sum) {
      const std::uint32_t i = tile * rows + at / Rows::columns;
      const std::uint32_t j = column + at % Rows::columns;
      if (i < units && j < units) out[i * units + j] = kind == Kind::recurrent && i == j ? T(0) : sum;
    });
  }
  /// A unit whose values may be read in the place of one that is not there.
  [[nodiscard]] MODSWEEP_HD std::uint32_t within(std::uint32_t unit) const {
    return unit < v_.layout.units() ? unit : v_.layout.units() - 1;
  }

  /// Gradients of a tile's W_I, biases and k.
  MODSWEEP_HD void add_vectors(std::uint32_t m, std::uint32_t tile) const {
    const LaneModule<T> own = module(m);
    const std::uint32_t steps = steps_of(m);
    T sums[3 * rows];
    MODSWEEP_UNROLLED
    for (std::uint32_t r = 0; r < rows; ++r) {
      sums[r] = sums[rows + r] = T(0);
      sums[2 * rows + r] = own.leak_gradient[within(tile * rows + r) * lanes];
    }
    for (std::uint32_t t = 0; t < steps; ++t) {
      const T bit = own.bits[std::size_t{t} * lanes];
      MODSWEEP_UNROLLED
      for (std::uint32_t r = 0; r < rows; ++r) {
        const T delta = own.targets[t * v_.plane() + within(tile * rows + r) * lanes];
        sums[r] += delta;
        sums[rows + r] = math::multiply_add(delta, bit, sums[rows + r]);
      }
    }
    add_lanes(thread_, scratch(), sums, [&](std::uint32_t at, T sum) {
      const std::uint32_t unit = tile * rows + at % rows;
      if (unit >= v_.layout.units()) return;
      if (at >= 2 * rows) {
        share(Kind::timescale, m)[unit] = sum;
      } else if (at >= rows) {
        share(Kind::input, m)[unit] = sum;
      } else {
        for (const Kind kind : {Kind::recurrent_bias, Kind::feedforward_bias, Kind::input_bias})
          share(kind, m)[unit] = sum;
      }
    });
  }

  const FusedView<T>& v_;
  const Thread& thread_;
  T* shared_;
  std::uint32_t p_;
  std::uint32_t chunk_;
  std::uint32_t lane_;
  std::uint32_t warp_;
  const PassState& pass_;
  T* memory_;
};

/// Item: [P][chunks]. Threads of a block call it together.
template <typename T, std::uint32_t rows>
struct RunPass {
  FusedView<T> v;

  template <typename Thread>
  MODSWEEP_HD void operator()(const Thread& thread, std::byte* shared, std::uint32_t item) const {
    BlockPass<T, rows, Thread>(v, thread, shared, item).run();
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

  void reserve(const View<T>& v, const PassSizes& sizes) {
    plan_ = with_rows<T>(
        rows_, [&]<std::uint32_t rows>() { return fused_plan<rows>(v.layout, v.longest, sizes); });
    const std::size_t values = std::size_t{v.networks} * v.chunks * plan_.memory;
    if (values <= memory_.size()) return;
    memory_ = {};
    memory_ = backend_.template allocate<T>(values);
  }

  void run(const View<T>& v, const PassSizes&, bool) {
    FusedView<T> view;
    static_cast<View<T>&>(view) = v;
    view.plan = plan_;
    view.memory = memory_.data();
    with_rows<T>(rows_, [&]<std::uint32_t rows>() {
      backend_.for_each_tile_block(v.networks * v.chunks, plan_.shared * sizeof(T), RunPass<T, rows>{view});
    });
  }

 private:
  Backend& backend_;
  std::uint32_t rows_;
  FusedPlan plan_;
  typename Backend::template Array<T> memory_;
};

}  // namespace modsweep::bptt
