// Computes  i, f, g, o = x[:,t] @ w + h @ u + b         (four blocks of U columns, in this order)
//           c = sigmoid(f) * c + sigmoid(i) * tanh(g)
//           h = sigmoid(o) * tanh(c),  y[:,t] = h
//           for every step, from h0 and c0 on; h and c at the end are outputs too.
//           backward: from dy, dh and dc (of the final h and c) the gradients of all operands.
// Layout    w, dw (D,4U), u, du (U,4U), b, db (4U,); the rest as in recurrent.h.
// Writes    As in recurrent.h, which also says what steps, masks and empty sizes mean.
// Source    Hochreiter and Schmidhuber, Neural Computation 9(8), 1997; forget gate: Gers et al., 2000.
#pragma once

#include "ops/recurrent.h"

namespace brasa {

using LstmForward = void (*)(const Exec&, const RecurrentShape&, const RecurrentInputs&,
                             const RecurrentOutputs&);
using LstmBackward = void (*)(const Exec&, const RecurrentShape&, const RecurrentSlopes&,
                              const RecurrentGradients&);
using LstmSaved = int64_t (*)(const RecurrentShape&);  // floats of `saved`
using LstmWorkspace = int64_t (*)(const RecurrentShape&, int threads);

}  // namespace brasa
