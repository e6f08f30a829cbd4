// exp, expm1, log, sigmoid and tanh over Vec: range reduction and a minimax polynomial, no table, no branch.
//
//   function          domain          largest error in ulp, AVX2 | without FMA
//   exp_nonpositive   x <= 0          0.92 | 1.19
//   expm1_nonpositive x <= 0          0.98 | 1.11
//   log               x >= 2^-126     0.85 | 0.86
//   log1p_unit        0 <= x <= 1     1.44 | 1.44
//   sigmoid           all             2.49 | 2.49
//   tanh              all             2.52 | 2.56
//
// Against double, over every fifth float of the domain whose result is a normal number; results below
// 2^-126 are 0, as everywhere in a team (core/parallel.cpp). Saturation is exact and a NaN passes
// through; tanh(-0) is 0. All factors and all additions are written as one fma each: nothing is left
// for the compiler to contract in one copy of the code and not in another.
#pragma once

#include "cpu/simd/vec.h"

namespace brasa::cpu::BRASA_ISA {

// x = n * log(2) + r with |r| <= log(2) / 2, n a whole number.
struct ExpParts {
  Vec scale;  // 2^n, 0 for n = -127
  Vec r;
  Vec q;  // exp(r) = 1 + r + r^2 * q, to 0.2 * 2^-24 of exp(r) - 1
};

// For a sum of kWholeMagic and n.
BRASA_INLINE ExpParts exp_parts(Vec sum, Vec r) {
  Vec q = Vec::all(0x1.6bec04p-10f);
  q = fma(q, r, Vec::all(0x1.122776p-7f));
  q = fma(q, r, Vec::all(0x1.555674p-5f));
  q = fma(q, r, Vec::all(0x1.5554b0p-3f));
  q = fma(q, r, Vec::all(0x1.fffffep-2f));
  const VecInt exponent = (as_int(sum) << 23) + VecInt::all(127 << 23);
  return {as_float(exponent), r, q};
}

// x - n * log(2): log(2) in two parts, the first short enough that n times it is exact.
BRASA_INLINE Vec less_log2(Vec n, Vec x) {
  const Vec r = fnma(n, Vec::all(0x1.63p-1f), x);
  return fnma(n, Vec::all(-0x1.bd0106p-13f), r);
}

// Adding it rounds to a whole number and leaves that in the low bits of the sum.
constexpr float kWholeMagic = 0x1.8p23f;

BRASA_INLINE ExpParts split_exp(Vec x) {
  // max() gives back its second operand when that is NaN.
  x = max(Vec::all(-88.f), x);
  const Vec magic = Vec::all(kWholeMagic);
  const Vec sum = fma(x, Vec::all(0x1.715476p0f), magic);
  return exp_parts(sum, less_log2(sum - magic, x));
}

// exp(x + a * b), for a sum from -88.3 to 0 that one float cannot hold.
BRASA_INLINE ExpParts split_exp(Vec x, Vec a, Vec b) {
  const Vec magic = Vec::all(kWholeMagic);
  const Vec sum = fma(fma(a, b, x), Vec::all(0x1.715476p0f), magic);
  return exp_parts(sum, fma(a, b, less_log2(sum - magic, x)));
}

BRASA_INLINE Vec exp_of(ExpParts e) {
  return e.scale * fma(fma(e.q, e.r, Vec::all(1.f)), e.r, Vec::all(1.f));
}

BRASA_INLINE Vec exp_nonpositive(Vec x) { return exp_of(split_exp(x)); }

// exp(x) - 1 = 2^n * (exp(r) - 1) + (2^n - 1). Near 0, n is 0 and the polynomial keeps all its bits. Never
// below -1: 2^n - 1 is exact down to n = -24, and where it rounds to -1 the rest is below half an ulp.
BRASA_INLINE Vec expm1_nonpositive(Vec x) {
  const ExpParts e = split_exp(x);
  return fma(e.scale, fma(e.q * e.r, e.r, e.r), e.scale - Vec::all(1.f));
}

// p of log(1 + f) = f - f^2 / 2 + f^3 * p, for 1 + f in [sqrt(1/2), sqrt(2)].
BRASA_INLINE Vec log_cubic(Vec f) {
  Vec p = Vec::all(-0x1.38b590p-4f);
  p = fma(p, f, Vec::all(0x1.055b6cp-3f));
  p = fma(p, f, Vec::all(-0x1.0d8540p-3f));
  p = fma(p, f, Vec::all(0x1.22da1cp-3f));
  p = fma(p, f, Vec::all(-0x1.547244p-3f));
  p = fma(p, f, Vec::all(0x1.99a008p-3f));
  p = fma(p, f, Vec::all(-0x1.000226p-2f));
  return fma(p, f, Vec::all(0x1.555554p-2f));
}

// log(1 + f) + k * log(2) for 1 + f in [sqrt(1/2), sqrt(2)] and a whole number k.
BRASA_INLINE Vec log1p_reduced(Vec f, Vec k) {
  const Vec p = log_cubic(f);
  // f - f^2/2 + f^3 * p, the small terms first.
  const Vec square = f * f;
  Vec small = fma(k, Vec::all(-0x1.bd0106p-13f), square * f * p);
  small = fnma(Vec::all(0.5f), square, small);
  return fma(k, Vec::all(0x1.63p-1f), f + small);
}

BRASA_INLINE Vec log(Vec x) {
  // x = 2^k * m with m in [sqrt(1/2), sqrt(2)): the exponent of x / sqrt(1/2).
  const VecInt exponent = (as_int(x) - VecInt::all(0x3F3504F3)) >> 23;
  const Vec m = as_float(as_int(x) - (exponent << 23));
  const Vec y = log1p_reduced(m - Vec::all(1.f), to_float(exponent));
  // +inf and NaN are their own logarithms.
  return select(Vec::all(0x1.fffffep127f) >= x, y, x);
}

// log(1 + x), good to the last bits for small x too: 1 + x is never rounded.
BRASA_INLINE Vec log1p_unit(Vec x) {
  const Mask large = x > Vec::all(0x1.a82798p-2f);                // sqrt(2) - 1
  const Vec half_less = fma(x, Vec::all(0.5f), Vec::all(-0.5f));  // (1 + x) / 2 - 1, exact
  const Vec one_or_zero = select(large, Vec::all(1.f), Vec::zero());
  return log1p_reduced(select(large, half_less, x), one_or_zero);
}

// 2^n for the n in the low bits of a sum with this number, which rounds to a whole n and adds the
// exponent's bias.
constexpr float kExponentMagic = 0x1.8p23f + 127;

struct Decay {
  Vec scale, p;
};

// exp(-x) = 2^n * exp(-t) = scale * p, x = t - n * log(2); times 2^k for an exponent magic that is k more.
BRASA_INLINE Decay split_decay(Vec x, Vec magic) {
  const Vec sum = fma(x, Vec::all(-0x1.715476p0f), magic);
  const Vec n = sum - magic;
  Vec t = fma(n, Vec::all(0x1.63p-1f), x);
  t = fma(n, Vec::all(-0x1.bd0106p-13f), t);
  Vec p = Vec::all(0x1.6bec04p-10f);  // exp(-t), the polynomial of split_exp()
  p = fma(p, t, Vec::all(-0x1.122776p-7f));
  p = fma(p, t, Vec::all(0x1.555674p-5f));
  p = fma(p, t, Vec::all(-0x1.5554b0p-3f));
  p = fma(p, t, Vec::all(0x1.fffffep-2f));
  p = fma(p, t, Vec::all(-1.f));
  p = fma(p, t, Vec::all(1.f));
  return {as_float(as_int(sum) << 23), p};
}

BRASA_INLINE Vec sigmoid(Vec x) {
  // 1 / (1 + exp(-x)). Within +-89, n is in [-128, 128]: the exponential goes from 0 to infinity. min()
  // and max() give back their second operand when that is NaN.
  const Vec one = Vec::all(1.f);
  const Decay e =
      split_decay(min(Vec::all(88.3f), max(Vec::all(-89.f), x)), Vec::all(kExponentMagic));
  return one / fma(e.scale, e.p, one);
}

BRASA_INLINE Vec tanh(Vec x) {
  // w / (2 - w), w = 1 - exp(-2x) = 1 - 2^n + 2^n * (1 - exp(-2t)), x = t - n * log(2) / 2. Near 0, n is 0
  // and w comes straight from the polynomial, which keeps all its bits. Beyond +-20, w / (2 - w) is +-1.
  const Vec magic = Vec::all(kExponentMagic);
  x = min(Vec::all(20.f), max(Vec::all(-20.f), x));
  const Vec sum = fma(x, Vec::all(-0x1.715476p1f), magic);
  const Vec n = sum - magic;
  Vec t = fma(n, Vec::all(0x1.63p-2f), x);
  t = fma(n, Vec::all(-0x1.bd0106p-14f), t);
  Vec p = Vec::all(-0x1.6bec04p-4f);  // 1 - exp(-2t), the polynomial of split_exp()
  p = fma(p, t, Vec::all(0x1.122776p-2f));
  p = fma(p, t, Vec::all(-0x1.555674p-1f));
  p = fma(p, t, Vec::all(0x1.5554b0p0f));
  p = fma(p, t, Vec::all(-0x1.fffffep0f));
  p = fma(p * t, t, t + t);
  const Vec scale = as_float(as_int(sum) << 23);
  const Vec w = fma(scale, p, Vec::all(1.f) - scale);
  return w / (Vec::all(2.f) - w);
}

}  // namespace brasa::cpu::BRASA_ISA
