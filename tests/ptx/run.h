// A launch in execution: the state of its blocks and warps, and the class whose parts lie in launch.cpp
// (begin), barriers.cpp, control.cpp (which instruction), moves.cpp, sums_and_products.cpp, numbers.cpp,
// convert.cpp (what it does), memory.cpp, races.cpp.
#pragma once

#include "interpreter.h"

#include <array>
#include <bit>
#include <cstring>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace ptx {

// Generic addresses outside of what a host uses.
constexpr std::uint64_t window = 0xff00000000000000U;
constexpr std::uint64_t shared_window = 0x5a00000000000000U;  // | rank << 32 | offset
constexpr std::uint64_t local_window = 0x5b00000000000000U;   // | offset

/// Who accessed memory, and how far the barriers were that it had passed.
struct Stamp {
  std::uint32_t block = ~0U, thread = 0, epoch = 0, cluster_epoch = 0, warp_epoch = 0;
};

/// What is known of four bytes.
struct Word {
  Stamp write, read, other_read;
  std::uint32_t write_line = 0, read_line = 0;
  std::uint8_t write_bytes = 0, read_bytes = 0, there = 0;
};

struct Frame {
  std::uint32_t at = 0;
  std::uint32_t joins = nowhere;
  std::uint32_t mask = 0;
  bool call = false;  ///< a function's: popped when all have returned
};

enum class State : std::uint8_t { ready, barrier, cluster, done };

struct Block;
struct Warp {
  Block* block = nullptr;
  std::uint32_t index = 0;
  std::uint32_t present = 0;  ///< lanes that there are
  std::uint32_t exited = 0;
  std::uint32_t carry = 0;
  std::uint32_t epoch = 0;  ///< bar.warp.sync passed
  State state = State::ready;
  std::uint32_t waits_at = 0;
  bool arrived = false;  ///< at the cluster's barrier
  std::vector<Frame> stack;
  std::vector<std::uint32_t> registers, predicates;
  std::vector<std::byte> local, call_parameters;
  // Since the last barrier:
  std::uint64_t slots = 0, lanes = 0, wavefronts = 0, merged = 0;
  std::array<std::uint64_t, class_count> classes{};
  bool worked = false;
  std::vector<Event>* events = nullptr;
};

struct Block {
  std::uint32_t linear = 0, x = 0, y = 0, rank = 0;
  std::uint32_t epoch = 0;
  std::vector<std::byte> shared;
  std::vector<Word> words;
  std::vector<Warp> warps;
  std::uint32_t remote_epoch = ~0U;  ///< of the last access by another block
  bool ended = false;
};

template <typename F>
inline void each_lane(std::uint32_t mask, const F& f) {
  if (mask == all_lanes)
    for (int l = 0; l < warp_lanes; ++l) f(l);
  else
    for (; mask != 0; mask &= mask - 1) f(std::countr_zero(mask));
}

class Run {
 public:
  Run(const Launch& launch, Module& module, const Program& program, const Settings& settings, Record& record,
      Counts& counts, Trace* trace)
      : launch_(launch),
        module_(module),
        p_(program),
        settings_(settings),
        record_(record),
        counts_(counts),
        trace_(trace) {}

  void all();

 private:
  void start(Block& block, std::uint32_t linear);
  void start(Warp& w, Block& block, std::uint32_t index);
  [[nodiscard]] std::uint32_t value_of(Special what, const Block& block, std::uint32_t warp,
                                       std::uint32_t lane) const;
  bool pass_barrier(Block& block);
  bool pass_cluster_barrier();
  void end(Block& block);
  [[noreturn]] void deadlock();
  void cluster(std::uint32_t first);
  void end_phase(Block& block, std::uint32_t at);
  void advance(Warp& w);
  void access(Warp& w, const Instruction& i, std::uint32_t mask, std::uint32_t pc);
  void transfer(Warp& w, const Instruction& i, int lane, std::byte* at);
  void read_zeros(Warp& w, const Instruction& i, int lane);
  void access_parameters(Warp& w, const Instruction& i, std::uint32_t mask, const std::uint64_t* address);
  bool access_shared(Warp& w, const Instruction& i, int lane, Block& block, std::uint64_t a,
                     const Stamp& now);
  bool access_global(Warp& w, const Instruction& i, int lane, std::uint64_t a, const Stamp& now);
  void count_shared(Warp& w, const Instruction& i, std::uint32_t lanes, const std::uint64_t* offsets,
                    std::uint32_t pc);
  void count_sectors(const Instruction& i, std::uint32_t lanes, const std::uint64_t* address);
  void one(Warp& w, const Instruction& i, std::uint32_t mask, std::uint32_t pc);
  void branch(Warp& w, const Instruction& i, std::uint32_t mask, std::uint32_t pc);
  void leave(Warp& w, std::uint32_t mask);
  [[nodiscard]] bool waits(Warp& w, const Instruction& i, std::uint32_t mask, std::uint32_t pc);
  void exchange(Warp& w, const Instruction& i, std::uint32_t mask);
  bool moves(Warp& w, const Instruction& i, std::uint32_t mask);
  bool adds(Warp& w, const Instruction& i, std::uint32_t mask);
  bool multiplies(Warp& w, const Instruction& i, std::uint32_t mask);
  bool divides_or_orders(Warp& w, const Instruction& i, std::uint32_t mask);
  bool works_on_bits(Warp& w, const Instruction& i, std::uint32_t mask);
  bool special_functions(Warp& w, const Instruction& i, std::uint32_t mask);
  float special_function(const Instruction& i, float x) const;
  void add_with_carry(Warp& w, const Instruction& i, std::uint32_t mask);
  void multiply_with_carry(Warp& w, const Instruction& i, std::uint32_t mask);
  void multiply_wide(Warp& w, const Instruction& i, std::uint32_t mask);
  void convert(Warp& w, const Instruction& i, std::uint32_t mask);
  void compare(Warp& w, const Instruction& i, std::uint32_t mask);
  void multiply_tiles(Warp& w, const Instruction& i);
  void watch(Word& word, std::uint8_t bytes, bool load, bool shared, const Stamp& now, const Instruction& i,
             std::uint64_t address, std::uint8_t used);
  [[nodiscard]] bool ordered(const Stamp& before, const Stamp& now) const;
  void fault(Kind kind, const Instruction& i, std::string detail) {
    record_.fault(kind, module_, p_, i, std::move(detail));
  }
  [[nodiscard]] std::string where(const Warp& w, int lane) const {
    return "block " + std::to_string(w.block->linear) + " thread " +
           std::to_string(w.index * warp_lanes + static_cast<std::uint32_t>(lane));
  }

  // Registers.
  template <typename T>
  static T get(const Warp& w, Slot s, int lane) {
    if constexpr (sizeof(T) == 8) {
      std::uint64_t v;
      std::memcpy(&v, w.registers.data() + s.at + 2 * lane, 8);
      return std::bit_cast<T>(v);
    } else {
      const std::uint32_t v = w.registers[s.at + static_cast<std::uint32_t>(lane * (s.bytes / 4))];
      if constexpr (sizeof(T) == 4)
        return std::bit_cast<T>(v);
      else
        return static_cast<T>(v);
    }
  }
  template <typename T>
  static void put(Warp& w, Slot s, int lane, T value) {
    if constexpr (sizeof(T) == 8) {
      std::memcpy(w.registers.data() + s.at + 2 * lane, &value, 8);
    } else {
      std::uint32_t bits;
      if constexpr (sizeof(T) == 4)
        bits = std::bit_cast<std::uint32_t>(value);
      else if constexpr (std::is_signed_v<T>)
        bits = static_cast<std::uint32_t>(static_cast<std::int32_t>(value)) & 0xffffU;
      else
        bits = value;
      if (s.bytes == 8) {  // a load into a wider register
        std::uint64_t wide = bits;
        if constexpr (std::is_signed_v<T> && std::is_integral_v<T>)
          wide = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
        std::memcpy(w.registers.data() + s.at + 2 * lane, &wide, 8);
      } else {
        w.registers[s.at + static_cast<std::uint32_t>(lane)] = bits;
      }
    }
  }
  template <typename T, typename F>
  static void unary(Warp& w, const Instruction& i, std::uint32_t mask, const F& f) {
    each_lane(mask, [&](int l) { put<T>(w, i.to[0], l, static_cast<T>(f(get<T>(w, i.source[0], l)))); });
  }
  template <typename T, typename F>
  static void binary(Warp& w, const Instruction& i, std::uint32_t mask, const F& f) {
    each_lane(mask, [&](int l) {
      put<T>(w, i.to[0], l, static_cast<T>(f(get<T>(w, i.source[0], l), get<T>(w, i.source[1], l))));
    });
  }
  template <typename T, typename F>
  static void ternary(Warp& w, const Instruction& i, std::uint32_t mask, const F& f) {
    each_lane(mask, [&](int l) {
      put<T>(
          w, i.to[0], l,
          static_cast<T>(f(get<T>(w, i.source[0], l), get<T>(w, i.source[1], l), get<T>(w, i.source[2], l))));
    });
  }
  static void set_predicate(Warp& w, Slot s, std::uint32_t mask, std::uint32_t value) {
    std::uint32_t& p = w.predicates[s.at];
    p = (p & ~mask) | (value & mask);
  }

  const Launch& launch_;
  Module& module_;
  const Program& p_;
  const Settings& settings_;
  Record& record_;
  Counts& counts_;
  Trace* trace_;
  std::vector<Block> blocks_;  ///< of the cluster that is running
  std::uint32_t cluster_epoch_ = 0;
  std::uint32_t shared_bytes_ = 0;
  std::unordered_map<std::uint64_t, Word> global_words_;
  Allocation last_{};
};

}  // namespace ptx
