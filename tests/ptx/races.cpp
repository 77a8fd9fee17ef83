// Races: accesses to the same byte, one of them a write, that nothing has ordered.
#include "run.h"

namespace ptx {

bool Run::ordered(const Stamp& before, const Stamp& now) const {
  if (before.block == ~0U) return true;
  if (before.block == now.block) {
    if (before.thread == now.thread || before.epoch != now.epoch) return true;
    return before.thread / warp_lanes == now.thread / warp_lanes && before.warp_epoch != now.warp_epoch;
  }
  return before.block / launch_.ranks == now.block / launch_.ranks &&
         before.cluster_epoch != now.cluster_epoch;
}

void Run::watch(Word& word, std::uint8_t bytes, bool load, bool shared, const Stamp& now,
                const Instruction& i, std::uint64_t address, std::uint8_t used) {
  const auto race = [&](const Stamp& before, std::uint32_t line, const char* what) {
    fault(shared ? Kind::race : Kind::global_race, i,
          "byte " + std::to_string(address) + ": " + what + ": block " + std::to_string(now.block) +
              " thread " + std::to_string(now.thread) + " after block " + std::to_string(before.block) +
              " thread " + std::to_string(before.thread) + " at line " + std::to_string(line));
  };
  if ((word.write_bytes & bytes) != 0 && !ordered(word.write, now))
    race(word.write, word.write_line, load ? "read after write" : "write after write");
  if (load) {
    if (shared && (word.there & bytes & used) != (bytes & used))
      fault(Kind::uninitialized, i,
            "byte " + std::to_string(address) + " of shared memory by block " + std::to_string(now.block) +
                " thread " + std::to_string(now.thread));
    word.read_bytes |= bytes;
    word.read_line = i.line;
    if (ordered(word.read, now))
      word.read = now;
    else if (ordered(word.other_read, now))
      word.other_read = now;
    return;
  }
  if ((word.read_bytes & bytes) != 0) {
    if (!ordered(word.read, now))
      race(word.read, word.read_line, "write after read");
    else if (!ordered(word.other_read, now))
      race(word.other_read, word.read_line, "write after read");
  }
  const bool same =
      word.write.block == now.block && word.write.thread == now.thread && word.write.epoch == now.epoch;
  word.write_bytes = static_cast<std::uint8_t>(same ? word.write_bytes | bytes : bytes);
  word.write = now;
  word.write_line = i.line;
  word.there |= bytes;
}

}  // namespace ptx
