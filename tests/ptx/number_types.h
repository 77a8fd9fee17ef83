// The type that an instruction computes in, as a C++ type.
#pragma once

#include "program.h"

namespace ptx {

/// Calls f(T{}) with the integer type T; throws Error where it is none.
template <typename F>
void on_integers(Type type, const F& f) {
  switch (type) {
    case Type::b16:
    case Type::u16:
      f(std::uint16_t{});
      break;
    case Type::s16:
      f(std::int16_t{});
      break;
    case Type::b32:
    case Type::u32:
      f(std::uint32_t{});
      break;
    case Type::s32:
      f(std::int32_t{});
      break;
    case Type::b64:
    case Type::u64:
      f(std::uint64_t{});
      break;
    case Type::s64:
      f(std::int64_t{});
      break;
    default:
      throw Error("no integer");
  }
}
template <typename F>
void on_floats(Type type, const F& f) {
  if (type == Type::f32)
    f(float{});
  else
    f(double{});
}
template <typename F>
void on_numbers(Type type, const F& f) {
  if (is_float(type))
    on_floats(type, f);
  else
    on_integers(type, f);
}

}  // namespace ptx
