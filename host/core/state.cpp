#include "modsweep/state.h"

#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// The header of a saved state; three arrays of `parameters` scalars follow.
struct StateHeader {
  char magic[4] = {'M', 'S', 'N', '1'};
  std::uint32_t scalar_bytes = 0;
  std::uint64_t parameters = 0;
  std::uint64_t step = 0;
  std::uint64_t diverged = 0;
};

/// Tests the bits: infinities and NaNs have an exponent of all ones. The loop has no early exit, so that it
/// can be vectorized.
template <typename Bits, Bits exponent>
bool all_finite(std::span<const std::byte> scalars) {
  Bits found = 0;
  for (std::size_t next = 0; next < scalars.size(); next += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, scalars.data() + next, sizeof(Bits));
    found |= static_cast<Bits>((bits & exponent) == exponent);
  }
  return found == 0;
}

/// The header of a best step; `parameters` doubles follow.
struct BestHeader {
  char magic[4] = {'M', 'S', 'B', '1'};
  std::uint32_t unused = 0;
  std::uint64_t step = 0;
  double loss = 0.0;
  std::uint64_t parameters = 0;
};

/// Bytes of the engine's state with which `bytes` begin; none where they do not begin with one.
std::optional<std::size_t> engine_bytes(std::span<const std::byte> bytes) {
  StateHeader header;
  const StateHeader expected;
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, expected.magic, sizeof header.magic) != 0) return std::nullopt;
  const std::size_t rest = bytes.size() - sizeof header;
  if (header.scalar_bytes == 0 || header.parameters > rest / header.scalar_bytes / 3) return std::nullopt;
  return sizeof header + 3 * header.parameters * header.scalar_bytes;
}

}  // namespace

void append_best(std::vector<std::byte>& state, const SavedBest& best) {
  BestHeader header;
  header.step = best.best.step;
  header.loss = best.best.loss;
  header.parameters = best.parameters.size();
  const auto append = [&](const void* from, std::size_t count) {
    const auto* bytes = static_cast<const std::byte*>(from);
    state.insert(state.end(), bytes, bytes + count);
  };
  append(&header, sizeof header);
  append(best.parameters.data(), best.parameters.size() * sizeof(double));
}

SavedBest split_best(std::vector<std::byte>& state) {
  BestHeader header;
  const BestHeader expected;
  const auto own = engine_bytes(state);
  const std::size_t rest = own ? state.size() - *own : 0;
  if (rest >= sizeof header) std::memcpy(&header, state.data() + *own, sizeof header);
  const std::size_t values = rest >= sizeof header ? (rest - sizeof header) / sizeof(double) : 0;
  if (rest < sizeof header || std::memcmp(header.magic, expected.magic, sizeof header.magic) != 0 ||
      header.parameters != values || rest != sizeof header + values * sizeof(double))
    throw InputError(
        fmt::format("a checkpoint of {} bytes has no best step behind the network's state", state.size()));
  SavedBest best{{header.step, header.loss}, std::vector<double>(values)};
  if (values > 0)
    std::memcpy(best.parameters.data(), state.data() + *own + sizeof header, values * sizeof(double));
  state.resize(*own);
  return best;
}

std::size_t state_bytes(std::size_t parameters, Precision precision) {
  return sizeof(StateHeader) + 3 * parameters * scalar_bytes(precision);
}

bool is_finite_state(std::span<const std::byte> bytes) {
  StateHeader header;
  const StateHeader expected;
  if (bytes.size() >= sizeof header) std::memcpy(&header, bytes.data(), sizeof header);
  if (bytes.size() < sizeof header || std::memcmp(header.magic, expected.magic, sizeof header.magic) != 0 ||
      bytes.size() != sizeof header + 3 * header.parameters * header.scalar_bytes)
    throw LogicError(fmt::format("{} bytes are not the state of a network", bytes.size()));
  const auto scalars = bytes.subspan(sizeof header);
  return header.scalar_bytes == sizeof(double) ? all_finite<std::uint64_t, 0x7ff0'0000'0000'0000U>(scalars)
                                               : all_finite<std::uint32_t, 0x7f80'0000U>(scalars);
}

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
