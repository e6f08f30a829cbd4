// Computes  softmax      y[i,j] = exp(x[i,j] - max_j) / sum_j exp(x[i,j] - max_j)
//                        dx[i,j] = y[i,j] * (dy[i,j] - sum_j dy[i,j] * y[i,j])
//           log_softmax  y[i,j] = (x[i,j] - max_j) - ln(sum_j exp(x[i,j] - max_j))
//                        dx[i,j] = dy[i,j] - exp(y[i,j]) * sum_j dy[i,j]
// Layout    all (rows, classes), rows dense.
// Writes    y and dx are overwritten; y may be x, dx may be dy.
// Edges     A row with NaN or +inf, or of -inf only, gives NaN. One of -inf among others is 0, its logarithm -inf.
// Accuracy  log_softmax errs by 4 u (|y| + |x - max| + ln(classes)) for a unit u: where x is far below the largest it
//           keeps what the logarithm of a softmax has lost.
#pragma once

#include "core/exec.h"

namespace brasa {

struct RowsShape {
  int64_t rows, classes;
};

// The same of log_softmax, whose y are at most 0.
using SoftmaxForward = void (*)(const Exec&, const RowsShape&, const float* x, float* y);
using SoftmaxBackward = void (*)(const Exec&, const RowsShape&, const float* dy, const float* y,
                                 float* dx);

}  // namespace brasa
