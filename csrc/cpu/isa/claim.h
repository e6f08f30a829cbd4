// Lines asked for ahead of use, where another core has them.
//
// Buffers of a plan are written by one core and read by all. A core that updates a line (load, then store)
// has it for reading when the store comes, has to take it from the others then, and takes one line after the
// other: 12 to 31 ns each on two cores of Sapphire Rapids. Claimed ahead, side by side, they cost 5. SGD with
// momentum over LeNet's 61,706 weights, which both cores have read: 73 us, claimed 12, of which 8 are the work
// itself. A plain store costs 5 ns either way: what is only written need not be claimed.
#pragma once

#include "core/macros.h"
#include "cpu/simd/vec.h"

namespace brasa::cpu::BRASA_ISA {

constexpr int64_t kLine = 16;  // floats

// To be written. On x86 this is PREFETCHW, which processors of before 2014 ignore.
BRASA_INLINE void claim(const float* p) { __builtin_prefetch(p, 1); }

// How far ahead of a stream of updates: 16 lines, as many as a core asks for at a time.
constexpr int64_t kClaimAhead = 16 * kLine;

// To be read in no order that the hardware foresees: all at once, where the nearest cache has room.
BRASA_INLINE void fetch(const float* p, int64_t count) {
  constexpr int64_t kNearFloats = 8 << 10;  // 32 KB
  if (count > kNearFloats) return;
  for (int64_t i = 0; i < count; i += kLine) __builtin_prefetch(p + i);
}

// How far ahead of a stream that is only read: what a core's share of the bandwidth brings in the time that a line
// takes is some 8 KB, and the hardware alone does not ask for as much. (From memory, two cores of Zen 5: the mean of
// 10 million 550 us, so 385, the largest 640 and 360, the means of 64 channels 535 and 365; 4096 rows of 1024 from the
// last-level cache 220 and 150, their largest 370 and 155. 4 KB ahead: between the two; 32 KB: slower in the
// second-level cache. Where as much is written as is read, as for ReLU, nothing is gained.)
constexpr int64_t kFetchAhead = 3 << 10;

BRASA_INLINE void fetch_ahead(const float* p) { __builtin_prefetch(p + kFetchAhead); }

}  // namespace brasa::cpu::BRASA_ISA
