// Philox4x32-10 and Box-Muller over vectors of samples: the same numbers as math/rng.h draws one at a time
// (words bit for bit, normals up to rounding). See kernels.h for layouts and simd.h for the files that may
// include this one.
#pragma once

#include "cpu/kernels.h"
#include "cpu/simd.h"

namespace modsweep::cpu::MODSWEEP_ISA {

// 64-bit lanes whose low halves hold a word: the widening product needs no shuffles, and the high halves may
// hold anything until the end.
using Words = std::uint64_t __attribute__((vector_size(MODSWEEP_SIMD_BYTES)));
constexpr std::size_t word_lanes = MODSWEEP_SIMD_BYTES / 8;

/// Low half times m, all 64 bits.
MODSWEEP_HD Words multiply_wide(Words a, std::uint32_t m) {
  const Words b = Words{} + m;
#if MODSWEEP_SIMD_BYTES == 64
  return reinterpret_cast<Words>(
      _mm512_mul_epu32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif MODSWEEP_SIMD_BYTES == 32
  return reinterpret_cast<Words>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#else
  return reinterpret_cast<Words>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#endif
}

/// Moves high halves to low ones; the high halves of the result are arbitrary. A shuffle, because the
/// multiplications keep the port of the shifts busy.
MODSWEEP_HD Words high_half(Words a) {
#if MODSWEEP_SIMD_BYTES == 64
  return reinterpret_cast<Words>(_mm512_shuffle_epi32(reinterpret_cast<__m512i>(a), _MM_PERM_DDBB));
#elif MODSWEEP_SIMD_BYTES == 32
  return reinterpret_cast<Words>(_mm256_shuffle_epi32(reinterpret_cast<__m256i>(a), 0xF5));
#else
  return reinterpret_cast<Words>(_mm_shuffle_epi32(reinterpret_cast<__m128i>(a), 0xF5));
#endif
}

/// The keys of the ten rounds in all lanes: read from memory each round, which is cheaper than computing them
/// again.
struct RoundKeys {
  Words key[10][2];

  MODSWEEP_HD RoundKeys(std::uint32_t k0, std::uint32_t k1) {
    for (auto& round : key) {
      round[0] = Words{} + k0;
      round[1] = Words{} + k1;
      k0 += 0x9E3779B9U;
      k1 += 0xBB67AE85U;
    }
    asm volatile(""
                 :
                 : "g"(key)
                 : "memory");  // forces them into memory and hides their values from the compiler
  }
};

/// Ten rounds on counters (c0, c1, c2, c3) in place.
MODSWEEP_HD void philox(Words (&c)[4], const RoundKeys& keys) {
#pragma GCC unroll 10
  for (const auto& key : keys.key) {
    const Words p0 = multiply_wide(c[0], 0xD2511F53U);
    const Words p1 = multiply_wide(c[2], 0xCD9E8D57U);
    c[0] = high_half(p1) ^ c[1] ^ key[0];
    c[2] = high_half(p0) ^ c[3] ^ key[1];
    c[1] = p1;
    c[3] = p0;
  }
}

/// A vector of T's worth of words as signed 32-bit numbers converted to T.
MODSWEEP_HD Simd<float> signed_words(Words even, Words odd) {
  using I = Simd<float>::Integers;
  const Words both = (even & 0xffffffffU) | (odd << 32);
  return Simd<float>(__builtin_convertvector(reinterpret_cast<I>(both), Simd<float>::Vector));
}
MODSWEEP_HD Simd<double> signed_words(Words words) {
  using I = Simd<double>::Integers;
  const I wide = (reinterpret_cast<I>(words) << 32) >> 32;
  return Simd<double>(__builtin_convertvector(wide, Simd<double>::Vector));
}

/// 0, 1, 2, ... in 64-bit lanes.
MODSWEEP_HD Words lane_numbers() {
  alignas(64) static constexpr std::uint64_t numbers[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  return *reinterpret_cast<const Words*>(numbers);
}

/// Counters of word_lanes samples: first, first + spacing, ... The sum may carry past 32 bits, which are
/// ignored.
MODSWEEP_HD void start_counter(Words (&c)[4], std::uint32_t step, std::uint32_t layer, std::uint32_t first,
                               std::uint32_t spacing, std::uint32_t unit_block) {
  c[0] = Words{} + step;
  c[1] = Words{} + layer;
  c[2] = lane_numbers() * spacing + first;
  c[3] = Words{} + unit_block;
}

/// Words of the four units of a block for one vector of samples, as signed numbers times 2^-32: in [-1/2,
/// 1/2).
template <typename T>
MODSWEEP_HD void random_turns(const RandomArguments<T>& g, const RoundKeys& keys, std::uint32_t sample,
                              std::uint32_t unit_block, Simd<T> (&turns)[4]) {
  const Simd<T> scale(0x1p-32);
  Words even[4] = {};
  if constexpr (sizeof(T) == 4) {
    Words odd[4] = {};
    start_counter(even, g.step, g.layer, sample, 2, unit_block);
    start_counter(odd, g.step, g.layer, sample + 1, 2, unit_block);
    philox(even, keys);
    philox(odd, keys);
    for (std::size_t w = 0; w < 4; ++w) turns[w] = signed_words(even[w], odd[w]) * scale;
  } else {
    start_counter(even, g.step, g.layer, sample, 1, unit_block);
    philox(even, keys);
    for (std::size_t w = 0; w < 4; ++w) turns[w] = signed_words(even[w]) * scale;
  }
}

/// Stores the words of four rows of units as turns, in the memory of the numbers that will be computed from
/// them. A separate pass: together with Box-Muller it would be a chain of dependent operations too long for
/// out-of-order execution.
template <typename T>
MODSWEEP_HD void store_turns(const RandomArguments<T>& g, const RoundKeys& keys, std::size_t unit) {
  using S = Simd<T>;
  for (std::size_t b = 0; b < g.stride; b += S::lanes) {
    S turns[4];
    random_turns(g, keys, g.first_sample + static_cast<std::uint32_t>(b),
                 static_cast<std::uint32_t>(unit / 4), turns);
    for (std::size_t w = 0; w < 4; ++w) turns[w].store(g.values + (unit + w) * g.stride + b);
  }
}

template <typename T>
void uniforms(const RandomArguments<T>& g) {
  using S = Simd<T>;
  const RoundKeys keys(g.seed, static_cast<std::uint32_t>(g.stream));
  for (std::size_t unit = 0; unit < g.units; unit += 4) {
    store_turns(g, keys, unit);
    T* rows = g.values + unit * g.stride;
    for (std::size_t i = 0; i < 4 * g.stride; i += S::lanes)
      (math::uniform_of_turn(S::load(rows + i)) * S(g.scale)).store(rows + i);
  }
}

template <typename T>
void normals(const RandomArguments<T>& g) {
  using S = Simd<T>;
  const RoundKeys keys(g.seed, static_cast<std::uint32_t>(g.stream));
  for (std::size_t unit = 0; unit < g.units; unit += 4) {
    store_turns(g, keys, unit);
    for (std::size_t pair = 0; pair < 4; pair += 2) {
      T* first = g.values + (unit + pair) * g.stride;
      T* second = first + g.stride;
      for (std::size_t b = 0; b < g.stride; b += S::lanes) {
        const auto n = math::normal_pair(math::uniform_of_turn(S::load(first + b)), S::load(second + b));
        n.first.store(first + b);
        n.second.store(second + b);
      }
    }
  }
}

}  // namespace modsweep::cpu::MODSWEEP_ISA
