// Computes  y[i_0, ..., i_r] = x[j_0, ..., j_r] with j_(axes[d]) = i_d: axis d of y is axis axes[d] of x
// Layout    x and y dense. TransposeShape has the axes of y without extents of 1, neighbours that are neighbours
//           in x together as one: (N,H,W,C) to (N,C,H,W) are the 3 axes N, C, H*W. `strides` are those of x, in
//           floats; one of them is 1, unless x is empty.
// Writes    y is overwritten, with the bits of x.
// Assumes   1 <= rank <= kTransposeRank. y does not overlap x.
#pragma once

#include "core/exec.h"

namespace brasa {

constexpr int kTransposeRank = 8;  // kMaxRank of core/shape.h

struct TransposeShape {
  int rank;
  int64_t extents[kTransposeRank], strides[kTransposeRank];
};

using Transpose = void (*)(const Exec&, const TransposeShape&, const float* x, float* y);

}  // namespace brasa
