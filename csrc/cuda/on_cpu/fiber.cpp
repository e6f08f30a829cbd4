#include "cuda/on_cpu/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#endif

namespace brasa::cuda::on_cpu {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kStackBytes = 256 * 1024;  // red zones around every variable
#else
constexpr size_t kStackBytes = 64 * 1024;
#endif

size_t page_bytes() {
  static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

// Who had the stack before never returned: its red zones are still there, for the next stack and for
// whatever is mapped in its place.
void clear_red_zones([[maybe_unused]] const Stack& stack) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(stack.bottom(), kStackBytes);
#endif
}

}  // namespace

size_t Stack::bytes() { return kStackBytes; }

Stack::Stack() {
  const size_t guard = page_bytes();
  void* memory = mmap(nullptr, kStackBytes + guard, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory, guard, PROT_NONE);
  bottom_ = static_cast<char*>(memory) + guard;
}

Stack::~Stack() {
  clear_red_zones(*this);
  munmap(bottom_ - page_bytes(), kStackBytes + page_bytes());
}

Stack* StackPool::take() {
  if (free_.empty()) {
    all_.push_back(std::make_unique<Stack>());
    free_.push_back(all_.back().get());
  }
  Stack* stack = free_.back();
  free_.pop_back();
  return stack;
}

#if !BRASA_UCONTEXT

// Saves what the calling convention makes a function keep on the own stack, changes to the other stack
// and takes the same from there: 10 ns, against 350 ns of swapcontext, which asks the kernel for the
// signal mask.
extern "C" void brasa_fiber_switch(void** own, void* other);

#if defined(__x86_64__)
asm(R"(
.text
.p2align 4
.globl brasa_fiber_switch
.hidden brasa_fiber_switch
.type brasa_fiber_switch, @function
brasa_fiber_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size brasa_fiber_switch, . - brasa_fiber_switch
)");
constexpr size_t kSavedWords =
    6;  // then the address to return to, then one word that is never used:
constexpr size_t kFrameWords = 8;  // at a function's entry rsp is 8 past a multiple of 16
#else
asm(R"(
.text
.p2align 4
.globl brasa_fiber_switch
.hidden brasa_fiber_switch
.type brasa_fiber_switch, %function
brasa_fiber_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size brasa_fiber_switch, . - brasa_fiber_switch
)");
constexpr size_t kSavedWords = 11;  // x30, the address to return to, is the twelfth word
constexpr size_t kFrameWords = 20;
#endif

void Fiber::prepare(Stack& stack, void (*entry)()) {
  stack_ = &stack;
  sanitizer_ = nullptr;
  clear_red_zones(stack);
  void** frame = reinterpret_cast<void**>(stack.bottom() + Stack::bytes()) - kFrameWords;
  for (size_t i = 0; i < kFrameWords; ++i) frame[i] = nullptr;
  frame[kSavedWords] = reinterpret_cast<void*>(entry);
  stack_pointer_ = frame;
}

#else

void Fiber::prepare(Stack& stack, void (*entry)()) {
  stack_ = &stack;
  sanitizer_ = nullptr;
  clear_red_zones(stack);
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack.bottom();
  context_.uc_stack.ss_size = Stack::bytes();
  context_.uc_link = nullptr;
  makecontext(&context_, entry, 0);
}

#endif

#if defined(__SANITIZE_ADDRESS__)
namespace {

struct Extent {
  const void* bottom;
  size_t bytes;
};

// The stack of the operating system's thread, which the sanitizer wants to hear about on the way back.
Extent own_stack() {
  thread_local const Extent extent = [] {
    pthread_attr_t attributes;
    void* bottom = nullptr;
    size_t bytes = 0;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &bottom, &bytes);
    pthread_attr_destroy(&attributes);
    return Extent{bottom, bytes};
  }();
  return extent;
}

}  // namespace
#endif

void Fiber::switch_to(Fiber& other, [[maybe_unused]] bool leaving) {
#if defined(__SANITIZE_ADDRESS__)
  const Extent to = other.stack_ ? Extent{other.stack_->bottom(), Stack::bytes()} : own_stack();
  __sanitizer_start_switch_fiber(leaving ? nullptr : &sanitizer_, to.bottom, to.bytes);
#endif
#if BRASA_UCONTEXT
  swapcontext(&context_, &other.context_);
#else
  brasa_fiber_switch(&stack_pointer_, other.stack_pointer_);
#endif
  entered();
}

void Fiber::entered() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(sanitizer_, nullptr, nullptr);
#endif
}

}  // namespace brasa::cuda::on_cpu
