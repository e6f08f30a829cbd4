#include "ops/unary.h"

#include "cuda/flat.cuh"
#include "cuda/kernels.h"
#include "cuda/waves.cuh"

namespace brasa::cuda {
namespace {

// Denormals count as 0 (ops/unary.h), here where the functions would tell them apart.
__device__ __forceinline__ float flushed(float x) {
  return fabsf(x) < 0x1p-126f ? copysignf(0.f, x) : x;
}

// An exponent in two floats: what the first lacks of it would be that times log(x) of x^p.
struct Exponent {
  float high, low;
};

inline Exponent exponent_of(double p) {
  const auto high = static_cast<float>(p);
  return {high, static_cast<float>(p - double{high})};
}

__device__ __forceinline__ float power(float x, Exponent p) {
  x = flushed(x);
  const float y = powf(x, p.high);
  constexpr float kLargest = 0x1.fffffep127f;  // of all floats; what is past it, or 0, stays
  if (p.low == 0.f || !(x > 0.f) || y > kLargest || y == 0.f) return y;
  return fmaf(y, p.low * logf(x), y);
}

// tanh(softplus(x)) = num / den, as in cpu/isa/unary.cpp.
struct Mish {
  float w, num, den;

  __device__ explicit Mish(float x) : w(expf(-fabsf(x))) {
    num = x > 0.f ? fmaf(2.f, w, 1.f) : fmaf(w, w, w + w);
    den = x > 0.f ? fmaf(w + w, w, num) : num + 2.f;
  }
};

// x, but no infinity below or above. NaN passes.
__device__ __forceinline__ float within(float limit, float x) {
  return x < -limit ? -limit : x > limit ? limit : x;
}

__device__ __forceinline__ float mish(float x) {
  const Mish parts(x);
  return (x < -200.f ? -200.f : x) * parts.num / parts.den;
}

__device__ __forceinline__ float mish_slope(float x) {
  const Mish parts(x);
  const float inverse = 1.f / parts.den;
  const float bend = 4.f * parts.w * (1.f + parts.w) * (x > 0.f ? parts.w : 1.f);
  return fmaf(within(200.f, x) * bend, inverse * inverse, parts.num * inverse);
}

__device__ __forceinline__ float softplus(float x) {
  return (x < 0.f ? 0.f : x) + log1pf(expf(-fabsf(x)));
}

__device__ __forceinline__ float softsign(float x) {
  const float near = within(0x1p127f, x);
  return near / (1.f + fabsf(near));
}

__device__ __forceinline__ float sign(float x) {
  return x > 0.f ? 1.f : x < 0.f ? -1.f : x == 0.f ? 0.f : x;
}

// 2 / sqrt(pi) * exp(-x^2): what x^2 lost in rounding is multiplied in.
__device__ __forceinline__ float erf_slope(float x) {
  const float a = fabsf(x) > 10.f ? 10.f : fabsf(x), square = a * a;  // exp(-100) is 0
  const float e = expf(-square);
  return 0x1.20dd76p0f * fmaf(-fmaf(a, a, -square), e, e);
}

constexpr float kSixth = 0x1.555556p-3f;

__device__ __forceinline__ float hard_sigmoid(float x) { return (within(3.f, x) + 3.f) * kSixth; }

__device__ __forceinline__ float hard_silu_slope(float dy, float x) {
  return x <= -3.f ? 0.f : x >= 3.f ? dy : dy * (fmaf(2.f, x, 3.f) * kSixth);
}

struct Forward {
  Unary f;
  Exponent p;

  __device__ float operator()(const float (&v)[1]) const {
    const float x = v[0];
    switch (f.kind) {
      case UnaryKind::kAbs: return fabsf(x);
      case UnaryKind::kCeil: return ceilf(flushed(x));
      case UnaryKind::kClip: return x < f.low ? f.low : x > f.high ? f.high : x;  // NaN passes
      case UnaryKind::kCos: return wave(x, 1);
      case UnaryKind::kErf: return erff(x);
      case UnaryKind::kExp: return expf(x);
      case UnaryKind::kExpm1: return expm1f(x);
      case UnaryKind::kFloor: return floorf(flushed(x));
      case UnaryKind::kHardSigmoid: return hard_sigmoid(x);
      case UnaryKind::kHardSilu: return (x < -3.f ? -3.f : x) * hard_sigmoid(x);
      case UnaryKind::kLog: return logf(flushed(x));
      case UnaryKind::kLog1p: return log1pf(x);
      case UnaryKind::kMish: return mish(x);
      case UnaryKind::kPower: return power(x, p);
      case UnaryKind::kReciprocal: return 1.f / flushed(x);
      case UnaryKind::kRelu6: return x < 0.f ? 0.f : x > 6.f ? 6.f : x;
      case UnaryKind::kRound: return rintf(x);
      case UnaryKind::kRsqrt: return 1.f / sqrtf(flushed(x));
      case UnaryKind::kSign: return sign(flushed(x));
      case UnaryKind::kSin: return wave(x, 0);
      case UnaryKind::kSoftplus: return softplus(x);
      case UnaryKind::kSoftsign: return softsign(x);
      case UnaryKind::kSqrt: return sqrtf(flushed(x));
      case UnaryKind::kSquare: return x * x;
    }
    return x;
  }
};

struct Backward {
  Unary f;
  Exponent p;  // of the slope
  float factor;

  __device__ float operator()(const float (&v)[2]) const {
    const float dy = v[0], known = flushed(v[1]);
    switch (f.kind) {
      case UnaryKind::kAbs: return known > 0.f ? dy : known < 0.f ? -dy : known;
      case UnaryKind::kClip: return v[1] < f.low || v[1] > f.high ? 0.f : dy;
      case UnaryKind::kCos: return -dy * wave(known, 0);
      case UnaryKind::kErf: return dy * erf_slope(known);
      case UnaryKind::kExp: return dy * known;
      case UnaryKind::kExpm1: return dy * expf(known);
      case UnaryKind::kHardSigmoid: return known <= 0.f || known >= 1.f ? 0.f : dy * kSixth;
      case UnaryKind::kHardSilu: return hard_silu_slope(dy, known);
      case UnaryKind::kLog: return dy / known;
      case UnaryKind::kLog1p: return dy / (1.f + known);
      case UnaryKind::kMish: return dy * mish_slope(known);
      case UnaryKind::kPower: return factor == 0.f ? 0.f : dy * (factor * power(known, p));
      case UnaryKind::kReciprocal: return -dy * (known * known);
      case UnaryKind::kRelu6: return known <= 0.f || known >= 6.f ? 0.f : dy;
      case UnaryKind::kRsqrt: return dy * (-0.5f * known) * (known * known);
      case UnaryKind::kCeil:
      case UnaryKind::kFloor:
      case UnaryKind::kRound:
      case UnaryKind::kSign: return 0.f;
      case UnaryKind::kSin: return dy * wave(known, 1);
      case UnaryKind::kSoftplus:
        return -dy * expm1f(known > 0.f ? -known : known < 0.f ? 0.f : known);
      case UnaryKind::kSoftsign: return dy / ((1.f + fabsf(known)) * (1.f + fabsf(known)));
      case UnaryKind::kSqrt: return dy / (known + known);
      case UnaryKind::kSquare: return (dy + dy) * known;
    }
    return dy;
  }
};

}  // namespace

void unary_forward(const Exec& exec, int64_t count, const Unary& f, const float* x, float* y) {
  map<1>(exec, count, Forward{f, exponent_of(f.exponent)}, {{x}}, y);
}

void unary_backward(const Exec& exec, int64_t count, const Unary& f, const float* dy,
                    const float* known, float* dx) {
  const auto factor = static_cast<float>(f.exponent);
  map<2>(exec, count, Backward{f, exponent_of(f.exponent - 1), factor}, {{dy, known}}, dx);
}

}  // namespace brasa::cuda
