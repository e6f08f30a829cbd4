// Sums, means and extremes over some axes of a tensor.
// Computes  reduce  kSum    y[k] = sum over r of x[k,r] * factor[k,r]; factor may be null: 1
//                   kMean   y[k] = (sum over r of x[k,r]) / how many r there are
//                   kMax    y[k] = the largest x[k,r], kMin the smallest
//                   kCount  y[k] = how many r there are with x[k,r] = factor[k,r]
//           extreme_backward  dx[k,r] = dy[k] / (how many x[k,:] equal y[k]) where x[k,r] = y[k], else 0
//           The gradient of kMax and kMin. Where several elements are the largest, each gets an even share: the
//           mean of the slopes to either side, and it depends on no order of the axes.
//           k runs over the axes that y has, r over the others.
// Layout    y dense. ReduceShape has the `kept` axes of y first, then the others, both in the order of x and
//           without extents of 1, neighbours together as one where both x and factor allow: a sum of (N,H,W,C)
//           over H and W has the axes N, C and H*W. Strides count floats. x has a stride of 1 along the last of
//           the kept axes if `columns`, otherwise along the last of all.
//           extreme_backward: x and dx dense over the axes of a BroadcastShape, y and dy repeated as its `a`.
// Writes    y is overwritten, or with Write::kAdd added into. dx is overwritten.
// Edges     A sum over nothing is 0, a mean of nothing NaN. A NaN is the largest and the smallest of all: where
//           y is NaN the whole dx[k,:] is. -0 and 0 are equal: which of them is an extreme depends on the shape.
// Order     r is cut into chunks that follow from the shape, these into blocks, and both are added in order. A
//           sum over n elements errs by (2 + least(n, 170 + n / 32768)) u times the sum of their sizes.
// Assumes   axes > kept, and kept >= 1 if `columns`. y overlaps neither x nor factor. kMax and kMin have at
//           least one r, or no k. factor is null but for kSum and kCount.
#pragma once

#include "ops/broadcast.h"

namespace brasa {

enum class ReduceKind : int { kSum, kMean, kMax, kMin, kCount };

struct ReduceShape {
  ReduceKind kind;
  Write write;
  int kept, axes;
  bool columns;
  int64_t extents[kBroadcastRank + 1];
  int64_t x[kBroadcastRank + 1], factor[kBroadcastRank + 1];
};

// x is dense over the axes of s, y has those along which `a` does not repeat, factor is `b`.
BRASA_INLINE constexpr ReduceShape reduced_to_a(ReduceKind kind, const BroadcastShape& s) {
  ReduceShape result{};
  result.kind = kind;
  for (int others = 0; others < 2; ++others) {
    for (int i = 0; i < s.rank; ++i) {
      if ((s.a[i] == 0) != (others == 1)) continue;
      result.extents[result.axes] = s.extents[i];
      result.x[result.axes] = extent_of(s.extents, i + 1, s.rank);
      result.factor[result.axes++] = s.b[i];
    }
    if (others == 0) result.kept = result.axes;
  }
  if (result.kept == result.axes) result.extents[result.axes++] = 1;
  result.columns = s.a[s.rank - 1] != 0;
  return result;
}

using Reduce = void (*)(const Exec&, const ReduceShape&, const float* x, const float* factor,
                        float* y);
using ReduceWorkspace = int64_t (*)(const ReduceShape&);
using ExtremeBackward = void (*)(const Exec&, const BroadcastShape&, const float* dy,
                                 const float* x, const float* y, float* dx);
using ExtremeBackwardWorkspace = int64_t (*)(const BroadcastShape&);

}  // namespace brasa
