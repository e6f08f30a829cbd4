// Computes  y = h * gamma + beta with h = (x - mean) / sqrt(variance + epsilon), where each row has its
//             own mean = sum of x / columns and variance = sum of (x - mean)^2 / columns (layer_norm)
//           dbeta = sum of dy, dgamma = sum of dy * h over the rows;
//             dx = (g - mean of g - h * mean of (g * h)) / sqrt(variance + epsilon) with g = dy * gamma
//             and the means over a row                                      (layer_norm_backward)
//           Source: Ba, Kiros, Hinton 2016 (arXiv:1607.06450).
// Layout    x, y, dx, dy (rows, columns), dense; all others (columns,). gamma, beta null: 1 and 0.
// Writes    All outputs are overwritten. y may be x, dx may be dy.
// Edges     A row of equal elements gives beta to the bit, a row of one element dx 0. A row with NaN or Inf is NaN, and so is one
//           whose squares float32 cannot add up (|x - mean| from about 1e19 on): it leaves the other
//           rows alone, and makes dgamma NaN. No rows: dgamma and dbeta are 0.
// Order     Statistics are those of x - x_0, the row's first element: an offset far larger than the
//           spread costs no digits. h errs by (k + 4) u (1 + |h| + |h_0|) at most, u = 2^-24, h_0 that of
//           x_0, k the additions of one chain: 80, and one more for each 512 columns, at most.
//           dgamma and dbeta are sums over chunks of rows that follow from the shape alone, combined in
//           order.
// Assumes   columns >= 1, epsilon a normal float32.
#pragma once

#include "core/exec.h"

namespace brasa {

struct LayerNormShape {
  int64_t rows, columns;
  float epsilon;
};

struct LayerNormGradients {
  float *dx, *dgamma, *dbeta;
};

using LayerNorm = void (*)(const Exec&, const LayerNormShape&, const float* x, const float* gamma,
                           const float* beta, float* y);
// The statistics are found anew: reading a row twice from a cache costs less than a tensor to keep.
using LayerNormBackward = void (*)(const Exec&, const LayerNormShape&, const float* dy,
                                   const float* x, const float* gamma, LayerNormGradients);
using LayerNormWorkspace = int64_t (*)(const LayerNormShape&);

}  // namespace brasa
