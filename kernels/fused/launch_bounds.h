// How many registers a thread may have that trains a network: chosen for each kind of pack by a measurement,
// when the first such pack is trained, and remembered in the engine, nowhere else.
//
// With fewer registers more blocks share a multiprocessor and hide each other's waiting; what does not fit
// into them is kept in memory. Which is faster only a device tells. Results must not depend on it: losses and
// gradients are compared; the optimizer's step is not, since a trial must change no network.
#pragma once

#include "fused/block_plan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "modsweep/pack.h"

namespace modsweep::fused {

/// Fewer registers must need at most this share of the time: what is within it may be noise.
constexpr double clearly_faster = 0.98;

/// Registers for what `trial` tries, which has
///   blocks(registers): how many work on a multiprocessor at once,
///   agree(): whether both numbers of registers give the same results, bit for bit, in a launch of each,
///   milliseconds(registers): of a launch.
/// `max_registers` unless fewer let more blocks work at once, agree, and are clearly faster.
template <typename Trial>
[[nodiscard]] std::uint32_t choose_registers(Trial&& trial) {
  if (trial.blocks(fewer_registers) <= trial.blocks(max_registers) || !trial.agree()) return max_registers;
  constexpr std::size_t rounds = 5;
  std::array<double, rounds> most{};
  std::array<double, rounds> fewer{};
  for (std::size_t i = 0; i < rounds; ++i) {  // in turn: what else the device does slows both
    most[i] = trial.milliseconds(max_registers);
    fewer[i] = trial.milliseconds(fewer_registers);
  }
  const auto median = [](std::array<double, rounds>& times) {
    std::sort(times.begin(), times.end());
    return times[rounds / 2];
  };
  return median(fewer) < clearly_faster * median(most) ? fewer_registers : max_registers;
}

/// What a choice depends on: packs that are equal in this are trained with the same registers.
struct PackKind {
  Shape shape;
  std::uint32_t batch = 0;
  Precision precision = Precision::fp32;
  std::uint64_t networks = 0;  ///< rounded up to a power of two
  bool noise = false;          ///< of any of them, as are:
  bool dropout = false;
  bool activity = false;  ///< a penalty of activity, weighted or not
  bool sums = false;      ///< a penalty of sums over incoming weights

  bool operator==(const PackKind&) const = default;
};

[[nodiscard]] inline PackKind pack_kind(const Pack& pack) {
  PackKind kind{.shape = pack.shape,
                .batch = pack.batch_size,
                .precision = pack.precision,
                .networks = std::bit_ceil(pack.size())};
  for (const NoiseSettings& noise : pack.noise) kind.noise |= noise.strength != 0.0;
  for (const RegularizerSettings& r : pack.regularizer) {
    kind.dropout |= r.dropout != 0.0;
    const auto penalties = penalty_rules<double>(r);
    kind.activity |= penalties.any_activity();
    kind.sums |= penalties.sums_wanted().in();
  }
  return kind;
}

/// What was chosen so far. An engine has one, its trainings share it; for several threads at once.
class RegisterChoices {
 public:
  /// The choice for this kind of pack: choose(), if it is the first time. Others wait meanwhile, whatever
  /// their kind, since two measurements would slow each other. Nothing is remembered where choose() throws.
  template <typename Choose>
  [[nodiscard]] std::uint32_t of(const PackKind& kind, const Choose& choose) {
    const std::lock_guard lock(mutex_);
    for (const auto& [known, registers] : chosen_)
      if (known == kind) return registers;
    return chosen_.emplace_back(kind, choose()).second;
  }

 private:
  std::mutex mutex_;
  std::vector<std::pair<PackKind, std::uint32_t>> chosen_;
};

}  // namespace modsweep::fused
