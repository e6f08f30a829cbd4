// Computes  max_pool2d      y[n,p,q,c] = max over (r,s) of x[n,h,w,c]
//           average_pool2d  y[n,p,q,c] = mean over the (r,s) that lie inside the image
//             h = p*stride_h + r - pad_top,  w = q*stride_w + s - pad_left
//           backward        dx[n,h,w,c] = sum of what each window that holds the pixel sends back: dy to
//                           the winner (max), dy / count to each (average)
// Layout    x, dx (N,H,W,C); y, dy, argmax (N,P,Q,C). argmax holds h*W + w of the winner, int32.
// Writes    y, argmax and dx are overwritten. argmax may be null (inference).
// Edges     Padding never wins and is not counted. Ties go to the first in row order. NaN wins.
//           A window of -inf gives -inf and its first pixel.
// Order     dx sums its windows in row order of (p,q).
// Assumes   Every window holds at least one pixel: pads are smaller than the window. H*W < 2^31.
#pragma once

#include "core/exec.h"
#include "ops/window2d.h"

namespace brasa {

struct Pool2dShape {
  int64_t N, H, W, C;
  Window2d window;  // dilation is 1
};

using MaxPool2dForward = void (*)(const Exec&, const Pool2dShape&, const float* x, float* y,
                                  int32_t* argmax);
using MaxPool2dBackward = void (*)(const Exec&, const Pool2dShape&, const float* dy,
                                   const int32_t* argmax, float* dx);
using AveragePool2dForward = void (*)(const Exec&, const Pool2dShape&, const float* x, float* y);
using AveragePool2dBackward = void (*)(const Exec&, const Pool2dShape&, const float* dy, float* dx);

}  // namespace brasa
