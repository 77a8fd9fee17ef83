// Several pieces of code that work one at a time, each where it left off.
#pragma once

#include <cstdint>
#include <functional>

namespace modsweep::test {

class Turns {
 public:
  virtual ~Turns() = default;
  /// Returns when all other members have had their turns.
  virtual void pass_on() = 0;
};

/// work(member, turns) for so many members, in one thread. Throws what one of them threw, without giving the
/// others another turn.
void take_turns(std::uint32_t count, bool backwards, const std::function<void(std::uint32_t, Turns&)>& work);

}  // namespace modsweep::test
