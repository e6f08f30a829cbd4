// Computes  y = activation((x - mean) * a + beta) with a = gamma / sqrt(variance + epsilon), for each
//             column                                                                   (batch_norm)
//           mean = sum of x / rows, variance = sum of (x - mean)^2 / rows, then y (batch_norm_training)
//           dbeta = sum of dz, dgamma = sum of dz * h, dx = a * (dz - dbeta / rows - h * dgamma / rows),
//             where h = (x - mean) / sqrt(variance + epsilon) and dz is dy times the slope of the
//             activation, whose result is computed again from x, to the same bits (batch_norm_backward)
//           folded_w = w * a, folded_b = (b - mean) * a + beta                     (batch_norm_fold)
//           moving = moving * momentum + value * (1 - momentum)                     (moving_average)
// Layout    x, y, dx, dy (rows, columns), dense; all others (columns,). gamma, beta null: 1 and 0.
//           w, folded_w (rows, columns): filters or dense weights, one output to each column.
// Writes    All outputs are overwritten. y may be x, dx may be dy.
// Edges     Statistics need rows >= 1; one row has variance 0 and gives activation(beta). NaN and Inf
//           stay in their column.
// Order     Sums run over chunks of rows that follow from the shape alone, combined in order in
//           float64 (Chan et al., 1983): an offset far larger than the spread costs no digits.
// Assumes   epsilon > 0, variance >= 0.
#pragma once

#include "core/exec.h"
#include "ops/activation.h"

namespace brasa {

struct BatchNormShape {
  int64_t rows, columns;
  float epsilon;
  Activation activation;
};

struct BatchNormScale {
  const float *gamma, *beta;  // either may be null
  const float *mean, *variance;
};

struct BatchNormGradients {
  float *dx, *dgamma, *dbeta;
};

struct FoldedWeights {
  float *w, *b;
};

using BatchNorm = void (*)(const Exec&, const BatchNormShape&, const float* x,
                           const BatchNormScale&, float* y);
using BatchNormStatistics = void (*)(const Exec&, const BatchNormShape&, const float* x,
                                     float* mean, float* variance);
using BatchNormBackward = void (*)(const Exec&, const BatchNormShape&, const float* dy,
                                   const float* x, const BatchNormScale&, BatchNormGradients);
// b may be null: 0.
using BatchNormFold = void (*)(const Exec&, const BatchNormShape&, const float* w, const float* b,
                               const BatchNormScale&, FoldedWeights);
using BatchNormWorkspace = int64_t (*)(const BatchNormShape&);
using MovingAverage = void (*)(const Exec&, int64_t count, float momentum, const float* value,
                               float* moving);

}  // namespace brasa
