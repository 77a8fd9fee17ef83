// Each member has its own stack, and one thread switches between the stacks. Sanitizers are notified of each
// switch.
#include "support/turns.h"

#include <cstddef>
#include <exception>
#include <memory>
#include <stdexcept>
#include <vector>

#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace modsweep::test {
namespace {

constexpr std::size_t stack_bytes = std::size_t{1} << 18;

struct Stack {
  ucontext_t context{};
  void* place[5] = {};  ///< where the member was suspended
  bool left = false;
  std::unique_ptr<std::byte[]> owned;  ///< none: the thread's own stack
  const void* bottom = nullptr;
  std::size_t bytes = 0;
  void* fake = nullptr;   ///< AddressSanitizer's
  void* fiber = nullptr;  ///< ThreadSanitizer's
  bool done = false;
};

class Members final : public Turns {
 public:
  Members(std::uint32_t count, const std::function<void(std::uint32_t, Turns&)>& work)
      : work_(work), stacks_(count) {
    for (Stack& stack : stacks_) prepare(stack);
#if defined(__SANITIZE_THREAD__)
    caller_.fiber = __tsan_get_current_fiber();
#endif
  }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;
  ~Members() override {
#if defined(__SANITIZE_THREAD__)
    for (const Stack& stack : stacks_) __tsan_destroy_fiber(stack.fiber);
#endif
  }

  /// Runs one turn of a member; returns whether it has more to do. Throws the member's exception.
  bool resume(std::uint32_t member) {
    if (stacks_[member].done) return false;
    current_ = member;
    running = this;
    change(caller_, stacks_[member]);
    if (failure_) std::rethrow_exception(failure_);
    return !stacks_[member].done;
  }

  void pass_on() override {
    change(stacks_[current_], caller_);
  }

 private:
  static void prepare(Stack& stack) {
    if (getcontext(&stack.context) != 0) throw std::runtime_error("getcontext failed");
    stack.owned = std::make_unique_for_overwrite<std::byte[]>(stack_bytes);
    stack.bottom = stack.owned.get();
    stack.bytes = stack_bytes;
    stack.context.uc_stack.ss_sp = stack.owned.get();
    stack.context.uc_stack.ss_size = stack_bytes;
    makecontext(&stack.context, &Members::begin, 0);
#if defined(__SANITIZE_THREAD__)
    stack.fiber = __tsan_create_fiber(0);
#endif
  }

  static void begin() {
    running->run();
  }

  void run() {
    arrived(nullptr);
    const std::uint32_t member = current_;
    try {
      work_(member, *this);
    } catch (...) {
      failure_ = std::current_exception();
    }
    stacks_[member].done = true;
    change(stacks_[member], caller_);
  }

  void change(Stack& from, Stack& to) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(from.done ? nullptr : &from.fake, to.bottom, to.bytes);
#endif
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(to.fiber, 0);
#endif
    jump(from, to);
    arrived(from.fake);
  }

  // swapcontext() is not used: it makes a system call each time, and AddressSanitizer warns of it.
  [[gnu::noinline, gnu::no_sanitize("address", "thread")]] static void jump(Stack& from, Stack& to) {
    from.left = true;
    if (__builtin_setjmp(from.place) != 0) return;
    if (to.left) go_on(to);
    setcontext(&to.context);
  }
  [[noreturn, gnu::noinline, gnu::no_sanitize("address", "thread")]] static void go_on(Stack& to) {
    __builtin_longjmp(to.place, 1);
  }

  void arrived([[maybe_unused]] void* fake) {
#if defined(__SANITIZE_ADDRESS__)
    const void* bottom = nullptr;
    std::size_t bytes = 0;
    __sanitizer_finish_switch_fiber(fake, &bottom, &bytes);
    if (caller_.bottom == nullptr) caller_.bottom = bottom, caller_.bytes = bytes;  // the first arrival
#endif
  }

  static inline thread_local Members* running = nullptr;  ///< makecontext() passes no argument to a new stack

  const std::function<void(std::uint32_t, Turns&)>& work_;
  std::vector<Stack> stacks_;
  Stack caller_;
  std::uint32_t current_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

void take_turns(std::uint32_t count, bool backwards, const std::function<void(std::uint32_t, Turns&)>& work) {
  Members members(count, work);
  for (bool left = true; left;) {
    left = false;
    for (std::uint32_t i = 0; i < count; ++i) left |= members.resume(backwards ? count - 1 - i : i);
  }
}

}  // namespace modsweep::test
