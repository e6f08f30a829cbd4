// Functions of one tensor, element by element.
// Computes  abs         y = |x|                         dx = dy * sign(x), 0 where x is 0
//           clip        y = min(max(x, low), high)      dx = dy where low <= x <= high, else 0
//           exp         y = e^x                         dx = dy * y
//           log         y = ln x                        dx = dy / x
//           power       y = x^p, p the exponent         dx = dy * p * x^(p - 1), 0 where p is 0
//           reciprocal  y = 1 / x                       dx = -dy * y^2
//           sqrt        y = sqrt(x)                     dx = dy / (2 y)
//           square      y = x^2                         dx = dy * 2 x
//           rsqrt       y = 1 / sqrt(x)                 dx = -dy * y^3 / 2
//           log1p       y = ln(1 + x)                   dx = dy / (1 + x)
//           expm1       y = e^x - 1                     dx = dy * e^x
//           sin, cos    of x in radians                 dx = dy * cos(x), -dy * sin(x)
//           erf         y = 2 / sqrt(pi) * (integral of e^-t^2 from 0 to x)   dx = dy * 2 / sqrt(pi) * e^-x^2
//           sign        y = 1 where x > 0, -1 where x < 0, 0 where x is 0     dx = 0
//           floor, ceil, round  the next whole number below, above, and the nearest (of two the even one)
//                                                       dx = 0
//           hard_sigmoid  y = min(max(x + 3, 0), 6) / 6   dx = dy / 6 where 0 < y < 1, else 0
//           hard_silu   y = x * hard_sigmoid(x)         dx = 0 where x <= -3, dy where x >= 3, else
//                                                            dy * (2 x + 3) / 6
//           mish        y = x * t, t = tanh(softplus(x))  dx = dy * (t + x * (1 - t^2) * sigmoid(x))
//           relu6       y = min(max(x, 0), 6)           dx = dy where 0 < y < 6, else 0
//           softplus    y = ln(1 + e^x)                 dx = dy * (1 - e^-y), which is dy * sigmoid(x)
//           softsign    y = x / (1 + |x|)               dx = dy / (1 + |x|)^2
// Layout    x, y, dy, dx: `count` float32, any shape. Gradients of exp, reciprocal, sqrt, rsqrt, hard_sigmoid,
//           relu6 and softplus come from y, in the place of x: x need not be kept.
// Writes    y and dx are overwritten; each may be the same buffer as one of its inputs.
// Edges     Denormals count as 0. NaN stays NaN, but x^0 is 1 for every x. log: -inf at +-0, NaN below 0. sqrt:
//           NaN below 0, -0 at -0. reciprocal: +-inf at +-0. power: NaN for finite x below 0 unless p is whole;
//           at +-0 it is 0 for p > 0 and inf for p < 0, with the sign of x where p is odd; 1^p = 1.
//           log1p: -inf at -1, NaN below. rsqrt: +-inf at +-0. sin and cos: NaN at +-inf. Slopes are infinite where
//           the formula is: sqrt, rsqrt and log at 0; that of expm1 where e^x is. Where a slope is 0 by definition
//           (x^0, abs at 0, outside of clip, steps such as sign and floor) dx is 0 whatever dy is; so it is where
//           hard_sigmoid, hard_silu and relu6 are flat. Their limits are what they tend to: hard_silu and mish are 0
//           at -inf, softsign +-1 at +-inf, all with a slope of 0.
// Accuracy  abs, clip, sign, floor, ceil and round are exact; reciprocal, sqrt and square round once. exp and log err
//           by at most 2 ulp, power by 12, and by 4 where |p| <= 10. Slopes round two times more at most. softplus,
//           hard_sigmoid and hard_silu err by at most 4 ulp, in their negative tails too, softsign by 2 and its slope
//           by 4; mish by 4, or by 2^-119 where that is more (below -87.3 it is 0). Its slope, which passes through 0,
//           errs by 8 * 2^-24. rsqrt, log1p, expm1 and erf err by at most 2 ulp, erf by 2^-126 where that is more; sin
//           and cos by 2.5, of any x, however large. Slopes of erf and expm1 err by 4 ulp.
// Source    softplus: Dugas et al., NIPS 2000. mish: Misra, BMVC 2020, arXiv:1908.08681. hard_silu: Howard et al.,
//           ICCV 2019, arXiv:1905.02244.
// Assumes   low <= high, neither is NaN. exponent: finite in float32, though all bits of the double count.
#pragma once

#include "core/exec.h"

namespace brasa {

enum class UnaryKind : int {
  kAbs,
  kCeil,
  kClip,
  kCos,
  kErf,
  kExp,
  kExpm1,
  kFloor,
  kHardSigmoid,
  kHardSilu,
  kLog,
  kLog1p,
  kMish,
  kPower,
  kReciprocal,
  kRelu6,
  kRound,
  kRsqrt,
  kSign,
  kSin,
  kSoftplus,
  kSoftsign,
  kSqrt,
  kSquare
};

struct Unary {
  UnaryKind kind;
  float low, high;  // clip only
  double exponent;  // power only
};

using UnaryForward = void (*)(const Exec&, int64_t count, const Unary&, const float* x, float* y);
// `known` is x, or y for those whose gradients come from it.
using UnaryBackward = void (*)(const Exec&, int64_t count, const Unary&, const float* dy,
                               const float* known, float* dx);

}  // namespace brasa
