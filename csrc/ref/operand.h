// A factor of a product in its precision.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "ops/precision.h"

namespace brasa::ref {

// To nearest even, in the upper half of the bits; what is below float32's normal numbers becomes 0.
inline float round_to_bf16(float x) {
  if (std::isnan(x)) return x;
  if (std::fabs(x) < 0x1p-126f) return 0.f * x;
  uint32_t bits = 0;
  std::memcpy(&bits, &x, sizeof(bits));
  bits += 0x7FFF + (bits >> 16 & 1);
  bits &= 0xFFFF0000;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

// bf16x3 is as exact as float32.
inline double operand(Precision precision, float x) {
  return precision == Precision::kBf16 ? round_to_bf16(x) : x;
}

}  // namespace brasa::ref
