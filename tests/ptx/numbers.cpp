// Quotients, order, signs, and special functions.
#include "number_types.h"
#include "run.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ptx {

namespace {

float with_error(float x, int sign, float relative) {
  return sign == 0 || !std::isfinite(x) ? x : x * (1.0F + static_cast<float>(sign) * relative);
}
float flushed(float x) {
  return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0F, x) : x;
}

}  // namespace

/// Quotients and remainders, the smaller and the larger one, signs.
bool Run::divides_or_orders(Warp& w, const Instruction& i, std::uint32_t mask) {
  switch (i.op) {
    case Op::div:
      if (is_float(i.type))
        on_floats(i.type, [&](auto t) {
          using T = decltype(t);
          binary<T>(w, i, mask, [](T a, T b) { return a / b; });
        });
      else
        on_integers(i.type, [&](auto t) {
          using T = decltype(t);
          binary<T>(w, i, mask,
                    [](T a, T b) { return b == 0 ? static_cast<T>(~T{0}) : static_cast<T>(a / b); });
        });
      return true;
    case Op::rem:
      on_integers(i.type, [&](auto t) {
        using T = decltype(t);
        binary<T>(w, i, mask, [](T a, T b) { return b == 0 ? a : static_cast<T>(a % b); });
      });
      return true;
    case Op::min:
    case Op::max:
      if (is_float(i.type))
        on_floats(i.type, [&](auto t) {
          using T = decltype(t);
          if (i.op == Op::min)
            binary<T>(w, i, mask, [](T a, T b) { return std::fmin(a, b); });
          else
            binary<T>(w, i, mask, [](T a, T b) { return std::fmax(a, b); });
        });
      else
        on_integers(i.type, [&](auto t) {
          using T = decltype(t);
          if (i.op == Op::min)
            binary<T>(w, i, mask, [](T a, T b) { return std::min(a, b); });
          else
            binary<T>(w, i, mask, [](T a, T b) { return std::max(a, b); });
        });
      return true;
    case Op::abs:
      on_numbers(i.type, [&](auto t) {
        using T = decltype(t);
        unary<T>(w, i, mask, [](T a) {
          if constexpr (std::is_unsigned_v<T>)
            return a;
          else
            return static_cast<T>(std::abs(a));
        });
      });
      return true;
    case Op::neg:
      on_numbers(i.type, [&](auto t) {
        using T = decltype(t);
        unary<T>(w, i, mask, [](T a) { return static_cast<T>(-a); });
      });
      return true;
    case Op::copysign:
      on_floats(i.type, [&](auto t) {
        using T = decltype(t);
        binary<T>(w, i, mask, [](T a, T b) { return std::copysign(b, a); });
      });
      return true;
    default:
      return false;
  }
}

/// Roots, exponentials and the like.
bool Run::special_functions(Warp& w, const Instruction& i, std::uint32_t mask) {
  switch (i.op) {
    case Op::ex2:
    case Op::lg2:
    case Op::sin:
    case Op::cos:
    case Op::tanh:
    case Op::sqrt:
    case Op::rcp:
    case Op::rsqrt:
      if (i.type == Type::f64) {
        unary<double>(w, i, mask, [&](double x) -> double {
          if (i.op == Op::sqrt) return std::sqrt(x);
          if (i.op != Op::rcp) throw Error("a special function in double");
          if (!i.approximate) return 1.0 / x;
          // rcp.approx.ftz.f64: of the upper 32 bits, with 20 bits of fraction, the lower 32 bits 0.
          const auto high = [](double v) {
            return std::bit_cast<double>(std::bit_cast<std::uint64_t>(v) & 0xffffffff00000000U);
          };
          return high(1.0 / high(x));
        });
        return true;
      }
      unary<float>(w, i, mask, [&](float x) { return special_function(i, x); });
      return true;
    default:
      return false;
  }
}

/// In single precision, with the error that the run asks of approximations (PTX ISA 9.0, 9.7.3).
float Run::special_function(const Instruction& i, float x) const {
  const float in = i.ftz ? flushed(x) : x;
  const int sign = i.approximate ? settings_.approximate : 0;
  float r = 0.0F;
  switch (i.op) {
    case Op::ex2:
      r = with_error(static_cast<float>(std::exp2(static_cast<double>(in))), sign, 0x1p-22F);
      break;
    case Op::lg2: {
      r = static_cast<float>(std::log2(static_cast<double>(in)));
      if (in > 0.5F && in < 2.0F)
        r += static_cast<float>(sign) * 0x1p-22F;
      else
        r = with_error(r, sign, 0x1p-22F);
      break;
    }
    case Op::sin:
      r = static_cast<float>(std::sin(static_cast<double>(in))) + static_cast<float>(sign) * 0x1p-21F;
      break;
    case Op::cos:
      r = static_cast<float>(std::cos(static_cast<double>(in))) + static_cast<float>(sign) * 0x1p-21F;
      break;
    case Op::tanh:
      r = with_error(std::tanh(in), sign, 0x1p-11F);
      break;
    case Op::sqrt:
      r = with_error(std::sqrt(in), sign, 0x1p-23F);
      break;
    case Op::rcp:
      r = with_error(1.0F / in, sign, 0x1p-23F);
      break;
    default:
      r = with_error(static_cast<float>(1.0 / std::sqrt(static_cast<double>(in))), sign, 0x1p-22F);
  }
  return i.ftz ? flushed(r) : r;
}

}  // namespace ptx
