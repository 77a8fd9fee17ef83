// Conversions and comparisons.
#include "number_types.h"
#include "run.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace ptx {

namespace {

template <typename T>
T to_integral_value(T x, Round round) {
  switch (round) {
    case Round::to_int_nearest:
      return std::nearbyint(x);
    case Round::to_int_zero:
      return std::trunc(x);
    case Round::to_int_down:
      return std::floor(x);
    case Round::to_int_up:
      return std::ceil(x);
    default:
      return x;
  }
}

}  // namespace

void Run::convert(Warp& w, const Instruction& i, std::uint32_t mask) {
  const auto read = [&](int l, const auto& f) {
    switch (i.from) {
      case Type::u8:
      case Type::b8:
        f(static_cast<std::uint8_t>(get<std::uint32_t>(w, i.source[0], l)));
        break;
      case Type::s8:
        f(static_cast<std::int8_t>(get<std::uint32_t>(w, i.source[0], l)));
        break;
      case Type::u16:
      case Type::b16:
        f(static_cast<std::uint16_t>(get<std::uint32_t>(w, i.source[0], l)));
        break;
      case Type::s16:
        f(static_cast<std::int16_t>(get<std::uint32_t>(w, i.source[0], l)));
        break;
      case Type::u32:
      case Type::b32:
        f(get<std::uint32_t>(w, i.source[0], l));
        break;
      case Type::s32:
        f(get<std::int32_t>(w, i.source[0], l));
        break;
      case Type::u64:
      case Type::b64:
        f(get<std::uint64_t>(w, i.source[0], l));
        break;
      case Type::s64:
        f(get<std::int64_t>(w, i.source[0], l));
        break;
      case Type::f32:
        f(get<float>(w, i.source[0], l));
        break;
      default:
        f(get<double>(w, i.source[0], l));
    }
  };
  const auto integer = [&](auto to, auto x) {
    using To = decltype(to);
    using From = decltype(x);
    if constexpr (std::is_floating_point_v<From>) {
      const From r = to_integral_value(x, i.round);
      if (std::isnan(r)) return To{0};
      if (r <= static_cast<From>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
      if (r >= static_cast<From>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
      return static_cast<To>(r);
    } else {
      return static_cast<To>(x);
    }
  };
  each_lane(mask, [&](int l) {
    read(l, [&](auto x) {
      using From = decltype(x);
      switch (i.type) {
        case Type::f32: {
          if (i.round != Round::none && i.round < Round::to_int_nearest && i.round != Round::nearest)
            throw Error("cvt");
          float r = static_cast<float>(x);
          if constexpr (std::is_same_v<From, float>) r = to_integral_value(x, i.round);
          if (i.saturate) r = std::isnan(r) ? 0.0F : std::clamp(r, 0.0F, 1.0F);
          put<float>(w, i.to[0], l, r);
          break;
        }
        case Type::f64: {
          double r = static_cast<double>(x);
          if constexpr (std::is_same_v<From, double>) r = to_integral_value(x, i.round);
          put<double>(w, i.to[0], l, r);
          break;
        }
        case Type::u8:
          put<std::uint32_t>(w, i.to[0], l, integer(std::uint8_t{}, x));
          break;
        case Type::u16:
          put<std::uint16_t>(w, i.to[0], l, integer(std::uint16_t{}, x));
          break;
        case Type::s16:
          put<std::int16_t>(w, i.to[0], l, integer(std::int16_t{}, x));
          break;
        case Type::u32:
          put<std::uint32_t>(w, i.to[0], l, integer(std::uint32_t{}, x));
          break;
        case Type::s32:
          put<std::int32_t>(w, i.to[0], l, integer(std::int32_t{}, x));
          break;
        case Type::u64:
          put<std::uint64_t>(w, i.to[0], l, integer(std::uint64_t{}, x));
          break;
        case Type::s64:
          put<std::int64_t>(w, i.to[0], l, integer(std::int64_t{}, x));
          break;
        default:
          throw Error("cvt");
      }
    });
  });
}

void Run::compare(Warp& w, const Instruction& i, std::uint32_t mask) {
  std::uint32_t result = 0;
  on_numbers(i.from, [&](auto t) {
    using T = decltype(t);
    each_lane(mask, [&](int l) {
      const T a = get<T>(w, i.source[0], l);
      const T b = get<T>(w, i.source[1], l);
      bool unordered = false;
      if constexpr (std::is_floating_point_v<T>) unordered = std::isnan(a) || std::isnan(b);
      bool r = false;
      switch (i.compare) {
        case Compare::eq:
          r = a == b;
          break;
        case Compare::ne:
          r = !unordered && a != b;
          break;
        case Compare::lt:
          r = a < b;
          break;
        case Compare::le:
          r = a <= b;
          break;
        case Compare::gt:
          r = a > b;
          break;
        case Compare::ge:
          r = a >= b;
          break;
        case Compare::equ:
          r = unordered || a == b;
          break;
        case Compare::neu:
          r = unordered || a != b;
          break;
        case Compare::ltu:
          r = unordered || a < b;
          break;
        case Compare::leu:
          r = unordered || a <= b;
          break;
        case Compare::gtu:
          r = unordered || a > b;
          break;
        case Compare::geu:
          r = unordered || a >= b;
          break;
      }
      result |= r ? 1U << l : 0U;
    });
  });
  set_predicate(w, i.to[0], mask, result);
}

}  // namespace ptx
