// The slope of l1 * |p| + l2 * p^2.
#pragma once

#include "cpu/simd/vec.h"

namespace brasa::cpu::BRASA_ISA {

struct Slope {
  Vec plus, minus, twice;

  BRASA_INLINE Slope(double l1, double l2)
      : plus(Vec::all(static_cast<float>(l1))),
        minus(Vec::all(static_cast<float>(-l1))),
        twice(Vec::all(static_cast<float>(2 * l2))) {}

  // g plus the slope at p.
  BRASA_INLINE Vec added(Vec g, Vec p) const {
    const Vec zero = Vec::zero();
    return fma(twice, p, g + select(p > zero, plus, select(p < zero, minus, zero)));
  }
};

}  // namespace brasa::cpu::BRASA_ISA
