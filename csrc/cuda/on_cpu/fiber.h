// Threads that are switched by hand: each CUDA thread of a block is one of them, all inside one thread
// of the operating system.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#if !(defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__)))
#define BRASA_UCONTEXT 1
#include <ucontext.h>
#endif

namespace brasa::cuda::on_cpu {

// Memory of one fiber's stack; the page below it is inaccessible, so that an overflow is a crash here
// and not damage elsewhere.
class Stack {
 public:
  Stack();
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  char* bottom() const { return bottom_; }
  static size_t bytes();

 private:
  char* bottom_;
};

// Either a fiber, or the thread that resumes them.
class Fiber {
 public:
  // Makes this the start of entry() on `stack`; resume() runs it. entry() must not return.
  void prepare(Stack& stack, void (*entry)());

  // Leaves `this`, goes on with `other`; returns when somebody switches back. `leaving` for the last time.
  void switch_to(Fiber& other, bool leaving = false);

  // The first thing that entry() calls.
  void entered();

 private:
#if BRASA_UCONTEXT
  ucontext_t context_;
#else
  void* stack_pointer_ = nullptr;
#endif
  Stack* stack_ = nullptr;  // null: the stack of the operating system's thread
  void* sanitizer_ = nullptr;
};

// Stacks that are not in use, the warmest last.
class StackPool {
 public:
  Stack* take();
  void give_back(Stack* stack) { free_.push_back(stack); }

 private:
  std::vector<std::unique_ptr<Stack>> all_;
  std::vector<Stack*> free_;
};

}  // namespace brasa::cuda::on_cpu
