// Element types of safetensors files: their sizes and how each becomes a double.
#pragma once

#include "core/half.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace modsweep {

static_assert(std::endian::native == std::endian::little,
              "safetensors data are little-endian and are copied as they are");

/// The longest header that the format allows, in bytes.
inline constexpr std::uint64_t max_header_bytes = 100'000'000;

/// bfloat16: the upper half of a float. Exact.
[[nodiscard]] inline double double_of_bfloat(std::uint16_t bits) {
  return double{std::bit_cast<float>(std::uint32_t{bits} << 16)};
}

/// One element type. `decode` turns `count` packed elements into doubles.
struct Dtype {
  std::string_view name;
  std::size_t size;  ///< bytes of one element
  void (*decode)(const std::byte* from, std::size_t count, double* to);
};

namespace detail {

template <typename Stored, auto convert>
void decode(const std::byte* from, std::size_t count, double* to) {
  for (std::size_t i = 0; i < count; ++i) {
    Stored value;
    std::memcpy(&value, from + i * sizeof(Stored), sizeof(Stored));  // the data need not be aligned
    to[i] = convert(value);
  }
}

template <typename Stored>
double plain(Stored value) {
  return static_cast<double>(value);
}

template <typename Stored>
constexpr Dtype plain_dtype(std::string_view name) {
  return {name, sizeof(Stored), decode<Stored, plain<Stored>>};
}

}  // namespace detail

/// All element types that we read. Weights come in the first four; the others are counters, masks, indices.
inline constexpr std::array<Dtype, 13> dtypes = {{
    detail::plain_dtype<double>("F64"),
    detail::plain_dtype<float>("F32"),
    {"F16", 2, detail::decode<std::uint16_t, double_of_half>},
    {"BF16", 2, detail::decode<std::uint16_t, double_of_bfloat>},
    detail::plain_dtype<std::int64_t>("I64"),
    detail::plain_dtype<std::int32_t>("I32"),
    detail::plain_dtype<std::int16_t>("I16"),
    detail::plain_dtype<std::int8_t>("I8"),
    detail::plain_dtype<std::uint64_t>("U64"),
    detail::plain_dtype<std::uint32_t>("U32"),
    detail::plain_dtype<std::uint16_t>("U16"),
    detail::plain_dtype<std::uint8_t>("U8"),
    detail::plain_dtype<std::uint8_t>("BOOL"),
}};

/// The type of this name; nullptr: it is not read.
[[nodiscard]] inline const Dtype* find_dtype(std::string_view name) {
  for (const Dtype& dtype : dtypes)
    if (dtype.name == name) return &dtype;
  return nullptr;
}

}  // namespace modsweep
