// Launches: their record, and blocks and warps as they begin.
#include "run.h"

#include <algorithm>

namespace ptx {

const char* name_of(Kind kind) {
  static const char* const names[] = {"misaligned",
                                      "shared memory out of bounds",
                                      "global memory out of bounds",
                                      "local memory out of bounds",
                                      "parameters out of bounds",
                                      "shared memory read before written",
                                      "race in shared memory",
                                      "race in global memory",
                                      "barrier in divergent code",
                                      "barrier not reached by all",
                                      "deadlock",
                                      "mma in divergent code",
                                      "bar.warp.sync not reached by all",
                                      "another block's shared memory outside its life"};
  return names[static_cast<std::size_t>(kind)];
}

void Record::fault(Kind kind, const Module& module, const Program& program, const Instruction& i,
                   std::string detail) {
  const std::lock_guard lock(mutex);
  Fault& f = faults[{program.name, i.line, kind}];
  if (f.times++ > 0) return;
  f.kind = kind;
  f.kernel = program.name;
  f.instruction = module.text_of_line(i.line);
  f.source = module.source_of(i);
  f.detail = std::move(detail);
  f.line = i.line;
}

Counts& Record::counts(const std::string& kernel) {
  return kernels[kernel];
}

void Run::all() {
  const std::uint32_t count = launch_.grid.x * launch_.grid.y;
  shared_bytes_ = p_.static_shared + static_cast<std::uint32_t>(launch_.dynamic_shared);
  counts_.launches += 1;
  counts_.blocks += count;
  counts_.dynamic_shared = std::max(counts_.dynamic_shared, launch_.dynamic_shared);
  counts_.executed.resize(p_.code.size());
  counts_.ideal.resize(p_.code.size());
  counts_.wavefronts.resize(p_.code.size());
  counts_.merged.resize(p_.code.size());
  blocks_.resize(launch_.ranks);
  const std::uint32_t clusters = count / launch_.ranks;
  for (std::uint32_t c = 0; c < clusters; ++c)
    cluster((settings_.backwards ? clusters - 1 - c : c) * launch_.ranks);
}

void Run::start(Block& block, std::uint32_t linear) {
  block.linear = linear;
  block.x = linear % launch_.grid.x;
  block.y = linear / launch_.grid.x;
  block.rank = linear % launch_.ranks;
  block.epoch = 0;
  block.ended = false;
  block.remote_epoch = ~0U;
  block.shared.assign(shared_bytes_, std::byte{0xff});
  block.words.assign((shared_bytes_ + 3) / 4, {});
  block.warps.resize((launch_.threads + warp_lanes - 1) / warp_lanes);
  if (trace_ != nullptr && linear == 0) trace_->warps.resize(block.warps.size());
  for (std::uint32_t k = 0; k < block.warps.size(); ++k) {
    start(block.warps[k], block, k);
    if (trace_ != nullptr && linear == 0) block.warps[k].events = &trace_->warps[k];
  }
}

void Run::start(Warp& w, Block& block, std::uint32_t index) {
  std::vector<std::uint32_t> registers = std::move(w.registers), predicates = std::move(w.predicates);
  w = {};
  w.block = &block;
  w.index = index;
  const std::uint32_t left = launch_.threads - index * warp_lanes;
  w.present = left >= warp_lanes ? all_lanes : (1U << left) - 1;
  w.exited = ~w.present;
  w.registers = std::move(registers);
  w.predicates = std::move(predicates);
  w.registers.assign(p_.words, 0xffbadbadU);  // a register that was never set is likely to be noticed
  w.predicates.assign(p_.predicates, 0);
  w.local.assign(std::size_t{p_.local_bytes} * warp_lanes, std::byte{0xff});
  w.call_parameters.assign(std::size_t{p_.call_param_bytes} * warp_lanes, std::byte{0xff});
  w.stack.push_back({0, nowhere, w.present, false});
  for (const Constant& c : p_.constants) {
    if (c.slot.bytes == 1) {
      w.predicates[c.slot.at] = static_cast<std::uint32_t>(c.value);
      continue;
    }
    for (int l = 0; l < warp_lanes; ++l)
      if (c.slot.bytes == 8)
        put<std::uint64_t>(w, c.slot, l, c.value);
      else
        put<std::uint32_t>(w, c.slot, l, static_cast<std::uint32_t>(c.value));
  }
  for (const SpecialSlot& s : p_.specials)
    for (int l = 0; l < warp_lanes; ++l)
      put<std::uint32_t>(w, s.slot, l, value_of(s.what, block, index, static_cast<std::uint32_t>(l)));
}

/// What a special register has in a lane of a warp.
std::uint32_t Run::value_of(Special what, const Block& block, std::uint32_t warp, std::uint32_t lane) const {
  switch (what) {
    case Special::tid_x:
      return warp * warp_lanes + lane;
    case Special::ntid_x:
      return launch_.threads;
    case Special::ctaid_x:
      return block.x;
    case Special::ctaid_y:
      return block.y;
    case Special::nctaid_x:
      return launch_.grid.x;
    case Special::nctaid_y:
      return launch_.grid.y;
    case Special::ntid_y:
    case Special::ntid_z:
    case Special::nctaid_z:
      return 1;
    case Special::laneid:
      return lane;
    case Special::warpid:
      return warp;
    case Special::cluster_ctarank:
    case Special::cluster_ctaid_x:
      return block.rank;
    case Special::cluster_nctarank:
    case Special::cluster_nctaid_x:
      return launch_.ranks;
    case Special::clusterid_x:
      return block.x / launch_.ranks;
    case Special::nclusterid_x:
      return launch_.grid.x / launch_.ranks;
    case Special::dynamic_smem:
      return static_cast<std::uint32_t>(launch_.dynamic_shared);
    case Special::total_smem:
      return shared_bytes_;
    default:
      return 0;
  }
}

void run(const Launch& launch, Module& module, const std::shared_ptr<const Program>& program,
         const Settings& settings, Record& record, Trace* trace) {
  Counts* counts = nullptr;
  {
    const std::lock_guard lock(record.mutex);
    counts = &record.counts(program->name);
    record.programs[program->name] = {&module, program};
  }
  Run(launch, module, *program, settings, record, *counts, trace).all();
}

}  // namespace ptx
