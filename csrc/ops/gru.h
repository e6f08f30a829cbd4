// Computes  z = sigmoid(x[:,t] @ wz + h @ uz + bz),  r = sigmoid(x[:,t] @ wr + h @ ur + br)
//           g = tanh(x[:,t] @ wg + bg + r * (h @ ug + cg))     with reset_after
//           g = tanh(x[:,t] @ wg + bg + (r * h) @ ug)          without
//           h = z * h + (1 - z) * g,  y[:,t] = h
//           for every step, from h0 on; the last h is an output too. With reset_after there are two
//           biases: bz = b[0,z] + b[1,z], br likewise, bg = b[0,g], cg = b[1,g].
//           backward: from dy and dh (of the final h) the gradients of all operands.
// Layout    w, dw (D,3U) and u, du (U,3U), blocks z, r, g in this order; b, db (2,3U) with
//           reset_after, else (3U,); the rest as in recurrent.h.
// Writes    As in recurrent.h, which also says what steps, masks and empty sizes mean.
// Source    Cho et al., EMNLP 2014. reset_after: version 3 of the preprint's cell, which cuDNN,
//           Keras and PyTorch compute.
#pragma once

#include "ops/recurrent.h"

namespace brasa {

struct GruShape : RecurrentShape {
  bool reset_after;
};

using GruForward = void (*)(const Exec&, const GruShape&, const RecurrentInputs&,
                            const RecurrentOutputs&);
using GruBackward = void (*)(const Exec&, const GruShape&, const RecurrentSlopes&,
                             const RecurrentGradients&);
using GruSaved = int64_t (*)(const GruShape&);  // floats of `saved`
using GruWorkspace = int64_t (*)(const GruShape&, int threads);

}  // namespace brasa
