// Computes  y[n,p,q,k] = activation(b[k] + sum over (r,s,c) of x[n,h,w,c] * w[r,s,c,k])
//             h = p*stride_h + r*dilation_h - pad_top,  w = q*stride_w + s*dilation_w - pad_left
//           (cross-correlation, as in every deep-learning library: the filter is not rotated)
//           backward_data    dx[n,h,w,c] = sum over all (p,q,r,s,k) that read x[n,h,w,c]
//           backward_weight  dw[r,s,c,k] = sum over (n,p,q) of x[n,h,w,c] * dy[n,p,q,k]
//           The bias gradient is bias_gradient (matmul.h) over (N*P*Q, K).
//           pack             w in the order in which the forward pass of the same shape and table reads it,
//                            packed_floats of them: what a plan does once for weights that stay. Tables that
//                            read w as it lies copy it.
// Layout    x, dx (N,H,W,C); w, dw (R,S,C/groups,K); b (K,) or null; y, dy (N,P,Q,K).
//           Group g joins the channels [g*C/groups, ...) with the filters [g*K/groups, ...).
// Writes    y is overwritten. dx and dw: overwritten, or added into.
// Edges     x outside the image counts as 0. N == 0 is fine: y is empty, dw is 0.
// Order     Sums over n,p,q are cut by the shape alone: the same bits for every thread count.
// Error     With winograd, 3x3 windows at unit stride, ungrouped, may go by tiles of 4x4 outputs
//           and 6x6 inputs (cpu/isa/winograd_transform.h). The root mean square of the error
//           is then 1e-6 to 2.5e-6 of the result's own (direct: 0.2e-6 to 0.4e-6, in blocked sums), at
//           most 4e-5; the error of an element is in proportion to its tile, not to itself. An Inf
//           or NaN of x spreads over the outputs of the tiles that read it, one of dy likewise over
//           dx, and either over dw of its channel. Whether tiles are taken depends on the shape.
// Precision As precision.h says, and then without winograd and pack; bias and activation are float32.
// Assumes   Buffers do not overlap. P, Q and the pads come from window2d.h.
#pragma once

#include "core/exec.h"
#include "core/winograd.h"
#include "ops/activation.h"
#include "ops/precision.h"
#include "ops/window2d.h"

namespace brasa {

struct Conv2dShape {
  int64_t N, H, W, C, K, groups;
  Window2d window;  // R S, strides, dilation, pads, and P Q
  Write write;
  Activation activation;
  Winograd winograd;  // as it was chosen when the op was prepared
  bool packed;        // pack, and a forward pass that reads what pack wrote
  Precision precision = Precision::kFloat32;
};

using Conv2dForward = void (*)(const Exec&, const Conv2dShape&, const float* x, const float* w,
                               const float* b, float* y);
using Conv2dPack = void (*)(const Exec&, const Conv2dShape&, const float* w, float* packed);
using Conv2dPackedFloats = int64_t (*)(const Conv2dShape&);
using Conv2dBackwardData = void (*)(const Exec&, const Conv2dShape&, const float* dy,
                                    const float* w, float* dx);
using Conv2dBackwardWeight = void (*)(const Exec&, const Conv2dShape&, const float* dy,
                                      const float* x, float* dw);
using Conv2dWorkspace = int64_t (*)(const Conv2dShape&, int threads);

}  // namespace brasa
