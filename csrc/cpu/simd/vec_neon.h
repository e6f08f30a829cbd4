// 4 lanes in one NEON register of AArch64. Included by vec.h, which says what each function means.
#pragma once

#include <arm_neon.h>

namespace brasa::cpu::BRASA_ISA {

struct Mask {
  uint32x4_t lanes;

  // The first n lanes.
  BRASA_INLINE static Mask first(int n) {
    const int32x4_t lane = {0, 1, 2, 3};
    return {vcgtq_s32(vdupq_n_s32(n), lane)};
  }
};

// The first n of 4; the rest 0.
BRASA_INLINE float32x4_t load_first(const float* p, int n) {
  if (n == 4) return vld1q_f32(p);
  float32x4_t part = vdupq_n_f32(0.f);
  if ((n & 2) != 0) {
    part = vcombine_f32(vld1_f32(p), vdup_n_f32(0.f));
    return (n & 1) != 0 ? vld1q_lane_f32(p + 2, part, 2) : part;
  }
  return (n & 1) != 0 ? vld1q_lane_f32(p, part, 0) : part;
}

BRASA_INLINE void store_first(float32x4_t lanes, float* p, int n) {
  if (n == 4) return vst1q_f32(p, lanes);
  if ((n & 2) != 0) {
    vst1_f32(p, vget_low_f32(lanes));
    lanes = vextq_f32(lanes, lanes, 2);
    p += 2;
  }
  if ((n & 1) != 0) vst1q_lane_f32(p, lanes, 0);
}

struct Vec {
  static constexpr int width = 4;
  float32x4_t lanes;

  BRASA_INLINE static Vec all(float x) { return {vdupq_n_f32(x)}; }
  BRASA_INLINE static Vec zero() { return {vdupq_n_f32(0.f)}; }
  BRASA_INLINE static Vec load(const float* p) { return {vld1q_f32(p)}; }
  BRASA_INLINE static Vec load_partial(const float* p, int n) { return {load_first(p, n)}; }
  BRASA_INLINE void store(float* p) const { vst1q_f32(p, lanes); }
  BRASA_INLINE void store_partial(float* p, int n) const { store_first(lanes, p, n); }
  // The one store past the caches, STNP, is of pairs of registers.
  BRASA_INLINE void stream(float* p) const { store(p); }
};

struct VecInt {
  static constexpr int width = 4;
  int32x4_t lanes;

  BRASA_INLINE static VecInt all(int32_t x) { return {vdupq_n_s32(x)}; }
  // 0, 1, 2 ... in the lanes.
  BRASA_INLINE static VecInt lane_index() { return {int32x4_t{0, 1, 2, 3}}; }
  BRASA_INLINE static VecInt load(const int32_t* p) { return {vld1q_s32(p)}; }
  BRASA_INLINE static VecInt load_partial(const int32_t* p, int n) {
    return {vreinterpretq_s32_f32(load_first(reinterpret_cast<const float*>(p), n))};
  }
  BRASA_INLINE void store(int32_t* p) const { vst1q_s32(p, lanes); }
  BRASA_INLINE void store_partial(int32_t* p, int n) const {
    store_first(vreinterpretq_f32_s32(lanes), reinterpret_cast<float*>(p), n);
  }
  BRASA_INLINE void stream(int32_t* p) const { store(p); }
};

BRASA_INLINE Mask operator&(Mask a, Mask b) { return {vandq_u32(a.lanes, b.lanes)}; }
BRASA_INLINE Mask operator|(Mask a, Mask b) { return {vorrq_u32(a.lanes, b.lanes)}; }
BRASA_INLINE Mask operator~(Mask a) { return {vmvnq_u32(a.lanes)}; }
BRASA_INLINE bool any(Mask a) { return vmaxvq_u32(a.lanes) != 0; }

BRASA_INLINE VecInt as_int(Vec a) { return {vreinterpretq_s32_f32(a.lanes)}; }
BRASA_INLINE Vec as_float(VecInt a) { return {vreinterpretq_f32_s32(a.lanes)}; }
BRASA_INLINE uint32x4_t as_words(VecInt a) { return vreinterpretq_u32_s32(a.lanes); }

BRASA_INLINE VecInt operator+(VecInt a, VecInt b) { return {vaddq_s32(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator-(VecInt a, VecInt b) { return {vsubq_s32(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator&(VecInt a, VecInt b) { return {vandq_s32(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator|(VecInt a, VecInt b) { return {vorrq_s32(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator^(VecInt a, VecInt b) { return {veorq_s32(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator<<(VecInt a, int bits) {
  return {vshlq_s32(a.lanes, vdupq_n_s32(bits))};
}
// Keeps the sign.
BRASA_INLINE VecInt operator>>(VecInt a, int bits) {
  return {vshlq_s32(a.lanes, vdupq_n_s32(-bits))};
}
BRASA_INLINE VecInt shift_right_zero(VecInt a, int bits) {
  return {vreinterpretq_s32_u32(vshlq_u32(as_words(a), vdupq_n_s32(-bits)))};
}
BRASA_INLINE Mask operator==(VecInt a, VecInt b) { return {vceqq_s32(a.lanes, b.lanes)}; }
BRASA_INLINE Mask operator>(VecInt a, VecInt b) { return {vcgtq_s32(a.lanes, b.lanes)}; }

// a * b as unsigned numbers: the upper and the lower 32 bits.
BRASA_INLINE void mul_wide(VecInt a, VecInt b, VecInt* high, VecInt* low) {
  const uint32x4_t x = as_words(a), y = as_words(b);
  const int32x4_t first = vreinterpretq_s32_u64(vmull_u32(vget_low_u32(x), vget_low_u32(y)));
  const int32x4_t last = vreinterpretq_s32_u64(vmull_high_u32(x, y));
  low->lanes = vuzp1q_s32(first, last);
  high->lanes = vuzp2q_s32(first, last);
}

BRASA_INLINE Vec select(Mask mask, Vec yes, Vec no) {
  return {vbslq_f32(mask.lanes, yes.lanes, no.lanes)};
}
BRASA_INLINE VecInt select(Mask mask, VecInt yes, VecInt no) {
  return {vbslq_s32(mask.lanes, yes.lanes, no.lanes)};
}

BRASA_INLINE Vec operator+(Vec a, Vec b) { return {vaddq_f32(a.lanes, b.lanes)}; }
BRASA_INLINE Vec operator-(Vec a, Vec b) { return {vsubq_f32(a.lanes, b.lanes)}; }
BRASA_INLINE Vec operator*(Vec a, Vec b) { return {vmulq_f32(a.lanes, b.lanes)}; }
BRASA_INLINE Vec operator/(Vec a, Vec b) { return {vdivq_f32(a.lanes, b.lanes)}; }
BRASA_INLINE Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f32(c.lanes, a.lanes, b.lanes)}; }
BRASA_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {vfmsq_f32(c.lanes, a.lanes, b.lanes)}; }
BRASA_INLINE Vec sqrt(Vec a) { return {vsqrtq_f32(a.lanes)}; }
BRASA_INLINE Vec abs(Vec a) { return {vabsq_f32(a.lanes)}; }
BRASA_INLINE Vec round(Vec a) { return {vrndnq_f32(a.lanes)}; }

BRASA_INLINE Mask operator>(Vec a, Vec b) { return {vcgtq_f32(a.lanes, b.lanes)}; }
BRASA_INLINE Mask operator>=(Vec a, Vec b) { return {vcgeq_f32(a.lanes, b.lanes)}; }
BRASA_INLINE Mask operator==(Vec a, Vec b) { return {vceqq_f32(a.lanes, b.lanes)}; }
BRASA_INLINE Mask is_nan(Vec a) { return ~(a == a); }
// Not FMAX and FMIN, which give a NaN of either side, nor FMAXNM and FMINNM, which give none.
BRASA_INLINE Vec max(Vec a, Vec b) { return select(a > b, a, b); }
BRASA_INLINE Vec min(Vec a, Vec b) { return select(b > a, a, b); }

BRASA_INLINE VecInt to_int(Vec a) { return {vcvtnq_s32_f32(a.lanes)}; }
BRASA_INLINE Vec to_float(VecInt a) { return {vcvtq_f32_s32(a.lanes)}; }

BRASA_INLINE Vec held(Vec a) {
  asm("" : "+w"(a.lanes));
  return a;
}
BRASA_INLINE float first_lane(Vec a) { return vgetq_lane_f32(a.lanes, 0); }

// Halves folded onto each other until one lane is left: an order that never changes.
BRASA_INLINE float sum(Vec a) {
  const float32x2_t x = vadd_f32(vget_low_f32(a.lanes), vget_high_f32(a.lanes));
  return vget_lane_f32(x, 0) + vget_lane_f32(x, 1);
}
// Of lanes without NaN.
BRASA_INLINE float maximum(Vec a) { return vmaxvq_f32(a.lanes); }

BRASA_INLINE void zip(Vec a, Vec b, Vec* low, Vec* high) {
  low->lanes = vzip1q_f32(a.lanes, b.lanes);
  high->lanes = vzip2q_f32(a.lanes, b.lanes);
}

BRASA_INLINE Vec pick(Vec a, VecInt from) {
  // The four bytes of each lane.
  const int32x4_t bytes = vmlaq_n_s32(vdupq_n_s32(0x03020100), from.lanes, 0x04040404);
  return {
      vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(a.lanes), vreinterpretq_u8_s32(bytes)))};
}

// Makes streamed stores visible to the other threads; needed before they read them.
BRASA_INLINE void stream_fence() {}

}  // namespace brasa::cpu::BRASA_ISA
