#include "engine/race_watch.h"

#include <algorithm>

namespace modsweep::test {
namespace {

/// The watch that records the accesses at present.
RaceWatch* watch = nullptr;

std::size_t warp_of(std::uint32_t thread) {
  return thread / fused::warp_lanes % 32;
}

}  // namespace

void RaceWatch::begin(const std::vector<std::byte*>& memory, std::size_t bytes) {
  memory_.clear();
  for (const std::byte* of_rank : memory) memory_.push_back(reinterpret_cast<std::uintptr_t>(of_rank));
  bytes_ = bytes;
  words_.assign(memory.size(), std::vector<Word>((bytes + 3) / 4));
  passed_.assign(memory.size(), {});
  barriers_.clear();
  warp_waits_ = {};
  warp_passed_ = {};
  now_ = {};
  watch = this;
}

void RaceWatch::end() {
  watch = nullptr;
}

void RaceWatch::thread(std::uint32_t rank, std::uint32_t thread) {
  now_ = {.block = passed_[rank].block,
          .cluster = passed_[rank].cluster,
          .warp = thread == everyone ? 0 : warp_passed_[warp_of(thread)],
          .thread = static_cast<std::uint16_t>(thread),
          .rank = static_cast<std::uint8_t>(rank),
          .there = true};
}

void RaceWatch::warp_barrier(std::uint32_t warp) {
  const std::uint32_t number = warp_waits_[warp % warp_waits_.size()]++;
  if (options_.without_of_warp != number) ++warp_passed_[warp % warp_passed_.size()];
}

void RaceWatch::barrier(std::uint32_t rank, fused::Wait wait) {
  Passed& passed = passed_[rank];
  if (rank == 0) barriers_.push_back(wait);
  if (options_.without != passed.count) {
    ++passed.block;
    if (wait == fused::Wait::cluster && options_.within_blocks != passed.count) ++passed.cluster;
  }
  ++passed.count;
}

void RaceWatch::between_phases(std::uint32_t rank) {
  thread(rank, everyone);
}

bool RaceWatch::ordered(const Access& a, const Access& b) {
  if (!a.there || !b.there) return true;
  if (a.rank != b.rank) return a.cluster != b.cluster;
  if (a.block != b.block || a.thread == b.thread) return true;
  return warp_of(a.thread) == warp_of(b.thread) && a.warp != b.warp;
}

void RaceWatch::access(std::uintptr_t address, std::size_t bytes, bool write_access) {
  for (std::size_t r = 0; r < memory_.size(); ++r) {
    if (address < memory_[r] || address >= memory_[r] + bytes_) continue;
    ++accesses_;
    const std::size_t first = address - memory_[r];
    for (std::size_t word = first / 4; word <= (first + bytes - 1) / 4; ++word) {
      if (write_access)
        write(words_[r][word], now_, 4 * word);
      else
        read(words_[r][word], now_, 4 * word);
    }
  }
}

void RaceWatch::read(Word& word, const Access& access, std::size_t offset) {
  if (!ordered(word.writer, access)) report("read what was written", word.writer, access, offset);
  auto& readers = word.readers[access.rank];
  if (readers[0].block != access.block || readers[0].cluster != access.cluster) readers = {};
  // A reader of the same warp before its last wait is in nobody's way who is not in that of this one, too.
  if (warp_of(readers[0].thread) == warp_of(access.thread) && readers[0].warp != access.warp)
    readers[0] = access;
  if (!readers[0].there || readers[0].thread == access.thread)
    readers[0] = access;
  else
    readers[1] = access;
}

void RaceWatch::write(Word& word, const Access& access, std::size_t offset) {
  if (!ordered(word.writer, access)) report("wrote what was written", word.writer, access, offset);
  for (const auto& readers : word.readers)
    for (const Access& reader : readers)
      if (!ordered(reader, access)) report("wrote what was read", reader, access, offset);
  word.writer = access;
}

void RaceWatch::report(const char* what, const Access& a, const Access& b, std::size_t offset) {
  const auto name = [](const Access& access) {
    return "block " + std::to_string(access.rank) +
           (access.thread == everyone ? ", all threads" : ", thread " + std::to_string(access.thread));
  };
  if (races_++ == 0)
    first_race_ = name(b) + " " + what + " by " + name(a) + " after barrier " + std::to_string(a.block) +
                  ", at byte " + std::to_string(offset);
}

}  // namespace modsweep::test

// The functions that the compiler calls. Only plain loads and stores can access shared memory.
namespace {
void loaded(void* address, std::size_t bytes) {
  if (modsweep::test::watch != nullptr)
    modsweep::test::watch->access(reinterpret_cast<std::uintptr_t>(address), bytes, false);
}
void stored(void* address, std::size_t bytes) {
  if (modsweep::test::watch != nullptr)
    modsweep::test::watch->access(reinterpret_cast<std::uintptr_t>(address), bytes, true);
}
}  // namespace

extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}

#define MODSWEEP_WATCHED(bytes)                 \
  void __tsan_read##bytes(void* p) {            \
    loaded(p, bytes);                           \
  }                                             \
  void __tsan_write##bytes(void* p) {           \
    stored(p, bytes);                           \
  }                                             \
  void __tsan_unaligned_read##bytes(void* p) {  \
    loaded(p, bytes);                           \
  }                                             \
  void __tsan_unaligned_write##bytes(void* p) { \
    stored(p, bytes);                           \
  }
MODSWEEP_WATCHED(1)
MODSWEEP_WATCHED(2)
MODSWEEP_WATCHED(4)
MODSWEEP_WATCHED(8)
MODSWEEP_WATCHED(16)
#undef MODSWEEP_WATCHED

void __tsan_read_range(void* p, std::size_t bytes) {
  loaded(p, bytes);
}
void __tsan_write_range(void* p, std::size_t bytes) {
  stored(p, bytes);
}
// For reference counts, and for statics that are initialized once.
char __tsan_atomic8_load(const volatile char* p, int) {
  return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}
int __tsan_atomic32_fetch_add(volatile int* p, int n, int) {
  return __atomic_fetch_add(p, n, __ATOMIC_SEQ_CST);
}
}
