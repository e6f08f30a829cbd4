// Computes  h = activation(x[:,t] @ w + h @ u + b),  y[:,t] = h
//           for every step, from h0 on; the last h is an output too.
//           backward: from dy and dh (of the final h) the gradients of all operands.
// Layout    w, dw (D,U), u, du (U,U), b, db (U,); the rest as in recurrent.h.
// Writes    As in recurrent.h, which also says what steps, masks and empty sizes mean.
// Source    Elman, Cognitive Science 14(2), 1990.
#pragma once

#include "ops/activation.h"
#include "ops/recurrent.h"

namespace brasa {

struct SimpleRnnShape : RecurrentShape {
  // Its gradient comes from h: any but leaky_relu with a slope of 0, gelu, gelu_tanh and silu.
  Activation activation;
};

using SimpleRnnForward = void (*)(const Exec&, const SimpleRnnShape&, const RecurrentInputs&,
                                  const RecurrentOutputs&);
using SimpleRnnBackward = void (*)(const Exec&, const SimpleRnnShape&, const RecurrentSlopes&,
                                   const RecurrentGradients&);
using SimpleRnnSaved = int64_t (*)(const SimpleRnnShape&);  // floats of `saved`
using SimpleRnnWorkspace = int64_t (*)(const SimpleRnnShape&, int threads);

}  // namespace brasa
