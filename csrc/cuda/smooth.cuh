// gelu, its tanh form and silu (ops/activation.h), computed on the side where they are small: see
// cpu/simd/smooth.h. NaN passes; -inf gives 0, with a slope of 0.
#pragma once

#include "cuda/launch.h"
#include "ops/normal_tail.h"

namespace brasa::cuda {

// |x|, but no infinity. exp(-limit) or exp(-limit^2 / 2) is 0 among the denormal numbers too.
__device__ __forceinline__ float size_within(float limit, float x) {
  return fabsf(x) > limit ? limit : fabsf(x);
}

__device__ __forceinline__ float above(float x, float tail) { return (x < 0.f ? 0.f : x) - tail; }

__device__ __forceinline__ float mirrored_slope(float x, float below) {
  return x > 0.f ? 1.f - below : below;
}

constexpr float kGaussLimit = 15.f;  // exp(-a^2 / 2) is 0 there

struct GaussTail {
  float e;     // exp(-a^2 / 2)
  float p, q;  // Phi(-a) = e * p / q
};

__device__ __forceinline__ GaussTail gauss_tail(float a) {
  using T = NormalTail;
  // a^2 / 2 in two parts: its rounding alone would cost 2^-24 * a^2 / 2 of the exponential.
  const float half = 0.5f * a * a, rest = fmaf(0.5f * a, a, -half), e = expf(-half);
  const float p = fmaf(fmaf(fmaf(fmaf(T::p4, a, T::p3), a, T::p2), a, T::p1), a, 0.5f);
  float q = fmaf(fmaf(T::q5, a, T::q4), a, T::q3);
  q = fmaf(fmaf(fmaf(q, a, T::q2), a, T::q1), a, 1.f);
  return {fmaf(-rest, e, e), p, q};
}

__device__ __forceinline__ float gelu(float x) {
  const float a = size_within(kGaussLimit, x);
  const GaussTail tail = gauss_tail(a);
  return above(x, a * tail.p * tail.e / tail.q);
}

__device__ __forceinline__ float gelu_slope(float x) {
  const float a = size_within(kGaussLimit, x);
  const GaussTail tail = gauss_tail(a);
  return mirrored_slope(x, tail.e * (tail.p / tail.q - kNormalDensity * a));
}

constexpr float kDecayLimit = 120.f;  // a * exp(-a) is 0 there

// a * exp(-v) / (1 + exp(-v)). Where exp(-v) has lost bits among the denormal numbers a * exp(-v) may be
// normal: there it is exp(32 - v) * exp(-32), and 1 + exp(-v) is 1.
__device__ __forceinline__ float decayed(float a, float v) {
  if (v > 64.f) return a * expf(32.f - v) * 0x1.c84650p-47f;
  const float e = expf(-v);
  return a * e / (1.f + e);
}

// rise = x * dv/dx.
__device__ __forceinline__ float decayed_slope(float x, float rise, float v) {
  const float e = expf(-v), s = e / (1.f + e);
  return mirrored_slope(x, s * (1.f - rise * (1.f - s)));
}

__device__ __forceinline__ float silu(float x) {
  const float a = size_within(kDecayLimit, x);
  return above(x, decayed(a, a));
}

__device__ __forceinline__ float silu_slope(float x) {
  const float a = size_within(kDecayLimit, x);
  return decayed_slope(x, a, a);
}

// v is beyond kDecayLimit there.
constexpr float kGeluTanhLimit = 12.f;

__device__ __forceinline__ float gelu_tanh(float x) {
  const float a = size_within(kGeluTanhLimit, x);
  return above(x, decayed(a, a * fmaf(a * a, kGeluCubic, kGeluLinear)));
}

__device__ __forceinline__ float gelu_tanh_slope(float x) {
  const float a = size_within(kGeluTanhLimit, x), v = a * fmaf(a * a, kGeluCubic, kGeluLinear);
  return decayed_slope(x, a * fmaf(a * a, kGeluSlope, kGeluLinear), v);
}

}  // namespace brasa::cuda
