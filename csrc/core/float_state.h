// The floating-point state in which everything of ours is computed, whatever the caller has set.
#pragma once

#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace brasa {

// Rounding to nearest, denormal results and operands taken as zero, all exceptions masked: the
// momentum of a dead unit decays into denormals, which cost over a hundred cycles each.
class FloatState {
 public:
#if defined(__x86_64__)
  FloatState() : saved_(_mm_getcsr()) { _mm_setcsr(0x1F80u | 0x8040u); }
  ~FloatState() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#elif defined(__aarch64__)
  FloatState() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    asm volatile("msr fpcr, %0" ::"r"(uint64_t{1} << 24));
  }
  ~FloatState() { asm volatile("msr fpcr, %0" ::"r"(saved_)); }

 private:
  uint64_t saved_;
#else
  FloatState() = default;
#endif
};

}  // namespace brasa
