// Computes  c = activation(op(a) @ op(b) + bias)          op transposes when the flag is set
//           db[j] = sum over i of dy[i, j]                (bias_gradient)
// Layout    op(a) (batch, m, k), op(b) (batch, k, n) or (k, n), c (batch, m, n); bias (n,) or null.
//           Matrices are dense and row-major; a_step and b_step are the floats from one matrix of the
//           batch to the next (0: the same matrix for all).
// Writes    c: overwritten, or added into (then no activation). db likewise.
// Edges     k == 0 gives activation(bias). Empty results are fine. NaN and Inf follow IEEE sums.
// Order     The sum over k is cut into blocks whose size depends on the shape alone: the same bits for
//           every thread count.
// Precision As precision.h says; bias and activation are float32.
// Assumes   Buffers do not overlap.
#pragma once

#include "core/exec.h"
#include "ops/activation.h"
#include "ops/precision.h"

namespace brasa {

struct MatmulShape {
  int64_t batch, m, n, k;
  int64_t a_step, b_step;
  bool transpose_a, transpose_b;  // a is stored (k, m), b is stored (n, k)
  Write write;
  Activation activation;
  Precision precision = Precision::kFloat32;
};

using Matmul = void (*)(const Exec&, const MatmulShape&, const float* a, const float* b,
                        const float* bias, float* c);
using MatmulWorkspace = int64_t (*)(const MatmulShape&, int threads);

using BiasGradient = void (*)(const Exec&, int64_t rows, int64_t columns, Write, const float* dy,
                              float* db);
using BiasGradientWorkspace = int64_t (*)(int64_t rows, int64_t columns);

}  // namespace brasa
