// What the recurrent ops (lstm.h, gru.h, simple_rnn.h) share: sizes and operands.
//
// Layout    x, dx (N,T,D); y, dy (N,T,U); h0, h, dh0, dh (N,U), c likewise; mask (N,T). Weights have one
//           block of U columns for each gate: w (D, gates*U), u (U, gates*U). float32, dense.
//           saved is what the backward pass needs of the forward pass. Its layout belongs to the
//           table that wrote it: both passes must run in the same one.
// Writes    All outputs are overwritten. Null where they are not wanted: any output.
// Steps     Step s reads x[:, t] and writes y[:, t], t = s, or T-1-s when backwards.
//           A row with mask[n, t] == 0 skips the step: its state stays, and y[n, t] is that h.
// Edges     b, h0, c0 null: zeros. mask null: no row is skipped. dy, dh, dc null: zeros.
//           T == 0 gives h = h0, c = c0 and weight gradients of 0; N == 0 likewise.
//           NaN and Inf stay in their row of the batch, weight gradients apart.
// Order     Sums are cut by the shape alone: the same bits for every thread count, and with saved as
//           without, but for N == T == 1.
// Assumes   Buffers do not overlap. U >= 1, D >= 1.
#pragma once

#include "core/exec.h"

namespace brasa {

struct RecurrentShape {
  int64_t N, T, D, U;
  bool backwards;
};

struct RecurrentInputs {
  const float *x, *w, *u, *b, *h0, *c0, *mask;  // c0: lstm alone
};

struct RecurrentOutputs {
  float *y, *h, *c, *saved;  // c: lstm alone
};

struct RecurrentSlopes {
  const float *dy, *dh, *dc, *saved, *x, *w, *u, *mask;  // dc: lstm alone
};

struct RecurrentGradients {
  float *dx, *dw, *du, *db, *dh0, *dc0;  // dc0: lstm alone
};

// constexpr: nvcc then compiles it for the device, too.
BRASA_INLINE constexpr int64_t time_of(const RecurrentShape& s, int64_t step) {
  return s.backwards ? s.T - 1 - step : step;
}

}  // namespace brasa
