// Runs several pieces of code one at a time, each from where it stopped.
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

/// Calls work(member, turns) for `count` members, in one thread. Throws the exception of a member without
/// giving the others another turn.
void take_turns(std::uint32_t count, bool backwards, const std::function<void(std::uint32_t, Turns&)>& work);

}  // namespace modsweep::test
