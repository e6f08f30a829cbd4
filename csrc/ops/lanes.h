// The batch in the vector lanes: L images share each vector, so no channel is ever padded, however few
// there are. A filter weight is one broadcast, and pooling and activations fill the lanes too.
//
// Computes  to_lanes    y[g,c,h,w,l] = x[g*L + l, h, w, c]
//           from_lanes  the inverse
// Layout    (N,H,W,C) and (G,C,H,W,L) with G = ceil(N / L). L = OpTable::lanes.
// Writes    y is overwritten.
// Edges     Lanes past the last image repeat it (`repeat`), else hold 0. Activations repeat: what is finite
//           in every image is then finite in every lane. Gradients hold 0, and add nothing to a sum.
#pragma once

#include "core/exec.h"

namespace brasa {

struct LanesShape {
  int64_t N, H, W, C, L;
  bool repeat;
};

using ToLanes = void (*)(const Exec&, const LanesShape&, const float* x, float* y);
using FromLanes = void (*)(const Exec&, const LanesShape&, const float* x, float* y);

}  // namespace brasa
