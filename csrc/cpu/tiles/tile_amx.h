// The tile registers of AMX. Machines without it test the same products with tile_emulated.h in this file's
// place, so each function here is one instruction.
#pragma once

#include "cpu/simd/vec.h"
#include "cpu/tiles/bf16.h"

namespace brasa::cpu::BRASA_ISA {

constexpr char kProductsBy[] = "AMX";

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
  BRASA_INLINE void dot_square() {
    dot<C, A, B>(), dot<C + 1, A, B + 1>();
    dot<C + 2, A + 1, B>(), dot<C + 3, A + 1, B + 1>();
  }

 private:
  template <int C, int A, int B>
  BRASA_INLINE void dot() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
  }
};

}  // namespace brasa::cpu::BRASA_ISA
