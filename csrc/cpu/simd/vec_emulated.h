// 16 lanes made of two AVX2 vectors, for BRASA_WIDE_EMULATION=ON: whatever depends on the width in the avx512
// kernels can then be run on a machine without AVX-512. Included by vec.h.
#pragma once

// The halves, in a namespace of their own.
#pragma push_macro("BRASA_ISA")
#undef BRASA_ISA
#define BRASA_ISA avx512_half
#include "cpu/simd/vec_avx2.h"
#pragma pop_macro("BRASA_ISA")

namespace brasa::cpu::BRASA_ISA {

namespace half = avx512_half;

struct Mask {
  half::Mask low, high;

  BRASA_INLINE static Mask first(int n) { return {half::Mask::first(n), half::Mask::first(n - 8)}; }
};

struct Vec {
  static constexpr int width = 16;
  half::Vec low, high;

  BRASA_INLINE static Vec all(float x) { return {half::Vec::all(x), half::Vec::all(x)}; }
  BRASA_INLINE static Vec zero() { return all(0.f); }
  BRASA_INLINE static Vec load(const float* p) {
    return {half::Vec::load(p), half::Vec::load(p + 8)};
  }
  BRASA_INLINE static Vec load_partial(const float* p, int n) {
    return {half::Vec::load_partial(p, n), half::Vec::load_partial(p + 8, n - 8)};
  }
  BRASA_INLINE void store(float* p) const { low.store(p), high.store(p + 8); }
  BRASA_INLINE void store_partial(float* p, int n) const {
    low.store_partial(p, n < 8 ? n : 8);
    if (n > 8) high.store_partial(p + 8, n - 8);
  }
  BRASA_INLINE void stream(float* p) const { low.stream(p), high.stream(p + 8); }
};

struct VecInt {
  static constexpr int width = 16;
  half::VecInt low, high;

  BRASA_INLINE static VecInt all(int32_t x) { return {half::VecInt::all(x), half::VecInt::all(x)}; }
  BRASA_INLINE static VecInt lane_index() {
    return {half::VecInt::lane_index(), half::VecInt::lane_index() + half::VecInt::all(8)};
  }
  BRASA_INLINE static VecInt load(const int32_t* p) {
    return {half::VecInt::load(p), half::VecInt::load(p + 8)};
  }
  BRASA_INLINE static VecInt load_partial(const int32_t* p, int n) {
    return {half::VecInt::load_partial(p, n), half::VecInt::load_partial(p + 8, n - 8)};
  }
  BRASA_INLINE void store(int32_t* p) const { low.store(p), high.store(p + 8); }
  BRASA_INLINE void store_partial(int32_t* p, int n) const {
    low.store_partial(p, n < 8 ? n : 8);
    if (n > 8) high.store_partial(p + 8, n - 8);
  }
  BRASA_INLINE void stream(int32_t* p) const { low.stream(p), high.stream(p + 8); }
};

BRASA_INLINE Mask operator&(Mask a, Mask b) { return {a.low & b.low, a.high & b.high}; }
BRASA_INLINE Mask operator|(Mask a, Mask b) { return {a.low | b.low, a.high | b.high}; }
BRASA_INLINE Mask operator~(Mask a) { return {~a.low, ~a.high}; }
BRASA_INLINE bool any(Mask a) { return any(a.low | a.high); }

BRASA_INLINE Vec operator+(Vec a, Vec b) { return {a.low + b.low, a.high + b.high}; }
BRASA_INLINE Vec operator-(Vec a, Vec b) { return {a.low - b.low, a.high - b.high}; }
BRASA_INLINE Vec operator*(Vec a, Vec b) { return {a.low * b.low, a.high * b.high}; }
BRASA_INLINE Vec operator/(Vec a, Vec b) { return {a.low / b.low, a.high / b.high}; }
BRASA_INLINE Vec fma(Vec a, Vec b, Vec c) {
  return {fma(a.low, b.low, c.low), fma(a.high, b.high, c.high)};
}
BRASA_INLINE Vec fnma(Vec a, Vec b, Vec c) {
  return {fnma(a.low, b.low, c.low), fnma(a.high, b.high, c.high)};
}
BRASA_INLINE Vec max(Vec a, Vec b) { return {max(a.low, b.low), max(a.high, b.high)}; }
BRASA_INLINE Vec min(Vec a, Vec b) { return {min(a.low, b.low), min(a.high, b.high)}; }
BRASA_INLINE Vec sqrt(Vec a) { return {sqrt(a.low), sqrt(a.high)}; }
BRASA_INLINE Vec abs(Vec a) { return {abs(a.low), abs(a.high)}; }
BRASA_INLINE Vec round(Vec a) { return {round(a.low), round(a.high)}; }

BRASA_INLINE Mask operator>(Vec a, Vec b) { return {a.low > b.low, a.high > b.high}; }
BRASA_INLINE Mask operator>=(Vec a, Vec b) { return {a.low >= b.low, a.high >= b.high}; }
BRASA_INLINE Mask operator==(Vec a, Vec b) { return {a.low == b.low, a.high == b.high}; }
BRASA_INLINE Mask is_nan(Vec a) { return {is_nan(a.low), is_nan(a.high)}; }

BRASA_INLINE VecInt operator+(VecInt a, VecInt b) { return {a.low + b.low, a.high + b.high}; }
BRASA_INLINE VecInt operator-(VecInt a, VecInt b) { return {a.low - b.low, a.high - b.high}; }
BRASA_INLINE VecInt operator&(VecInt a, VecInt b) { return {a.low & b.low, a.high & b.high}; }
BRASA_INLINE VecInt operator|(VecInt a, VecInt b) { return {a.low | b.low, a.high | b.high}; }
BRASA_INLINE VecInt operator^(VecInt a, VecInt b) { return {a.low ^ b.low, a.high ^ b.high}; }
BRASA_INLINE VecInt operator<<(VecInt a, int bits) { return {a.low << bits, a.high << bits}; }
BRASA_INLINE VecInt operator>>(VecInt a, int bits) { return {a.low >> bits, a.high >> bits}; }
BRASA_INLINE VecInt shift_right_zero(VecInt a, int bits) {
  return {shift_right_zero(a.low, bits), shift_right_zero(a.high, bits)};
}
BRASA_INLINE Mask operator==(VecInt a, VecInt b) { return {a.low == b.low, a.high == b.high}; }
BRASA_INLINE Mask operator>(VecInt a, VecInt b) { return {a.low > b.low, a.high > b.high}; }
BRASA_INLINE void mul_wide(VecInt a, VecInt b, VecInt* high, VecInt* low) {
  mul_wide(a.low, b.low, &high->low, &low->low);
  mul_wide(a.high, b.high, &high->high, &low->high);
}

BRASA_INLINE Vec select(Mask mask, Vec yes, Vec no) {
  return {select(mask.low, yes.low, no.low), select(mask.high, yes.high, no.high)};
}
BRASA_INLINE VecInt select(Mask mask, VecInt yes, VecInt no) {
  return {select(mask.low, yes.low, no.low), select(mask.high, yes.high, no.high)};
}

BRASA_INLINE VecInt to_int(Vec a) { return {to_int(a.low), to_int(a.high)}; }
BRASA_INLINE Vec to_float(VecInt a) { return {to_float(a.low), to_float(a.high)}; }
BRASA_INLINE VecInt as_int(Vec a) { return {as_int(a.low), as_int(a.high)}; }
BRASA_INLINE Vec as_float(VecInt a) { return {as_float(a.low), as_float(a.high)}; }

BRASA_INLINE Vec held(Vec a) { return a; }
BRASA_INLINE float first_lane(Vec a) { return first_lane(a.low); }
BRASA_INLINE float sum(Vec a) { return sum(a.low + a.high); }
BRASA_INLINE float maximum(Vec a) { return maximum(max(a.low, a.high)); }
BRASA_INLINE void zip(Vec a, Vec b, Vec* low, Vec* high) {
  zip(a.low, b.low, &low->low, &low->high);
  zip(a.high, b.high, &high->low, &high->high);
}

namespace {
BRASA_INLINE half::Vec pick_half(Vec a, half::VecInt from) {
  const half::VecInt within = from & half::VecInt::all(7);
  return select(from > half::VecInt::all(7), pick(a.high, within), pick(a.low, within));
}
}  // namespace
BRASA_INLINE Vec pick(Vec a, VecInt from) {
  return {pick_half(a, from.low), pick_half(a, from.high)};
}

BRASA_INLINE void stream_fence() { half::stream_fence(); }

}  // namespace brasa::cpu::BRASA_ISA
