// Where a recurrent network's tensors lie on a device (science.md section 8.1). Every network has room for as
// many heads, and modules, as it may come to have, so that it grows in place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "modsweep/device_networks.h"
#include "modsweep/math/recurrent.h"

namespace modsweep::bptt {

constexpr std::uint32_t tensor_kinds = 9;

/// One parameter of a network.
struct Place {
  math::RecurrentTensor kind{};
  std::uint32_t index = 0;  ///< module or head
  std::uint32_t row = 0;
  std::uint32_t column = 0;
};

/// Offsets in the values of one network. A modular network's module i and head i lie side by side.
class Layout {
 public:
  Layout() = default;
  MODSWEEP_HD explicit Layout(const Form& form)
      : units_(form.units), modular_(form.modular), one_bias_(form.one_bias), max_heads_(form.max_heads) {}

  [[nodiscard]] MODSWEEP_HD std::uint32_t units() const { return units_; }
  [[nodiscard]] MODSWEEP_HD bool modular() const { return modular_; }
  [[nodiscard]] MODSWEEP_HD std::uint32_t max_heads() const { return max_heads_; }
  [[nodiscard]] MODSWEEP_HD std::uint32_t max_modules() const { return modular_ ? max_heads_ : 1; }

  [[nodiscard]] MODSWEEP_HD static bool of_head(math::RecurrentTensor kind) {
    return kind >= math::RecurrentTensor::head;
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t rows(math::RecurrentTensor kind) const {
    return of_head(kind) ? 2 : units_;
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t columns(math::RecurrentTensor kind) const {
    using math::RecurrentTensor;
    const bool matrix = kind == RecurrentTensor::recurrent || kind == RecurrentTensor::feedforward ||
                        kind == RecurrentTensor::head;
    return matrix ? units_ : 1;
  }
  [[nodiscard]] MODSWEEP_HD std::uint32_t size_of(math::RecurrentTensor kind) const {
    return rows(kind) * columns(kind);
  }
  /// Whether a module or head of this index has such a tensor, the module or head itself being there.
  [[nodiscard]] MODSWEEP_HD bool has(math::RecurrentTensor kind, std::uint32_t index) const {
    using math::RecurrentTensor;
    if (of_head(kind)) return true;
    if (index > 0 && !modular_) return false;
    const bool below = kind == RecurrentTensor::feedforward || kind == RecurrentTensor::feedforward_bias;
    const bool extra_bias =
        kind == RecurrentTensor::recurrent_bias || kind == RecurrentTensor::feedforward_bias;
    return !(below && index == 0) && !(extra_bias && one_bias_);
  }

  [[nodiscard]] MODSWEEP_HD std::size_t offset(math::RecurrentTensor kind, std::uint32_t index) const {
    std::size_t within = 0;
    for (std::uint32_t k = of_head(kind) ? first_of_head : 0; k < static_cast<std::uint32_t>(kind); ++k)
      within += size_of(static_cast<math::RecurrentTensor>(k));
    const std::size_t module = module_size();
    if (modular_) return index * (module + head_size()) + (of_head(kind) ? module : 0) + within;
    return (of_head(kind) ? module + index * head_size() : 0) + within;
  }
  /// Values of the modules and heads before the one of this index.
  [[nodiscard]] MODSWEEP_HD std::size_t end(std::uint32_t heads) const {
    if (heads == 0) return 0;
    return modular_ ? heads * (module_size() + head_size()) : module_size() + heads * head_size();
  }
  [[nodiscard]] MODSWEEP_HD std::size_t size() const { return end(max_heads_); }

  /// The parameter at a position.
  [[nodiscard]] MODSWEEP_HD Place place(std::size_t position) const {
    Place out;
    std::uint32_t kind = 0;
    const std::size_t module = module_size();
    if (modular_) {
      out.index = static_cast<std::uint32_t>(position / (module + head_size()));
      position -= out.index * (module + head_size());
    }
    if (position >= module) {
      position -= module;
      kind = first_of_head;
      if (!modular_) {
        out.index = static_cast<std::uint32_t>(position / head_size());
        position -= out.index * head_size();
      }
    }
    while (position >= size_of(static_cast<math::RecurrentTensor>(kind)))
      position -= size_of(static_cast<math::RecurrentTensor>(kind++));
    out.kind = static_cast<math::RecurrentTensor>(kind);
    out.row = static_cast<std::uint32_t>(position) / columns(out.kind);
    out.column = static_cast<std::uint32_t>(position) - out.row * columns(out.kind);
    return out;
  }

 private:
  static constexpr auto first_of_head = static_cast<std::uint32_t>(math::RecurrentTensor::head);

  [[nodiscard]] MODSWEEP_HD std::size_t module_size() const {
    return std::size_t{2} * units_ * units_ + 5 * units_;
  }
  [[nodiscard]] MODSWEEP_HD std::size_t head_size() const { return std::size_t{2} * units_ + 2; }

  std::uint32_t units_ = 0;
  bool modular_ = true;
  bool one_bias_ = false;
  std::uint32_t max_heads_ = 0;
};

}  // namespace modsweep::bptt
