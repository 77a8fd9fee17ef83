// Loads and stores: bounds, alignment, wavefronts, sectors.
#include "run.h"
#include "wavefronts.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ptx {

namespace {

/// Calls f(first byte, mask of bytes within its word of four) for each word of [begin, begin + width).
template <typename F>
void each_word(std::uint64_t begin, std::uint32_t width, const F& f) {
  for (std::uint64_t b = begin; b < begin + width;) {
    const std::uint64_t end = std::min((b / 4 + 1) * 4, begin + width);
    f(b, static_cast<std::uint8_t>(((1U << (end - b)) - 1) << (b % 4)));
    b = end;
  }
}

std::uint32_t width_of(const Instruction& i) {
  return bytes_of(i.type) * i.count;
}

}  // namespace

void Run::access(Warp& w, const Instruction& i, std::uint32_t mask, std::uint32_t pc) {
  std::uint64_t address[warp_lanes] = {};
  each_lane(mask, [&](int l) {
    std::uint64_t a = static_cast<std::uint64_t>(i.offset);
    if (i.has_base) {
      if (i.source[9].bytes == 8)
        a += get<std::uint64_t>(w, i.source[9], l);
      else
        a = (a + get<std::uint32_t>(w, i.source[9], l)) & 0xffffffffU;
    }
    address[l] = a;
  });
  if (i.space == Space::param || i.space == Space::call_param) return access_parameters(w, i, mask, address);
  const std::uint32_t width = width_of(i);
  Stamp now;
  now.block = w.block->linear;
  now.epoch = w.block->epoch;
  now.cluster_epoch = cluster_epoch_;
  now.warp_epoch = w.epoch;
  std::uint32_t shared_lanes = 0, global_lanes = 0;
  std::uint64_t offsets[warp_lanes] = {};
  each_lane(mask, [&](int l) {
    std::uint64_t a = address[l];
    if (a % width != 0)
      fault(Kind::misaligned, i,
            where(w, l) + " address " + std::to_string(a) + " for " + std::to_string(width) + " bytes");
    Space space = i.space;
    Block* block = w.block;
    if (space == Space::generic) {
      if ((a & window) == shared_window) {
        space = Space::shared;
        block = &blocks_[(a >> 32U) & 0xffU];
        a &= 0xffffffffU;
      } else if ((a & window) == local_window) {
        space = Space::local;
        a &= 0xffffffffU;
      } else {
        space = Space::global;
      }
    }
    now.thread = w.index * warp_lanes + static_cast<std::uint32_t>(l);
    if (space == Space::shared) {
      shared_lanes |= 1U << l;
      offsets[l] = a;
      if (access_shared(w, i, l, *block, a, now)) transfer(w, i, l, block->shared.data() + a);
    } else if (space == Space::local) {
      if (a + width > p_.local_bytes)
        fault(Kind::local_bounds, i, where(w, l));
      else
        transfer(w, i, l, w.local.data() + static_cast<std::size_t>(l) * p_.local_bytes + a);
    } else {
      global_lanes |= 1U << l;
      if (access_global(w, i, l, a, now)) transfer(w, i, l, reinterpret_cast<std::byte*>(a));
    }
  });
  if (i.op == Op::st) w.worked = true;
  if (shared_lanes != 0) count_shared(w, i, shared_lanes, offsets, pc);
  if (global_lanes != 0) count_sectors(i, global_lanes, address);
}

/// Of the kernel, or of a call.
void Run::access_parameters(Warp& w, const Instruction& i, std::uint32_t mask, const std::uint64_t* address) {
  each_lane(mask, [&](int l) {
    if (i.space == Space::call_param)
      transfer(w, i, l,
               w.call_parameters.data() + static_cast<std::size_t>(l) * p_.call_param_bytes + address[l]);
    else if (address[l] + width_of(i) > launch_.parameters.size())
      fault(Kind::parameter_bounds, i, where(w, l));
    else
      transfer(w, i, l, const_cast<std::byte*>(launch_.parameters.data()) + address[l]);
  });
}

/// Whether the access is within the block's memory.
bool Run::access_shared(Warp& w, const Instruction& i, int lane, Block& block, std::uint64_t a,
                        const Stamp& now) {
  const std::uint32_t width = width_of(i);
  const bool load = i.op == Op::ld;
  if (a + width > shared_bytes_) {
    fault(Kind::shared_bounds, i,
          where(w, lane) + " bytes " + std::to_string(a) + " to " + std::to_string(a + width) + " of " +
              std::to_string(shared_bytes_));
    read_zeros(w, i, lane);
    return false;
  }
  counts_.highest_shared = std::max(counts_.highest_shared, static_cast<std::uint32_t>(a + width));
  if (&block != w.block) {
    block.remote_epoch = cluster_epoch_;
    if (cluster_epoch_ == 0 || block.ended)
      fault(Kind::remote_lifetime, i,
            where(w, lane) + (block.ended ? ": its block has ended" : ": no barrier of the cluster before"));
  }
  if (settings_.watch)
    each_word(a, width, [&](std::uint64_t b, std::uint8_t part) {
      const std::uint64_t from = b - a;
      const std::uint32_t bytes = part >> (b % 4);
      const auto used =
          static_cast<std::uint8_t>(load && from < 32 ? ((i.used_bytes >> from) & bytes) << (b % 4) : 0xfU);
      watch(block.words[b / 4], part, load, true, now, i, a, used);
    });
  return true;
}

/// Whether the access is within an allocation, or a variable of the module.
bool Run::access_global(Warp& w, const Instruction& i, int lane, std::uint64_t a, const Stamp& now) {
  const std::uint32_t width = width_of(i);
  if (a < last_.begin || a + width > last_.end) {
    const Allocation found = settings_.allocation ? settings_.allocation(a) : Allocation{};
    if (a >= found.begin && a + width <= found.end) {
      last_ = found;
    } else if (!module_.owns(a, width)) {
      fault(Kind::global_bounds, i,
            where(w, lane) + " address " + std::to_string(a) +
                (found.end > found.begin
                     ? ": " + std::to_string(a + width - found.end) + " bytes past an allocation of " +
                           std::to_string(found.end - found.begin)
                     : std::string(": not allocated")));
      read_zeros(w, i, lane);
      return false;
    }
  }
  if (settings_.watch)
    each_word(a, width, [&](std::uint64_t b, std::uint8_t part) {
      watch(global_words_[b / 4], part, i.op == Op::ld, false, now, i, a, 0);
    });
  return true;
}

/// Between memory and registers of a lane.
void Run::transfer(Warp& w, const Instruction& i, int l, std::byte* at) {
  const std::uint32_t bytes = bytes_of(i.type);
  for (std::uint32_t k = 0; k < i.count; ++k, at += bytes) {
    if (i.op == Op::st) {
      const Slot from = i.source[k];
      const std::uint64_t v =
          from.bytes == 8 ? get<std::uint64_t>(w, from, l) : get<std::uint32_t>(w, from, l);
      std::memcpy(at, &v, bytes);
      continue;
    }
    const Slot to = i.to[k];
    if (i.type == Type::s8 || i.type == Type::s16 || i.type == Type::s32) {
      std::int8_t v1 = 0;
      std::int16_t v2 = 0;
      std::int32_t v4 = 0;
      std::memcpy(bytes == 1   ? static_cast<void*>(&v1)
                  : bytes == 2 ? static_cast<void*>(&v2)
                               : &v4,
                  at, bytes);
      const std::int32_t v = bytes == 1 ? v1 : bytes == 2 ? v2 : v4;
      if (bytes == 2)
        put<std::int16_t>(w, to, l, v2);
      else if (to.bytes == 8)
        put<std::int64_t>(w, to, l, v);
      else
        put<std::int32_t>(w, to, l, v);
      continue;
    }
    std::uint64_t v = 0;
    std::memcpy(&v, at, bytes);
    if (to.bytes == 8)
      put<std::uint64_t>(w, to, l, v);
    else
      put<std::uint32_t>(w, to, l, static_cast<std::uint32_t>(v));
  }
}

/// What a load outside of its memory finds.
void Run::read_zeros(Warp& w, const Instruction& i, int lane) {
  if (i.op != Op::ld) return;
  for (std::uint32_t k = 0; k < i.count; ++k) put<std::uint32_t>(w, i.to[k], lane, 0);
}

void Run::count_shared(Warp& w, const Instruction& i, std::uint32_t lanes, const std::uint64_t* offsets,
                       std::uint32_t pc) {
  const bool load = i.op == Op::ld;
  const std::uint32_t width = width_of(i);
  const Wavefronts f = wavefronts(offsets, lanes, width, load);
  SharedAccesses& s =
      (load ? counts_.loads : counts_.stores)[static_cast<std::size_t>(std::countr_zero(width))];
  ++s.requests;
  s.ideal += f.ideal;
  s.strict += f.strict;
  s.merged += f.merged;
  counts_.ideal[pc] += f.ideal;
  counts_.wavefronts[pc] += f.strict;
  counts_.merged[pc] += f.merged;
  w.wavefronts += f.strict;
  w.merged += f.merged;
  if (w.events == nullptr) return;
  w.events->back().wavefronts = static_cast<std::uint16_t>(f.strict);
  w.events->back().merged = static_cast<std::uint16_t>(f.merged);
}

/// Sectors of 32 bytes of global memory.
void Run::count_sectors(const Instruction& i, std::uint32_t lanes, const std::uint64_t* address) {
  std::uint64_t sectors[2 * warp_lanes];
  std::size_t n = 0;
  each_lane(lanes, [&](int l) {
    sectors[n++] = address[l] / 32;
    sectors[n++] = (address[l] + width_of(i) - 1) / 32;
  });
  std::sort(sectors, sectors + n);
  const auto distinct = static_cast<std::uint64_t>(std::unique(sectors, sectors + n) - sectors);
  (i.op == Op::ld ? counts_.load_sectors : counts_.store_sectors) += distinct;
}

}  // namespace ptx
