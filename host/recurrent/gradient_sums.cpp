#include "recurrent/gradient_sums.h"

#include <algorithm>

namespace modsweep::recurrent {

template <typename T>
void GradientSums<T>::clear(std::size_t units, std::uint32_t first, std::uint32_t last, std::size_t heads) {
  if (modules_.size() <= last) modules_.resize(last + 1);
  if (heads_.size() < heads) heads_.resize(heads);
  const std::size_t vector = units * kernels_.lanes;
  for (std::uint32_t m = first; m <= last; ++m) {
    Module& sums = modules_[m];
    sums.recurrent.assign(units * vector, T(0));
    if (m > 0) sums.feedforward.assign(units * vector, T(0));
    for (auto* each : {&sums.input, &sums.bias, &sums.leak}) each->assign(vector, T(0));
  }
  for (std::size_t h = 0; h < heads; ++h) {
    heads_[h].weights.assign(vector, T(0));
    heads_[h].bias.assign(kernels_.lanes, T(0));
  }
}

template <typename T>
void GradientSums<T>::collect_head(const cpu::AlignedVector<T>& sums, T* out) {
  const std::size_t count = sums.size() / kernels_.lanes;
  reduce(sums, out + count);
  for (std::size_t i = 0; i < count; ++i) out[i] = -out[count + i];
}

template <typename T>
void GradientSums<T>::collect_tensor(const NamedTensor& tensor, const T* values, T* out) {
  using math::RecurrentTensor;
  const Module& sums = modules_[tensor.index];
  switch (tensor.kind) {
    case RecurrentTensor::recurrent:
      reduce(sums.recurrent, out);
      for (std::size_t i = 0; i < tensor.rows; ++i) out[i * tensor.columns + i] = T(0);
      return;
    case RecurrentTensor::feedforward:
      return reduce(sums.feedforward, out);
    case RecurrentTensor::input:
      return reduce(sums.input, out);
    case RecurrentTensor::recurrent_bias:
    case RecurrentTensor::feedforward_bias:
    case RecurrentTensor::input_bias:
      return reduce(sums.bias, out);
    case RecurrentTensor::timescale:
      reduce(sums.leak, out);
      for (std::size_t i = 0; i < tensor.size(); ++i) out[i] = math::timescale_gradient(values[i], out[i]);
      return;
    case RecurrentTensor::head:
    case RecurrentTensor::head_bias:
      return;
  }
}

template <typename T>
void GradientSums<T>::collect(const Network<T>& network, const TensorLayout& layout, std::uint32_t first,
                              std::uint32_t last, std::span<const std::uint32_t> heads,
                              std::vector<T>& gradient) {
  gradient.assign(layout.size(), T(0));
  for (std::size_t n = 0; n < layout.tensors().size(); ++n) {
    if (network.rates[n] == 0.0) continue;
    const NamedTensor& tensor = layout.tensors()[n];
    T* out = gradient.data() + tensor.offset;
    if (tensor.group != Group::head) {
      if (tensor.index >= first && tensor.index <= last)
        collect_tensor(tensor, network.values.data() + tensor.offset, out);
      continue;
    }
    const auto found = std::ranges::find(heads, tensor.index);
    if (found == heads.end()) continue;
    const Head& sums = heads_[static_cast<std::size_t>(found - heads.begin())];
    collect_head(tensor.kind == math::RecurrentTensor::head ? sums.weights : sums.bias, out);
  }
}

template class GradientSums<float>;
template class GradientSums<double>;

}  // namespace modsweep::recurrent
