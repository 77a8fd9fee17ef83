// Which instruction a warp carries out next, and with which lanes.
#include "run.h"

#include <bit>

namespace ptx {

/// Up to the warp's next barrier, or its end.
void Run::advance(Warp& w) {
  while (true) {
    while (!w.stack.empty()) {
      Frame& top = w.stack.back();
      top.mask &= ~w.exited;
      if (top.mask != 0 && top.at != top.joins) break;
      w.stack.pop_back();
    }
    if (w.stack.empty()) {
      w.state = State::done;
      return;
    }
    Frame& top = w.stack.back();
    const std::uint32_t pc = top.at;
    const Instruction& i = p_.code[pc];
    std::uint32_t mask = top.mask;
    if (i.guarded) {
      const std::uint32_t guard = w.predicates[i.guard.at];
      mask &= i.guard_not ? ~guard : guard;
    }
    const auto kind = static_cast<std::size_t>(i.kind);
    ++counts_.executed[pc];
    ++counts_.slots[kind];
    ++w.slots;
    ++w.classes[kind];
    const std::uint32_t active = i.op == Op::bra ? top.mask : mask;
    counts_.lanes[kind] += static_cast<std::uint64_t>(std::popcount(active));
    w.lanes += static_cast<std::uint64_t>(std::popcount(active));
    if (w.events != nullptr) w.events->push_back({pc, 0, 0});
    if (i.op == Op::bra) {
      branch(w, i, mask, pc);
      continue;
    }
    top.at = pc + 1;
    if (mask == 0)
      ++counts_.predicated_off;
    else if (i.op == Op::bar_sync || i.op == Op::cluster_wait || i.op == Op::cluster_arrive) {
      if (waits(w, i, mask, pc)) return;
    } else {
      one(w, i, mask, pc);
    }
  }
}

/// Lanes that part go on apart up to where they meet.
void Run::branch(Warp& w, const Instruction& i, std::uint32_t mask, std::uint32_t pc) {
  Frame& top = w.stack.back();
  const std::uint32_t taken = mask, stays = top.mask & ~mask;
  if (stays == 0) {
    top.at = i.target;
    return;
  }
  if (taken == 0) {
    top.at = pc + 1;
    return;
  }
  const std::uint32_t joins = i.joins;
  const Frame rest{pc + 1, joins, stays, false};
  const Frame gone{i.target, joins, taken, false};
  if (joins != nowhere && joins == top.joins && !top.call)
    w.stack.pop_back();
  else if (joins == nowhere)
    top.mask = 0;
  else
    top.at = joins;
  if (rest.at != joins) w.stack.push_back(rest);
  if (gone.at != joins) w.stack.push_back(gone);
}

/// Whether the warp waits at this barrier.
bool Run::waits(Warp& w, const Instruction& i, std::uint32_t mask, std::uint32_t pc) {
  if ((mask | w.exited) != all_lanes) {
    fault(Kind::barrier_divergent, i, where(w, 0) + " mask " + std::to_string(mask));
    throw Error("a barrier in divergent code");
  }
  if (i.op == Op::cluster_arrive) {
    w.arrived = true;
    return false;
  }
  if (i.op == Op::cluster_wait && !w.arrived)
    fault(Kind::barrier_divergent, i, "waits without having arrived");
  w.state = i.op == Op::bar_sync ? State::barrier : State::cluster;
  w.waits_at = pc;
  return true;
}

/// One instruction by the lanes of the mask; neither a branch nor a barrier of the block or cluster.
void Run::one(Warp& w, const Instruction& i, std::uint32_t mask, std::uint32_t pc) {
  switch (i.op) {
    case Op::ld:
    case Op::st:
      return access(w, i, mask, pc);
    case Op::setp:
      return compare(w, i, mask);
    case Op::cvt:
      return convert(w, i, mask);
    case Op::mma:
      if (mask != all_lanes) fault(Kind::mma_divergent, i, where(w, 0) + " mask " + std::to_string(mask));
      w.worked = true;
      return multiply_tiles(w, i);
    case Op::bar_warp:
      if ((mask | ~w.present) != all_lanes)
        fault(Kind::warp_sync, i, where(w, 0) + " mask " + std::to_string(mask));
      ++w.epoch;
      return;
    case Op::ret:
      return leave(w, mask);
    case Op::call:
      w.stack.push_back({i.target, nowhere, mask, true});
      return;
    case Op::shfl:
      return exchange(w, i, mask);
    default:
      if (moves(w, i, mask) || adds(w, i, mask) || multiplies(w, i, mask) || works_on_bits(w, i, mask) ||
          divides_or_orders(w, i, mask) || special_functions(w, i, mask))
        return;
      throw Error("line " + std::to_string(i.line) + ": cannot be carried out");
  }
}

/// The end, or of a function: its lanes leave all frames down to the function's.
void Run::leave(Warp& w, std::uint32_t mask) {
  std::size_t f = w.stack.size();
  while (f > 0 && !w.stack[f - 1].call) --f;
  if (f == 0) {
    w.exited |= mask;
    return;
  }
  for (std::size_t k = f - 1; k < w.stack.size(); ++k) w.stack[k].mask &= ~mask;
}

/// shfl.bfly and shfl.idx
void Run::exchange(Warp& w, const Instruction& i, std::uint32_t mask) {
  if (!i.saturate && !i.to_space) throw Error("shfl: only in kernels of CUB, which the stand-in carries out");
  if (mask != all_lanes) fault(Kind::warp_sync, i, where(w, 0) + " shfl mask " + std::to_string(mask));
  std::array<std::uint32_t, warp_lanes> v{};
  for (int l = 0; l < warp_lanes; ++l) v[static_cast<std::size_t>(l)] = get<std::uint32_t>(w, i.source[0], l);
  for (int l = 0; l < warp_lanes; ++l)
    put<std::uint32_t>(
        w, i.to[0], l,
        v[(i.saturate ? static_cast<std::uint32_t>(l) : 0U) ^ get<std::uint32_t>(w, i.source[1], l)]);
}

}  // namespace ptx
