// sin and cos over all floats.
//
//   function   largest error in ulp, AVX2 | without FMA
//   sin, cos   2.34 | 2.34, next to multiples of pi / 2 1.0 | 1.0
//
// Against double, over every 331st float whose result is a normal number. Denormals count as 0; sin(-0) is 0.
#pragma once

#include "cpu/simd/vec.h"

namespace brasa::cpu::BRASA_ISA {

struct Turned {
  Vec r;         // x - n * pi / 2, |r| <= pi / 4
  VecInt turns;  // n, in its low bits
};

// Beyond it n has more than 13 bits.
constexpr float kWaveLimit = 12800.f;

// For |x| <= kWaveLimit. Pi / 2 in five parts: n times each of the first four, of 11 bits at most, is exact, and so
// are the first two differences. The last part lies 2^54 below the first: what is left near a zero keeps its bits.
BRASA_INLINE Turned turned(Vec x) {
  const Vec magic = Vec::all(0x1.8p23f);
  const Vec sum = fma(x, Vec::all(0x1.45f306p-1f), magic), n = sum - magic;
  Vec r = fnma(n, Vec::all(0x1.92p0f), x);
  r = fnma(n, Vec::all(0x1.fb4p-12f), r);
  r = fnma(n, Vec::all(0x1.444p-24f), r);
  r = fnma(n, Vec::all(0x1.68cp-39f), r);
  return {fnma(n, Vec::all(0x1.1a6264p-54f), r), as_int(sum)};
}

// sin(x) for quarters 0, cos(x), which is sin(x + pi / 2), for 1.
BRASA_INLINE Vec wave_near(Vec x, int quarters) {
  const Turned t = turned(x);
  const Vec z = t.r * t.r;
  Vec s = Vec::all(0x1.6db7b8p-19f);  // sin(r) = r + r^3 * s
  s = fma(s, z, Vec::all(-0x1.a01394p-13f));
  s = fma(s, z, Vec::all(0x1.11110ep-7f));
  s = fma(s, z, Vec::all(-0x1.555556p-3f));
  Vec c = Vec::all(0x1.9bd218p-16f);  // cos(r) = 1 - r^2 / 2 + r^4 * c
  c = fma(c, z, Vec::all(-0x1.6c12c6p-10f));
  c = fma(c, z, Vec::all(0x1.555554p-5f));
  const Vec odd = fma(t.r * z, s, t.r);
  const Vec even = fma(z * z, c, fma(z, Vec::all(-0.5f), Vec::all(1.f)));
  const VecInt turns = t.turns + VecInt::all(quarters), one = VecInt::all(1);
  const Vec size = select((turns & one) == one, even, odd);
  return as_float(as_int(size) ^ ((turns & VecInt::all(2)) << 30));
}

// Large numbers, infinities and NaN one by one, in double: nobody has many of them.
BRASA_INLINE Vec wave_far(Vec x, Vec near, int quarters) {
  float from[Vec::width], to[Vec::width];
  x.store(from);
  near.store(to);
  for (int i = 0; i < Vec::width; ++i) {
    if (from[i] >= -kWaveLimit && from[i] <= kWaveLimit) continue;
    const double own = from[i];
    to[i] = static_cast<float>(quarters == 0 ? __builtin_sin(own) : __builtin_cos(own));
  }
  return Vec::load(to);
}

BRASA_INLINE Vec wave(Vec x, int quarters) {
  const Mask is_near = Vec::all(kWaveLimit) >= abs(x);
  const Vec near = wave_near(select(is_near, x, Vec::zero()), quarters);
  return any(~is_near) ? wave_far(x, near, quarters) : near;
}

BRASA_INLINE Vec sin(Vec x) { return wave(x, 0); }
BRASA_INLINE Vec cos(Vec x) { return wave(x, 1); }

}  // namespace brasa::cpu::BRASA_ISA
