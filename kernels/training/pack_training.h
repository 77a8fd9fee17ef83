// Base class of the trainings of all engines that use a backend: progress, state, measurements.
#pragma once

#include "spectrum/pack_leaks.h"
#include "spectrum/pack_spectra.h"
#include "training/pack_memory.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "modsweep/engine.h"
#include "modsweep/state.h"

namespace modsweep::pack {

/// A derived class takes the steps and computes losses and gradients.
template <MeasuringBackend Backend, typename T>
class PackTraining : public Training {
 public:
  void advance(std::uint64_t steps) override {
    std::uint64_t longest = 0;
    for (std::size_t p = 0; p < pack_.size(); ++p) {
      Progress& progress = progress_[p];
      progress.target = std::min(pack_.steps[p], progress.step + steps);
      if (progress.diverged == 0 && progress.target > progress.step)
        longest = std::max(longest, progress.target - progress.step);
    }
    if (longest == 0) return;
    backend_.upload(memory_.progress, progress_.data(), progress_.size());
    train(longest);
    backend_.download(progress_.data(), memory_.progress, progress_.size());
    forget_copies();
  }

  void stop(std::size_t network) override { pack_.steps[network] = progress_[network].step; }

  void learn(std::size_t network, std::size_t goal) override {
    pack_.dataset[network] = with_goal(first_goals_[network], goal);
    memory_.set_data(network, *pack_.dataset[network]);
    gradients_copy_.clear();
  }

  [[nodiscard]] std::vector<Evaluation> evaluate(Split split, const EvaluationNoise& noise) override {
    std::vector<Hyperparameters<T>> hyperparameters = hyperparameters_;
    for (Hyperparameters<T>& hyper : hyperparameters)
      hyper.set_noise(noise.strength, noise.exponent, noise.draw);
    backend_.upload(evaluation_hyperparameters_, hyperparameters.data(), hyperparameters.size());
    PackView<T> v = memory_.view();
    v.hyperparameters = evaluation_hyperparameters_.data();

    const auto samples = [&](std::size_t p) { return pack_.dataset[p]->split(split).count; };
    std::uint32_t longest = 0;
    for (std::size_t p = 0; p < pack_.size(); ++p) longest = std::max(longest, samples(p));
    if (longest > 0) sum_losses(v, split, longest);
    std::vector<LossSums> sums(pack_.size());
    if (longest > 0) backend_.download(sums.data(), memory_.losses, sums.size());
    std::vector<Evaluation> out;
    for (std::size_t p = 0; p < pack_.size(); ++p) {
      const auto count = static_cast<double>(std::max(1U, samples(p)));
      out.push_back({sums[p].squares / (count * pack_.shape.outputs()),
                     activity_regularizers(sums[p].activity, count)});
    }
    return out;
  }

  [[nodiscard]] StepInspection inspect(std::size_t network) override {
    if (gradients_copy_.empty()) {  // one computation serves all networks, until `advance` or `restore`
      backend_.upload(memory_.progress, progress_.data(), progress_.size());
      differentiate();
      losses_copy_.resize(pack_.size());
      backend_.download(losses_copy_.data(), memory_.losses, losses_copy_.size());
    }
    const std::vector<T> gradient = row(memory_.gradients, gradients_copy_, network);
    const LossSums& sums = losses_copy_[network];

    const std::uint32_t samples = pack_.dataset[network]->train.count;
    const std::uint64_t batches = (std::uint64_t{samples} + pack_.batch_size - 1) / pack_.batch_size;
    const std::uint64_t first = progress_[network].step % batches * pack_.batch_size;
    const auto count = static_cast<double>(std::min<std::uint64_t>(pack_.batch_size, samples - first));
    StepInspection out;
    out.mse = sums.squares / (count * pack_.shape.outputs());
    out.regularizers = weight_regularizers(weights(network), pack_.regularizer[network]) +
                       activity_regularizers(sums.activity, count);
    out.total = out.mse + weighted_sum(pack_.regularizer[network], out.regularizers);
    out.gradient.assign(gradient.begin(), gradient.end());
    return out;
  }

  [[nodiscard]] std::uint64_t step(std::size_t network) const override { return progress_[network].step; }

  [[nodiscard]] std::optional<std::uint64_t> diverged(std::size_t network) const override {
    if (progress_[network].diverged == 0) return std::nullopt;
    return progress_[network].diverged;
  }

  [[nodiscard]] Parameters weights(std::size_t network) const override {
    const std::vector<T> values = row(memory_.parameters, parameters_copy_, network);
    return {pack_.shape, std::vector<double>(values.begin(), values.end())};
  }

  [[nodiscard]] std::optional<std::vector<std::vector<LayerSpectra>>> spectra(
      std::span<const std::size_t> networks, ClusterBy by) override {
    return spectra_(memory_.layers(), memory_.view().parameters, stride(), networks, by);
  }

  [[nodiscard]] std::optional<std::vector<Leaks>> leaks(std::span<const std::size_t> networks) override {
    return leaks_(pack_, memory_.layers(), memory_.view().parameters, stride(), networks);
  }

  [[nodiscard]] std::string note() const override {
    if constexpr (requires { backend_.note(); }) return backend_.note();
    return {};
  }

  [[nodiscard]] std::vector<std::byte> save(std::size_t network) const override {
    return to_bytes(SavedState<T>{progress_[network].step, progress_[network].diverged,
                                  row(memory_.parameters, parameters_copy_, network),
                                  row(memory_.moment1, moment1_copy_, network),
                                  row(memory_.moment2, moment2_copy_, network)});
  }

  void restore(std::size_t network, std::span<const std::byte> bytes) override {
    const SavedState<T> saved = from_bytes<T>(bytes, pack_.shape);
    progress_[network] = {saved.step, saved.step, saved.diverged};
    const auto put = [&](Array<T>& array, const std::vector<T>& values) {
      std::vector<T> row(stride(), T(0));
      memory_.places().scatter(values, row.data());
      backend_.upload(array, row.data(), row.size(), network * row.size());
    };
    put(memory_.parameters, saved.parameters);
    put(memory_.moment1, saved.moment1);
    put(memory_.moment2, saved.moment2);
    forget_copies();
  }

 protected:
  template <typename U>
  using Array = typename Backend::template Array<U>;

  /// Throws std::bad_alloc where the backend's memory does not suffice.
  PackTraining(std::unique_ptr<Backend> backend, const Pack& pack, Workspace workspace)
      : owned_backend_(std::move(backend)),
        backend_(*owned_backend_),
        pack_(checked(pack)),
        first_goals_(pack.dataset),
        memory_(backend_, pack, workspace),
        progress_(pack.size()) {
    for (std::size_t p = 0; p < pack_.size(); ++p)
      hyperparameters_.push_back(hyperparameters_of<T>(pack_, p));
    evaluation_hyperparameters_ = backend_.template allocate<Hyperparameters<T>>(pack_.size());
  }

  /// Takes up to `steps` steps with every network, but none past `Progress::target` of the network.
  virtual void train(std::uint64_t steps) = 0;
  /// Computes every network's sums of losses over its samples of `split`, with the hyperparameters of `v`.
  /// `samples` is the largest number of samples of any network.
  virtual void sum_losses(const PackView<T>& v, Split split, std::uint64_t samples) = 0;
  /// Computes the losses and the gradient, regularizers included, that the next step of every network would
  /// use.
  virtual void differentiate() = 0;

  Backend& backend() { return backend_; }
  [[nodiscard]] const Pack& pack() const { return pack_; }
  PackMemory<Backend, T>& memory() { return memory_; }

 private:
  static const Pack& checked(const Pack& pack) {
    pack.check();
    return pack;
  }

  /// One network's row of an array [P][parameter stride]. Downloads the array to `copy` if `copy` is empty;
  /// forget_copies() empties all copies.
  std::vector<T> row(const Array<T>& array, std::vector<T>& copy, std::size_t network) const {
    if (copy.empty()) {
      copy.resize(pack_.size() * stride());
      backend_.download(copy.data(), array, copy.size());
    }
    return memory_.places().gather(copy.data() + network * stride());
  }
  [[nodiscard]] std::size_t stride() const { return memory_.view().parameter_stride; }
  void forget_copies() {
    for (auto* copy : {&parameters_copy_, &moment1_copy_, &moment2_copy_, &gradients_copy_}) copy->clear();
  }

  std::unique_ptr<Backend> owned_backend_;
  Backend& backend_;
  Pack pack_;  ///< with the datasets of the goals that are learned now
  std::vector<std::shared_ptr<const Dataset>> first_goals_;
  PackMemory<Backend, T> memory_;
  std::vector<Hyperparameters<T>> hyperparameters_;
  std::vector<Progress> progress_;
  Array<Hyperparameters<T>> evaluation_hyperparameters_;
  spectrum::PackSpectra<Backend> spectra_{backend_};
  spectrum::PackLeaks<Backend> leaks_{backend_};
  mutable std::vector<T> parameters_copy_, moment1_copy_, moment2_copy_, gradients_copy_;
  std::vector<LossSums> losses_copy_;  ///< of the last inspection
};

}  // namespace modsweep::pack
