// The lower tail of the normal distribution, for gelu: Phi(-a) = exp(-a^2 / 2) * P(a) / Q(a),
//
//   P(a) = 1/2 + p1 a + ... + p4 a^4,  Q(a) = 1 + q1 a + ... + q5 a^5,  0 <= a <= 13.3
//
// with a relative error of at most 2^-26.3, the rounding of the factors included. Beyond 13.3 both
// exp(-a^2 / 2) and a * Phi(-a) are below 2^-126.
#pragma once

namespace brasa {

struct NormalTail {
  static constexpr float p1 = 0x1.bd72b4p-2f;
  static constexpr float p2 = 0x1.723df2p-3f;
  static constexpr float p3 = 0x1.460ca6p-5f;
  static constexpr float p4 = 0x1.058f5cp-8f;
  static constexpr float q1 = 0x1.aafb88p0f;
  static constexpr float q2 = 0x1.313e0ep0f;
  static constexpr float q3 = 0x1.da1a00p-2f;
  static constexpr float q4 = 0x1.98ac54p-4f;
  static constexpr float q5 = 0x1.47cfe2p-7f;
};

// 1 / sqrt(2 pi): the density at 0.
constexpr float kNormalDensity = 0x1.988454p-2f;

// The tanh form of gelu is x * sigmoid(v), v = x * (kGeluLinear + kGeluCubic * x^2).
constexpr float kGeluLinear = 0x1.988454p0f;  // sqrt(8 / pi)
constexpr float kGeluCubic = 0x1.2444f2p-4f;  // 0.044715 of it
constexpr float kGeluSlope =
    0x1.b6676cp-3f;  // three times that: dv/dx = kGeluLinear + kGeluSlope * x^2

}  // namespace brasa
