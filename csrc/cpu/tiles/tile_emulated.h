// The tile registers in memory, with the arithmetic of the instructions step by step. Included by tile.h,
// which says what each function means. What the hardware flushes is flushed here by the floating-point
// state in which all kernels run (core/float_state.h).
#pragma once

#include "cpu/simd/vec.h"

namespace brasa::cpu::BRASA_ISA {

constexpr char kProductsBy[] = "AMX, emulated";

class Tiles {
 public:
  BRASA_INLINE Tiles() {}
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;

  template <int T>
  BRASA_INLINE void zero() {
    memset(registers_[T], 0, 1024);
  }
  template <int T>
  BRASA_INLINE void load(const void* from, int64_t step = 64) {
    const char* row = static_cast<const char*>(from);
    for (int i = 0; i < 16; ++i) memcpy(registers_[T][i], row + i * step, 64);
  }
  template <int T>
  BRASA_INLINE void store(void* to) {
    memcpy(to, registers_[T], 1024);
  }
  template <int C, int A, int B>
  BRASA_INLINE void dot_square() {
    add_products(registers_[C], registers_[A], registers_[B]);
    add_products(registers_[C + 1], registers_[A], registers_[B + 1]);
    add_products(registers_[C + 2], registers_[A + 1], registers_[B]);
    add_products(registers_[C + 3], registers_[A + 1], registers_[B + 1]);
  }

 private:
  using Register = int32_t[16][16];

  // The halves of a pair as float32: bf16 is the upper half of one.
  BRASA_INLINE static Vec even(VecInt pairs) { return as_float(pairs << 16); }
  BRASA_INLINE static Vec odd(VecInt pairs) {
    return as_float(pairs & VecInt::all(static_cast<int32_t>(0xFFFF0000)));
  }

  BRASA_INLINE static void add_products(Register& c, const Register& a, const Register& b) {
    for (int i = 0; i < 16; ++i) {
      Vec evens = Vec::zero(), odds = Vec::zero();
      for (int p = 0; p < 16; ++p) {
        const VecInt a_ip = VecInt::all(a[i][p]), b_p = VecInt::load(b[p]);
        evens = fma(even(a_ip), even(b_p), evens);
        odds = fma(odd(a_ip), odd(b_p), odds);
      }
      as_int(as_float(VecInt::load(c[i])) + (evens + odds)).store(c[i]);
    }
  }

  Register registers_[8];
};

struct Bf16 {
  VecInt upper;  // in the upper half of each lane; the lower is 0
};

BRASA_INLINE Bf16 narrow(Vec x) {
  const VecInt bits = as_int(x), last = shift_right_zero(bits, 16) & VecInt::all(1);
  const VecInt rounded = bits + VecInt::all(0x7FFF) + last;
  const VecInt quiet = bits | VecInt::all(0x400000);
  const VecInt kept = select(is_nan(x), quiet, rounded);
  const VecInt sign = bits & VecInt::all(INT32_MIN);
  const Mask denormal = VecInt::all(0x800000) > (bits & VecInt::all(INT32_MAX));
  return {select(denormal, sign, kept) & VecInt::all(static_cast<int32_t>(0xFFFF0000))};
}
BRASA_INLINE Vec widen(Bf16 x) { return as_float(x.upper); }
BRASA_INLINE void store_pairs(Bf16 even, Bf16 odd, void* to) {
  (shift_right_zero(even.upper, 16) | odd.upper).store(static_cast<int32_t*>(to));
}
BRASA_INLINE void store(Bf16 a, Bf16 b, void* to) {
  int32_t lanes[32];
  a.upper.store(lanes), b.upper.store(lanes + 16);
  uint16_t halves[32];
  for (int i = 0; i < 32; ++i)
    halves[i] = static_cast<uint16_t>(static_cast<uint32_t>(lanes[i]) >> 16);
  memcpy(to, halves, sizeof(halves));
}

}  // namespace brasa::cpu::BRASA_ISA
