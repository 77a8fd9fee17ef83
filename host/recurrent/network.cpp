#include "recurrent/network.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::recurrent {

namespace {

using math::RecurrentTensor;

bool contains(const std::vector<Group>& groups, Group group) {
  return std::ranges::find(groups, group) != groups.end();
}

/// Copies a drawn tensor without the diagonal that it lacks.
template <typename T>
void assign(std::vector<T>& values, const NamedTensor& tensor, const std::vector<double>& drawn) {
  if (drawn.size() != tensor.size())
    throw LogicError(
        fmt::format("tensor {} has {} values, not {}", tensor.name, drawn.size(), tensor.size()));
  for (std::size_t i = 0; i < tensor.size(); ++i) {
    const bool diagonal = !tensor.has_diagonal() && i / tensor.columns == i % tensor.columns;
    values[tensor.offset + i] = diagonal ? T(0) : static_cast<T>(drawn[i]);
  }
}

/// Whether a new module's tensor is a copy of module 0's (recurrent) or module 1's (feedforward) for good.
bool frozen_copy(const NamedTensor& tensor, Freeze freeze) {
  return (freeze == Freeze::recurrent && tensor.group == Group::recurrent && tensor.index >= 1) ||
         (freeze == Freeze::feedforward && tensor.group == Group::feedforward && tensor.index >= 2);
}

/// The value that the module's tensor started with: a copied one is what the first module that has such a
/// tensor drew.
NamedTensor first_of_kind(const NamedTensor& tensor) {
  NamedTensor first = tensor;
  first.index = tensor.group == Group::feedforward ? 1 : 0;
  return first;
}

}  // namespace

std::vector<double> DrawnValues::of(const NamedTensor& tensor) const {
  std::vector<double> out(tensor.size());
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = math::fresh_value(seed_, form_.units, tensor.kind, tensor.index,
                               static_cast<std::uint32_t>(i / tensor.columns),
                               static_cast<std::uint32_t>(i % tensor.columns));
  return out;
}

template <typename T>
Network<T> first_network(const Form& form, const FreshValues& fresh) {
  const TensorLayout layout(form, 1, 1);
  Network<T> out;
  out.form = form;
  out.modules = out.heads = 1;
  out.tasks = {2};
  out.values.resize(layout.size());
  out.velocity.assign(layout.size(), T(0));
  out.rates.assign(layout.tensors().size(), 1.0);
  for (const NamedTensor& tensor : layout.tensors()) assign(out.values, tensor, fresh.of(tensor));
  return out;
}

template <typename T>
void grow(Network<T>& network, const Growth& growth, const FreshValues& fresh) {
  if (growth.freeze != Freeze::none && growth.old_rate > 0.0)
    throw LogicError("copies cannot stay equal to modules that go on learning");
  const std::size_t old_tensors = network.rates.size();
  if (network.form.modular) {
    for (double& rate : network.rates) rate *= growth.old_rate;
    if (growth.old_rate == 0.0) std::ranges::fill(network.velocity, T(0));
    ++network.modules;
  }
  ++network.heads;
  network.tasks.push_back(network.heads + 1);
  const TensorLayout layout = network.layout();
  network.values.resize(layout.size());
  network.velocity.resize(layout.size(), T(0));
  network.rates.resize(layout.tensors().size(), 1.0);
  for (std::size_t n = old_tensors; n < layout.tensors().size(); ++n) {
    const NamedTensor& tensor = layout.tensors()[n];
    const bool frozen = frozen_copy(tensor, growth.freeze);
    const bool copied = network.form.modular && (frozen || contains(growth.duplicate, tensor.group)) &&
                        layout.has(tensor.kind, tensor.index - 1);
    if (frozen) network.rates[n] = 0.0;
    if (!copied || (growth.from_untrained && !frozen)) {
      assign(network.values, tensor, fresh.of(copied ? first_of_kind(tensor) : tensor));
      continue;
    }
    const NamedTensor& last = layout.tensors()[layout.position(tensor.kind, tensor.index - 1)];
    std::copy_n(network.values.begin() + static_cast<std::ptrdiff_t>(last.offset), tensor.size(),
                network.values.begin() + static_cast<std::ptrdiff_t>(tensor.offset));
  }
}

template <typename T>
void add_head(Network<T>& network, std::uint32_t task, const FreshValues& fresh) {
  const std::size_t old_tensors = network.rates.size();
  ++network.heads;
  network.tasks.push_back(task);
  const TensorLayout layout = network.layout();
  network.values.resize(layout.size());
  network.velocity.resize(layout.size(), T(0));
  network.rates.resize(layout.tensors().size(), 1.0);
  for (std::size_t n = old_tensors; n < layout.tensors().size(); ++n)
    assign(network.values, layout.tensors()[n], fresh.of(layout.tensors()[n]));
}

template <typename T>
std::vector<std::uint32_t> learning_heads(const Network<T>& network) {
  const TensorLayout layout = network.layout();
  std::vector<std::uint32_t> out;
  for (std::uint32_t head = 0; head < network.heads; ++head)
    if (network.rates[layout.position(RecurrentTensor::head, head)] > 0.0) out.push_back(head);
  return out;
}

template <typename T>
std::size_t count_parameters(const Network<T>& network, bool trained_only) {
  const TensorLayout layout = network.layout();
  std::size_t out = 0;
  for (std::size_t n = 0; n < layout.tensors().size(); ++n)
    if (!trained_only || network.rates[n] > 0.0) out += layout.tensors()[n].parameters();
  return out;
}

template Network<float> first_network<float>(const Form&, const FreshValues&);
template Network<double> first_network<double>(const Form&, const FreshValues&);
template void grow<float>(Network<float>&, const Growth&, const FreshValues&);
template void grow<double>(Network<double>&, const Growth&, const FreshValues&);
template void add_head<float>(Network<float>&, std::uint32_t, const FreshValues&);
template void add_head<double>(Network<double>&, std::uint32_t, const FreshValues&);
template std::vector<std::uint32_t> learning_heads<float>(const Network<float>&);
template std::vector<std::uint32_t> learning_heads<double>(const Network<double>&);
template std::size_t count_parameters<float>(const Network<float>&, bool);
template std::size_t count_parameters<double>(const Network<double>&, bool);

}  // namespace modsweep::recurrent
