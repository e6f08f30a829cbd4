// Computes  y = (x - mean) * gamma / sqrt(variance + epsilon) + beta, for each column     (batch_norm)
//           mean = sum of x / rows, variance = sum of (x - mean)^2 / rows, then y (batch_norm_training)
//           dbeta = sum of dy, dgamma = sum of dy * h, where h = (x - mean) / sqrt(variance + epsilon)
//           dx = gamma / sqrt(variance + epsilon) * (dy - dbeta / rows - h * dgamma / rows)
//           moving = moving * momentum + value * (1 - momentum)                     (moving_average)
// Layout    x, y, dx, dy (rows, columns), dense; all others (columns,). gamma, beta null: 1 and 0.
// Writes    All outputs are overwritten. y may be x, dx may be dy.
// Edges     Statistics need rows >= 1; one row has variance 0 and gives beta. NaN and Inf stay in
//           their column.
// Order     Sums run over chunks of rows that follow from the shape alone, combined in order in
//           float64 (Chan et al., 1983): an offset far larger than the spread costs no digits.
// Assumes   epsilon > 0, variance >= 0.
#pragma once

#include "core/exec.h"

namespace brasa {

struct BatchNormShape {
  int64_t rows, columns;
  float epsilon;
};

struct BatchNormScale {
  const float *gamma, *beta;  // either may be null
};

struct BatchNormGradients {
  float *dx, *dgamma, *dbeta;
};

using BatchNorm = void (*)(const Exec&, const BatchNormShape&, const float* x, BatchNormScale,
                           const float* mean, const float* variance, float* y);
using BatchNormStatistics = void (*)(const Exec&, const BatchNormShape&, const float* x,
                                     float* mean, float* variance);
using BatchNormBackward = void (*)(const Exec&, const BatchNormShape&, const float* dy,
                                   const float* x, const float* gamma, const float* mean,
                                   const float* variance, BatchNormGradients);
using BatchNormWorkspace = int64_t (*)(const BatchNormShape&);
using MovingAverage = void (*)(const Exec&, int64_t count, float momentum, const float* value,
                               float* moving);

}  // namespace brasa
