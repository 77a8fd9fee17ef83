#include "modsweep/recurrent_tensors.h"

#include <algorithm>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::recurrent {

using math::RecurrentTensor;

TensorLayout::TensorLayout(const Form& form, std::uint32_t modules, std::uint32_t heads) {
  if (form.units == 0 || modules == 0 || heads < modules || (!form.modular && modules > 1))
    throw LogicError(fmt::format("no {} network has {} units, {} modules and {} heads",
                                 form.modular ? "modular" : "flat", form.units, modules, heads));
  const std::size_t m = form.units;
  for (std::uint32_t i = 0; i < heads; ++i) {
    if (i < modules) {
      add("W_R", RecurrentTensor::recurrent, Group::recurrent, i, m, m);
      if (i > 0) add("W_FF", RecurrentTensor::feedforward, Group::feedforward, i, m, m);
      add("W_I", RecurrentTensor::input, Group::input, i, m, 1);
      if (!form.one_bias) {
        add("b_R", RecurrentTensor::recurrent_bias, Group::recurrent, i, m, 1);
        if (i > 0) add("b_FF", RecurrentTensor::feedforward_bias, Group::feedforward, i, m, 1);
      }
      add("b_I", RecurrentTensor::input_bias, Group::input, i, m, 1);
      add("tau", RecurrentTensor::timescale, Group::tau, i, m, 1);
    }
    add("W_O", RecurrentTensor::head, Group::head, i, 2, m);
    add("b_O", RecurrentTensor::head_bias, Group::head, i, 2, 1);
  }
}

void TensorLayout::add(const char* name, RecurrentTensor kind, Group group, std::uint32_t index,
                       std::size_t rows, std::size_t columns) {
  tensors_.push_back({fmt::format("{}{}", name, index), kind, group, index, rows, columns, size_});
  size_ += rows * columns;
}

bool TensorLayout::has(RecurrentTensor kind, std::uint32_t index) const {
  return std::ranges::any_of(tensors_, [&](const auto& t) { return t.kind == kind && t.index == index; });
}

std::size_t TensorLayout::position(RecurrentTensor kind, std::uint32_t index) const {
  const auto found =
      std::ranges::find_if(tensors_, [&](const auto& t) { return t.kind == kind && t.index == index; });
  if (found == tensors_.end())
    throw LogicError(fmt::format("no tensor of kind {} and index {}", static_cast<int>(kind), index));
  return static_cast<std::size_t>(found - tensors_.begin());
}

}  // namespace modsweep::recurrent
