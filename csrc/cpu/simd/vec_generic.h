// 4 lanes of the compiler's portable vectors (GCC, Clang): what every machine has.
// Included by vec.h, which says what each function means.
#pragma once

namespace brasa::cpu::BRASA_ISA {

typedef float Floats __attribute__((vector_size(16)));
typedef int32_t Ints __attribute__((vector_size(16)));
typedef uint32_t Words __attribute__((vector_size(16)));

struct Mask {
  Ints lanes;  // -1 for true, 0 for false

  // The first n lanes.
  BRASA_INLINE static Mask first(int n) { return {Ints{0, 1, 2, 3} < n}; }
};

// Written out, not a loop: of n floats only these may be touched, and a call of memcpy would cost more
// than the kernel's own work on a short row.
template <class T>
BRASA_INLINE void copy_lanes(T* to, const T* from, int n) {
  if (n > 0) to[0] = from[0];
  if (n > 1) to[1] = from[1];
  if (n > 2) to[2] = from[2];
  if (n > 3) to[3] = from[3];
}

struct Vec {
  static constexpr int width = 4;
  Floats lanes;

  BRASA_INLINE static Vec all(float x) { return {Floats{x, x, x, x}}; }
  BRASA_INLINE static Vec zero() { return {Floats{}}; }
  BRASA_INLINE static Vec load(const float* p) {
    Vec a;
    memcpy(&a.lanes, p, sizeof a.lanes);
    return a;
  }
  BRASA_INLINE static Vec load_partial(const float* p, int n) {
    float part[4] = {};
    copy_lanes(part, p, n);
    return load(part);
  }
  BRASA_INLINE void store(float* p) const { memcpy(p, &lanes, sizeof lanes); }
  BRASA_INLINE void store_partial(float* p, int n) const {
    const float part[4] = {lanes[0], lanes[1], lanes[2], lanes[3]};
    copy_lanes(p, part, n);
  }
  BRASA_INLINE void stream(float* p) const { store(p); }
};

struct VecInt {
  static constexpr int width = 4;
  Ints lanes;

  BRASA_INLINE static VecInt all(int32_t x) { return {Ints{x, x, x, x}}; }
  // 0, 1, 2 ... in the lanes.
  BRASA_INLINE static VecInt lane_index() { return {Ints{0, 1, 2, 3}}; }
  BRASA_INLINE static VecInt load(const int32_t* p) {
    VecInt a;
    memcpy(&a.lanes, p, sizeof a.lanes);
    return a;
  }
  BRASA_INLINE static VecInt load_partial(const int32_t* p, int n) {
    int32_t part[4] = {};
    copy_lanes(part, p, n);
    return load(part);
  }
  BRASA_INLINE void store(int32_t* p) const { memcpy(p, &lanes, sizeof lanes); }
  BRASA_INLINE void store_partial(int32_t* p, int n) const {
    const int32_t part[4] = {lanes[0], lanes[1], lanes[2], lanes[3]};
    copy_lanes(p, part, n);
  }
  BRASA_INLINE void stream(int32_t* p) const { store(p); }
};

BRASA_INLINE VecInt as_int(Vec a) { return {reinterpret_cast<Ints>(a.lanes)}; }
BRASA_INLINE Vec as_float(VecInt a) { return {reinterpret_cast<Floats>(a.lanes)}; }
// Sums and shifts of unsigned numbers wrap; those of signed ones may not.
BRASA_INLINE Words as_words(VecInt a) { return reinterpret_cast<Words>(a.lanes); }
BRASA_INLINE VecInt as_int(Words a) { return {reinterpret_cast<Ints>(a)}; }

BRASA_INLINE Mask operator&(Mask a, Mask b) { return {a.lanes & b.lanes}; }
BRASA_INLINE Mask operator|(Mask a, Mask b) { return {a.lanes | b.lanes}; }
BRASA_INLINE Mask operator~(Mask a) { return {~a.lanes}; }
BRASA_INLINE bool any(Mask a) { return (a.lanes[0] | a.lanes[1] | a.lanes[2] | a.lanes[3]) != 0; }

BRASA_INLINE VecInt operator+(VecInt a, VecInt b) { return as_int(as_words(a) + as_words(b)); }
BRASA_INLINE VecInt operator-(VecInt a, VecInt b) { return as_int(as_words(a) - as_words(b)); }
BRASA_INLINE VecInt operator&(VecInt a, VecInt b) { return {a.lanes & b.lanes}; }
BRASA_INLINE VecInt operator|(VecInt a, VecInt b) { return {a.lanes | b.lanes}; }
BRASA_INLINE VecInt operator^(VecInt a, VecInt b) { return {a.lanes ^ b.lanes}; }
BRASA_INLINE VecInt operator<<(VecInt a, int bits) { return as_int(as_words(a) << bits); }
// Keeps the sign.
BRASA_INLINE VecInt operator>>(VecInt a, int bits) { return {a.lanes >> bits}; }
BRASA_INLINE VecInt shift_right_zero(VecInt a, int bits) { return as_int(as_words(a) >> bits); }
BRASA_INLINE Mask operator==(VecInt a, VecInt b) { return {a.lanes == b.lanes}; }
BRASA_INLINE Mask operator>(VecInt a, VecInt b) { return {a.lanes > b.lanes}; }

// a * b as unsigned numbers: the upper and the lower 32 bits.
BRASA_INLINE void mul_wide(VecInt a, VecInt b, VecInt* high, VecInt* low) {
  uint64_t product[4];
  for (int i = 0; i < 4; ++i) product[i] = uint64_t{as_words(a)[i]} * as_words(b)[i];
  high->lanes =
      Ints{static_cast<int32_t>(product[0] >> 32), static_cast<int32_t>(product[1] >> 32),
           static_cast<int32_t>(product[2] >> 32), static_cast<int32_t>(product[3] >> 32)};
  *low = as_int(as_words(a) * as_words(b));
}

BRASA_INLINE VecInt select(Mask mask, VecInt yes, VecInt no) {
  return {(mask.lanes & yes.lanes) | (~mask.lanes & no.lanes)};
}
BRASA_INLINE Vec select(Mask mask, Vec yes, Vec no) {
  return as_float(select(mask, as_int(yes), as_int(no)));
}

BRASA_INLINE Vec operator+(Vec a, Vec b) { return {a.lanes + b.lanes}; }
BRASA_INLINE Vec operator-(Vec a, Vec b) { return {a.lanes - b.lanes}; }
BRASA_INLINE Vec operator*(Vec a, Vec b) { return {a.lanes * b.lanes}; }
BRASA_INLINE Vec operator/(Vec a, Vec b) { return {a.lanes / b.lanes}; }
BRASA_INLINE Mask operator>(Vec a, Vec b) { return {a.lanes > b.lanes}; }
BRASA_INLINE Mask operator>=(Vec a, Vec b) { return {a.lanes >= b.lanes}; }
BRASA_INLINE Mask operator==(Vec a, Vec b) { return {a.lanes == b.lanes}; }
BRASA_INLINE Mask is_nan(Vec a) { return {a.lanes != a.lanes}; }
BRASA_INLINE Vec max(Vec a, Vec b) { return select(a > b, a, b); }
BRASA_INLINE Vec min(Vec a, Vec b) { return select(b > a, a, b); }
BRASA_INLINE Vec abs(Vec a) { return as_float(as_int(a) & VecInt::all(INT32_MAX)); }
BRASA_INLINE Vec sqrt(Vec a) {
  return {Floats{__builtin_sqrtf(a.lanes[0]), __builtin_sqrtf(a.lanes[1]),
                 __builtin_sqrtf(a.lanes[2]), __builtin_sqrtf(a.lanes[3])}};
}

BRASA_INLINE Vec fma(Vec a, Vec b, Vec c) { return {a.lanes * b.lanes + c.lanes}; }
BRASA_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {c.lanes - a.lanes * b.lanes}; }

// Below 2^23, adding 2^23 leaves no room for a fraction: the sum is rounded to the nearest even.
// From there on every float is whole.
BRASA_INLINE Vec round(Vec a) {
  const VecInt sign = as_int(a) & VecInt::all(INT32_MIN);
  const Vec magic = Vec::all(0x1p23f), size = abs(a);
  const Vec rounded = select(magic > size, (size + magic) - magic, size);
  return as_float(as_int(rounded) | sign);
}
BRASA_INLINE VecInt to_int(Vec a) { return {__builtin_convertvector(round(a).lanes, Ints)}; }
BRASA_INLINE Vec to_float(VecInt a) { return {__builtin_convertvector(a.lanes, Floats)}; }

BRASA_INLINE Vec held(Vec a) { return a; }
BRASA_INLINE float first_lane(Vec a) { return a.lanes[0]; }

// Halves folded onto each other until one lane is left: an order that never changes.
BRASA_INLINE float sum(Vec a) { return (a.lanes[0] + a.lanes[2]) + (a.lanes[1] + a.lanes[3]); }
// Of lanes without NaN.
BRASA_INLINE float maximum(Vec a) {
  const float even = a.lanes[0] > a.lanes[2] ? a.lanes[0] : a.lanes[2];
  const float odd = a.lanes[1] > a.lanes[3] ? a.lanes[1] : a.lanes[3];
  return even > odd ? even : odd;
}

BRASA_INLINE void zip(Vec a, Vec b, Vec* low, Vec* high) {
#if defined(__clang__)
  low->lanes = __builtin_shufflevector(a.lanes, b.lanes, 0, 4, 1, 5);
  high->lanes = __builtin_shufflevector(a.lanes, b.lanes, 2, 6, 3, 7);
#else
  low->lanes = __builtin_shuffle(a.lanes, b.lanes, Ints{0, 4, 1, 5});
  high->lanes = __builtin_shuffle(a.lanes, b.lanes, Ints{2, 6, 3, 7});
#endif
}

BRASA_INLINE Vec pick(Vec a, VecInt from) {
  return {Floats{a.lanes[from.lanes[0]], a.lanes[from.lanes[1]], a.lanes[from.lanes[2]],
                 a.lanes[from.lanes[3]]}};
}

// Makes streamed stores visible to the other threads; needed before they read them.
BRASA_INLINE void stream_fence() {}

}  // namespace brasa::cpu::BRASA_ISA
