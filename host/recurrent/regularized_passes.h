// Modules of a network with noise or penalties of activity through one chunk, forwards and backwards
// (science.md section 8.8): what a NetworkStep does otherwise in such a network.
#pragma once

#include "cpu/aligned.h"
#include "recurrent/kernels.h"
#include "recurrent/regularization.h"
#include "recurrent/sequences.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace modsweep::recurrent {

template <typename T>
class RegularizedPasses {
 public:
  explicit RegularizedPasses(const Kernels<T>& kernels) : kernels_(kernels) {}

  /// Before the first chunk of a batch. Keeps references to all arguments until the next call; modules 0 ..
  /// `last` take part, the gradient goes through those from `first_trained` on.
  void begin(const Regularization& settings, const Network<T>& network, const TensorLayout& layout,
             const Sequences<T>& sequences, std::uint32_t first_trained, std::uint32_t last);
  /// Modules take turns as in NetworkStep. `arguments` are those of the ordinary kernel.
  void forward(math::ActivationSite site, ForwardArguments<T> arguments, std::size_t chunk,
               std::uint32_t module);
  void backward(math::ActivationSite site, BackwardArguments<T> arguments, std::uint32_t module);
  /// What is read of a module in the present chunk, [steps + 1][units][S].
  [[nodiscard]] const T* read(std::uint32_t module) const { return modules_[module].read; }
  /// After the last chunk: adds the penalties' gradient and returns their sum.
  double add_penalties(std::vector<T>& gradient) const;

 private:
  struct Module {
    cpu::AlignedVector<T> noisy, slopes, injected;
    std::vector<T> factors;  ///< [units]: of the penalty of activity
    const T* read = nullptr;
  };
  [[nodiscard]] const T* matrix(math::RecurrentTensor kind, std::uint32_t module) const;
  void draw_noise(std::size_t chunk, std::uint32_t module, std::size_t steps);
  void weigh_samples(std::size_t chunk);

  const Kernels<T>& kernels_;
  const Regularization* settings_ = nullptr;
  const Network<T>* network_ = nullptr;
  const TensorLayout* layout_ = nullptr;
  const Sequences<T>* sequences_ = nullptr;
  std::uint32_t first_trained_ = 0;
  std::vector<Module> modules_;
  cpu::AlignedVector<T> deltas_, sample_weights_;  ///< the latter [steps][S]: 1 / (batch length), or 0
  std::vector<std::vector<double>> squares_, activities_;  ///< as add_penalties() takes them
};

}  // namespace modsweep::recurrent
