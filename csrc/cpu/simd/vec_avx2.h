// 8 lanes in one AVX2 register. Included by vec.h, which says what each function means.
#pragma once

#include <immintrin.h>

namespace brasa::cpu::BRASA_ISA {

struct Mask {
  __m256 lanes;

  // The first n lanes.
  BRASA_INLINE static Mask first(int n) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return {_mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane))};
  }
  BRASA_INLINE __m256i bits() const { return _mm256_castps_si256(lanes); }
};

// The first n of 8. Not vmaskmov, which as a store takes AMD's cores some 30 ns.
BRASA_INLINE void store_first(__m256 lanes, void* to, int n) {
  char* p = static_cast<char*>(to);
  if (n == 8) return _mm256_storeu_ps(reinterpret_cast<float*>(p), lanes);
  __m128 part = _mm256_castps256_ps128(lanes);
  if ((n & 4) != 0) {
    memcpy(p, &part, 16);
    part = _mm256_extractf128_ps(lanes, 1);
    p += 16;
  }
  if ((n & 2) != 0) {
    memcpy(p, &part, 8);
    part = _mm_movehl_ps(part, part);
    p += 8;
  }
  if ((n & 1) != 0) memcpy(p, &part, 4);
}

struct Vec {
  static constexpr int width = 8;
  __m256 lanes;

  BRASA_INLINE static Vec all(float x) { return {_mm256_set1_ps(x)}; }
  BRASA_INLINE static Vec zero() { return {_mm256_setzero_ps()}; }
  BRASA_INLINE static Vec load(const float* p) { return {_mm256_loadu_ps(p)}; }
  BRASA_INLINE static Vec load_partial(const float* p, int n) {
    return {_mm256_maskload_ps(p, Mask::first(n).bits())};
  }
  BRASA_INLINE void store(float* p) const { _mm256_storeu_ps(p, lanes); }
  BRASA_INLINE void store_partial(float* p, int n) const { store_first(lanes, p, n); }
  BRASA_INLINE void stream(float* p) const { _mm256_stream_ps(p, lanes); }
};

struct VecInt {
  static constexpr int width = 8;
  __m256i lanes;

  BRASA_INLINE static VecInt all(int32_t x) { return {_mm256_set1_epi32(x)}; }
  // 0, 1, 2 ... in the lanes.
  BRASA_INLINE static VecInt lane_index() { return {_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)}; }
  BRASA_INLINE static VecInt load(const int32_t* p) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))};
  }
  BRASA_INLINE static VecInt load_partial(const int32_t* p, int n) {
    return {_mm256_maskload_epi32(p, Mask::first(n).bits())};
  }
  BRASA_INLINE void store(int32_t* p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), lanes);
  }
  BRASA_INLINE void store_partial(int32_t* p, int n) const {
    store_first(_mm256_castsi256_ps(lanes), p, n);
  }
  BRASA_INLINE void stream(int32_t* p) const {
    _mm256_stream_si256(reinterpret_cast<__m256i*>(p), lanes);
  }
};

BRASA_INLINE Mask operator&(Mask a, Mask b) { return {_mm256_and_ps(a.lanes, b.lanes)}; }
BRASA_INLINE Mask operator|(Mask a, Mask b) { return {_mm256_or_ps(a.lanes, b.lanes)}; }
BRASA_INLINE Mask operator~(Mask a) {
  return {_mm256_xor_ps(a.lanes, _mm256_castsi256_ps(_mm256_set1_epi32(-1)))};
}
BRASA_INLINE bool any(Mask a) { return _mm256_movemask_ps(a.lanes) != 0; }

BRASA_INLINE Vec operator+(Vec a, Vec b) { return {_mm256_add_ps(a.lanes, b.lanes)}; }
BRASA_INLINE Vec operator-(Vec a, Vec b) { return {_mm256_sub_ps(a.lanes, b.lanes)}; }
BRASA_INLINE Vec operator*(Vec a, Vec b) { return {_mm256_mul_ps(a.lanes, b.lanes)}; }
BRASA_INLINE Vec operator/(Vec a, Vec b) { return {_mm256_div_ps(a.lanes, b.lanes)}; }
BRASA_INLINE Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.lanes, b.lanes, c.lanes)}; }
BRASA_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {_mm256_fnmadd_ps(a.lanes, b.lanes, c.lanes)}; }
BRASA_INLINE Vec max(Vec a, Vec b) { return {_mm256_max_ps(a.lanes, b.lanes)}; }
BRASA_INLINE Vec min(Vec a, Vec b) { return {_mm256_min_ps(a.lanes, b.lanes)}; }
BRASA_INLINE Vec sqrt(Vec a) { return {_mm256_sqrt_ps(a.lanes)}; }
BRASA_INLINE Vec abs(Vec a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.f), a.lanes)}; }
BRASA_INLINE Vec round(Vec a) {
  return {_mm256_round_ps(a.lanes, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}

BRASA_INLINE Mask operator>(Vec a, Vec b) { return {_mm256_cmp_ps(a.lanes, b.lanes, _CMP_GT_OQ)}; }
BRASA_INLINE Mask operator>=(Vec a, Vec b) { return {_mm256_cmp_ps(a.lanes, b.lanes, _CMP_GE_OQ)}; }
BRASA_INLINE Mask operator==(Vec a, Vec b) { return {_mm256_cmp_ps(a.lanes, b.lanes, _CMP_EQ_OQ)}; }
BRASA_INLINE Mask is_nan(Vec a) { return {_mm256_cmp_ps(a.lanes, a.lanes, _CMP_UNORD_Q)}; }

BRASA_INLINE VecInt operator+(VecInt a, VecInt b) { return {_mm256_add_epi32(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator-(VecInt a, VecInt b) { return {_mm256_sub_epi32(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator&(VecInt a, VecInt b) { return {_mm256_and_si256(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator|(VecInt a, VecInt b) { return {_mm256_or_si256(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator^(VecInt a, VecInt b) { return {_mm256_xor_si256(a.lanes, b.lanes)}; }
BRASA_INLINE VecInt operator<<(VecInt a, int bits) { return {_mm256_slli_epi32(a.lanes, bits)}; }
// Keeps the sign.
BRASA_INLINE VecInt operator>>(VecInt a, int bits) { return {_mm256_srai_epi32(a.lanes, bits)}; }
BRASA_INLINE VecInt shift_right_zero(VecInt a, int bits) {
  return {_mm256_srli_epi32(a.lanes, bits)};
}
BRASA_INLINE Mask operator==(VecInt a, VecInt b) {
  return {_mm256_castsi256_ps(_mm256_cmpeq_epi32(a.lanes, b.lanes))};
}
BRASA_INLINE Mask operator>(VecInt a, VecInt b) {
  return {_mm256_castsi256_ps(_mm256_cmpgt_epi32(a.lanes, b.lanes))};
}

// a * b as unsigned numbers: the upper and the lower 32 bits.
BRASA_INLINE void mul_wide(VecInt a, VecInt b, VecInt* high, VecInt* low) {
  const __m256i even = _mm256_mul_epu32(a.lanes, b.lanes);
  const __m256i odd =
      _mm256_mul_epu32(_mm256_srli_epi64(a.lanes, 32), _mm256_srli_epi64(b.lanes, 32));
  high->lanes = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
  low->lanes = _mm256_mullo_epi32(a.lanes, b.lanes);
}

BRASA_INLINE Vec select(Mask mask, Vec yes, Vec no) {
  return {_mm256_blendv_ps(no.lanes, yes.lanes, mask.lanes)};
}
BRASA_INLINE VecInt select(Mask mask, VecInt yes, VecInt no) {
  return {_mm256_blendv_epi8(no.lanes, yes.lanes, mask.bits())};
}

BRASA_INLINE VecInt to_int(Vec a) { return {_mm256_cvtps_epi32(a.lanes)}; }
BRASA_INLINE Vec to_float(VecInt a) { return {_mm256_cvtepi32_ps(a.lanes)}; }
BRASA_INLINE VecInt as_int(Vec a) { return {_mm256_castps_si256(a.lanes)}; }
BRASA_INLINE Vec as_float(VecInt a) { return {_mm256_castsi256_ps(a.lanes)}; }

BRASA_INLINE Vec held(Vec a) {
  asm("" : "+x"(a.lanes));
  return a;
}
BRASA_INLINE float first_lane(Vec a) { return _mm256_cvtss_f32(a.lanes); }

// Halves folded onto each other until one lane is left: an order that never changes.
BRASA_INLINE float sum(Vec a) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(a.lanes), _mm256_extractf128_ps(a.lanes, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
// Of lanes without NaN.
BRASA_INLINE float maximum(Vec a) {
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(a.lanes), _mm256_extractf128_ps(a.lanes, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}

BRASA_INLINE void zip(Vec a, Vec b, Vec* low, Vec* high) {
  const __m256 even = _mm256_unpacklo_ps(a.lanes, b.lanes);  // a0 b0 a1 b1 | a4 b4 a5 b5
  const __m256 odd = _mm256_unpackhi_ps(a.lanes, b.lanes);   // a2 b2 a3 b3 | a6 b6 a7 b7
  low->lanes = _mm256_permute2f128_ps(even, odd, 0x20);
  high->lanes = _mm256_permute2f128_ps(even, odd, 0x31);
}

BRASA_INLINE Vec pick(Vec a, VecInt from) {
  return {_mm256_permutevar8x32_ps(a.lanes, from.lanes)};
}

// 24 shuffles, 8 of them across the halves; a network of zips would take 48 and 24.
BRASA_INLINE void transpose(Vec (&v)[8]) {
  __m256 quad[8];  // quad[k] and quad[k + 4]: columns k of v[0..3] and v[4..7], then k + 4 of them
  for (int i = 0; i < 8; i += 4) {
    const __m256 a = _mm256_unpacklo_ps(v[i].lanes, v[i + 1].lanes);
    const __m256 b = _mm256_unpackhi_ps(v[i].lanes, v[i + 1].lanes);
    const __m256 c = _mm256_unpacklo_ps(v[i + 2].lanes, v[i + 3].lanes);
    const __m256 d = _mm256_unpackhi_ps(v[i + 2].lanes, v[i + 3].lanes);
    quad[i] = _mm256_shuffle_ps(a, c, _MM_SHUFFLE(1, 0, 1, 0));
    quad[i + 1] = _mm256_shuffle_ps(a, c, _MM_SHUFFLE(3, 2, 3, 2));
    quad[i + 2] = _mm256_shuffle_ps(b, d, _MM_SHUFFLE(1, 0, 1, 0));
    quad[i + 3] = _mm256_shuffle_ps(b, d, _MM_SHUFFLE(3, 2, 3, 2));
  }
  BRASA_UNROLL_ALL
  for (int k = 0; k < 4; ++k) {
    v[k].lanes = _mm256_permute2f128_ps(quad[k], quad[k + 4], 0x20);
    v[k + 4].lanes = _mm256_permute2f128_ps(quad[k], quad[k + 4], 0x31);
  }
}

// Makes streamed stores visible to the other threads; needed before they read them.
BRASA_INLINE void stream_fence() { _mm_sfence(); }

}  // namespace brasa::cpu::BRASA_ISA
