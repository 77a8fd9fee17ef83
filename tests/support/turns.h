// Several pieces of code that work one at a time, each where it left off: host threads that hand a turn on.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <semaphore>

namespace modsweep::test {

class Turns {
 public:
  Turns(std::uint32_t count, bool backwards);

  /// Returns when all others have had their turns.
  void pass_on(std::uint32_t member);

 private:
  friend void take_turns(std::uint32_t, bool, const std::function<void(std::uint32_t, Turns&)>&);
  void hand_to_next(std::uint32_t member);

  std::uint32_t count_;
  bool backwards_;
  std::deque<std::binary_semaphore> turns_;
};

/// work(member, turns) for so many members, all of which pass their turns on equally often and throw nothing.
void take_turns(std::uint32_t count, bool backwards, const std::function<void(std::uint32_t, Turns&)>& work);

}  // namespace modsweep::test
