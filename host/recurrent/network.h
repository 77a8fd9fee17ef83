// A recurrent network's tensors, and how it grows (science.md sections 8.1 and 8.5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "modsweep/math/recurrent.h"
#include "modsweep/recurrent_tensors.h"
#include "modsweep/settings.h"

namespace modsweep::recurrent {

using modsweep::Freeze;

/// A network in training.
template <typename T>
struct Network {
  Form form;
  std::uint32_t modules = 0;
  std::uint32_t heads = 0;
  std::vector<std::uint32_t> tasks;  ///< [heads]: N of each head
  std::vector<T> values;             ///< in TensorLayout's order
  std::vector<T> velocity;           ///< the same; 0 where nothing is trained
  std::vector<double> rates;         ///< [tensor]: factor of the learning rate; 0: frozen

  [[nodiscard]] TensorLayout layout() const { return {form, modules, heads}; }
  [[nodiscard]] std::uint32_t module_of_head(std::uint32_t head) const {
    return head < modules ? head : modules - 1;
  }
  [[nodiscard]] bool operator==(const Network&) const = default;
};

/// How a network grows.
struct Growth {
  std::vector<Group> duplicate = {Group::recurrent, Group::feedforward};
  bool from_untrained = false;  ///< copies are of the last module as it started, not as it was trained
  Freeze freeze = Freeze::none;
  double old_rate = 0.0;  ///< factor of the learning rate of what is there, at every growth; 0: it is frozen
};

/// Where a fresh tensor's values come from: the draws of a seed, or, in tests, the reference vectors.
class FreshValues {
 public:
  virtual ~FreshValues() = default;
  /// A tensor of a new module or head, row-major; the diagonal of W_R is ignored.
  [[nodiscard]] virtual std::vector<double> of(const NamedTensor& tensor) const = 0;
};

/// Uniform values of a seed: weights and biases in +-1/sqrt(fan_in), tau in [1, 2).
class DrawnValues final : public FreshValues {
 public:
  DrawnValues(std::uint32_t seed, const Form& form) : seed_(seed), form_(form) {}
  [[nodiscard]] std::vector<double> of(const NamedTensor& tensor) const override;

 private:
  std::uint32_t seed_;
  Form form_;
};

/// A network of one module and one head, which learns N = 2.
template <typename T>
[[nodiscard]] Network<T> first_network(const Form& form, const FreshValues& fresh);

/// Adds a head for N + 1 and, in a modular network, the module that it reads. A flat network goes on as it
/// was.
template <typename T>
void grow(Network<T>& network, const Growth& growth, const FreshValues& fresh);

/// Adds a fresh head for a task of its own, which reads the newest module.
template <typename T>
void add_head(Network<T>& network, std::uint32_t task, const FreshValues& fresh);

/// The heads whose loss is learned: the newest of a modular network whose older modules are frozen, else all.
template <typename T>
[[nodiscard]] std::vector<std::uint32_t> learning_heads(const Network<T>& network);

/// Parameters of a network: all, or those that are trained.
template <typename T>
[[nodiscard]] std::size_t count_parameters(const Network<T>& network, bool trained_only);

}  // namespace modsweep::recurrent
