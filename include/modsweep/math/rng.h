// Counter-based random numbers (Philox4x32-10 of Random123; Salmon et al. 2011): every draw is a function of
// its purpose (seed, stream, step, layer, sample, unit), so it is the same on every engine, in any pack, on
// any number of threads and after a restart.
#pragma once

#include <array>
#include <cstdint>

#include <Random123/philox.h>

#include "modsweep/math/normal.h"
#include "modsweep/math/scalar.h"

namespace modsweep::math {

/// The purpose of a draw; the second half of the key.
enum class Stream : std::uint32_t {
  initial_weights = 0,
  initial_biases = 1,
  noise = 2,
  dropout = 3,
  test_noise = 4,
  order = 5,
  table_rows = 6,
  axis_values = 7,        ///< of the random axes of sweep files (config/random_axis.h)
  recurrent_initial = 8,  ///< of recurrent networks (math/recurrent.h); 16 to 63 are their sequences'
  perturbation = 9
};

/// The stream of one of several evaluations under noise: each draw has its own; draw 0 is Stream::test_noise.
MODSWEEP_HD Stream test_noise_stream(std::uint32_t draw) {
  return static_cast<Stream>(static_cast<std::uint32_t>(Stream::test_noise) + (draw << 8U));
}

/// Four words: counter (step, layer, sample, unit / 4), key (seed, stream); word i belongs to unit 4 (unit /
/// 4) + i.
struct RandomBlock {
  std::uint32_t word[4];
};

#if defined(__CUDA_ARCH__)
/// Philox4x32-10 on a device, where Random123's products, written in 64 bits, take half as many instructions
/// again.
MODSWEEP_HD RandomBlock device_random_block(std::uint32_t (&c)[4], std::uint32_t key0, std::uint32_t key1) {
  const auto multiply = [](std::uint32_t a, std::uint32_t b, std::uint32_t& low, std::uint32_t& high) {
    asm("{\n\t.reg .u64 product;\n\tmul.wide.u32 product, %2, %3;\n\tmov.b64 {%0, %1}, product;\n\t}"
        : "=r"(low), "=r"(high)
        : "r"(a), "r"(b));
  };
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    std::uint32_t low0 = 0, high0 = 0, low1 = 0, high1 = 0;
    multiply(c[0], PHILOX_M4x32_0, low0, high0);
    multiply(c[2], PHILOX_M4x32_1, low1, high1);
    c[0] = high1 ^ c[1] ^ key0;
    c[1] = low1;
    c[2] = high0 ^ c[3] ^ key1;
    c[3] = low0;
    key0 += PHILOX_W32_0;
    key1 += PHILOX_W32_1;
  }
  return {{c[0], c[1], c[2], c[3]}};
}
#endif

/// The words of one counter.
MODSWEEP_HD RandomBlock random_block(std::uint32_t seed, Stream stream, std::uint32_t step,
                                     std::uint32_t layer, std::uint32_t sample, std::uint32_t unit_block) {
#if defined(__CUDA_ARCH__)
  std::uint32_t counter[4] = {step, layer, sample, unit_block};
  return device_random_block(counter, seed, static_cast<std::uint32_t>(stream));
#else
  const r123::Philox4x32::ctr_type counter = {{step, layer, sample, unit_block}};
  const r123::Philox4x32::key_type key = {{seed, static_cast<std::uint32_t>(stream)}};
  const auto words = r123::Philox4x32()(counter, key);
  return {{words[0], words[1], words[2], words[3]}};
#endif
}

/// Uniform in (0, 1), symmetric about 1/2: (w + 1/2) 2^-32.
MODSWEEP_HD double uniform(std::uint32_t word) {
  return (static_cast<double>(word) + 0.5) * 0x1p-32;
}

/// The bound of the uniform distribution of initial weights and biases: 1/sqrt(fan_in) (science.md section
/// 1).
MODSWEEP_HD double initial_bound(std::uint32_t fan_in) {
  return 1.0 / square_root(static_cast<double>(fan_in));
}

/// Initial weight from unit `input` (within its group) to unit `output` of weight layer `layer`.
MODSWEEP_HD double initial_weight(std::uint32_t seed, std::uint32_t layer, std::uint32_t output,
                                  std::uint32_t input, std::uint32_t fan_in) {
  const RandomBlock block = random_block(seed, Stream::initial_weights, 0, layer, output, input / 4);
  return (2.0 * uniform(block.word[input % 4]) - 1.0) * initial_bound(fan_in);
}

/// Initial bias of unit `output` of weight layer `layer`.
MODSWEEP_HD double initial_bias(std::uint32_t seed, std::uint32_t layer, std::uint32_t output,
                                std::uint32_t fan_in) {
  const RandomBlock block = random_block(seed, Stream::initial_biases, 0, layer, 0, output / 4);
  return (2.0 * uniform(block.word[output % 4]) - 1.0) * initial_bound(fan_in);
}

/// uniform(w) in T from the turn of the same word, plus 1 where the turn is negative. In float the sum is
/// rounded, so it may be 1 (a normal of radius 0) but never 0.
template <typename T>
MODSWEEP_HD T uniform_of_turn(T turn) {
  return select(turn < T(0), turn + T(1), turn) + T(0x1p-33);
}

/// A word as the angle of a Box-Muller pair, in turns, in [-1/2, 1/2): the signed number times 2^-32.
template <typename T>
MODSWEEP_HD T turn_of_word(std::uint32_t word) {
  return static_cast<T>(static_cast<std::int32_t>(word)) * T(0x1p-32);
}

/// Standard normals of the four units of a block: words 0 and 1 yield those of the first two, words 2 and 3
/// the others.
template <typename T>
MODSWEEP_HD void block_normals(const RandomBlock& block, T normals[4]) {
  for (int pair = 0; pair < 2; ++pair) {
    const auto n = normal_pair(uniform_of_turn(turn_of_word<T>(block.word[2 * pair])),
                               turn_of_word<T>(block.word[2 * pair + 1]));
    normals[2 * pair] = n.first;
    normals[2 * pair + 1] = n.second;
  }
}

}  // namespace modsweep::math
