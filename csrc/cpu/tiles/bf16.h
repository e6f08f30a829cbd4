// Sixteen numbers in bf16, by the conversions of AVX512-BF16. Included by tile.h, which says what they mean.
#pragma once

#include "cpu/simd/vec.h"

namespace brasa::cpu::BRASA_ISA {

struct Bf16 {
  __m256i lanes;
};

BRASA_INLINE Bf16 narrow(Vec x) { return {(__m256i)_mm512_cvtneps_pbh(x.lanes)}; }
BRASA_INLINE VecInt to_upper_half(Bf16 x) {
  return {_mm512_slli_epi32(_mm512_cvtepu16_epi32(x.lanes), 16)};
}
BRASA_INLINE Vec widen(Bf16 x) { return as_float(to_upper_half(x)); }
BRASA_INLINE void store(Bf16 a, Bf16 b, void* to) {
  _mm512_storeu_si512(to, _mm512_inserti64x4(_mm512_castsi256_si512(a.lanes), b.lanes, 1));
}
BRASA_INLINE void store_pairs(Bf16 even, Bf16 odd, void* to) {
  _mm512_storeu_si512(to, (VecInt{_mm512_cvtepu16_epi32(even.lanes)} | to_upper_half(odd)).lanes);
}

}  // namespace brasa::cpu::BRASA_ISA
