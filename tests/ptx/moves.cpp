// Moves between registers, bits, and addresses of other spaces and blocks.
#include "number_types.h"
#include "run.h"

#include <algorithm>
#include <bit>

namespace ptx {

/// Moves, choices, addresses.
bool Run::moves(Warp& w, const Instruction& i, std::uint32_t mask) {
  switch (i.op) {
    case Op::mov:
      if (i.type == Type::pred)
        set_predicate(w, i.to[0], mask, w.predicates[i.source[0].at]);
      else if (bytes_of(i.type) == 8)
        unary<std::uint64_t>(w, i, mask, [](std::uint64_t x) { return x; });
      else
        unary<std::uint32_t>(w, i, mask, [](std::uint32_t x) { return x; });
      return true;
    case Op::pack:
      each_lane(mask, [&](int l) {
        std::uint64_t v = 0;
        const std::uint32_t bits = bytes_of(i.type) * 8U / i.count;
        for (std::uint32_t k = 0; k < i.count; ++k)
          v |= std::uint64_t{get<std::uint32_t>(w, i.source[k], l)} << (k * bits);
        if (bytes_of(i.type) == 8)
          put<std::uint64_t>(w, i.to[0], l, v);
        else
          put<std::uint32_t>(w, i.to[0], l, static_cast<std::uint32_t>(v));
      });
      return true;
    case Op::unpack:
      each_lane(mask, [&](int l) {
        const std::uint64_t v = bytes_of(i.type) == 8 ? get<std::uint64_t>(w, i.source[0], l)
                                                      : get<std::uint32_t>(w, i.source[0], l);
        const std::uint32_t bits = bytes_of(i.type) * 8U / i.count;
        for (std::uint32_t k = 0; k < i.count; ++k)
          put<std::uint32_t>(
              w, i.to[k], l,
              static_cast<std::uint32_t>((v >> (k * bits)) & ((std::uint64_t{1} << bits) - 1)));
      });
      return true;
    case Op::selp: {
      const std::uint32_t p = w.predicates[i.source[2].at];
      each_lane(mask, [&](int l) {
        const Slot from = (p >> l & 1U) != 0 ? i.source[0] : i.source[1];
        if (bytes_of(i.type) == 8)
          put<std::uint64_t>(w, i.to[0], l, get<std::uint64_t>(w, from, l));
        else
          put<std::uint32_t>(w, i.to[0], l, get<std::uint32_t>(w, from, l));
      });
      return true;
    }
    case Op::cvta:
      each_lane(mask, [&](int l) {
        const std::uint64_t a = get<std::uint64_t>(w, i.source[0], l);
        std::uint64_t r = a;
        if (i.space == Space::shared)
          r = i.to_space ? a & 0xffffffffU : shared_window | std::uint64_t{w.block->rank} << 32U | a;
        if (i.space == Space::local) r = i.to_space ? a & 0xffffffffU : local_window | a;
        put<std::uint64_t>(w, i.to[0], l, r);
      });
      return true;
    case Op::mapa:
      each_lane(mask, [&](int l) {
        const std::uint64_t a = get<std::uint64_t>(w, i.source[0], l);
        const std::uint64_t rank = get<std::uint32_t>(w, i.source[1], l);
        if ((a & window) != shared_window || rank >= launch_.ranks)
          fault(Kind::shared_bounds, i,
                where(w, l) + " mapa of address " + std::to_string(a) + ", rank " + std::to_string(rank));
        put<std::uint64_t>(w, i.to[0], l, (a & ~(std::uint64_t{0xff} << 32U)) | rank << 32U);
      });
      return true;
    default:
      return false;
  }
}

/// Bits and shifts.
bool Run::works_on_bits(Warp& w, const Instruction& i, std::uint32_t mask) {
  switch (i.op) {
    case Op::and_:
    case Op::or_:
    case Op::xor_: {
      const auto f = [op = i.op](auto a, auto b) {
        return static_cast<decltype(a)>(op == Op::and_ ? a & b : op == Op::or_ ? a | b : a ^ b);
      };
      if (i.type == Type::pred)
        set_predicate(w, i.to[0], mask, f(w.predicates[i.source[0].at], w.predicates[i.source[1].at]));
      else
        on_integers(i.type, [&](auto t) { binary<decltype(t)>(w, i, mask, f); });
      return true;
    }
    case Op::not_:
      if (i.type == Type::pred)
        set_predicate(w, i.to[0], mask, ~w.predicates[i.source[0].at]);
      else
        on_integers(i.type, [&](auto t) {
          using T = decltype(t);
          unary<T>(w, i, mask, [](T a) { return static_cast<T>(~a); });
        });
      return true;
    case Op::shl:
    case Op::shr:
      on_integers(i.type, [&](auto t) {
        using T = decltype(t);
        constexpr std::uint32_t bits = sizeof(T) * 8;
        each_lane(mask, [&](int l) {
          const T a = get<T>(w, i.source[0], l);
          const std::uint32_t n = get<std::uint32_t>(w, i.source[1], l);
          T r;
          if (i.op == Op::shl)
            r = n >= bits ? T{0} : static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) << n);
          else if constexpr (std::is_signed_v<T>)
            r = static_cast<T>(a >> std::min(n, bits - 1));
          else
            r = n >= bits ? T{0} : static_cast<T>(a >> n);
          put<T>(w, i.to[0], l, r);
        });
      });
      return true;
    case Op::clz:
      each_lane(mask, [&](int l) {
        put<std::uint32_t>(
            w, i.to[0], l,
            static_cast<std::uint32_t>(i.from == Type::b64
                                           ? std::countl_zero(get<std::uint64_t>(w, i.source[0], l))
                                           : std::countl_zero(get<std::uint32_t>(w, i.source[0], l))));
      });
      return true;
    case Op::bfi:
      each_lane(mask, [&](int l) {
        const auto a = get<std::uint32_t>(w, i.source[0], l), b = get<std::uint32_t>(w, i.source[1], l);
        const auto at = get<std::uint32_t>(w, i.source[2], l) & 255U,
                   len = get<std::uint32_t>(w, i.source[3], l) & 255U;
        const std::uint32_t field = at > 31 ? 0 : ((len > 31 ? 0xffffffffU : (1U << len) - 1U) << at);
        put<std::uint32_t>(w, i.to[0], l, (b & ~field) | ((at > 31 ? 0 : a << at) & field));
      });
      return true;
    default:
      return false;
  }
}

}  // namespace ptx
