// Lines that a thread is about to write, asked for ahead of the store.
//
// A buffer of a plan is written by one core and read by all, and the next one to write a line has to take
// it from them. Stores leave a core in order: each would wait for its own line alone, where requests
// made ahead run side by side. SGD with momentum over LeNet's 61,706 weights, which both cores of a Sapphire
// Rapids have read: 73 us, claimed ahead 12, of which 8 are the work itself.
//
// x86 has an instruction for it (PREFETCHW); processors of before 2014 take it for none at all.
#pragma once

#include "core/macros.h"
#include "cpu/simd/vec.h"

namespace brasa::cpu::BRASA_ISA {

constexpr int64_t kLine = 16;  // floats

BRASA_INLINE void claim(const void* p) { __builtin_prefetch(p, 1); }

template <class T>
BRASA_INLINE void claim(const T* p, int64_t count) {
  for (int64_t i = 0; i < count; i += kLine) claim(p + i);
}

BRASA_INLINE void claim_rows(const float* p, int rows, int64_t step) {
#pragma GCC unroll 1
  for (int i = 0; i < rows; ++i, p += step) claim(p);
}

// Lines of another core that are read in no order the hardware foresees, all at once, where the nearest
// cache has room for them.
BRASA_INLINE void fetch(const float* p, int64_t count) {
  if (count > 8 << 10) return;
  for (int64_t i = 0; i < count; i += kLine) __builtin_prefetch(p + i);
}

// How far ahead of a stream of stores: 16 lines, as many as a core asks for at a time.
constexpr int64_t kClaimAhead = 16 * kLine;

}  // namespace brasa::cpu::BRASA_ISA
