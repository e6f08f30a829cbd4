// 16 lanes in one AVX-512 register, truth values in a mask register. Included by vec.h, which says
// what each function means. Machines without AVX-512 test the 16-lane kernels with vec_emulated.h
// in this file's place, so nothing here may be clever.
#pragma once

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 calls the "any value" operands inside its own header uninitialised.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#else
#include <immintrin.h>
#endif

namespace brasa::cpu::BRASA_ISA {

struct Mask {
  __mmask16 lanes;

  // The first n lanes.
  BRASA_INLINE static Mask first(int n) { return {static_cast<__mmask16>((1u << n) - 1u)}; }
};

struct Vec {
  static constexpr int width = 16;
  __m512 lanes;

  BRASA_INLINE static Vec all(float x) { return {_mm512_set1_ps(x)}; }
  BRASA_INLINE static Vec zero() { return {_mm512_setzero_ps()}; }
  BRASA_INLINE static Vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
  BRASA_INLINE static Vec load_partial(const float* p, int n) {
    return {_mm512_maskz_loadu_ps(Mask::first(n).lanes, p)};
  }
  BRASA_INLINE void store(float* p) const { _mm512_storeu_ps(p, lanes); }
  BRASA_INLINE void store_partial(float* p, int n) const {
    _mm512_mask_storeu_ps(p, Mask::first(n).lanes, lanes);
  }
  BRASA_INLINE void stream(float* p) const { _mm512_stream_ps(p, lanes); }
};

struct VecInt {
  static constexpr int width = 16;
  __m512i lanes;

  BRASA_INLINE static VecInt all(int32_t x) { return {_mm512_set1_epi32(x)}; }
  // 0, 1, 2 ... in the lanes.
  BRASA_INLINE static VecInt lane_index() {
    return {_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)};
  }
  BRASA_INLINE static VecInt load(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
  BRASA_INLINE static VecInt load_partial(const int32_t* p, int n) {
    return {_mm512_maskz_loadu_epi32(Mask::first(n).lanes, p)};
  }
  BRASA_INLINE void store(int32_t* p) const { _mm512_storeu_si512(p, lanes); }
  BRASA_INLINE void store_partial(int32_t* p, int n) const {
    _mm512_mask_storeu_epi32(p, Mask::first(n).lanes, lanes);
  }
  BRASA_INLINE void stream(int32_t* p) const {
    _mm512_stream_si512(reinterpret_cast<__m512i*>(p), lanes);
  }
};

BRASA_INLINE Mask operator&(Mask a, Mask b) { return {static_cast<__mmask16>(a.lanes & b.lanes)}; }
BRASA_INLINE Mask operator|(Mask a, Mask b) { return {static_cast<__mmask16>(a.lanes | b.lanes)}; }
BRASA_INLINE Mask operator~(Mask a) { return {static_cast<__mmask16>(~a.lanes)}; }
BRASA_INLINE bool any(Mask a) { return a.lanes != 0; }

BRASA_INLINE Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.lanes, b.lanes)}; }
BRASA_INLINE Vec operator-(Vec a, Vec b) { return {_mm512_sub_ps(a.lanes, b.lanes)}; }
BRASA_INLINE Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.lanes, b.lanes)}; }
BRASA_INLINE Vec operator/(Vec a, Vec b) { return {_mm512_div_ps(a.lanes, b.lanes)}; }
BRASA_INLINE Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.lanes, b.lanes, c.lanes)}; }
BRASA_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {_mm512_fnmadd_ps(a.lanes, b.lanes, c.lanes)}; }
BRASA_INLINE Vec max(Vec a, Vec b) { return {_mm512_max_ps(a.lanes, b.lanes)}; }
BRASA_INLINE Vec min(Vec a, Vec b) { return {_mm512_min_ps(a.lanes, b.lanes)}; }
BRASA_INLINE Vec sqrt(Vec a) { return {_mm512_sqrt_ps(a.lanes)}; }
BRASA_INLINE Vec abs(Vec a) { return {_mm512_abs_ps(a.lanes)}; }
BRASA_INLINE Vec round(Vec a) {
  return {_mm512_roundscale_ps(a.lanes, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}

BRASA_INLINE Mask operator>(Vec a, Vec b) {
  return {_mm512_cmp_ps_mask(a.lanes, b.lanes, _CMP_GT_OQ)};
}
BRASA_INLINE Mask operator>=(Vec a, Vec b) {
  return {_mm512_cmp_ps_mask(a.lanes, b.lanes, _CMP_GE_OQ)};
}
BRASA_INLINE Mask operator==(Vec a, Vec b) {
  return {_mm512_cmp_ps_mask(a.lanes, b.lanes, _CMP_EQ_OQ)};
}
BRASA_INLINE Mask is_nan(Vec a) { return {_mm512_cmp_ps_mask(a.lanes, a.lanes, _CMP_UNORD_Q)}; }

BRASA_INLINE VecInt operator+(VecInt a, VecInt b) { return {_mm512_add_epi32(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator-(VecInt a, VecInt b) { return {_mm512_sub_epi32(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator&(VecInt a, VecInt b) { return {_mm512_and_si512(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator|(VecInt a, VecInt b) { return {_mm512_or_si512(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator^(VecInt a, VecInt b) { return {_mm512_xor_si512(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator<<(VecInt a, int bits) {
  return {_mm512_slli_epi32(a.lanes, static_cast<unsigned>(bits))};
}
// Keeps the sign.
BRASA_INLINE VecInt operator>>(VecInt a, int bits) {
  return {_mm512_srai_epi32(a.lanes, static_cast<unsigned>(bits))};
}
BRASA_INLINE VecInt shift_right_zero(VecInt a, int bits) {
  return {_mm512_srli_epi32(a.lanes, static_cast<unsigned>(bits))};
}
BRASA_INLINE Mask operator==(VecInt a, VecInt b) {
  return {_mm512_cmpeq_epi32_mask(a.lanes, b.lanes)};
}
BRASA_INLINE Mask operator>(VecInt a, VecInt b) {
  return {_mm512_cmpgt_epi32_mask(a.lanes, b.lanes)};
}

// a * b as unsigned numbers: the upper and the lower 32 bits.
BRASA_INLINE void mul_wide(VecInt a, VecInt b, VecInt* high, VecInt* low) {
  const __m512i even = _mm512_mul_epu32(a.lanes, b.lanes);
  const __m512i odd =
      _mm512_mul_epu32(_mm512_srli_epi64(a.lanes, 32), _mm512_srli_epi64(b.lanes, 32));
  high->lanes = _mm512_mask_mov_epi32(_mm512_srli_epi64(even, 32), 0xAAAA, odd);
  low->lanes = _mm512_mullo_epi32(a.lanes, b.lanes);
}

BRASA_INLINE Vec select(Mask mask, Vec yes, Vec no) {
  return {_mm512_mask_blend_ps(mask.lanes, no.lanes, yes.lanes)};
}
BRASA_INLINE VecInt select(Mask mask, VecInt yes, VecInt no) {
  return {_mm512_mask_blend_epi32(mask.lanes, no.lanes, yes.lanes)};
}

BRASA_INLINE VecInt to_int(Vec a) { return {_mm512_cvtps_epi32(a.lanes)}; }
BRASA_INLINE Vec to_float(VecInt a) { return {_mm512_cvtepi32_ps(a.lanes)}; }
BRASA_INLINE VecInt as_int(Vec a) { return {_mm512_castps_si512(a.lanes)}; }
BRASA_INLINE Vec as_float(VecInt a) { return {_mm512_castsi512_ps(a.lanes)}; }

BRASA_INLINE Vec held(Vec a) {
  asm("" : "+v"(a.lanes));
  return a;
}
BRASA_INLINE float first_lane(Vec a) { return _mm512_cvtss_f32(a.lanes); }

// Halves folded onto each other until one lane is left: an order that never changes.
BRASA_INLINE float sum(Vec a) {
  const __m256 y =
      _mm256_add_ps(_mm512_castps512_ps256(a.lanes), _mm512_extractf32x8_ps(a.lanes, 1));
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
// Of lanes without NaN.
BRASA_INLINE float maximum(Vec a) {
  const __m256 y =
      _mm256_max_ps(_mm512_castps512_ps256(a.lanes), _mm512_extractf32x8_ps(a.lanes, 1));
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}

BRASA_INLINE void zip(Vec a, Vec b, Vec* low, Vec* high) {
  const __m512i first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const __m512i last =
      _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  low->lanes = _mm512_permutex2var_ps(a.lanes, first, b.lanes);
  high->lanes = _mm512_permutex2var_ps(a.lanes, last, b.lanes);
}

BRASA_INLINE Vec pick(Vec a, VecInt from) { return {_mm512_permutexvar_ps(from.lanes, a.lanes)}; }

// Makes streamed stores visible to the other threads; needed before they read them.
BRASA_INLINE void stream_fence() { _mm_sfence(); }

}  // namespace brasa::cpu::BRASA_ISA
