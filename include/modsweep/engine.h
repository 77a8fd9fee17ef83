// The interface of all engines. An engine trains packs; it knows nothing of files, axes, schedules or
// progress.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "modsweep/error.h"
#include "modsweep/measurement.h"
#include "modsweep/network.h"
#include "modsweep/pack.h"
#include "modsweep/spectrum.h"
#include "modsweep/state.h"

namespace modsweep {

/// Noise of an evaluation; strength 0 is a clean one. It depends on the network's seed, step and `draw` only.
struct EvaluationNoise {
  double strength = 0.0;
  double exponent = 2.0;
  std::uint32_t draw = 0;  ///< below 2^24: number of one of many independent draws
};

/// Result of an evaluation of one split for one network.
struct Evaluation {
  double mse = 0.0;
  RegularizerValues regularizers;  ///< of activity, raw, with the network's own exponents; the others are 0
};

/// Loss and gradient that the next step of one network would use: for tests of engines against reference
/// vectors.
struct StepInspection {
  double mse = 0.0;
  RegularizerValues regularizers;  ///< raw, activity terms over the batch
  double total = 0.0;              ///< mse + sum of coefficient times value
  std::vector<double> gradient;    ///< of `total`, in ParameterLayout order, without padding or weight decay
};

/// A pack in training. Not safe for concurrent calls; engines run in parallel inside.
class Training {
 public:
  virtual ~Training() = default;

  /// Takes up to `steps` optimizer steps with every network, stopping each at its own total and at
  /// divergence.
  virtual void advance(std::uint64_t steps) = 0;
  /// Ends a network's run at its present step: it takes no further steps.
  virtual void stop(std::size_t network) = 0;
  /// From now on a network's targets are those of this goal of its dataset (with_goal), in steps and in
  /// evaluations; at first they are those of goal 0. A restored state does not say which goal it learned.
  /// Throws LogicError for a family without such goals.
  virtual void learn(std::size_t network, std::size_t goal) {
    static_cast<void>(network);
    static_cast<void>(goal);
    throw LogicError("this family of networks has no data set with goals");
  }
  /// One value per network; zeros where a network's task has no samples of that split. Changes nothing. This
  /// function and the next one are of feed-forward networks; throws LogicError for another family.
  [[nodiscard]] virtual std::vector<Evaluation> evaluate(Split split, const EvaluationNoise& noise) {
    static_cast<void>(split);
    static_cast<void>(noise);
    throw LogicError("this family of networks has no data set to evaluate");
  }
  /// Changes nothing.
  [[nodiscard]] virtual StepInspection inspect(std::size_t network) {
    static_cast<void>(network);
    throw LogicError("this family of networks has no data set to inspect a step of");
  }

  /// Steps taken so far.
  [[nodiscard]] virtual std::uint64_t step(std::size_t network) const = 0;
  /// The step (counted from 1) whose loss was NaN or infinite; that step changed nothing, and the network
  /// takes no further steps.
  [[nodiscard]] virtual std::optional<std::uint64_t> diverged(std::size_t network) const = 0;
  [[nodiscard]] virtual Parameters weights(std::size_t network) const = 0;
  /// Spectra of every weight layer of these networks, [request][layer], computed on the device that holds the
  /// weights; none where an engine leaves that to the caller. Weights must be finite.
  [[nodiscard]] virtual std::optional<std::vector<std::vector<LayerSpectra>>> spectra(
      std::span<const std::size_t> networks, ClusterBy by) {
    static_cast<void>(networks);
    static_cast<void>(by);
    return std::nullopt;
  }
  /// Functional leaks of these networks on their test sets, [request], computed on the device that holds the
  /// weights; none where an engine leaves that to the caller. Weights must be finite.
  [[nodiscard]] virtual std::optional<std::vector<Leaks>> leaks(std::span<const std::size_t> networks) {
    static_cast<void>(networks);
    return std::nullopt;
  }

  /// What the user should know of how these networks are trained, in one line; empty: nothing.
  [[nodiscard]] virtual std::string note() const { return {}; }

  /// Whether parameters and moments of a network are finite: one with other values never learns again.
  [[nodiscard]] virtual bool finite(std::size_t network) const { return is_finite_state(save(network)); }

  /// All state of one network that later steps depend on, exactly. Portable between pack compositions.
  [[nodiscard]] virtual std::vector<std::byte> save(std::size_t network) const = 0;
  /// Restores a saved state. Throws InputError where the bytes are not a state of this shape and precision.
  virtual void restore(std::size_t network, std::span<const std::byte> bytes) = 0;
};

/// Something that trains packs.
class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// The family of the networks that it trains.
  [[nodiscard]] virtual Family family() const { return Family::feedforward; }
  /// The device it runs on, for records: "AVX-512, 2 threads".
  [[nodiscard]] virtual std::string device() const = 0;
  /// Why this shape cannot be trained in this precision; empty if it can.
  [[nodiscard]] virtual std::string refuses(const Shape& shape, Precision precision) const = 0;
  /// Whether its trainings heed Pack::zeros_stay_from. Other engines train no networks that are pruned.
  [[nodiscard]] virtual bool prunes() const { return false; }
  /// Whether it trains recurrent networks with noise and penalties (science.md section 8.8).
  [[nodiscard]] virtual bool regularizes_recurrent() const { return false; }
  /// Bytes of memory that one network of a pack needs, without datasets.
  [[nodiscard]] virtual std::size_t bytes_per_network(const Shape& shape, std::uint32_t batch_size,
                                                      Precision precision) const = 0;
  /// Bytes currently available to all of its packs together, without datasets.
  [[nodiscard]] virtual std::size_t memory() const = 0;
  /// The number of packs that it trains well at once: with two, one trains while the other is measured.
  [[nodiscard]] virtual std::size_t workers() const = 0;
  /// Seconds that one advance should take at most: while it lasts, a device does little else for others.
  [[nodiscard]] virtual double advance_seconds() const { return 1.0; }
  /// The number of networks of one shape that it trains well at once: the planner's upper bound for a pack.
  [[nodiscard]] virtual std::size_t preferred_pack(const Shape& shape, std::uint32_t batch_size,
                                                   Precision precision) const = 0;
  /// Starts to train a pack. Several threads may call this and use the trainings at once, one thread per
  /// training. Throws std::bad_alloc where the device's memory does not suffice.
  [[nodiscard]] virtual std::unique_ptr<Training> start(const Pack& pack) = 0;
};

}  // namespace modsweep
