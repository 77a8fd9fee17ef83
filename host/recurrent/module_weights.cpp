#include "recurrent/module_weights.h"

#include <algorithm>

namespace modsweep::recurrent {

namespace {

using math::RecurrentTensor;

template <typename T>
void pack_matrix(const Kernels<T>& kernels, const T* w, std::size_t units, bool back,
                 cpu::AlignedVector<T>& rows, cpu::AlignedVector<T>& columns) {
  rows.resize(units * units);
  kernels.pack(w, units, 1, units, units, rows.data());
  if (!back) return;
  columns.resize(units * units);
  kernels.pack(w, 1, units, units, units, columns.data());
}

}  // namespace

template <typename T>
void pack_modules(const Kernels<T>& kernels, const Network<T>& network, const TensorLayout& layout,
                  std::uint32_t last, std::uint32_t first_back, std::vector<ModuleWeights<T>>& out) {
  const std::size_t units = network.form.units;
  if (out.size() <= last) out.resize(last + 1);
  for (std::uint32_t module = 0; module <= last; ++module) out[module].bias.assign(units, T(0));
  for (const NamedTensor& tensor : layout.tensors()) {
    if (tensor.index > last || tensor.group == Group::head) continue;
    ModuleWeights<T>& to = out[tensor.index];
    const bool back = tensor.index >= first_back;
    const T* values = network.values.data() + tensor.offset;
    switch (tensor.kind) {
      case RecurrentTensor::recurrent:
        pack_matrix(kernels, values, units, back, to.recurrent, to.recurrent_back);
        break;
      case RecurrentTensor::feedforward:
        pack_matrix(kernels, values, units, back, to.feedforward, to.feedforward_back);
        break;
      case RecurrentTensor::input:
        to.input.assign(values, values + units);
        break;
      case RecurrentTensor::timescale:
        to.leak.resize(units);
        std::transform(values, values + units, to.leak.begin(),
                       [](T tau) { return math::leak_of_timescale(tau); });
        break;
      case RecurrentTensor::recurrent_bias:
      case RecurrentTensor::feedforward_bias:
      case RecurrentTensor::input_bias:
        for (std::size_t i = 0; i < units; ++i) to.bias[i] += values[i];
        break;
      case RecurrentTensor::head:
      case RecurrentTensor::head_bias:
        break;
    }
  }
}

template void pack_modules(const Kernels<float>&, const Network<float>&, const TensorLayout&, std::uint32_t,
                           std::uint32_t, std::vector<ModuleWeights<float>>&);
template void pack_modules(const Kernels<double>&, const Network<double>&, const TensorLayout&, std::uint32_t,
                           std::uint32_t, std::vector<ModuleWeights<double>>&);

}  // namespace modsweep::recurrent
