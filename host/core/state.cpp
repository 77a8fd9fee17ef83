#include "modsweep/state.h"

#include <cstring>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// What a saved state starts with; three arrays of `parameters` scalars follow.
struct StateHeader {
  char magic[4] = {'M', 'S', 'N', '1'};
  std::uint32_t scalar_bytes = 0;
  std::uint64_t parameters = 0;
  std::uint64_t step = 0;
  std::uint64_t diverged = 0;
};

}  // namespace

template <typename T>
std::vector<std::byte> to_bytes(const SavedState<T>& state) {
  StateHeader header;
  header.scalar_bytes = sizeof(T);
  header.parameters = state.parameters.size();
  header.step = state.step;
  header.diverged = state.diverged;
  const std::size_t array = state.parameters.size() * sizeof(T);
  std::vector<std::byte> bytes(sizeof header + 3 * array);
  std::memcpy(bytes.data(), &header, sizeof header);
  std::byte* next = bytes.data() + sizeof header;
  for (const auto* values : {&state.parameters, &state.moment1, &state.moment2}) {
    if (values->size() != state.parameters.size())
      throw LogicError(
          fmt::format("a state has arrays of {} and {} entries", state.parameters.size(), values->size()));
    std::memcpy(next, values->data(), array);
    next += array;
  }
  return bytes;
}

template <typename T>
SavedState<T> from_bytes(std::span<const std::byte> bytes, const Shape& shape) {
  StateHeader header;
  const StateHeader expected;
  const std::size_t parameters = ParameterLayout(shape).parameters();
  const std::size_t array = parameters * sizeof(T);
  if (bytes.size() >= sizeof header) std::memcpy(&header, bytes.data(), sizeof header);
  if (bytes.size() != sizeof header + 3 * array ||
      std::memcmp(header.magic, expected.magic, sizeof header.magic) != 0 ||
      header.scalar_bytes != sizeof(T) || header.parameters != parameters)
    throw InputError(
        fmt::format("a checkpoint of {} bytes is not the state of a network {} in {}-byte scalars ({} bytes)",
                    bytes.size(), shape.text(), sizeof(T), sizeof header + 3 * array));
  SavedState<T> state;
  state.step = header.step;
  state.diverged = header.diverged;
  const std::byte* next = bytes.data() + sizeof header;
  for (auto* values : {&state.parameters, &state.moment1, &state.moment2}) {
    values->resize(parameters);
    std::memcpy(values->data(), next, array);
    next += array;
  }
  return state;
}

template std::vector<std::byte> to_bytes(const SavedState<float>&);
template std::vector<std::byte> to_bytes(const SavedState<double>&);
template SavedState<float> from_bytes(std::span<const std::byte>, const Shape&);
template SavedState<double> from_bytes(std::span<const std::byte>, const Shape&);

}  // namespace modsweep
