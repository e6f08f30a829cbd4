// gelu, its tanh form and silu over Vec, and their slopes.
//
// All three are f(x) = x * S(x) with S(x) + S(-x) = 1. So f(x) = max(x, 0) - a * S(-a), a = |x|, and
// f'(x) + f'(-x) = 1: only the side where f is small is computed, and nothing cancels there.
//
//   function     largest error, AVX2 | without FMA
//   gelu         5.2 | 6.2 ulp
//   silu         2.9 | 3.3 ulp
//   gelu_tanh    2.7 | 3.0 ulp where x >= -1; where x < -1, 0.8 | 0.8 of 2^-24
//   slopes       2.1 | 2.3 of 2^-24
//
// Over every 331st float; flushed to 0 as in math.h. -inf gives 0, with a slope of 0.
#pragma once

#include "cpu/simd/math.h"
#include "ops/normal_tail.h"

namespace brasa::cpu::BRASA_ISA {

// The slope at x, from that at -|x|, a * b.
BRASA_INLINE Vec mirrored_slope(Vec x, Vec a, Vec b) {
  return select(x > Vec::zero(), fnma(a, b, Vec::all(1.f)), a * b);
}

struct GaussTail {
  Vec e;     // exp(-a^2 / 2)
  Vec p, q;  // Phi(-a) = e * p / q
};

BRASA_INLINE GaussTail gauss_tail(Vec a) {
  // a^2 in two parts, the first exact in 24 bits: rounded it would cost 2^-24 * a^2 of exp(-a^2 / 2).
  const Vec high = as_float(as_int(a) & VecInt::all(-0x1000)), half = Vec::all(-0.5f);
  const Vec e = exp_of(split_exp(half * high * high, half * (a - high), a + high));
  Vec p = Vec::all(NormalTail::p4);
  p = fma(p, a, Vec::all(NormalTail::p3));
  p = fma(p, a, Vec::all(NormalTail::p2));
  p = fma(p, a, Vec::all(NormalTail::p1));
  p = fma(p, a, Vec::all(0.5f));
  Vec q = Vec::all(NormalTail::q5);
  q = fma(q, a, Vec::all(NormalTail::q4));
  q = fma(q, a, Vec::all(NormalTail::q3));
  q = fma(q, a, Vec::all(NormalTail::q2));
  q = fma(q, a, Vec::all(NormalTail::q1));
  q = fma(q, a, Vec::all(1.f));
  return {e, p, q};
}

// exp(-a^2 / 2) is 0 there, exactly. min() gives back its second operand when that is NaN.
BRASA_INLINE Vec within_gauss(Vec x) { return min(Vec::all(13.28f), abs(x)); }

BRASA_INLINE Vec gelu(Vec x) {
  const Vec a = within_gauss(x);
  const GaussTail tail = gauss_tail(a);
  return max(Vec::zero(), x) - a * tail.p * tail.e / tail.q;
}

// Phi(x) + x * density(x).
BRASA_INLINE Vec gelu_slope(Vec x) {
  const Vec a = within_gauss(x);
  const GaussTail tail = gauss_tail(a);
  return mirrored_slope(x, tail.e, fnma(a, Vec::all(kNormalDensity), tail.p / tail.q));
}

// 2^8 * exp(-v) for 0 <= v: with 2^8 it is normal wherever a * exp(-v) is. 0 from v = 93.5 on.
BRASA_INLINE Vec lifted_decay(Vec v) {
  const Decay e = split_decay(min(Vec::all(93.5f), v), Vec::all(kExponentMagic + 8));
  return e.scale * e.p;
}

constexpr float kLift = 0x1p8f;  // of lifted_decay()

// x * sigmoid(v) for a = |x| and |v|.
BRASA_INLINE Vec times_sigmoid(Vec x, Vec a, Vec v) {
  const Vec e = lifted_decay(v);
  return max(Vec::zero(), x) - a * e / (e + Vec::all(kLift));
}

// Its slope, for rise = x * dv/dx.
BRASA_INLINE Vec times_sigmoid_slope(Vec x, Vec rise, Vec v) {
  const Vec one = Vec::all(1.f), e = lifted_decay(v);
  const Vec s = e / (e + Vec::all(kLift));
  return mirrored_slope(x, s, fnma(rise, one - s, one));
}

BRASA_INLINE Vec silu(Vec x) {
  const Vec a = min(Vec::all(93.5f), abs(x));
  return times_sigmoid(x, a, a);
}

BRASA_INLINE Vec silu_slope(Vec x) {
  const Vec a = min(Vec::all(93.5f), abs(x));
  return times_sigmoid_slope(x, a, a);
}

// v is beyond 93.5 from 10.3 on.
BRASA_INLINE Vec gelu_tanh(Vec x) {
  const Vec a = min(Vec::all(10.5f), abs(x));
  return times_sigmoid(x, a, a * fma(a * a, Vec::all(kGeluCubic), Vec::all(kGeluLinear)));
}

BRASA_INLINE Vec gelu_tanh_slope(Vec x) {
  const Vec a = min(Vec::all(10.5f), abs(x)), square = a * a, linear = Vec::all(kGeluLinear);
  const Vec v = a * fma(square, Vec::all(kGeluCubic), linear);
  return times_sigmoid_slope(x, a * fma(square, Vec::all(kGeluSlope), linear), v);
}

}  // namespace brasa::cpu::BRASA_ISA
