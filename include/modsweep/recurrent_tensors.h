// The tensors of a recurrent network that grows modules (science.md section 8.1): their names, sizes and
// places.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "modsweep/math/recurrent_kinds.h"

namespace modsweep::recurrent {

/// Tensors that are copied and frozen together. A bias belongs to its matrix.
enum class Group : std::uint8_t { recurrent, feedforward, input, tau, head };

/// What does not change while a network grows.
struct Form {
  std::uint32_t units = 10;  ///< M, of each module
  bool modular = true;       ///< false: one module, which all heads read
  bool one_bias = false;     ///< one bias for each unit instead of one for each of its matrices

  bool operator==(const Form&) const = default;
};

/// One tensor of a network, row-major [rows][columns].
struct NamedTensor {
  std::string name;  ///< "W_R0", with the number of the module or head
  math::RecurrentTensor kind = math::RecurrentTensor::recurrent;
  Group group = Group::recurrent;
  std::uint32_t index = 0;  ///< module or head
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t offset = 0;

  [[nodiscard]] std::size_t size() const { return rows * columns; }
  /// W_R has no diagonal: those entries are stored as 0, but are no parameters.
  [[nodiscard]] bool has_diagonal() const { return kind != math::RecurrentTensor::recurrent; }
  [[nodiscard]] std::size_t parameters() const { return has_diagonal() ? size() : rows * (columns - 1); }
};

/// The tensors of a network with that many modules and heads: module 0, head 0, module 1, head 1, ..., so
/// that a network grows at its end. There may be more heads than modules; in a modular network those read the
/// last module.
class TensorLayout {
 public:
  /// Throws LogicError for no unit, module or head, and for more modules than heads or than a flat network
  /// has.
  TensorLayout(const Form& form, std::uint32_t modules, std::uint32_t heads);

  [[nodiscard]] const std::vector<NamedTensor>& tensors() const { return tensors_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t position(math::RecurrentTensor kind,
                                     std::uint32_t index) const;  ///< in tensors()
  [[nodiscard]] bool has(math::RecurrentTensor kind, std::uint32_t index) const;

 private:
  void add(const char* name, math::RecurrentTensor kind, Group group, std::uint32_t index, std::size_t rows,
           std::size_t columns);

  std::vector<NamedTensor> tensors_;
  std::size_t size_ = 0;
};

}  // namespace modsweep::recurrent
