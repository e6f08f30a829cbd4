// The vector type of the ISA that is being compiled. Kernels are written once, over:
//
//   Vec      `width` float32 lanes
//     load, load_partial (the first n lanes, the rest 0; nothing past them is read), all, zero
//     store, store_partial, stream (past the caches: the address must be aligned to the vector)
//     + - * /, fma(a,b,c) = a*b + c and fnma(a,b,c) = c - a*b (one rounding where the ISA has FMA)
//     max(a,b) = a > b ? a : b and min(a,b) = a < b ? a : b: with a NaN on either side, b
//     < <= > >= == (false where a lane is NaN), is_nan, abs, sqrt, round (to the nearest
//     even), sum, maximum, first_lane
//     held(a) = a, in a register: GCC else loads anew in each FMA, and there are as few loads as FMAs
//     in a cycle
//     zip(a, b, low, high): a0 b0 a1 b1 ... in low and then high; transpose of width vectors
//     pick(a, from): lane from[i] of a, 0 to width - 1, in lane i
//   VecInt   as many int32 lanes: + - & | ^, shifts, ==, >, mul_wide; load, store, stream as above
//     to_int (rounds to nearest even), to_float, as_int and as_float (the bits)
//   Mask     one truth value per lane: & | ~, any, select(mask, yes, no) lane by lane
//
// 0 <= n <= width wherever n counts lanes. Everything is inlined and lives in the ISA's namespace
// (csrc/cpu/isa/README.md).
#pragma once

#include <stdint.h>
#include <string.h>

#include "core/macros.h"

#if defined(BRASA_ISA_AVX512) && defined(BRASA_EMULATE_WIDE)
#include "cpu/simd/vec_emulated.h"
#elif defined(BRASA_ISA_AVX512)
#include "cpu/simd/vec_avx512.h"
#elif defined(BRASA_ISA_AVX2)
#include "cpu/simd/vec_avx2.h"
#elif defined(BRASA_ISA_NEON)
#include "cpu/simd/vec_neon.h"
#else
#include "cpu/simd/vec_generic.h"
#endif

namespace brasa::cpu::BRASA_ISA {

// Registers of such vectors: 32, or the 16 of AVX2 and of every x86-64.
#if defined(BRASA_ISA_AVX512) || defined(BRASA_ISA_NEON)
constexpr bool kManyRegisters = true;
#else
constexpr bool kManyRegisters = false;
#endif

BRASA_INLINE Mask operator<(Vec a, Vec b) { return b > a; }
BRASA_INLINE Mask operator<=(Vec a, Vec b) { return b >= a; }
BRASA_INLINE Vec operator-(Vec a) { return as_float(as_int(a) ^ VecInt::all(INT32_MIN)); }

#if !defined(BRASA_ISA_AVX2)
// Lane l of v[k] becomes lane k of v[l].
BRASA_INLINE void transpose(Vec (&v)[Vec::width]) {
  constexpr int half = Vec::width / 2;
  BRASA_UNROLL_ALL
  for (int stage = 1; stage < Vec::width; stage *= 2) {
    Vec zipped[Vec::width];
    BRASA_UNROLL_ALL
    for (int i = 0; i < half; ++i) zip(v[i], v[i + half], &zipped[2 * i], &zipped[2 * i + 1]);
    BRASA_UNROLL_ALL
    for (int i = 0; i < Vec::width; ++i) v[i] = zipped[i];
  }
}
#endif

}  // namespace brasa::cpu::BRASA_ISA
