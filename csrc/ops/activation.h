// Computes  relu        y = max(x, 0)                         dx = dy where y > 0, else 0
//           leaky_relu  y = x where x > 0, else alpha * x     dx = dy where y > 0, else alpha * dy
//           elu         y = x where x > 0, else               dx = dy where y > 0,
//                           alpha * (exp(x) - 1)                   else dy * (y + alpha)
//           sigmoid     y = 1 / (1 + exp(-x))                 dx = dy * y * (1 - y)
//           tanh        y = tanh(x)                           dx = dy * (1 - y^2)
//           gelu        y = x * Phi(x), Phi(x) =              dx = dy * (Phi(x) + x * phi(x)),
//                           (1 + erf(x / sqrt(2))) / 2             phi(x) = exp(-x^2 / 2) / sqrt(2 pi)
//           gelu_tanh   y = x * s, s = sigmoid(v), v =        dx = dy * s * (1 + x * (1 - s) * dv/dx)
//                           sqrt(8 / pi) * (x + 0.044715 x^3)
//           silu        y = x * s, s = sigmoid(x)             dx = dy * s * (1 + x * (1 - s))
// Layout    x, y, dy, dx: `count` float32, any shape. Gradients come from y: x need not be kept. Those of
//           gelu, gelu_tanh and silu, which fall and rise, come from x, in the place of y.
// Writes    y and dx are overwritten; each may be the same buffer as one of its inputs.
// Edges     NaN passes through. relu(-0.0) is +0.0 or -0.0. The gradient at y == 0 is that of the
//           negative side (0 for relu, alpha * dy for elu). sigmoid, tanh and elu err by at most 4 ulp,
//           near 0 too, and saturate exactly: elu(-inf) = -alpha, and y + alpha >= 0 for every y of elu.
//           elu(-0.0) is +0.0 or -0.0. silu errs by at most 4 ulp and gelu by 8, in their negative tails
//           too; gelu_tanh by 4 ulp, or by 2^-24 where that is more; their slopes, which pass through 0,
//           by 4 * 2^-24. At -inf all three are 0, the limit, with a slope of 0; at +-0 they are +0.0 or -0.0.
// Assumes   leaky_relu: alpha >= 0 (so that y has the sign of x). elu: alpha > 0, finite.
// Source    elu: Clevert, Unterthiner, Hochreiter, ICLR 2016, arXiv:1511.07289. gelu, and silu by that
//           name: Hendrycks, Gimpel, 2016, arXiv:1606.08415.
#pragma once

#include "core/exec.h"

namespace brasa {

enum class ActivationKind : int {
  kNone,
  kRelu,
  kLeakyRelu,
  kElu,
  kSigmoid,
  kTanh,
  kGelu,
  kGeluTanh,
  kSilu
};

// Whether two x with one y may have different slopes. Such a gradient takes x in the place of y.
constexpr bool slope_needs_x(ActivationKind kind) {
  return kind == ActivationKind::kGelu || kind == ActivationKind::kGeluTanh ||
         kind == ActivationKind::kSilu;
}

// Also the epilogue of matmul and conv2d: applied once, to the finished sum.
struct Activation {
  ActivationKind kind;
  float alpha;  // leaky_relu and elu only
};

using ActivationForward = void (*)(const Exec&, int64_t count, Activation, const float* x,
                                   float* y);
using ActivationBackward = void (*)(const Exec&, int64_t count, Activation, const float* dy,
                                    const float* y, float* dx);

}  // namespace brasa
