// The tile registers of AMX. Machines without it test the same products with tile_emulated.h in this file's
// place, so each function here is one instruction.
#pragma once

#include "cpu/simd/vec.h"

namespace brasa::cpu::BRASA_ISA {

// Assembly and not intrinsics: those of GCC 12 take the registers as literals only, and its
// _tile_loadconfig loses the stores that fill the configuration.
class Tiles {
 public:
  BRASA_INLINE Tiles() {
    struct alignas(64) Config {
      uint8_t palette, start_row, reserved[14];
      uint16_t row_bytes[16];
      uint8_t rows[16];
    };
    Config config = {};
    config.palette = 1;
    for (int i = 0; i < 8; ++i) config.row_bytes[i] = 64, config.rows[i] = 16;
    asm volatile("ldtilecfg %0" ::"m"(config));
  }
  BRASA_INLINE ~Tiles() { asm volatile("tilerelease"); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;

  template <int T>
  BRASA_INLINE void zero() {
    asm volatile("tilezero %%tmm%c0" ::"i"(T));
  }
  template <int T>
  BRASA_INLINE void load(const void* from, int64_t step = 64) {
    asm volatile("tileloadd (%1,%2,1), %%tmm%c0" ::"i"(T), "r"(from), "r"(step) : "memory");
  }
  template <int T>
  BRASA_INLINE void store(void* to) {
    asm volatile("tilestored %%tmm%c0, (%1,%2,1)" ::"i"(T), "r"(to), "r"(int64_t{64}) : "memory");
  }
  template <int C, int A, int B>
  BRASA_INLINE void dot() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
  }
};

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
