// Growth in place (science.md section 8.5): a network's next head, and with it in a modular network the next
// module, begin where the memory for them is.
#pragma once

#include "recurrent/view.h"

namespace modsweep::bptt {

[[nodiscard]] MODSWEEP_HD bool copies(const Growth& growth, math::RecurrentTensor kind) {
  using math::RecurrentTensor;
  switch (kind) {
    case RecurrentTensor::recurrent:
    case RecurrentTensor::recurrent_bias:
      return growth.copy_recurrent;
    case RecurrentTensor::feedforward:
    case RecurrentTensor::feedforward_bias:
      return growth.copy_feedforward;
    case RecurrentTensor::input:
    case RecurrentTensor::input_bias:
      return growth.copy_input;
    case RecurrentTensor::timescale:
      return growth.copy_tau;
    default:
      return growth.copy_head;
  }
}

/// Whether a new module's tensor is for good a copy of the first module's that has one.
[[nodiscard]] MODSWEEP_HD bool freezes(const Growth& growth, math::RecurrentTensor kind,
                                       std::uint32_t index) {
  using math::RecurrentTensor;
  const bool of_recurrent = kind == RecurrentTensor::recurrent || kind == RecurrentTensor::recurrent_bias;
  const bool of_feedforward =
      kind == RecurrentTensor::feedforward || kind == RecurrentTensor::feedforward_bias;
  return (growth.freeze == Freeze::recurrent && of_recurrent && index >= 1) ||
         (growth.freeze == Freeze::feedforward && of_feedforward && index >= 2);
}

/// Items: the values of one module and head, at most. Progress still has the counts from before.
template <typename T>
struct GrowNetwork {
  View<T> v;
  const Growth* growth;        ///< [P]
  const std::uint32_t* grows;  ///< [P]: 0: the network stays as it is

  MODSWEEP_HD void operator()(std::uint32_t p, std::uint32_t item) const {
    if (grows[p] == 0) return;
    const Progress& progress = v.progress[p];
    const std::size_t begin = v.layout.end(progress.heads);
    const std::size_t at = begin + item;
    const bool modular = v.layout.modular();
    if (modular && growth[p].old_rate == 0.0) stop_old(p, item, begin);
    if (at >= v.layout.end(progress.heads + 1)) return;
    const Place place = v.layout.place(at);
    T* values = v.values_of(p);
    v.velocity[p * v.layout.size() + at] = T(0);
    const bool frozen = freezes(growth[p], place.kind, place.index);
    const bool copied =
        modular && (frozen || copies(growth[p], place.kind)) && v.layout.has(place.kind, place.index - 1);
    if (copied && (frozen || !growth[p].from_untrained)) {
      values[at] = values[v.layout.offset(place.kind, place.index - 1) +
                          place.row * v.layout.columns(place.kind) + place.column];
      return;
    }
    values[at] = fresh(p, place, copied);
  }

 private:
  /// What is frozen has no momentum. Each item its share.
  MODSWEEP_HD void stop_old(std::uint32_t p, std::uint32_t item, std::size_t end) const {
    const std::size_t items = v.layout.end(2) - v.layout.end(1);
    for (std::size_t at = item; item < items && at < end; at += items)
      v.velocity[p * v.layout.size() + at] = T(0);
  }

  /// A copy of an untrained module is what the first module that has such a tensor drew.
  [[nodiscard]] MODSWEEP_HD T fresh(std::uint32_t p, const Place& place, bool copied) const {
    using math::RecurrentTensor;
    if (!v.layout.has(place.kind, place.index)) return T(0);
    if (place.kind == RecurrentTensor::recurrent && place.row == place.column) return T(0);
    const bool below =
        place.kind == RecurrentTensor::feedforward || place.kind == RecurrentTensor::feedforward_bias;
    const std::uint32_t index = copied ? (below ? 1 : 0) : place.index;
    return static_cast<T>(
        math::fresh_value(v.settings[p].seed, v.layout.units(), place.kind, index, place.row, place.column));
  }
};

}  // namespace modsweep::bptt
