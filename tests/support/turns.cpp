#include "support/turns.h"

#include <thread>
#include <vector>

namespace modsweep::test {

Turns::Turns(std::uint32_t count, bool backwards) : count_(count), backwards_(backwards) {
  for (std::uint32_t i = 0; i < count; ++i) turns_.emplace_back(0);
}

void Turns::hand_to_next(std::uint32_t member) {
  turns_[(member + (backwards_ ? count_ - 1 : 1)) % count_].release();
}

void Turns::pass_on(std::uint32_t member) {
  hand_to_next(member);
  turns_[member].acquire();
}

void take_turns(std::uint32_t count, bool backwards, const std::function<void(std::uint32_t, Turns&)>& work) {
  Turns turns(count, backwards);
  std::vector<std::jthread> threads;
  for (std::uint32_t i = 0; i < count; ++i)
    threads.emplace_back([&turns, &work, i] {
      turns.turns_[i].acquire();
      work(i, turns);
      turns.hand_to_next(i);
    });
  turns.turns_[backwards ? count - 1 : 0].release();
}

}  // namespace modsweep::test
