// Recurrent networks in training on a device (modsweep/device_networks.h).
//
// The class is a template over the backend (fused/block_machine.cuh for CUDA), so that this file needs no
// nvcc, and over the pass: how a batch goes forward and back (fused_pass.h, gemm_pass.h).
#pragma once

#include "recurrent/draw.h"
#include "recurrent/growth.h"
#include "recurrent/network_memory.h"
#include "recurrent/update.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "modsweep/error.h"

namespace modsweep::bptt {

/// A Pass has
///   Pass(backend, form): throws LogicError where it cannot train such networks,
///   parts(chunks): in how many shares it leaves a gradient (View::shares),
///   values(view, sizes): of memory, for passes over sequences of View::longest steps,
///   reserve(view, sizes): takes that much; what it has already taken is used again,
///   run(view, steps, learning): of all networks, after BeginPass and DrawBatch; no sequence is longer.
template <typename Backend, typename T, template <typename, typename> class PassOf>
class Trainer final : public Networks<T> {
 public:
  using Pass = PassOf<Backend, T>;

  /// All networks begin with one module and one head, for N = 2. Takes all memory that they may come to need.
  /// Throws std::bad_alloc where the backend's memory does not suffice.
  Trainer(std::unique_ptr<Backend> backend, const Form& form, std::vector<NetworkPlan> networks)
      : backend_(std::move(backend)), form_(form), networks_(std::move(networks)), pass_(*backend_, form) {
    const Most most = most_of(form, networks_);
    view_ = empty_view<T>(form, networks_.size(), most.longest, Pass::parts);
    memory_ = NetworkMemory<Backend, T>(*backend_, view_);
    pass_.reserve(view_, most.sizes);
    std::vector<NetworkSettings> settings;
    for (const NetworkPlan& network : networks_) settings.push_back(network.settings);
    backend_->upload(memory_.settings, settings.data(), settings.size());
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
    upload(memory_.values, values.data(), p, values.size());
    upload(memory_.velocity, velocity.data(), p, velocity.size());
    upload(memory_.rates, rates, p, form_.max_heads * tensor_kinds);
    tasks_[p] = state.tasks;
    upload_tasks(p);
    progress_[p] = {.step = state.step,
                    .diverged = state.diverged,
                    .loss_sum = state.loss_sum,
                    .modules = state.modules,
                    .heads = state.heads};
    upload(memory_.progress, &progress_[p], p, 1);
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
    out.values = in_order(p, memory_.values);
    out.velocity = in_order(p, memory_.velocity);
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
    backend_->upload(memory_.until, until.data(), until.size());
    for (std::uint64_t s = 0; s < steps; ++s) {
      pass(learning, [&](std::uint32_t p) {
        const std::uint64_t step = progress_[p].step + s;
        return progress_[p].diverged == 0 && step < until[p] ? std::optional(step) : std::nullopt;
      });
      update(false);
    }
    backend_->download(progress_.data(), memory_.progress, progress_.size());
  }

  [[nodiscard]] std::vector<std::vector<std::uint64_t>> test(
      const std::vector<TestBatches>& batches) override {
    reserve(false);
    std::vector<std::uint32_t> first;
    std::vector<std::uint32_t> counts;
    for (const TestBatches& own : batches) {
      first.push_back(own.first);
      counts.push_back(own.count);
    }
    backend_->upload(memory_.first_batch, first.data(), size());
    backend_->upload(memory_.batches, counts.data(), size());
    std::vector<std::uint64_t> total(memory_.right_total.size(), 0);
    backend_->upload(memory_.right_total, total.data(), total.size());
    for (std::uint32_t b = 0; b < std::ranges::max(counts); ++b) {
      const PassKind kind{.learning = false, .purpose = math::SequencePurpose::test, .batch = b};
      pass(kind, [&](std::uint32_t p) { return b < counts[p] ? std::optional(first[p] + b) : std::nullopt; });
      backend_->for_each(size(), form_.max_heads, AddRight<T>{view_, memory_.right_total.data()});
    }
    backend_->download(total.data(), memory_.right_total, total.size());
    std::vector<std::vector<std::uint64_t>> out(size());
    for (std::uint32_t p = 0; p < size(); ++p) {
      const auto begin = total.begin() + difference(std::size_t{p} * form_.max_heads);
      if (counts[p] > 0) out[p].assign(begin, begin + progress_[p].heads);
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
    backend_->upload(memory_.progress, progress_.data(), progress_.size());
    backend_->upload(memory_.rates, rates_.data(), rates_.size());
  }

  void clear_losses(const std::vector<std::size_t>& networks) override {
    for (const std::size_t p : networks) progress_.at(p).loss_sum = 0.0;
    backend_->upload(memory_.progress, progress_.data(), progress_.size());
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
    backend_->upload(memory_.until, until.data(), until.size());
    pass(learning, [&](std::uint32_t p) { return std::optional(progress_[p].step); });
    update(true);
  }

  [[nodiscard]] Outcome outcome(std::uint32_t p) const override {
    Outcome out;
    backend_->download(&out, memory_.outcome, 1, p);
    return out;
  }
  /// What is frozen may still have the gradient of a pass before it was.
  [[nodiscard]] std::vector<T> gradient(std::uint32_t p) const override {
    std::vector<T> out = in_order(p, memory_.gradient);
    std::size_t from = 0;
    each_tensor(view_.layout, progress_[p].modules, progress_[p].heads,
                [&](math::RecurrentTensor kind, std::uint32_t index, std::size_t, std::size_t size) {
                  if (rate(p, kind, index) == 0.0) std::fill_n(out.begin() + difference(from), size, T(0));
                  from += size;
                });
    return out;
  }
  [[nodiscard]] std::vector<T> margins(std::uint32_t p, std::uint32_t h) const override {
    std::vector<T> out(std::size_t{view_.chunks} * chunk_samples);
    for (std::uint32_t c = 0; c < view_.chunks; ++c)
      backend_->download(out.data() + std::size_t{c} * chunk_samples, memory_.margins, chunk_samples,
                         view_.answer(p, c, h) * chunk_samples);
    out.resize(form_.batch);
    return out;
  }
  [[nodiscard]] double loss(std::uint32_t p, std::uint32_t h) const override {
    double sum = 0.0;
    for (std::uint32_t c = 0; c < view_.chunks; ++c) {
      double part = 0.0;
      backend_->download(&part, memory_.losses, 1, view_.answer(p, c, h));
      sum += part;
    }
    return sum / form_.batch;
  }

 private:
  template <typename U>
  using Array = typename Backend::template Array<U>;

  [[nodiscard]] static std::ptrdiff_t difference(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }

  template <typename U>
  void upload(Array<U>& to, const U* from, std::uint32_t p, std::size_t count) {
    backend_->upload(to, from, count, p * count);
  }
  void upload_tasks(std::uint32_t p) {
    std::vector<std::uint32_t> tasks = tasks_[p];
    tasks.resize(form_.max_heads);
    upload(memory_.tasks, tasks.data(), p, tasks.size());
  }
  [[nodiscard]] double& rate(std::uint32_t p, math::RecurrentTensor kind, std::uint32_t index) {
    return rates_[(std::size_t{p} * form_.max_heads + index) * tensor_kinds +
                  static_cast<std::uint32_t>(kind)];
  }
  [[nodiscard]] double rate(std::uint32_t p, math::RecurrentTensor kind, std::uint32_t index) const {
    return rates_[(std::size_t{p} * form_.max_heads + index) * tensor_kinds +
                  static_cast<std::uint32_t>(kind)];
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
  [[nodiscard]] PassSizes sizes(bool training) const {
    PassSizes out{.modules = 1, .kept = 0, .trained = 0};
    for (std::uint32_t p = 0; p < size(); ++p) {
      const std::uint32_t modules = progress_[p].modules;
      out.modules = std::max(out.modules, modules);
      std::uint32_t first = 0;
      while (training && first < modules && !trains(p, first)) ++first;
      if (!training || first == modules) continue;
      out.trained = std::max(out.trained, modules - first);
      out.kept = std::max(out.kept, modules - (first == 0 ? 0 : first - 1));
    }
    return out;
  }

  void reserve(bool trains) {
    sizes_ = sizes(trains);
    if (given_steps_ > view_.longest) {
      view_.longest = given_steps_;
      memory_.bits = {};
      memory_.bits =
          backend_->template allocate<T>(std::size_t{size()} * view_.chunks * view_.longest * chunk_samples);
      view_.bits = memory_.bits.data();
    }
    pass_.reserve(view_, sizes_);
    backend_->upload(memory_.given, given_.data(), given_.size());
    for (std::uint32_t p = 0; p < size(); ++p)
      if (given_[p] != 0) upload_batch(p);
  }

  void upload_batch(std::uint32_t p) {
    const GivenBatch& batch = given_batches_[p];
    const GivenArrays<T> there = arranged<T>(batch, view_);
    backend_->upload(memory_.bits, there.bits.data(), there.bits.size(), p * there.bits.size());
    backend_->upload(memory_.first, there.first.data(), there.first.size(), p * there.first.size());
    backend_->upload(memory_.lengths, there.lengths.data(), there.lengths.size(), p * there.lengths.size());
    if (batch.heads.empty()) return;
    std::vector<std::uint32_t> reads(form_.max_heads, 0);
    for (const std::uint32_t head : batch.heads) reads.at(head) = 1;
    upload(memory_.reads, reads.data(), p, reads.size());
  }

  static constexpr PassKind learning{
      .learning = true, .purpose = math::SequencePurpose::training, .batch = 0};

  /// The longest sequence of a pass. step_of(p): what a network's batch is drawn for, if it takes part.
  template <typename StepOf>
  [[nodiscard]] std::uint32_t steps_of(const PassKind& kind, const StepOf& step_of) const {
    std::uint32_t out = given_steps_;
    for (std::uint32_t p = 0; given_steps_ == 0 && p < size(); ++p) {
      const auto step = step_of(p);
      if (!step) continue;
      const NetworkSettings& settings = networks_[p].settings;
      const std::uint32_t task = tasks_[p].back();
      out = std::max(out, settings.own_lengths ? math::longest_sequence(settings.length_factor, task)
                                               : drawn_length(settings, kind.purpose,
                                                              static_cast<std::uint32_t>(*step), 0, task));
    }
    return out;
  }

  template <typename StepOf>
  void pass(const PassKind& kind, const StepOf& step_of) {
    const bool given_heads = !given_batches_.empty() && !given_batches_.front().heads.empty();
    backend_->for_each(size(), 1,
                       BeginPass<T>{view_, kind, memory_.until.data(), memory_.first_batch.data(),
                                    memory_.batches.data(), memory_.given.data(), given_heads});
    if (given_steps_ == 0)
      backend_->for_each(size(), DrawBatch<T>::items(view_, sizes_.modules), DrawBatch<T>{view_});
    pass_.run(view_, steps_of(kind, step_of), kind.learning);
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
      rate(p, kind, index) = view_.layout.has(kind, index) && !freezes(growth, kind, index) ? 1.0 : 0.0;
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
  NetworkMemory<Backend, T> memory_;
  Pass pass_;
  PassSizes sizes_;
  std::vector<Progress> progress_;                 ///< [P], as on the device between calls
  std::vector<std::vector<std::uint32_t>> tasks_;  ///< [P][heads]
  std::vector<double> rates_;                      ///< [P][H][tensor_kinds]
  std::vector<std::uint32_t> given_;               ///< [P]: time steps of given batches
  std::vector<GivenBatch> given_batches_;          ///< [P] or none
  std::uint32_t given_steps_ = 0;
};

}  // namespace modsweep::bptt
