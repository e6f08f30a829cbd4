// Computes  y[i,j] = exp(x[i,j] - max_j) / sum_j exp(x[i,j] - max_j)
//           dx[i,j] = y[i,j] * (dy[i,j] - sum_j dy[i,j] * y[i,j])
// Layout    all (rows, classes), rows dense.
// Writes    y and dx are overwritten; y may be x, dx may be dy.
// Edges     A row with NaN or +inf, or of -inf only, gives NaN.
#pragma once

#include "core/exec.h"

namespace brasa {

struct RowsShape {
  int64_t rows, classes;
};

using SoftmaxForward = void (*)(const Exec&, const RowsShape&, const float* x, float* y);
using SoftmaxBackward = void (*)(const Exec&, const RowsShape&, const float* dy, const float* y,
                                 float* dx);

}  // namespace brasa
