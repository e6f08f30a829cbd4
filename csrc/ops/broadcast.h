// Operands of different shapes, joined as NumPy does: axes are matched from the last one on, and an extent of 1,
// or an axis that is missing, is repeated.
// Computes  broadcast           y[i] = f(a[A(i)], b[B(i)]), for f one of
//                               add a + b, subtract a - b, multiply a * b, divide a / b, copy a,
//                               maximum, minimum  the larger and the smaller one,
//                               share  1 where a > b, 1/2 where a = b, 0 where a < b,
//                               gate   a * b, 0 where b is 0 whatever a is
//                               equal, less, less_equal  1 where a = b, a < b, a <= b, else 0: no gradient.
//                               share and gate are the gradients of maximum and minimum: each of two equal
//                               operands gets half of dy, the smaller of two 0, even where dy is infinite.
//           broadcast_backward  dx[k] = sum over the copies of x[k] of dy * factor; factor may be null: 1
//           The gradient of a sum by the operand that was repeated, and with the other operand as factor that of
//           a product: kSum of reduce.h over the axes along which it was repeated.
// Layout    y dense. The axes are those of y without extents of 1, neighbours that an operand has, or repeats,
//           together as one: (N,H,W,C) by (N,1,1,C) are the 3 axes N, H*W, C. Strides count floats, and are 0
//           along the axes that an operand repeats.
// Writes    y is overwritten, and may be an operand of its own shape.
// Edges     A NaN in a or b gives NaN, but a gate of 0, and 0 where it is compared. 0 equals -0, and the larger
//           of both may be either. divide by +-0: +-inf, NaN for 0 / 0; denormals count as 0.
// Order     Each element of y rounds once.
// Assumes   rank >= 1.
#pragma once

#include "core/exec.h"

namespace brasa {

constexpr int kBroadcastRank = 8;  // kMaxRank of core/shape.h

enum class BroadcastKind : int {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kMaximum,
  kMinimum,
  kShare,
  kGate,
  kEqual,
  kLess,
  kLessEqual,
  kCopy
};

struct BroadcastShape {
  BroadcastKind kind;
  int rank;
  int64_t extents[kBroadcastRank];
  int64_t a[kBroadcastRank], b[kBroadcastRank];
};

// The product of the extents of axes [first, end).
BRASA_INLINE constexpr int64_t extent_of(const int64_t* extents, int first, int end) {
  int64_t product = 1;
  for (int axis = first; axis < end; ++axis) product *= extents[axis];
  return product;
}

// b is null for kCopy.
using Broadcast = void (*)(const Exec&, const BroadcastShape&, const float* a, const float* b,
                           float* y);

}  // namespace brasa
