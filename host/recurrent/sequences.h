// What a batch of sequences is made of (science.md section 8.2), one chunk of samples at a time.
#pragma once

#include "cpu/aligned.h"
#include "recurrent/kernels.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace modsweep::recurrent {

/// How a network's sequences are drawn.
struct ParitySettings {
  enum class Length : std::uint8_t { batch, sequence };  ///< one length for all samples, or each its own
  enum class BitProbability : std::uint8_t { sequence, batch, even };  ///< one p each, one for all, or 1/2

  double length_factor =
      4.0;  ///< lengths are N + 2 to the factor times N, plus 1 where the factor is no integer
  Length length = Length::batch;
  BitProbability bit_probability = BitProbability::sequence;
  bool zero_state = false;  ///< states before the first bit are 0 instead of uniform in [0, 0.1)

  bool operator==(const ParitySettings&) const = default;
};

/// The longest sequence of a task: 4 N, or floor(factor N + 1) of a factor that is no integer, at least N
/// + 2.
[[nodiscard]] std::uint32_t longest_sequence(const ParitySettings& settings, std::uint32_t task);

/// A batch. Chunk c holds samples [c S, (c + 1) S); those beyond the batch's end are padding with any values.
template <typename T>
class Sequences {
 public:
  virtual ~Sequences() = default;
  [[nodiscard]] virtual std::uint32_t samples() const = 0;
  /// The longest sequence's time steps.
  [[nodiscard]] virtual std::uint32_t steps() const = 0;
  /// Time steps of each sample; empty where all have steps().
  [[nodiscard]] virtual const std::vector<std::uint32_t>& lengths() const = 0;
  /// out [steps(), rounded up to a multiple of 4][S]: 0 and 1, and 0 after a sample's end.
  virtual void bits(std::size_t chunk, T* out) const = 0;
  /// out [units, rounded up to a multiple of 4][S]: a module's states before the first bit.
  virtual void states(std::size_t chunk, std::uint32_t module, T* out) const = 0;
  /// out [units, rounded up to a multiple of 4][S]: standard normals of the noise on a module's states at a
  /// time, 0 being before the first bit (science.md section 8.8).
  virtual void noise(std::size_t chunk, std::uint32_t module, std::size_t time, T* out) const = 0;
};

/// labels [S]: the parity of the last `task` bits of every sample of a chunk, from its bits [steps][S].
template <typename T>
void parity_labels(const Sequences<T>& sequences, std::size_t chunk, std::size_t samples, std::uint32_t task,
                   const T* bits, T* labels);

/// Sequences drawn for one step of one network.
template <typename T>
class DrawnSequences final : public Sequences<T> {
 public:
  /// `task`: N; `step` counts over the whole run, or over a network's tests.
  DrawnSequences(const Kernels<T>& kernels, const cpu::Kernels<T>& random, const ParitySettings& settings,
                 std::uint32_t seed, math::SequencePurpose purpose, std::uint32_t step, std::uint32_t task,
                 std::uint32_t units, std::uint32_t samples);

  [[nodiscard]] std::uint32_t samples() const override { return samples_; }
  [[nodiscard]] std::uint32_t steps() const override { return steps_; }
  [[nodiscard]] const std::vector<std::uint32_t>& lengths() const override { return lengths_; }
  void bits(std::size_t chunk, T* out) const override;
  void states(std::size_t chunk, std::uint32_t module, T* out) const override;
  void noise(std::size_t chunk, std::uint32_t module, std::size_t time, T* out) const override;

 private:
  [[nodiscard]] std::uint32_t word(math::SequenceDraw draw, std::uint32_t sample) const;

  const Kernels<T>& kernels_;
  const cpu::Kernels<T>& random_;
  ParitySettings settings_;
  std::uint32_t seed_;
  math::SequencePurpose purpose_;
  std::uint32_t step_;
  std::uint32_t units_;
  std::uint32_t samples_;
  std::uint32_t steps_ = 0;
  std::vector<std::uint32_t> lengths_;
  std::vector<std::uint32_t> probabilities_;  ///< [samples, rounded up to chunks]
};

/// Sequences that are given, for tests and for measurements of chosen inputs.
template <typename T>
struct GivenSequences final : Sequences<T> {
  std::size_t chunk_size = 0;  ///< S of the kernels
  std::uint32_t units = 0;
  std::uint32_t count = 0;                    ///< samples
  std::uint32_t longest = 0;                  ///< time steps
  std::vector<std::uint32_t> sample_lengths;  ///< [count] or empty
  std::vector<double> bit;                    ///< [longest][count]
  std::vector<double> state;                  ///< [modules][count][units]; empty: 0
  std::vector<double> eps;                    ///< [modules][longest + 1][count][units]; empty: 0

  [[nodiscard]] std::uint32_t samples() const override { return count; }
  [[nodiscard]] std::uint32_t steps() const override { return longest; }
  [[nodiscard]] const std::vector<std::uint32_t>& lengths() const override { return sample_lengths; }
  void bits(std::size_t chunk, T* out) const override;
  void states(std::size_t chunk, std::uint32_t module, T* out) const override;
  void noise(std::size_t chunk, std::uint32_t module, std::size_t time, T* out) const override;
};

}  // namespace modsweep::recurrent
