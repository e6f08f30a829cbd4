// conv2d.h with the batch in the lanes (lanes.h), for layers with few channels.
//
// Computes  y = activation(b + conv(x, w)), or, with `pool`,
//           y = activation(b + max over 2 x 2 of conv(x, w)), windows side by side, an odd last row or
//           column left out; argmax[...] = p*Q + q of the winner, as max_pool2d.h has it
//           backward_data, backward_weight: as in conv2d.h, of the convolution alone. With `pool`, dy
//           and argmax are those of the pooled result, and each winner gets its dy.
//           bias_gradient  db[k] = sum over (g,p,q,l) of dy[g,k,p,q,l]
// Layout    x, dx (G,C,H,W,L); w, dw (R,S,C,K); y, dy (G,K,P,Q,L), pooled y (G,K,P/2,Q/2,L).
//           Pooling and activations need no kernels of their own: they see (G*K, P, Q, L).
// Writes    y and argmax are overwritten; argmax may be null. dx, dw, db: overwritten, or added into.
// Edges     As in conv2d.h and max_pool2d.h.
// Order     Sums over the batch are cut into chunks of groups by the shape alone.
// Assumes   Stride 1, dilation 1. Buffers do not overlap.
#pragma once

#include "core/exec.h"
#include "ops/activation.h"
#include "ops/window2d.h"

namespace brasa {

struct Conv2dLanesShape {
  int64_t G, H, W, C, K, L;
  Window2d window;
  bool pool;
  Write write;
  Activation activation;
};

using Conv2dLanesForward = void (*)(const Exec&, const Conv2dLanesShape&, const float* x,
                                    const float* w, const float* b, float* y, int32_t* argmax);
// argmax: null unless shape.pool.
struct LanesSlope {
  const float* dy;
  const int32_t* argmax;
};
using Conv2dLanesBackwardData = void (*)(const Exec&, const Conv2dLanesShape&, const LanesSlope& dy,
                                         const float* w, float* dx);
using Conv2dLanesBackwardWeight = void (*)(const Exec&, const Conv2dLanesShape&,
                                           const LanesSlope& dy, const float* x, float* dw);
using Conv2dLanesWorkspace = int64_t (*)(const Conv2dLanesShape&, int threads);

struct BiasGradientLanesShape {
  int64_t G, K, pixels, L;
  Write write;
};
using BiasGradientLanes = void (*)(const Exec&, const BiasGradientLanesShape&, const float* dy,
                                   float* db);

}  // namespace brasa
