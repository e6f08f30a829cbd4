// A number as its parts in bf16.
#pragma once

#include "cpu/isa/pieces.h"
#include "cpu/tiles/tile.h"

namespace brasa::cpu::BRASA_ISA {
namespace {

BRASA_INLINE Vec load_up_to(const float* p, int64_t at, int64_t count) {
  if (at + 16 <= count) return Vec::load(p + at);
  return at < count ? Vec::load_partial(p + at, static_cast<int>(count - at)) : Vec::zero();
}

// Numbers that three parts do not hold: below 2^-100 the low part may be a denormal, from 2^127 on the high
// one may be infinite.
BRASA_INLINE Mask unsafe_in(Vec x) {
  const Vec size = abs(x);
  return ~(size < Vec::all(0x1p127f)) | ((size > Vec::zero()) & (size < Vec::all(0x1p-100f)));
}

// The outermost part that is left of x, which it is taken from.
BRASA_INLINE Bf16 next_part(Vec* x) {
  const Bf16 part = narrow(*x);
  *x = *x - widen(part);
  return part;
}

}  // namespace
}  // namespace brasa::cpu::BRASA_ISA
