// exp, log and powers over all floats: math.h has the pieces.
//
//   function        largest error in ulp, AVX-512 | without FMA
//   exp             0.91 | 1.22
//   log_everywhere  0.85 | 0.86
//   log1p           1.41 | 1.41
//   expm1           1.55 | 1.65
//   erf             1.35 | 1.32
//   power           1.5 | 1.7 for exponents up to 10, 8.4 | 9.8 for exponents of 100 and more
//
// Against double, over every fifth float (power: every 47th) whose result is a normal number. That of power comes
// from f^3 * p in log_in_two(), 2^-27.8 of the logarithm, and grows with log(x^p).
#pragma once

#include "cpu/simd/smooth.h"

namespace brasa::cpu::BRASA_ISA {

// exp(x + rest) for |x| <= 100 and a small rest. 2^n in two factors: one alone is no float where the result is
// near the largest ones, or below the least.
BRASA_INLINE Vec exp_of_sum(Vec x, Vec rest) {
  const Vec magic = Vec::all(kWholeMagic);
  const Vec sum = fma(x + rest, Vec::all(0x1.715476p0f), magic);
  const ExpParts e = exp_parts(sum, less_log2(sum - magic, x) + rest);
  const VecInt n = as_int(sum) - as_int(magic), half = n >> 1, bias = VecInt::all(127);
  const Vec power = fma(fma(e.q, e.r, Vec::all(1.f)), e.r, Vec::all(1.f));
  return power * as_float((half + bias) << 23) * as_float((n - half + bias) << 23);
}

// max() and min() give back their second operand when that is NaN.
BRASA_INLINE Vec exp(Vec x) {
  return exp_of_sum(min(Vec::all(89.f), max(Vec::all(-88.f), x)), Vec::zero());
}

constexpr float kLeastNormal = 0x1p-126f;

// log(), with the ends of its domain.
BRASA_INLINE Vec log_everywhere(Vec x) {
  const Vec least = Vec::all(kLeastNormal), inf = Vec::all(__builtin_inff());
  const Vec outside = select(least > abs(x), -inf, Vec::all(__builtin_nanf("")));
  return select(x >= least, log(x), outside);
}

// log(1 + x): 2^k * (1 + f) is 1 + x, what its rounding lost included.
BRASA_INLINE Vec log1p(Vec x) {
  const Vec one = Vec::all(1.f), u = one + x, own = u - one;
  const Vec lost = (one - (u - own)) + (x - own);
  const VecInt k = (as_int(u) - VecInt::all(0x3F3504F3)) >> 23;
  const Vec m = as_float(as_int(u) - (k << 23));
  // Past 2^100 nothing is lost that counts, and 2^-k might be no float.
  const VecInt limit = VecInt::all(100), near = select(k > limit, limit, k);
  const Vec down = as_float((VecInt::all(127) - near) << 23);
  const Vec y = log1p_reduced(fma(lost, down, m - one), to_float(k));
  const Vec outside = select(x == -one, Vec::all(-__builtin_inff()), Vec::all(__builtin_nanf("")));
  return select(Vec::all(0x1.fffffep127f) >= x, select(x > -one, y, outside), x);
}

// 2^n * (exp(r) - 1) + (2^n - 1), as expm1_nonpositive(); from 30 on the 1 is below half an ulp.
BRASA_INLINE Vec expm1(Vec x) {
  const Vec limit = Vec::all(30.f);
  return select(x > limit, exp(x), expm1_nonpositive(min(limit, x)));
}

// 2 / sqrt(pi) * exp(-x^2): x^2 in two parts, the first exact.
BRASA_INLINE Vec erf_slope(Vec x) {
  const Vec a = min(Vec::all(9.39f), abs(x));  // from there on it is 0
  const Vec high = as_float(as_int(a) & VecInt::all(-0x1000));
  return Vec::all(0x1.20dd76p0f) * exp_of(split_exp(-(high * high), high - a, a + high));
}

// x + x * p(x^2) where |x| <= 1, else 1 - 2 * Phi(-sqrt(2) |x|), with the sign of x.
BRASA_INLINE Vec erf(Vec x) {
  const Vec a = abs(x), z = x * x;
  Vec p = Vec::all(0x1.4a569p-14f);
  p = fma(p, z, Vec::all(-0x1.a45088p-11f));
  p = fma(p, z, Vec::all(0x1.54127p-8f));
  p = fma(p, z, Vec::all(-0x1.b7fabap-6f));
  p = fma(p, z, Vec::all(0x1.ce2d1p-4f));
  p = fma(p, z, Vec::all(-0x1.81273ep-2f));
  p = fma(p, z, Vec::all(0x1.06eba8p-3f));
  const GaussTail tail = gauss_tail(min(Vec::all(13.28f), a * Vec::all(0x1.6a09e6p0f)));
  const Vec far = Vec::all(1.f) - (tail.p + tail.p) * tail.e / tail.q;
  const VecInt sign = as_int(x) & VecInt::all(INT32_MIN);
  return select(a > Vec::all(1.f), as_float(as_int(far) | sign), fma(x, p, x));
}

// The next whole number below; ceil(x) is -floor(-x).
BRASA_INLINE Vec floor(Vec x) {
  const Vec near = round(x);
  return select(near > x, near - Vec::all(1.f), near);
}

BRASA_INLINE Vec sign(Vec x) {
  const Vec zero = Vec::zero(), one = Vec::all(1.f);
  return select(x > zero, one, select(zero > x, -one, select(x == zero, zero, x)));
}

// a in two parts, the first of 12 bits: products of such parts are exact.
struct Halves {
  Vec high, low;
};
BRASA_INLINE Halves halves_of(Vec a) {
  const Vec high = as_float(as_int(a) & VecInt::all(-0x1000));
  return {high, a - high};
}

// An exponent p, and what follows from it alone.
struct Exponent {
  float high, low;        // p, the first part in 12 bits
  float at_zero, at_inf;  // |x|^p there
  bool zero, whole, odd;
};

BRASA_INLINE Exponent exponent_of(double p) {
  Exponent e{};
  e.high = static_cast<float>(p);
  uint32_t bits;
  memcpy(&bits, &e.high, sizeof bits);
  bits &= 0xFFFFF000u;
  memcpy(&e.high, &bits, sizeof bits);
  e.low = static_cast<float>(p - double{e.high});
  e.at_zero = p > 0 ? 0.f : __builtin_inff();
  e.at_inf = p > 0 ? __builtin_inff() : 0.f;
  e.zero = p == 0;
  // Doubles from 2^53 on are even.
  e.whole = p >= 0x1p53 || p <= -0x1p53 || p == static_cast<double>(static_cast<int64_t>(p));
  e.odd = e.whole && p < 0x1p53 && p > -0x1p53 && static_cast<int64_t>(p) % 2 != 0;
  return e;
}

// log(x) in two floats, for a finite x >= 2^-126: p times its rounding would be p * log(x) roundings of x^p.
BRASA_INLINE Halves log_in_two(Vec x) {
  const VecInt exponent = (as_int(x) - VecInt::all(0x3F3504F3)) >> 23;
  const Vec f = as_float(as_int(x) - (exponent << 23)) - Vec::all(1.f), k = to_float(exponent);
  // f - f^2 / 2 + f^3 * p, f^2 as high^2, which is exact, and the rest.
  const Halves parts = halves_of(f);
  const Vec square = parts.high * parts.high, rest = parts.low * (f + parts.high);
  const Vec half = Vec::all(-0.5f) * square, sum = f + half;
  Vec low = fma(Vec::all(-0.5f), rest, half - (sum - f));
  low = fma(f * f * f, log_cubic(f), low);
  // k * log(2) is 0, or larger than that sum.
  const Vec base = k * Vec::all(0x1.63p-1f), total = base + sum;
  low = low + (sum - (total - base));
  return {total, fma(k, Vec::all(-0x1.bd0106p-13f), low)};
}

BRASA_INLINE Vec power(Vec x, const Exponent& p) {
  if (p.zero) return Vec::all(1.f);
  const Vec size = abs(x), inf = Vec::all(__builtin_inff()), limit = Vec::all(100.f);
  const Halves log = log_in_two(size), parts = halves_of(log.high);
  const Vec high = Vec::all(p.high), low = Vec::all(p.low);
  // p * log(size): the product of the high parts is exact.
  const Vec product = high * parts.high;
  Vec rest = fma(low, log.high, (high + low) * log.low);
  rest = fma(high, parts.low, rest);
  // Beyond +-100 the result is 0 or infinite; the rest may be NaN there. NaN stays, see exp().
  rest = select(limit > abs(product), rest, Vec::zero());
  Vec y = exp_of_sum(min(limit, max(-limit, product)), rest);
  y = select(Vec::all(kLeastNormal) > size, Vec::all(p.at_zero), y);
  // The logarithms of infinities and of NaN are others.
  y = select(Vec::all(0x1.fffffep127f) >= size, y, select(size == inf, Vec::all(p.at_inf), x));
  // Below 0, and at -0 and -inf.
  const VecInt sign = as_int(x) & VecInt::all(INT32_MIN);
  if (p.odd) y = as_float(as_int(y) | sign);
  if (!p.whole) {
    const Vec nan = Vec::all(__builtin_nanf(""));
    y = select(Vec::all(-kLeastNormal) >= x, select(x == -inf, y, nan), y);
  }
  return y;
}

}  // namespace brasa::cpu::BRASA_ISA
