#include "ops/unary.h"

#include "cpu/isa/kernels.h"
#include "cpu/isa/pieces.h"
#include "cpu/simd/functions.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

// The attributes of a kind; p is that of the power to compute.
struct Constants {
  Vec low, high, factor;
  Exponent p;
  bool flat;  // x^0, whose slope is 0
};

template <UnaryKind kind>
BRASA_INLINE Vec apply(Vec x, const Constants& c) {
  switch (kind) {
    case UnaryKind::kAbs: return abs(x);
    case UnaryKind::kClip: return min(c.high, max(c.low, x));  // x where it is NaN
    case UnaryKind::kExp: return exp(x);
    case UnaryKind::kLog: return log_everywhere(x);
    case UnaryKind::kPower: return power(x, c.p);
    case UnaryKind::kReciprocal: return Vec::all(1.f) / x;
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
    case UnaryKind::kExp: return dy * known;
    case UnaryKind::kLog: return dy / known;
    case UnaryKind::kPower: return c.flat ? zero : dy * (c.factor * power(known, c.p));
    case UnaryKind::kReciprocal: return -dy * (known * known);
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
    case UnaryKind::kClip: return f(Tag<UnaryKind::kClip>{});
    case UnaryKind::kExp: return f(Tag<UnaryKind::kExp>{});
    case UnaryKind::kLog: return f(Tag<UnaryKind::kLog>{});
    case UnaryKind::kPower: return f(Tag<UnaryKind::kPower>{});
    case UnaryKind::kReciprocal: return f(Tag<UnaryKind::kReciprocal>{});
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
