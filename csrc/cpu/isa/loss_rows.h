// The loss of one row, or of one row per lane (rows.h), for each kind. Where dz is not null it gets the
// gradient times `scale`. dz may be z: each element is read before it is written.
#pragma once

#include <math.h>

#include "cpu/isa/rows.h"
#include "cpu/simd/math.h"

namespace brasa::cpu::BRASA_ISA {

template <class Rows>
BRASA_INLINE Vec highest_of(Rows rows, const float* z) {
  Vec highest = Vec::all(-INFINITY);
  rows.each([&](Piece piece)
                BRASA_INLINE_LAMBDA { highest = max(highest, load(z, piece, -INFINITY)); });
  return rows.largest(highest);
}

template <class Rows>
BRASA_INLINE Vec softmax_cross_entropy(Rows rows, const float* z, const float* t, Vec scale,
                                       float* dz) {
  const Vec highest = highest_of(rows, z);
  LongSum exps, targets, products;
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec below = load(z, piece, -INFINITY) - highest;
    const Vec tj = load(t, piece), e = exp_nonpositive(below);
    // 0 * -inf must be 0: a class far below the highest that nobody asks for.
    products.add(select(tj == Vec::zero(), Vec::zero(), tj * below));
    targets.add(tj);
    exps.add(e);
    if (dz != nullptr) store(e, dz, piece);
  });
  const Vec sum = rows.sum(exps), total = rows.sum(targets);
  if (dz != nullptr) {
    const Vec share = total / sum;
    rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
      store(scale * fma(load(dz, piece), share, -load(t, piece)), dz, piece);
    });
  }
  return fma(log(sum), total, -rows.sum(products));
}

template <class Rows>
BRASA_INLINE Vec softmax_cross_entropy(Rows rows, const float* z, const int32_t* labels, Vec scale,
                                       float* dz) {
  const Vec highest = highest_of(rows, z), wanted = rows.pick(z, labels);
  LongSum exps;
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec e = exp_nonpositive(load(z, piece, -INFINITY) - highest);
    exps.add(e);
    if (dz != nullptr) store(e, dz, piece);
  });
  const Vec sum = rows.sum(exps);
  if (dz != nullptr) {
    const Vec share = scale / sum;
    rows.each([&](Piece piece) BRASA_INLINE_LAMBDA { store(load(dz, piece) * share, dz, piece); });
    rows.add_to(dz, labels, -scale);
  }
  return log(sum) - (wanted - highest);
}

// 1 - 1e-7 lies between two floats; from kHighest on downwards none is clipped.
constexpr float kLowest = 1e-7f, kHighest = 0x1.fffffcp-1f;

BRASA_INLINE Vec clip(Vec p) { return min(Vec::all(kHighest), max(Vec::all(kLowest), p)); }
BRASA_INLINE Mask clipped(Vec p) { return (p < Vec::all(kLowest)) | (p > Vec::all(kHighest)); }

template <class Rows>
BRASA_INLINE Vec sum_of(Rows rows, const float* z) {
  LongSum sum;
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA { sum.add(load(z, piece)); });
  return rows.sum(sum);
}

// With p_j = z_j / sum and u_j = t_j / p_j (0 where the clip acts):
//   d loss / d z_i = -sum_j u_j * d p_j / d z_i = (sum_j u_j * p_j - u_i) / sum
template <class Rows>
BRASA_INLINE Vec cross_entropy(Rows rows, const float* z, const float* t, Vec scale, float* dz) {
  const Vec sum = sum_of(rows, z);
  LongSum logs, active;
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
    const Vec p = load(z, piece) / sum, tj = load(t, piece);
    logs.add(select(tj == Vec::zero(), Vec::zero(), tj * log(clip(p))));
    active.add(select(clipped(p), Vec::zero(), tj));
  });
  if (dz != nullptr) {
    const Vec up = rows.sum(active), share = scale / sum;
    rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
      const Vec p = load(z, piece) / sum, tj = load(t, piece);
      const Vec u = select(clipped(p) | (tj == Vec::zero()), Vec::zero(), tj / p);
      store(share * (up - u), dz, piece);
    });
  }
  return -rows.sum(logs);
}

template <class Rows>
BRASA_INLINE Vec cross_entropy(Rows rows, const float* z, const int32_t* labels, Vec scale,
                               float* dz) {
  const Vec sum = sum_of(rows, z), p = rows.pick(z, labels) / sum;
  if (dz != nullptr) {
    const Vec one = Vec::all(1.f), share = scale / sum;
    const Vec up = share * select(clipped(p), Vec::zero(), one);
    rows.each([&](Piece piece) BRASA_INLINE_LAMBDA { store(up, dz, piece); });
    rows.add_to(dz, labels, -(share * select(clipped(p), Vec::zero(), one / p)));
  }
  return -log(clip(p));
}

// The losses that sum over elements: element(z, t, &slope) gives an element's loss and its slope.
template <class Rows, class Element>
BRASA_INLINE Vec mean_over_classes(Rows rows, const float* z, const float* t, Vec scale, float* dz,
                                   Element element) {
  const Vec count = Vec::all(static_cast<float>(rows.classes));
  const Vec share = scale / count;
  LongSum losses;
  rows.each([&](Piece piece) BRASA_INLINE_LAMBDA {
    Vec slope;
    losses.add(keep(element(load(z, piece), load(t, piece), &slope), piece));
    if (dz != nullptr) store(share * slope, dz, piece);
  });
  return rows.sum(losses) / count;
}

BRASA_INLINE Vec binary_cross_entropy_logits(Vec z, Vec t, Vec* slope) {
  const Vec one = Vec::all(1.f), e = exp_nonpositive(-abs(z));
  *slope = select(z >= Vec::zero(), one, e) / (one + e) - t;
  return fnma(z, t, max(Vec::zero(), z)) + log1p_unit(e);
}

BRASA_INLINE Vec binary_cross_entropy(Vec z, Vec t, Vec* slope) {
  // 1 - z is clipped by itself: 1 - clip(z) cannot be 1e-7, only 1.2e-7.
  const Vec one = Vec::all(1.f), p = clip(z), rest = clip(one - z);
  *slope = select(clipped(z), Vec::zero(), (p - t) / (p * rest));
  return -fma(t, log(p), (one - t) * log(rest));
}

BRASA_INLINE Vec squared_error(Vec z, Vec t, Vec* slope) {
  const Vec error = z - t;
  *slope = error + error;
  return error * error;
}

// The slope is the error itself where it is neither above nor below 0: 0, or NaN.
BRASA_INLINE Vec absolute_error(Vec z, Vec t, Vec* slope) {
  const Vec one = Vec::all(1.f), error = z - t;
  *slope = select(z > t, one, select(z < t, -one, error));
  return abs(error);
}

// With c = clamp(e), both branches are c (e - c / 2): e^2 / 2 where c = e, delta (|e| - delta / 2) where
// c = +-delta. min() and max() give back their second operand when that is NaN.
struct HuberError {
  Vec delta;

  BRASA_INLINE Vec operator()(Vec z, Vec t, Vec* slope) const {
    const Vec error = z - t, clamped = min(delta, max(-delta, error));
    *slope = clamped;
    return clamped * fnma(Vec::all(0.5f), clamped, error);
  }
};

}  // namespace brasa::cpu::BRASA_ISA
