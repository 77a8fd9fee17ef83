// An engine that trains nothing: a network's state is a deterministic function of its seed and step, cheap
// and exactly reproducible, so that the runner's work can be checked bit for bit.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "modsweep/engine.h"
#include "modsweep/error.h"
#include "modsweep/state.h"

namespace modsweep::testing_support {

/// The settings and the records of a fake engine. Shared by all its trainings.
struct FakeControl {
  std::size_t preferred_pack = 64;
  std::size_t bytes_per_network = 1000;
  std::size_t memory = std::numeric_limits<std::size_t>::max();
  std::size_t workers = 1;
  double advance_seconds = 1.0;
  std::string note = {};  ///< of every training
  std::string device = "none";
  std::size_t out_of_memory_above = std::numeric_limits<std::size_t>::max();  ///< networks of a pack
  std::size_t room = std::numeric_limits<std::size_t>::max();  ///< networks of all packs at once
  std::string refusal = {};
  double loss = 0.0;                                   ///< of every inspected step
  std::function<void(std::size_t)> on_start = {};      ///< with a pack's number of networks, first
  std::function<void(std::uint64_t)> on_advance = {};  ///< with the number of steps, before they are taken
  std::function<void()> on_save = {};
  bool corrupt_restore = false;

  std::mutex mutex = {};  ///< guards the records: several workers may write them
  std::vector<std::size_t> pack_sizes = {};
  std::size_t networks = 0;  ///< of all packs at present
  std::size_t restored = 0;
  double network_steps = 0.0;  ///< sum over all networks
};

/// A network with this learning rate or a higher one diverges at step 5 + seed % 7.
inline constexpr double diverging_rate = 1e3;
/// A network with this learning rate has weights that are not finite after the last step.
inline constexpr double overflowing_rate = 500.0;
/// A network with this learning rate has a moment that is not finite from this step on, while its losses stay
/// finite.
inline constexpr double freezing_rate = 250.0;
inline constexpr std::uint64_t freezing_step = 12;

class FakeTraining : public Training {
 public:
  FakeTraining(const Pack& pack, FakeControl& control) : pack_(pack), control_(control) {
    const std::size_t count = ParameterLayout(pack.shape).parameters();
    for (const std::uint32_t seed : pack.seed) {
      std::mt19937_64 random(seed);
      std::vector<double> values(count);
      for (double& value : values) value = as_float(static_cast<double>(random() >> 11) * 0x1p-53 - 0.5);
      networks_.push_back({0, std::move(values)});
    }
  }
  FakeTraining(const FakeTraining&) = delete;
  FakeTraining& operator=(const FakeTraining&) = delete;
  ~FakeTraining() override {
    const std::scoped_lock lock(control_.mutex);
    control_.networks -= networks_.size();
  }

  void advance(std::uint64_t steps) override {
    if (control_.on_advance) control_.on_advance(steps);
    double taken = 0.0;
    for (std::size_t p = 0; p < networks_.size(); ++p) {
      for (std::uint64_t s = 0; s < steps && networks_[p].step < pack_.steps[p] && !diverged(p); ++s) {
        one_step(p);
        ++taken;
      }
    }
    const std::scoped_lock lock(control_.mutex);
    control_.network_steps += taken;
  }

  void stop(std::size_t network) override { pack_.steps[network] = networks_[network].step; }

  void learn(std::size_t, std::size_t) override {}

  std::vector<Evaluation> evaluate(Split split, const EvaluationNoise& noise) override {
    std::vector<Evaluation> results;
    for (const Network& network : networks_) {
      double sum = 0.0;
      for (const double value : network.values) sum += value * value;
      const auto offset = static_cast<double>(split);  // train 0, test 1, out of distribution 2, validation 3
      const double drawn = noise.strength > 0.0 ? std::pow(10.0, noise.draw) : 0.0;
      results.push_back({sum + offset + noise.strength * noise.exponent + drawn,
                         {.weighted_activity = 2.0 * sum, .activity = 3.0 * sum}});
    }
    return results;
  }

  StepInspection inspect(std::size_t) override {
    return {.regularizers = {}, .total = control_.loss, .gradient = {control_.loss}};
  }
  std::string note() const override { return control_.note; }
  std::uint64_t step(std::size_t network) const override { return networks_[network].step; }

  std::optional<std::uint64_t> diverged(std::size_t network) const override {
    const std::uint64_t at = 5 + pack_.seed[network] % 7;
    if (pack_.learning_rate[network].base < diverging_rate || networks_[network].step + 1 < at)
      return std::nullopt;
    return at;
  }

  Parameters weights(std::size_t network) const override { return {pack_.shape, networks_[network].values}; }

  std::vector<std::byte> save(std::size_t network) const override {
    if (control_.on_save) control_.on_save();
    const Network& from = networks_[network];
    const std::vector<double> zeros(from.values.size());
    SavedState<double> state{from.step, 0, from.values, zeros, zeros};
    if (pack_.learning_rate[network].base == freezing_rate && from.step >= freezing_step)
      state.moment2.back() = std::numeric_limits<double>::infinity();
    return to_bytes(state);
  }

  void restore(std::size_t network, std::span<const std::byte> state) override {
    Network& to = networks_[network];
    if (control_.corrupt_restore) throw InputError("the state has the wrong length");
    SavedState<double> saved = from_bytes<double>(state, pack_.shape);
    to.step = saved.step;
    to.values = std::move(saved.parameters);
    const std::scoped_lock lock(control_.mutex);
    ++control_.restored;
  }

 private:
  struct Network {
    std::uint64_t step;
    std::vector<double> values;
  };

  static double as_float(double value) { return static_cast<double>(static_cast<float>(value)); }

  void one_step(std::size_t p) {
    Network& network = networks_[p];
    ++network.step;
    for (std::size_t i = 0; i < network.values.size(); ++i)
      network.values[i] = as_float(std::cos(3.0 * network.values[i] + static_cast<double>(network.step) +
                                            pack_.noise[p].strength + static_cast<double>(i % 5)));
    if (pack_.learning_rate[p].base == overflowing_rate && network.step == pack_.steps[p])
      network.values[0] = std::numeric_limits<double>::infinity();
  }

  Pack pack_;
  FakeControl& control_;
  std::vector<Network> networks_;
};

class FakeEngine : public Engine {
 public:
  explicit FakeEngine(FakeControl& control) : control_(control) {}
  std::string_view name() const override { return "fake"; }
  std::string device() const override { return control_.device; }
  std::string refuses(const Shape&, Precision) const override { return control_.refusal; }
  std::size_t bytes_per_network(const Shape&, std::uint32_t, Precision) const override {
    return control_.bytes_per_network;
  }
  std::size_t memory() const override { return control_.memory; }
  std::size_t workers() const override { return control_.workers; }
  double advance_seconds() const override { return control_.advance_seconds; }
  std::size_t preferred_pack(const Shape&, std::uint32_t, Precision) const override {
    return control_.preferred_pack;
  }
  std::unique_ptr<Training> start(const Pack& pack) override {
    if (control_.on_start) control_.on_start(pack.size());
    const std::scoped_lock lock(control_.mutex);
    if (pack.size() > control_.out_of_memory_above || pack.size() > control_.room - control_.networks)
      throw std::bad_alloc();
    control_.networks += pack.size();
    control_.pack_sizes.push_back(pack.size());
    return std::make_unique<FakeTraining>(pack, control_);
  }

 private:
  FakeControl& control_;
};

}  // namespace modsweep::testing_support
