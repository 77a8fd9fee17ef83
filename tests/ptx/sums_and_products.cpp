// Sums and products, of integers with carries and in twice the width, and of floating-point numbers.
#include "number_types.h"
#include "run.h"

#include <cfenv>
#include <cmath>

namespace ptx {

/// Sums and differences.
bool Run::adds(Warp& w, const Instruction& i, std::uint32_t mask) {
  switch (i.op) {
    case Op::add:
    case Op::sub:
      if (is_float(i.type)) {
        on_floats(i.type, [&](auto t) {
          using T = decltype(t);
          if (i.op == Op::add)
            binary<T>(w, i, mask, [](T a, T b) { return a + b; });
          else
            binary<T>(w, i, mask, [](T a, T b) { return a - b; });
          if (i.saturate) throw Error("add.sat");
        });
      } else if (i.carry_in || i.carry_out) {
        add_with_carry(w, i, mask);
      } else {
        on_integers(i.type, [&](auto t) {
          using T = std::make_unsigned_t<decltype(t)>;
          if (i.op == Op::add)
            binary<T>(w, i, mask, [](T a, T b) { return a + b; });
          else
            binary<T>(w, i, mask, [](T a, T b) { return a - b; });
        });
      }
      return true;
    default:
      return false;
  }
}

void Run::add_with_carry(Warp& w, const Instruction& i, std::uint32_t mask) {
  const bool wide = bytes_of(i.type) == 8;
  std::uint32_t carry = w.carry;
  each_lane(mask, [&](int l) {
    const std::uint64_t a =
        wide ? get<std::uint64_t>(w, i.source[0], l) : get<std::uint32_t>(w, i.source[0], l);
    const std::uint64_t b =
        wide ? get<std::uint64_t>(w, i.source[1], l) : get<std::uint32_t>(w, i.source[1], l);
    const unsigned __int128 in = i.carry_in ? (w.carry >> l) & 1U : 0U;
    const unsigned __int128 sum = i.op == Op::add ? static_cast<unsigned __int128>(a) + b + in
                                                  : static_cast<unsigned __int128>(a) - b - in;
    const bool out = (sum >> (wide ? 64 : 32) & 1U) != 0;
    if (wide)
      put<std::uint64_t>(w, i.to[0], l, static_cast<std::uint64_t>(sum));
    else
      put<std::uint32_t>(w, i.to[0], l, static_cast<std::uint32_t>(sum));
    carry = (carry & ~(1U << l)) | (out ? 1U << l : 0U);
  });
  if (i.carry_out) w.carry = carry;
}

/// Products.
bool Run::multiplies(Warp& w, const Instruction& i, std::uint32_t mask) {
  switch (i.op) {
    case Op::mul:
      on_floats(i.type, [&](auto t) {
        using T = decltype(t);
        binary<T>(w, i, mask, [](T a, T b) { return a * b; });
      });
      return true;
    case Op::mul_lo:
      on_integers(i.type, [&](auto t) {
        using T = std::make_unsigned_t<decltype(t)>;
        binary<T>(w, i, mask, [](T a, T b) { return static_cast<T>(std::uint64_t{a} * b); });
      });
      return true;
    case Op::mul_hi:
      switch (i.type) {
        case Type::u32:
          binary<std::uint32_t>(w, i, mask, [](std::uint64_t a, std::uint64_t b) { return a * b >> 32U; });
          break;
        case Type::s32:
          binary<std::int32_t>(w, i, mask, [](std::int64_t a, std::int64_t b) { return a * b >> 32; });
          break;
        case Type::u64:
          binary<std::uint64_t>(w, i, mask,
                                [](unsigned __int128 a, unsigned __int128 b) { return a * b >> 64U; });
          break;
        default:
          throw Error("mul.hi");
      }
      return true;
    case Op::mul_wide:
      multiply_wide(w, i, mask);
      return true;
    case Op::mad_lo:
    case Op::mad_hi:
      if (i.carry_in || i.carry_out || i.op == Op::mad_hi) {
        multiply_with_carry(w, i, mask);
      } else {
        on_integers(i.type, [&](auto t) {
          using T = std::make_unsigned_t<decltype(t)>;
          ternary<T>(w, i, mask, [](T a, T b, T c) { return static_cast<T>(std::uint64_t{a} * b + c); });
        });
      }
      return true;
    case Op::mad_wide:
      each_lane(mask, [&](int l) {
        if (i.from == Type::u32)
          put<std::uint64_t>(
              w, i.to[0], l,
              std::uint64_t{get<std::uint32_t>(w, i.source[0], l)} * get<std::uint32_t>(w, i.source[1], l) +
                  get<std::uint64_t>(w, i.source[2], l));
        else if (i.from == Type::s32)
          put<std::int64_t>(
              w, i.to[0], l,
              std::int64_t{get<std::int32_t>(w, i.source[0], l)} * get<std::int32_t>(w, i.source[1], l) +
                  get<std::int64_t>(w, i.source[2], l));
        else
          throw Error("mad.wide");
      });
      return true;
    case Op::fma: {
      const bool directed = i.round != Round::nearest;
      if (directed)
        std::fesetround(i.round == Round::down ? FE_DOWNWARD
                        : i.round == Round::up ? FE_UPWARD
                                               : FE_TOWARDZERO);
      on_floats(i.type, [&](auto t) {
        using T = decltype(t);
        ternary<T>(w, i, mask, [](T a, T b, T c) { return std::fma(a, b, c); });
      });
      if (directed) std::fesetround(FE_TONEAREST);
      return true;
    }
    default:
      return false;
  }
}

void Run::multiply_with_carry(Warp& w, const Instruction& i, std::uint32_t mask) {
  if (bytes_of(i.type) != 4) throw Error("mad of 64 bits with carry");
  std::uint32_t carry = w.carry;
  each_lane(mask, [&](int l) {
    const bool is_s = i.type == Type::s32;
    const std::uint64_t product =
        is_s ? static_cast<std::uint64_t>(std::int64_t{get<std::int32_t>(w, i.source[0], l)} *
                                          get<std::int32_t>(w, i.source[1], l))
             : std::uint64_t{get<std::uint32_t>(w, i.source[0], l)} * get<std::uint32_t>(w, i.source[1], l);
    const std::uint64_t part = i.op == Op::mad_hi ? product >> 32U : product & 0xffffffffU;
    const std::uint64_t sum =
        part + get<std::uint32_t>(w, i.source[2], l) + (i.carry_in ? (w.carry >> l) & 1U : 0U);
    put<std::uint32_t>(w, i.to[0], l, static_cast<std::uint32_t>(sum));
    carry = (carry & ~(1U << l)) | ((sum >> 32U) != 0 ? 1U << l : 0U);
  });
  if (i.carry_out) w.carry = carry;
}

void Run::multiply_wide(Warp& w, const Instruction& i, std::uint32_t mask) {
  each_lane(mask, [&](int l) {
    switch (i.from) {
      case Type::u32:
        put<std::uint64_t>(
            w, i.to[0], l,
            std::uint64_t{get<std::uint32_t>(w, i.source[0], l)} * get<std::uint32_t>(w, i.source[1], l));
        break;
      case Type::s32:
        put<std::int64_t>(
            w, i.to[0], l,
            std::int64_t{get<std::int32_t>(w, i.source[0], l)} * get<std::int32_t>(w, i.source[1], l));
        break;
      case Type::u16:
        put<std::uint32_t>(
            w, i.to[0], l,
            std::uint32_t{get<std::uint16_t>(w, i.source[0], l)} * get<std::uint16_t>(w, i.source[1], l));
        break;
      default:
        throw Error("mul.wide");
    }
  });
}

}  // namespace ptx
