// Recurrent networks in training on a device (networks.h).
//
// The class is a template over the backend (fused/block_machine.cuh for CUDA), so that this file needs no
// nvcc, and over the pass: how a batch goes forward and back (fused_pass.h, gemm_pass.h).
#pragma once

#include "recurrent/draw.h"
#include "recurrent/fused_plan.h"
#include "recurrent/networks.h"
#include "recurrent/update.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "modsweep/error.h"

namespace modsweep::bptt {

/// A Pass has
///   Pass(backend, form): throws LogicError where it cannot train such networks,
///   parts(chunks): in how many shares it leaves a gradient (View::shares),
///   reserve(view, sizes): memory for passes over sequences of View::longest steps,
///   run(view, steps, learning): of all networks, after BeginPass and DrawBatch; no sequence is longer.
template <typename Backend, typename T, template <typename, typename> class PassOf>
class Trainer final : public Networks<T> {
 public:
  using Pass = PassOf<Backend, T>;

  /// All networks begin with one module and one head, for N = 2. Throws std::bad_alloc where the backend's
  /// memory does not suffice.
  Trainer(std::unique_ptr<Backend> backend, const Form& form, std::vector<NetworkPlan> networks)
      : backend_(std::move(backend)), form_(form), networks_(std::move(networks)), pass_(*backend_, form) {
    view_.layout = Layout(form);
    view_.networks = static_cast<std::uint32_t>(networks_.size());
    view_.batch = form.batch;
    view_.chunks = (form.batch + chunk_samples - 1) / chunk_samples;
    view_.parts = Pass::parts(view_.chunks);
    allocate();
    progress_.resize(networks_.size());
    tasks_.assign(networks_.size(), {});
    rates_.assign(networks_.size() * form.max_heads * tensor_kinds, 0.0);
    given_.assign(networks_.size(), 0);
    for (std::uint32_t p = 0; p < view_.networks; ++p)
      set_state(p, first_state<T>(view_.layout, networks_[p].settings.seed));
  }

  [[nodiscard]] std::uint32_t size() const override { return view_.networks; }
  [[nodiscard]] const Progress& progress(std::uint32_t p) const override { return progress_[p]; }

  void set_state(std::uint32_t p, const NetworkState<T>& state) override {
    if (state.heads > form_.max_heads)
      throw LogicError("a network of " + std::to_string(state.heads) + " heads; there is room for " +
                       std::to_string(form_.max_heads));
    std::vector<T> values(view_.layout.size());
    std::vector<T> velocity(view_.layout.size());
    double* rates = rates_.data() + std::size_t{p} * form_.max_heads * tensor_kinds;
    std::fill_n(rates, form_.max_heads * tensor_kinds, 0.0);
    std::size_t from = 0;
    std::size_t tensor = 0;
    each_tensor(
        view_.layout, state.modules, state.heads,
        [&](math::RecurrentTensor kind, std::uint32_t index, std::size_t offset, std::size_t size) {
          std::copy_n(state.values.begin() + difference(from), size, values.begin() + difference(offset));
          std::copy_n(state.velocity.begin() + difference(from), size, velocity.begin() + difference(offset));
          rates[index * tensor_kinds + static_cast<std::uint32_t>(kind)] = state.rates[tensor++];
          from += size;
        });
    upload(values_, values.data(), p, values.size());
    upload(velocity_, velocity.data(), p, velocity.size());
    upload(rates_there_, rates, p, form_.max_heads * tensor_kinds);
    tasks_[p] = state.tasks;
    upload_tasks(p);
    progress_[p] = {.step = state.step,
                    .diverged = state.diverged,
                    .loss_sum = state.loss_sum,
                    .modules = state.modules,
                    .heads = state.heads};
    upload(progress_there_, &progress_[p], p, 1);
  }

  [[nodiscard]] NetworkState<T> state(std::uint32_t p) const override {
    NetworkState<T> out;
    const Progress& progress = progress_[p];
    out.modules = progress.modules;
    out.heads = progress.heads;
    out.tasks = tasks_[p];
    out.step = progress.step;
    out.diverged = progress.diverged;
    out.loss_sum = progress.loss_sum;
    out.values = in_order(p, values_);
    out.velocity = in_order(p, velocity_);
    each_tensor(view_.layout, out.modules, out.heads,
                [&](math::RecurrentTensor kind, std::uint32_t index, std::size_t, std::size_t) {
                  out.rates.push_back(rate(p, kind, index));
                });
    return out;
  }

  void train(const std::vector<std::uint64_t>& until) override {
    std::uint64_t steps = 0;
    for (std::uint32_t p = 0; p < size(); ++p)
      if (progress_[p].diverged == 0 && until.at(p) > progress_[p].step)
        steps = std::max(steps, until[p] - progress_[p].step);
    if (steps == 0) return;
    reserve(true);
    backend_->upload(until_, until.data(), until.size());
    for (std::uint64_t s = 0; s < steps; ++s) {
      pass({.learning = true, .purpose = math::SequencePurpose::training, .batch = 0}, s, {});
      update(false);
    }
    backend_->download(progress_.data(), progress_there_, progress_.size());
  }

  [[nodiscard]] std::vector<std::vector<std::uint64_t>> test(
      std::uint32_t batches, const std::vector<std::uint32_t>& first) override {
    reserve(false);
    backend_->upload(first_batch_, first.data(), first.size());
    std::vector<std::uint64_t> total(right_total_.size(), 0);
    backend_->upload(right_total_, total.data(), total.size());
    for (std::uint32_t b = 0; b < batches; ++b) {
      pass({.learning = false, .purpose = math::SequencePurpose::test, .batch = b}, 0, first);
      backend_->for_each(size(), form_.max_heads, AddRight<T>{view_, right_total_.data()});
    }
    backend_->download(total.data(), right_total_, total.size());
    std::vector<std::vector<std::uint64_t>> out;
    for (std::uint32_t p = 0; p < size(); ++p) {
      const auto begin = total.begin() + difference(std::size_t{p} * form_.max_heads);
      out.emplace_back(begin, begin + progress_[p].heads);
    }
    return out;
  }

  void grow(const std::vector<std::uint32_t>& grows) override {
    for (std::uint32_t p = 0; p < size(); ++p)
      if (grows.at(p) != 0 && progress_[p].heads == form_.max_heads)
        throw LogicError("there is room for " + std::to_string(form_.max_heads) + " heads and no more");
    auto growth = backend_->template allocate<Growth>(size());
    auto which = backend_->template allocate<std::uint32_t>(size());
    std::vector<Growth> rules;
    for (const NetworkPlan& network : networks_) rules.push_back(network.growth);
    backend_->upload(growth, rules.data(), rules.size());
    backend_->upload(which, grows.data(), grows.size());
    const std::size_t items = view_.layout.end(2) - view_.layout.end(1);
    backend_->for_each(size(), static_cast<std::uint32_t>(items),
                       GrowNetwork<T>{view_, growth.data(), which.data()});
    for (std::uint32_t p = 0; p < size(); ++p)
      if (grows[p] != 0) note_growth(p);
    backend_->upload(progress_there_, progress_.data(), progress_.size());
    backend_->upload(rates_there_, rates_.data(), rates_.size());
  }

  void clear_losses(std::uint32_t p) override {
    progress_[p].loss_sum = 0.0;
    upload(progress_there_, &progress_[p], p, 1);
  }

  void give(std::uint32_t p, const GivenBatch& batch) override {
    given_steps_ = std::max(given_steps_, batch.steps);
    given_batches_.resize(networks_.size());
    given_batches_[p] = batch;
    given_[p] = batch.steps;
  }

  void differentiate() override {
    reserve(true);
    const std::vector<std::uint64_t> until(size(), ~std::uint64_t{0});
    backend_->upload(until_, until.data(), until.size());
    pass({.learning = true, .purpose = math::SequencePurpose::training, .batch = 0}, 0, {});
    update(true);
  }

  [[nodiscard]] Outcome outcome(std::uint32_t p) const override {
    Outcome out;
    backend_->download(&out, outcome_, 1, p);
    return out;
  }
  [[nodiscard]] std::vector<T> gradient(std::uint32_t p) const override { return in_order(p, gradient_); }
  [[nodiscard]] std::vector<T> margins(std::uint32_t p, std::uint32_t h) const override {
    std::vector<T> out(std::size_t{view_.chunks} * chunk_samples);
    for (std::uint32_t c = 0; c < view_.chunks; ++c)
      backend_->download(out.data() + std::size_t{c} * chunk_samples, margins_, chunk_samples,
                         view_.answer(p, c, h) * chunk_samples);
    out.resize(form_.batch);
    return out;
  }
  [[nodiscard]] double loss(std::uint32_t p, std::uint32_t h) const override {
    double sum = 0.0;
    for (std::uint32_t c = 0; c < view_.chunks; ++c) {
      double part = 0.0;
      backend_->download(&part, losses_, 1, view_.answer(p, c, h));
      sum += part;
    }
    return sum / form_.batch;
  }

 private:
  template <typename U>
  using Array = typename Backend::template Array<U>;

  [[nodiscard]] static std::ptrdiff_t difference(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }

  template <typename U>
  Array<U> allocate(std::size_t count, U*& pointer) {
    Array<U> array = backend_->template allocate<U>(count);
    pointer = array.data();
    return array;
  }
  template <typename U>
  void upload(Array<U>& to, const U* from, std::uint32_t p, std::size_t count) {
    backend_->upload(to, from, count, p * count);
  }
  void upload_tasks(std::uint32_t p) {
    std::vector<std::uint32_t> tasks = tasks_[p];
    tasks.resize(form_.max_heads);
    upload(tasks_there_, tasks.data(), p, tasks.size());
  }
  [[nodiscard]] double& rate(std::uint32_t p, math::RecurrentTensor kind, std::uint32_t index) {
    return rates_[(std::size_t{p} * form_.max_heads + index) * tensor_kinds +
                  static_cast<std::uint32_t>(kind)];
  }
  [[nodiscard]] double rate(std::uint32_t p, math::RecurrentTensor kind, std::uint32_t index) const {
    return rates_[(std::size_t{p} * form_.max_heads + index) * tensor_kinds +
                  static_cast<std::uint32_t>(kind)];
  }

  void allocate() {
    View<T>& v = view_;
    const std::size_t networks = v.networks;
    const std::size_t all = networks * v.layout.size();
    const std::size_t heads = networks * form_.max_heads;
    values_ = allocate(all, v.values);
    velocity_ = allocate(all, v.velocity);
    gradient_ = allocate(all, v.gradient);
    shares_ = allocate(all * v.parts, v.shares);
    rates_there_ = allocate(heads * tensor_kinds, v.rates);
    tasks_there_ = allocate(heads, v.tasks);
    settings_ = allocate(networks, v.settings);
    progress_there_ = allocate(networks, v.progress);
    pass_there_ = allocate(networks, v.pass);
    outcome_ = allocate(networks, v.outcome);
    steps_ = allocate(networks * v.layout.max_modules(), v.steps);
    reads_ = allocate(heads, v.reads);
    lengths_ = allocate(networks * v.chunks * chunk_samples, v.lengths);
    first_ = allocate(networks * v.chunks * v.layout.max_modules() * v.plane(), v.first);
    margins_ = allocate(heads * v.chunks * chunk_samples, v.margins);
    losses_ = allocate(heads * v.chunks, v.losses);
    right_ = allocate(heads * v.chunks, v.right);
    right_total_ = backend_->template allocate<std::uint64_t>(heads);
    until_ = backend_->template allocate<std::uint64_t>(networks);
    first_batch_ = backend_->template allocate<std::uint32_t>(networks);
    given_there_ = backend_->template allocate<std::uint32_t>(networks);
    std::vector<NetworkSettings> settings;
    for (const NetworkPlan& network : networks_) settings.push_back(network.settings);
    backend_->upload(settings_, settings.data(), settings.size());
  }

  /// A network's numbers as NetworkState lists them.
  [[nodiscard]] std::vector<T> in_order(std::uint32_t p, const Array<T>& array) const {
    std::vector<T> all(view_.layout.size());
    backend_->download(all.data(), array, all.size(), p * all.size());
    std::vector<T> out;
    each_tensor(view_.layout, progress_[p].modules, progress_[p].heads,
                [&](math::RecurrentTensor, std::uint32_t, std::size_t offset, std::size_t size) {
                  const auto begin = all.begin() + difference(offset);
                  out.insert(out.end(), begin, begin + difference(size));
                });
    return out;
  }

  [[nodiscard]] bool trains(std::uint32_t p, std::uint32_t module) const {
    for (std::uint32_t k = 0; k < static_cast<std::uint32_t>(math::RecurrentTensor::head); ++k)
      if (rate(p, static_cast<math::RecurrentTensor>(k), module) > 0.0) return true;
    return false;
  }

  /// What BeginPass will find, at most.
  [[nodiscard]] PassSizes sizes(bool learning) const {
    PassSizes out{.modules = 1, .kept = 0, .trained = 0};
    for (std::uint32_t p = 0; p < size(); ++p) {
      const std::uint32_t modules = progress_[p].modules;
      out.modules = std::max(out.modules, modules);
      std::uint32_t first = 0;
      while (learning && first < modules && !trains(p, first)) ++first;
      if (!learning || first == modules) continue;
      out.trained = std::max(out.trained, modules - first);
      out.kept = std::max(out.kept, modules - (first == 0 ? 0 : first - 1));
    }
    return out;
  }

  /// Time steps of the longest sequence that a pass may have.
  [[nodiscard]] std::uint32_t longest() const {
    std::uint32_t out = given_steps_;
    for (std::uint32_t p = 0; p < size(); ++p)
      out = std::max(out, math::longest_sequence(networks_[p].settings.length_factor, tasks_[p].back()));
    return out;
  }

  void reserve(bool learning) {
    sizes_ = sizes(learning);
    if (longest() > view_.longest) {
      view_.longest = longest();
      bits_ = {};
      bits_ = allocate(std::size_t{size()} * view_.chunks * view_.longest * chunk_samples, view_.bits);
    }
    pass_.reserve(view_, sizes_);
    backend_->upload(given_there_, given_.data(), given_.size());
    for (std::uint32_t p = 0; p < size(); ++p)
      if (given_[p] != 0) upload_batch(p);
  }

  void upload_batch(std::uint32_t p) {
    const GivenBatch& batch = given_batches_[p];
    const GivenArrays<T> there = arranged<T>(batch, view_);
    backend_->upload(bits_, there.bits.data(), there.bits.size(), p * there.bits.size());
    backend_->upload(first_, there.first.data(), there.first.size(), p * there.first.size());
    backend_->upload(lengths_, there.lengths.data(), there.lengths.size(), p * there.lengths.size());
    if (batch.heads.empty()) return;
    std::vector<std::uint32_t> reads(form_.max_heads, 0);
    for (const std::uint32_t head : batch.heads) reads.at(head) = 1;
    upload(reads_, reads.data(), p, reads.size());
  }

  /// The longest sequence of a pass: of training `taken` steps after those that are known of, or of a test.
  [[nodiscard]] std::uint32_t steps_of(const PassKind& kind, std::uint64_t taken,
                                       const std::vector<std::uint32_t>& first) const {
    std::uint32_t out = given_steps_;
    for (std::uint32_t p = 0; given_steps_ == 0 && p < size(); ++p) {
      const std::uint64_t step = kind.learning ? progress_[p].step + taken : first[p] + kind.batch;
      const NetworkSettings& settings = networks_[p].settings;
      const std::uint32_t task = tasks_[p].back();
      out = std::max(out, settings.own_lengths ? math::longest_sequence(settings.length_factor, task)
                                               : drawn_length(settings, kind.purpose,
                                                              static_cast<std::uint32_t>(step), 0, task));
    }
    return out;
  }

  void pass(const PassKind& kind, std::uint64_t taken, const std::vector<std::uint32_t>& first) {
    const bool given_heads = !given_batches_.empty() && !given_batches_.front().heads.empty();
    backend_->upload(given_there_, given_.data(), given_.size());
    backend_->for_each(
        size(), 1,
        BeginPass<T>{view_, kind, until_.data(), first_batch_.data(), given_there_.data(), given_heads});
    if (given_steps_ == 0)
      backend_->for_each(size(), DrawBatch<T>::items(view_, sizes_.modules), DrawBatch<T>{view_});
    pass_.run(view_, steps_of(kind, taken, first), kind.learning);
  }

  void update(bool gradient_only) {
    backend_->for_each_tile_block(size(), sizeof(UpdateMemory), UpdateNetwork<T>{view_, gradient_only});
  }

  /// Rates and counts of a network that has grown.
  void note_growth(std::uint32_t p) {
    const Growth& growth = networks_[p].growth;
    Progress& progress = progress_[p];
    const std::uint32_t index = progress.heads;
    if (form_.modular)
      each_tensor(view_.layout, progress.modules, progress.heads,
                  [&](math::RecurrentTensor kind, std::uint32_t i, std::size_t, std::size_t) {
                    rate(p, kind, i) *= growth.old_rate;
                  });
    for (std::uint32_t k = 0; k < tensor_kinds; ++k) {
      const auto kind = static_cast<math::RecurrentTensor>(k);
      rate(p, kind, index) = view_.layout.has(kind, index) && !growth.freezes(kind, index) ? 1.0 : 0.0;
    }
    progress.modules += form_.modular ? 1 : 0;
    ++progress.heads;
    tasks_[p].push_back(progress.heads + 1);
    upload_tasks(p);
  }

  std::unique_ptr<Backend> backend_;
  Form form_;
  std::vector<NetworkPlan> networks_;
  View<T> view_;
  Pass pass_;
  PassSizes sizes_;
  std::vector<Progress> progress_;                 ///< [P], as on the device between calls
  std::vector<std::vector<std::uint32_t>> tasks_;  ///< [P][heads]
  std::vector<double> rates_;                      ///< [P][H][tensor_kinds]
  std::vector<std::uint32_t> given_;               ///< [P]: time steps of given batches
  std::vector<GivenBatch> given_batches_;          ///< [P] or none
  std::uint32_t given_steps_ = 0;
  Array<T> values_, velocity_, gradient_, shares_, bits_, first_, margins_;
  Array<double> rates_there_, losses_;
  Array<std::uint32_t> tasks_there_, steps_, reads_, lengths_, right_, first_batch_, given_there_;
  Array<std::uint64_t> right_total_, until_;
  Array<NetworkSettings> settings_;
  Array<Progress> progress_there_;
  Array<PassState> pass_there_;
  Array<Outcome> outcome_;
};

}  // namespace modsweep::bptt
