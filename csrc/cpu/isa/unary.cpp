#include "ops/unary.h"

#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"
#include "cpu/simd/functions.h"
#include "cpu/simd/waves.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// The attributes of a kind; p is that of the power to compute.
struct Constants {
  Vec low, high, factor;
  Exponent p;
  bool flat;  // x^0, whose slope is 0
};

constexpr float kSixth = 0x1.555556p-3f;

// softplus = max(x, 0) + ln(1 + e^-|x|): nothing overflows, and nothing is lost below 0.
BRASA_INLINE Vec softplus(Vec x) {
  return max(Vec::zero(), x) + log1p_unit(exp_nonpositive(-abs(x)));
}

// tanh(softplus(x)) = num / den with w = e^-|x|: ((1 + e^x)^2 - 1) / ((1 + e^x)^2 + 1), for x > 0 times w^2 / w^2.
struct MishParts {
  Mask above;
  Vec w, num, den;
};

BRASA_INLINE MishParts mish_parts(Vec x) {
  const Mask above = x > Vec::zero();
  const Vec w = exp_nonpositive(-abs(x)), two = Vec::all(2.f);
  const Vec low = fma(w, w, w + w), high = fma(two, w, Vec::all(1.f));
  return {above, w, select(above, high, low), select(above, fma(w + w, w, high), low + two)};
}

// No infinity: w is 0 there, and 0 times it is to be 0. min() and max() give back their second operand when that is NaN.
constexpr float kMishLimit = 200.f;

BRASA_INLINE Vec mish(Vec x) {
  const MishParts parts = mish_parts(x);
  return max(Vec::all(-kMishLimit), x) * parts.num / parts.den;
}

BRASA_INLINE Vec mish_slope(Vec x) {
  const MishParts parts = mish_parts(x);
  const Vec near = min(Vec::all(kMishLimit), max(Vec::all(-kMishLimit), x)), one = Vec::all(1.f);
  const Vec inverse = one / parts.den;
  const Vec bend = Vec::all(4.f) * parts.w * (one + parts.w) * select(parts.above, parts.w, one);
  return fma(near * bend, inverse * inverse, parts.num * inverse);
}

BRASA_INLINE Vec softsign(Vec x) {
  const Vec limit = Vec::all(0x1p127f), near = min(limit, max(-limit, x));
  return near / (Vec::all(1.f) + abs(near));
}

// min(max(x, -3) + 3, 6) / 6.
BRASA_INLINE Vec hard_sigmoid(Vec x) {
  const Vec three = Vec::all(3.f);
  return min(Vec::all(6.f), max(-three, x) + three) * Vec::all(kSixth);
}

// dy where low < x < high, 0 below and above whatever dy is; NaN of x counts as between.
BRASA_INLINE Vec between(Vec dy, Vec x, float low, float high) {
  return select((Vec::all(low) >= x) | (x >= Vec::all(high)), Vec::zero(), dy);
}

template <UnaryKind kind>
BRASA_INLINE Vec apply(Vec x, const Constants& c) {
  switch (kind) {
    case UnaryKind::kAbs: return abs(x);
    case UnaryKind::kCeil: return -floor(-x);
    case UnaryKind::kClip: return min(c.high, max(c.low, x));  // x where it is NaN
    case UnaryKind::kCos: return cos(x);
    case UnaryKind::kErf: return erf(x);
    case UnaryKind::kExp: return exp(x);
    case UnaryKind::kExpm1: return expm1(x);
    case UnaryKind::kFloor: return floor(x);
    case UnaryKind::kHardSigmoid: return hard_sigmoid(x);
    case UnaryKind::kHardSilu: return max(Vec::all(-3.f), x) * hard_sigmoid(x);
    case UnaryKind::kLog: return log_everywhere(x);
    case UnaryKind::kLog1p: return log1p(x);
    case UnaryKind::kMish: return mish(x);
    case UnaryKind::kPower: return power(x, c.p);
    case UnaryKind::kReciprocal: return Vec::all(1.f) / x;
    case UnaryKind::kRelu6: return min(Vec::all(6.f), max(Vec::zero(), x));
    case UnaryKind::kRound: return round(x);
    case UnaryKind::kRsqrt: return Vec::all(1.f) / sqrt(x);
    case UnaryKind::kSign: return sign(x);
    case UnaryKind::kSin: return sin(x);
    case UnaryKind::kSoftplus: return softplus(x);
    case UnaryKind::kSoftsign: return softsign(x);
    case UnaryKind::kSqrt: return sqrt(x);
    case UnaryKind::kSquare: return x * x;
  }
  return x;
}

template <UnaryKind kind>
BRASA_INLINE Vec apply_backward(Vec dy, Vec known, const Constants& c) {
  const Vec zero = Vec::zero();
  switch (kind) {
    case UnaryKind::kAbs:
      return select(known > zero, dy,
                    select(zero > known, -dy, select(known == zero, zero, known)));
    case UnaryKind::kClip: return select((c.low > known) | (known > c.high), zero, dy);
    case UnaryKind::kCos: return -dy * sin(known);
    case UnaryKind::kErf: return dy * erf_slope(known);
    case UnaryKind::kExp: return dy * known;
    case UnaryKind::kExpm1: return dy * exp(known);
    case UnaryKind::kHardSigmoid: return between(dy * Vec::all(kSixth), known, 0.f, 1.f);
    case UnaryKind::kHardSilu: {
      const Vec three = Vec::all(3.f), slope = fma(Vec::all(2.f), known, three) * Vec::all(kSixth);
      return select(-three >= known, zero, dy * select(known >= three, Vec::all(1.f), slope));
    }
    case UnaryKind::kLog: return dy / known;
    case UnaryKind::kLog1p: return dy / (Vec::all(1.f) + known);
    case UnaryKind::kMish: return dy * mish_slope(known);
    case UnaryKind::kPower: return c.flat ? zero : dy * (c.factor * power(known, c.p));
    case UnaryKind::kReciprocal: return -dy * (known * known);
    case UnaryKind::kRelu6: return between(dy, known, 0.f, 6.f);
    case UnaryKind::kRsqrt: return dy * (Vec::all(-0.5f) * known) * (known * known);
    case UnaryKind::kCeil:
    case UnaryKind::kFloor:
    case UnaryKind::kRound:
    case UnaryKind::kSign: return zero;
    case UnaryKind::kSin: return dy * cos(known);
    case UnaryKind::kSoftplus: return -dy * expm1_nonpositive(-max(zero, known));
    case UnaryKind::kSoftsign: {
      const Vec base = Vec::all(1.f) + abs(known);
      return dy / (base * base);
    }
    case UnaryKind::kSqrt: return dy / (known + known);
    case UnaryKind::kSquare: return (dy + dy) * known;
  }
  return dy;
}

template <UnaryKind value>
struct Tag {
  static constexpr UnaryKind kind = value;
};

// f(Tag) with the kind as a constant: one loop for each kind.
template <class F>
BRASA_INLINE void with_kind(UnaryKind kind, F f) {
  switch (kind) {
    case UnaryKind::kAbs: return f(Tag<UnaryKind::kAbs>{});
    case UnaryKind::kCeil: return f(Tag<UnaryKind::kCeil>{});
    case UnaryKind::kClip: return f(Tag<UnaryKind::kClip>{});
    case UnaryKind::kCos: return f(Tag<UnaryKind::kCos>{});
    case UnaryKind::kErf: return f(Tag<UnaryKind::kErf>{});
    case UnaryKind::kExp: return f(Tag<UnaryKind::kExp>{});
    case UnaryKind::kExpm1: return f(Tag<UnaryKind::kExpm1>{});
    case UnaryKind::kFloor: return f(Tag<UnaryKind::kFloor>{});
    case UnaryKind::kHardSigmoid: return f(Tag<UnaryKind::kHardSigmoid>{});
    case UnaryKind::kHardSilu: return f(Tag<UnaryKind::kHardSilu>{});
    case UnaryKind::kLog: return f(Tag<UnaryKind::kLog>{});
    case UnaryKind::kLog1p: return f(Tag<UnaryKind::kLog1p>{});
    case UnaryKind::kMish: return f(Tag<UnaryKind::kMish>{});
    case UnaryKind::kPower: return f(Tag<UnaryKind::kPower>{});
    case UnaryKind::kReciprocal: return f(Tag<UnaryKind::kReciprocal>{});
    case UnaryKind::kRelu6: return f(Tag<UnaryKind::kRelu6>{});
    case UnaryKind::kRound: return f(Tag<UnaryKind::kRound>{});
    case UnaryKind::kRsqrt: return f(Tag<UnaryKind::kRsqrt>{});
    case UnaryKind::kSign: return f(Tag<UnaryKind::kSign>{});
    case UnaryKind::kSin: return f(Tag<UnaryKind::kSin>{});
    case UnaryKind::kSoftplus: return f(Tag<UnaryKind::kSoftplus>{});
    case UnaryKind::kSoftsign: return f(Tag<UnaryKind::kSoftsign>{});
    case UnaryKind::kSqrt: return f(Tag<UnaryKind::kSqrt>{});
    case UnaryKind::kSquare: return f(Tag<UnaryKind::kSquare>{});
  }
}

Constants constants_of(const Unary& f, double exponent) {
  const auto factor = static_cast<float>(f.exponent);
  return {Vec::all(f.low), Vec::all(f.high), Vec::all(factor), exponent_of(exponent),
          f.exponent == 0};
}

}  // namespace

void unary_forward(const Exec& exec, int64_t count, const Unary& f, const float* x, float* y) {
  const bool far = worth_streaming(count, y, x);
  const Constants c = constants_of(f, f.exponent);
  with_kind(f.kind, [&](auto tag) {
    for (const Range mine : flat_portions(exec, count)) {
      map(mine, y, far, [&](Piece piece) BRASA_INLINE_LAMBDA {
        return apply<decltype(tag)::kind>(load(x, piece), c);
      });
    }
  });
}

void unary_backward(const Exec& exec, int64_t count, const Unary& f, const float* dy,
                    const float* known, float* dx) {
  const bool far = worth_streaming(count, dx, dy, known);
  const Constants c = constants_of(f, f.exponent - 1);
  with_kind(f.kind, [&](auto tag) {
    for (const Range mine : flat_portions(exec, count)) {
      map(mine, dx, far, [&](Piece piece) BRASA_INLINE_LAMBDA {
        return apply_backward<decltype(tag)::kind>(load(dy, piece), load(known, piece), c);
      });
    }
  });
}

}  // namespace brasa::cpu::BRASA_ISA
