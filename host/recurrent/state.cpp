// A run's state as bytes.
#include "recurrent/training.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::recurrent {

namespace {

/// What a state begins with; the network and the solved one follow, each its values and velocity in T and its
/// rates, then accuracies and timescales of the last epoch.
struct RunHeader {
  char magic[4] = {'M', 'S', 'R', '2'};
  std::uint32_t scalar_bytes = 0;
  std::uint32_t units = 0;
  std::uint32_t modules = 0;
  std::uint32_t heads = 0;
  std::uint32_t solved_modules = 0;  ///< 0: nothing is solved
  std::uint32_t solved_heads = 0;
  std::uint32_t last_epoch = 0;  ///< 0: none has ended
  std::uint32_t last_task = 0;
  std::uint32_t last_solved = 0;
  std::uint32_t last_heads = 0;
  std::uint32_t last_modules = 0;
  std::uint64_t last_parameters = 0;
  std::uint64_t last_trained = 0;
  double last_loss = 0.0;
  std::uint64_t step = 0;
  std::uint64_t diverged = 0;
  double loss_sum = 0.0;
};

template <typename Value>
void append(std::vector<std::byte>& bytes, const std::vector<Value>& values) {
  const auto* from = reinterpret_cast<const std::byte*>(values.data());
  bytes.insert(bytes.end(), from, from + values.size() * sizeof(Value));
}

template <typename Value>
void take(std::span<const std::byte>& bytes, std::vector<Value>& values) {
  const std::span<std::byte> to = std::as_writable_bytes(std::span(values));
  std::ranges::copy(bytes.first(to.size()),
                    to.begin());  // memcpy must not be called with an empty vector's null
  bytes = bytes.subspan(to.size());
}

/// A network of that many modules and heads, whose numbers are yet to be filled in.
template <typename T>
Network<T> empty_network(const Form& form, std::uint32_t modules, std::uint32_t heads) {
  Network<T> out;
  if (modules == 0) return out;
  out.form = form;
  out.modules = modules;
  out.heads = heads;
  const TensorLayout layout = out.layout();
  for (std::uint32_t head = 0; head < heads; ++head) out.tasks.push_back(head + 2);
  out.values.resize(layout.size());
  out.velocity.resize(layout.size());
  out.rates.resize(layout.tensors().size());
  return out;
}

template <typename T>
std::size_t bytes_of(const Network<T>& network) {
  return 2 * network.values.size() * sizeof(T) + network.rates.size() * sizeof(double);
}

/// The last epoch's record, whose lists are yet to be filled in.
EpochRecord last_epoch(const RunHeader& header) {
  EpochRecord last;
  last.epoch = header.last_epoch;
  last.task = header.last_task;
  last.solved = header.last_solved;
  last.accuracy.resize(header.last_heads);
  last.timescale.resize(header.last_modules);
  last.parameters = header.last_parameters;
  last.trained = header.last_trained;
  last.loss = header.last_loss;
  return last;
}

/// Whether a run of this form has such counts, of which none can exceed the bytes of its state.
bool possible(const Form& form, std::uint32_t modules, std::uint32_t heads, std::size_t bytes) {
  return modules >= 1 && heads >= 1 && heads <= bytes && modules == (form.modular ? heads : 1);
}

}  // namespace

template <typename T>
std::vector<std::byte> to_bytes(const RunState<T>& state) {
  RunHeader header;
  header.scalar_bytes = sizeof(T);
  header.units = state.network.form.units;
  header.modules = state.network.modules;
  header.heads = state.network.heads;
  header.solved_modules = state.solved.modules;
  header.solved_heads = state.solved.heads;
  header.step = state.step;
  header.diverged = state.diverged;
  header.loss_sum = state.loss_sum;
  header.last_epoch = state.last.epoch;
  header.last_task = state.last.task;
  header.last_solved = state.last.solved;
  header.last_heads = static_cast<std::uint32_t>(state.last.accuracy.size());
  header.last_modules = static_cast<std::uint32_t>(state.last.timescale.size());
  header.last_parameters = state.last.parameters;
  header.last_trained = state.last.trained;
  header.last_loss = state.last.loss;
  std::vector<std::byte> bytes(sizeof header);
  std::memcpy(bytes.data(), &header, sizeof header);
  for (const auto* network : {&state.network, &state.solved}) {
    append(bytes, network->values);
    append(bytes, network->velocity);
    append(bytes, network->rates);
  }
  append(bytes, state.last.accuracy);
  append(bytes, state.last.timescale);
  return bytes;
}

template <typename T>
RunState<T> from_bytes(std::span<const std::byte> bytes, const Form& form) {
  const auto refuse = [&] {
    throw InputError(fmt::format(
        "a checkpoint of {} bytes is not the state of a {} recurrent network of {} units in {}-byte scalars",
        bytes.size(), form.modular ? "modular" : "flat", form.units, sizeof(T)));
  };
  RunHeader header;
  const RunHeader expected;
  if (bytes.size() < sizeof header) refuse();
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, expected.magic, sizeof header.magic) != 0 ||
      header.scalar_bytes != sizeof(T) || header.units != form.units ||
      !possible(form, header.modules, header.heads, bytes.size()) ||
      (header.solved_modules > 0 &&
       !possible(form, header.solved_modules, header.solved_heads, bytes.size())))
    refuse();
  RunState<T> state;
  state.network = empty_network<T>(form, header.modules, header.heads);
  state.solved = empty_network<T>(form, header.solved_modules, header.solved_heads);
  const std::size_t of_last = (std::size_t{header.last_heads} + header.last_modules) * sizeof(double);
  if (bytes.size() != sizeof header + bytes_of(state.network) + bytes_of(state.solved) + of_last) refuse();
  state.step = header.step;
  state.diverged = header.diverged;
  state.loss_sum = header.loss_sum;
  state.last = last_epoch(header);
  std::span<const std::byte> rest = bytes.subspan(sizeof header);
  for (auto* network : {&state.network, &state.solved}) {
    take(rest, network->values);
    take(rest, network->velocity);
    take(rest, network->rates);
  }
  take(rest, state.last.accuracy);
  take(rest, state.last.timescale);
  return state;
}

template std::vector<std::byte> to_bytes<float>(const RunState<float>&);
template std::vector<std::byte> to_bytes<double>(const RunState<double>&);
template RunState<float> from_bytes<float>(std::span<const std::byte>, const Form&);
template RunState<double> from_bytes<double>(std::span<const std::byte>, const Form&);

}  // namespace modsweep::recurrent
